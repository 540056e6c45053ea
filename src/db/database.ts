/**
 * The database as the stores see it, and its migrations.
 *
 * A new object's database is empty until something is to be stored: asking an unknown id leaves no
 * table behind (G14). So reading code asks `hasTable` first, and only a first write migrates.
 */
import { sql } from "drizzle-orm";
import type { DrizzleSqliteDODatabase } from "drizzle-orm/durable-sqlite";
import { drizzle } from "drizzle-orm/durable-sqlite";

export type Database = DrizzleSqliteDODatabase;

/** What drizzle-kit generates for Durable Objects: `drizzle/<family>/migrations.js`. */
export interface GeneratedMigrations {
	journal: { entries: { idx: number }[] };
	/** By `m0000`, `m0001`, … */
	migrations: Record<string, string>;
}

export function openDatabase(storage: DurableObjectStorage): Database {
	return drizzle(storage, { logger: false });
}

/** Writes nothing. */
export function hasTable(db: Database, name: string): boolean {
	return db.values(sql`SELECT 1 FROM sqlite_master WHERE name = ${name}`).length > 0;
}

/**
 * Runs the generated migrations from number `applied` on, and returns how many there are. Call it
 * in a transaction, and store the number where the next call finds it.
 *
 * drizzle's own migrator keeps the number in a table with an index: two more pages, and a tenth
 * more of the time of a ten-step instance (see bench/README.md). It also skips a migration whose
 * stamp is older than the newest applied one, and hides SQL errors.
 */
export function applyMigrations(
	db: Database,
	{ journal, migrations }: GeneratedMigrations,
	applied: number,
): number {
	for (const { idx } of journal.entries.slice(applied)) {
		const text = migrations[`m${String(idx).padStart(4, "0")}`];
		if (text === undefined) throw new Error(`migration ${idx} is missing from the bundle`);
		// All statements in one call: drizzle-kit's breakpoints between them are comments to SQLite.
		db.run(sql.raw(text));
	}
	return journal.entries.length;
}
