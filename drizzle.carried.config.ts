// Migrations of the table of an instance that carries its definition; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/carried",
	schema: "./src/db/carried-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
