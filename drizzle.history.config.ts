// Migrations of the tables that an instance has once there is history; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/history",
	schema: "./src/db/history-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
