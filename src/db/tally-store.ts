/**
 * Reads and writes of a shard's tallies: how many instances are where, and what happened in each
 * minute of the last day. How many are where can be counted anew from the rows.
 */
import { and, gt, gte, lt, lte, ne, sql } from "drizzle-orm";
import { NO_THROUGHPUT, type StatusCounts, type Throughput } from "../model/index-stats";
import type { WorkflowStatus } from "../model/status";
import { instancesTable, minutesTable, REMOVED, shardTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

export interface Tallies {
	counts: StatusCounts;
	/** Instances that were here and are gone. */
	removed: number;
	/** When the newest instance was created. */
	lastExecutionAt: number | null;
	/** The newest minute (since 1970) in which something happened, and what did; null: none yet. */
	minute: number | null;
	throughput: Throughput;
	recount: Recount | null;
}

/** A new count, under way: of the rows up to an id. */
export interface Recount {
	upTo: string;
	counts: StatusCounts;
}

/** By minute since 1970. */
export type Minutes = ReadonlyMap<number, Throughput>;

interface TallyRow {
	counts: string | null;
	removed: number;
	lastExecutionAt: number | null;
	minute: number | null;
	throughput: string | null;
	recountedTo: string | null;
	recounted: string | null;
}

const COLUMNS = [
	"counts",
	"removed",
	"lastExecutionAt",
	"minute",
	"throughput",
	"recountedTo",
	"recounted",
] as const;
const { counts, removed, lastExecutionAt, minute, throughput, recountedTo, recounted } = shardTable;

const selectTallies = new Select<TallyRow>(
	builder
		.select({ counts, removed, lastExecutionAt, minute, throughput, recountedTo, recounted })
		.from(shardTable),
	COLUMNS,
);
const updateTallies = new Statement(builder.update(shardTable).set(boundColumns(COLUMNS)));

const selectMinutes = new Select<{ minute: number; throughput: string }>(
	builder
		.select()
		.from(minutesTable)
		.where(gte(minutesTable.minute, bound("since"))),
	["minute", "throughput"],
);
const upsertMinute = new Statement(
	builder
		.insert(minutesTable)
		.values(boundColumns(["minute", "throughput"]))
		.onConflictDoUpdate({
			target: minutesTable.minute,
			set: { throughput: sql`excluded.throughput` },
		}),
);
const deleteMinutes = new Statement(
	builder.delete(minutesTable).where(lt(minutesTable.minute, bound("before"))),
);

const { id, status, createdAt } = instancesTable;
const countStatuses = new Select<{ status: WorkflowStatus; rows: number; latest: number }>(
	builder
		.select({ status, rows: sql<number>`count(*)`, latest: sql<number>`max(${createdAt})` })
		.from(instancesTable)
		.where(and(ne(status, REMOVED), gt(id, bound("after")), lte(id, bound("upTo"))))
		.groupBy(status),
	["status", "rows", "latest"],
);

/** No id comes before the one or behind the other. */
const BEFORE_ALL = "";
export const BEHIND_ALL = "\u{10ffff}";

export class TallyStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	read(): Tallies {
		const [row] = this.#tables.open() ? selectTallies.all(this.#tables.storage) : [];
		if (row === undefined) {
			const nothing = { counts: {}, removed: 0, lastExecutionAt: null };
			return { ...nothing, minute: null, throughput: NO_THROUGHPUT, recount: null };
		}
		const { counts, removed, lastExecutionAt, minute, throughput, recountedTo, recounted } = row;
		return {
			...(counts === null ? this.#countAll() : { counts: JSON.parse(counts), lastExecutionAt }),
			removed,
			minute,
			throughput: throughput === null ? NO_THROUGHPUT : JSON.parse(throughput),
			recount:
				recountedTo === null ? null : { upTo: recountedTo, counts: JSON.parse(recounted ?? "{}") },
		};
	}

	write({ counts, throughput, recount, ...tallies }: Tallies): void {
		updateTallies.run(this.#tables.storage, {
			...tallies,
			counts: JSON.stringify(counts),
			throughput: JSON.stringify(throughput),
			recountedTo: recount?.upTo ?? null,
			recounted: recount === null ? null : JSON.stringify(recount.counts),
		});
	}

	/** The minutes that have rows. */
	minutes(since: number): Minutes {
		const rows = this.#tables.open() ? selectMinutes.all(this.#tables.storage, { since }) : [];
		return new Map(rows.map(({ minute, throughput }) => [minute, JSON.parse(throughput)]));
	}

	writeMinute(minute: number, throughput: Throughput): void {
		upsertMinute.run(this.#tables.storage, { minute, throughput: JSON.stringify(throughput) });
	}

	deleteMinutes(before: number): void {
		deleteMinutes.run(this.#tables.storage, { before });
	}

	/** The rows of the ids behind `after`, up to `upTo`. */
	countRows(after: string, upTo: string): StatusCounts {
		return countsOf(countStatuses.all(this.#tables.storage, { after, upTo }));
	}

	#countAll(): Pick<Tallies, "counts" | "lastExecutionAt"> {
		const all = { after: BEFORE_ALL, upTo: BEHIND_ALL };
		const rows = countStatuses.all(this.#tables.storage, all);
		const latest = Math.max(...rows.map((row) => row.latest));
		return { counts: countsOf(rows), lastExecutionAt: rows.length === 0 ? null : latest };
	}
}

function countsOf(rows: readonly { status: WorkflowStatus; rows: number }[]): StatusCounts {
	return Object.fromEntries(rows.map(({ status, rows }) => [status, rows]));
}
