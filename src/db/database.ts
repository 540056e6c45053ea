/**
 * The database as the stores see it: any synchronous SQLite behind drizzle, and whether it has
 * been migrated yet.
 *
 * A new object's database is empty until something is to be stored: asking an unknown id leaves
 * no table behind (G14). So reading code asks `isEmpty` first, and only a first write migrates.
 */
import { sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { migrate } from "drizzle-orm/durable-sqlite/migrator";
import instanceMigrations from "../../drizzle/instance/migrations";
import shardMigrations from "../../drizzle/shard/migrations";

export type Database = DrizzleSqliteDODatabase;
export type Family = "instance" | "shard";

const MIGRATIONS = { instance: instanceMigrations, shard: shardMigrations };

export function openDatabase(storage: DurableObjectStorage): Database {
	return drizzle(storage, { logger: false });
}

/** True for a database that was never migrated. Writes nothing. */
export function isEmpty(db: Database): boolean {
	const tables = sql`SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'`;
	return db.values(tables).length === 0;
}

/**
 * Brings the database to the newest schema of its family. Idempotent; one transaction.
 * The statements are done when the call returns; the promise only carries a failure.
 */
export function migrateDatabase(db: Database, family: Family): Promise<void> {
	return migrate(db, MIGRATIONS[family]);
}
