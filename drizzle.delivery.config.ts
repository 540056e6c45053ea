// Migrations of the tables that an instance has whose type has receivers; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/delivery",
	schema: "./src/db/delivery-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
