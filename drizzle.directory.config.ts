// Migrations of the directory's tables; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/directory",
	schema: "./src/db/directory-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
