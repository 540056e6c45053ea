// Migrations of an index shard's tables; see drizzle.config.ts.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/shard",
	schema: "./src/db/shard-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
