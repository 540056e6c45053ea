/**
 * An object's storage as the stores use it, and its migrations.
 *
 * A new object's database is empty until something is to be stored: asking an unknown id leaves no
 * table behind (G14). So reading code asks `hasTable` first, and only a first write migrates.
 */

/** What of `ctx.storage` the stores use; a test or simulation gives its own. */
export type ObjectStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

/** What `npm run db:generate` makes of a family of tables, in `drizzle/<family>/`. */
export interface Generated {
	/** What all migrations come to, for an object that has none of the tables. */
	fresh: string;
	migrations: GeneratedMigrations;
}

/** What drizzle-kit generates for Durable Objects: `drizzle/<family>/migrations.js`. */
export interface GeneratedMigrations {
	journal: { entries: { idx: number }[] };
	/** By `m0000`, `m0001`, … */
	migrations: Record<string, string>;
}

/** Writes nothing. */
export function hasTable({ sql }: ObjectStorage, name: string): boolean {
	// Read to its end: an open cursor would be in the way of a migration.
	return [...sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).raw()].length > 0;
}

/**
 * Brings tables that have had the first `applied` migrations to the newest schema, and returns how
 * many migrations there are. Call it in a transaction, and store the number where the next call
 * finds it. An object with no tables gets the newest ones at once: a dozen columns added one by one
 * would cost it half a millisecond.
 *
 * drizzle's own migrator keeps the number in a table with an index: two more pages, and a tenth
 * more of the time of a ten-step instance (see bench/README.md). It also skips a migration whose
 * stamp is older than the newest applied one, and hides SQL errors.
 */
export function applyMigrations(
	{ sql }: ObjectStorage,
	{ fresh, migrations: { journal, migrations } }: Generated,
	applied: number,
): number {
	if (applied === 0) {
		sql.exec(fresh);
		return journal.entries.length;
	}
	for (const { idx } of journal.entries.slice(applied)) {
		const text = migrations[`m${String(idx).padStart(4, "0")}`];
		if (text === undefined) throw new Error(`migration ${idx} is missing from the bundle`);
		// All statements in one call: drizzle-kit's breakpoints between them are comments to SQLite.
		sql.exec(text);
	}
	return journal.entries.length;
}
