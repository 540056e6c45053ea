/** Reads and writes of how far the rebuilding of a shard's index is. */
import { asc, eq, getTableColumns } from "drizzle-orm";
import { type ReindexRow, reindexIdsTable, reindexTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

export type { ReindexRow };

const { row: _row, ...RUN } = getTableColumns(reindexTable);
const COLUMNS = Object.keys(RUN) as (keyof ReindexRow)[]; // keys forgets them.

const selectRun = new Select<ReindexRow>(builder.select(RUN).from(reindexTable), COLUMNS);
const upsertRun = new Statement(
	builder
		.insert(reindexTable)
		.values({ row: 1, ...boundColumns(COLUMNS) })
		.onConflictDoUpdate({ target: reindexTable.row, set: boundColumns(COLUMNS) }),
);
const insertIds = new Statement(builder.insert(reindexIdsTable).values({ ids: bound("ids") }));
const selectIds = new Select<{ row: number; ids: string }>(
	builder.select().from(reindexIdsTable).orderBy(asc(reindexIdsTable.row)),
	["row", "ids"],
);
const deleteIds = new Statement(
	builder.delete(reindexIdsTable).where(eq(reindexIdsTable.row, bound("row"))),
);

/** Ids that have still to be asked. */
export interface IdPage {
	row: number;
	ids: string[];
}

export class ReindexStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	transaction<T>(work: () => T): T {
		return this.#tables.transaction(work);
	}

	/** The latest run; undefined: there was none. */
	read(): ReindexRow | undefined {
		return this.#tables.open() ? selectRun.all(this.#tables.storage)[0] : undefined;
	}

	write(run: ReindexRow): void {
		upsertRun.run(this.#tables.storage, { ...run });
	}

	/** In the place of those that are left of the run before. */
	putIds(pages: readonly (readonly string[])[]): void {
		const { storage } = this.#tables;
		for (const { row } of this.ids()) deleteIds.run(storage, { row });
		for (const ids of pages) insertIds.run(storage, { ids: JSON.stringify(ids) });
	}

	ids(): IdPage[] {
		const pages = selectIds.all(this.#tables.storage);
		return pages.map(({ row, ids }) => ({ row, ids: JSON.parse(ids) }));
	}

	deleteIds(row: number): void {
		deleteIds.run(this.#tables.storage, { row });
	}
}
