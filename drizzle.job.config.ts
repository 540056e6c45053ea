// Migrations of a bulk job's tables; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/job",
	schema: "./src/db/job-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
