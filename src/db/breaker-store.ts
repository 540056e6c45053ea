/** Reads and writes of the circuit breakers of a type. It decides nothing. */
import { asc, eq } from "drizzle-orm";
import { type BreakerRow, breakersTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

const COLUMNS = columnsOf(breakersTable);

const selectBreakers = new Select<BreakerRow>(
	builder.select().from(breakersTable).orderBy(asc(breakersTable.row)),
	COLUMNS,
);
const upsertBreaker = new Statement(
	builder
		.insert(breakersTable)
		.values(boundColumns(COLUMNS))
		.onConflictDoUpdate({ target: breakersTable.row, set: boundColumns(COLUMNS) }),
);
const deleteBreaker = new Statement(
	builder.delete(breakersTable).where(eq(breakersTable.row, bound("row"))),
);

export class BreakerStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	/** Nothing is written (G14). */
	all(): BreakerRow[] {
		return this.#tables.open() ? selectBreakers.all(this.#tables.storage) : [];
	}

	/** All or nothing; a row takes the place of the one with its number. */
	write({
		changed,
		removed,
	}: {
		changed: readonly BreakerRow[];
		removed: readonly number[];
	}): void {
		const { storage } = this.#tables;
		this.#tables.transaction(() => {
			for (const row of removed) deleteBreaker.run(storage, { row });
			for (const each of changed) upsertBreaker.run(storage, each);
		});
	}
}
