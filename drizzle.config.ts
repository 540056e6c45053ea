// Migrations of an instance's own tables. A shard's tables live in drizzle.shard.config.ts:
// the two roles of the Durable Object class share no table, so neither carries the other's.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
	out: "./drizzle/instance",
	schema: "./src/db/instance-schema.ts",
	dialect: "sqlite",
	driver: "durable-sqlite",
});
