/**
 * Reads and writes of a shard's tallies: how many instances are where, and what happened in each
 * minute of the last day. They can be made anew from the rows.
 */
import { and, gte, inArray, lt, ne, sql } from "drizzle-orm";
import {
	addThroughput,
	MINUTE_MS,
	NO_THROUGHPUT,
	type StatusCounts,
	type Throughput,
} from "../model/index-stats";
import { isTerminal, WORKFLOW_STATUSES, type WorkflowStatus } from "../model/status";
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
}

/** By minute since 1970. */
export type Minutes = ReadonlyMap<number, Throughput>;

interface TallyRow {
	counts: string | null;
	removed: number;
	lastExecutionAt: number | null;
	minute: number | null;
	throughput: string | null;
}

const COLUMNS = ["counts", "removed", "lastExecutionAt", "minute", "throughput"] as const;
const { counts, removed, lastExecutionAt, minute, throughput } = shardTable;

const selectTallies = new Select<TallyRow>(
	builder.select({ counts, removed, lastExecutionAt, minute, throughput }).from(shardTable),
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

const { status, createdAt, updatedAt } = instancesTable;
const minuteOf = (moment: typeof createdAt | typeof updatedAt) =>
	sql<number>`${moment} / ${sql.raw(`${MINUTE_MS}`)}`;
const countRows = sql<number>`count(*)`;

const countStatuses = new Select<{ status: WorkflowStatus; rows: number; latest: number }>(
	builder
		.select({ status, rows: countRows, latest: sql<number>`max(${createdAt})` })
		.from(instancesTable)
		.where(ne(status, REMOVED))
		.groupBy(status),
	["status", "rows", "latest"],
);
const countCreated = new Select<{ minute: number; rows: number }>(
	builder
		.select({ minute: minuteOf(createdAt), rows: countRows })
		.from(instancesTable)
		.where(and(ne(status, REMOVED), gte(createdAt, bound("since"))))
		.groupBy(minuteOf(createdAt)),
	["minute", "rows"],
);
const countEnded = new Select<{ minute: number; status: WorkflowStatus; rows: number }>(
	builder
		.select({ minute: minuteOf(updatedAt), status, rows: countRows })
		.from(instancesTable)
		.where(
			and(inArray(status, WORKFLOW_STATUSES.filter(isTerminal)), gte(updatedAt, bound("since"))),
		)
		.groupBy(minuteOf(updatedAt), status),
	["minute", "status", "rows"],
);

export class TallyStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	read(): Tallies {
		const [row] = this.#tables.open() ? selectTallies.all(this.#tables.storage) : [];
		if (row === undefined) {
			const nothing = { counts: {}, removed: 0, lastExecutionAt: null };
			return { ...nothing, minute: null, throughput: NO_THROUGHPUT };
		}
		const { counts, removed, lastExecutionAt, minute, throughput } = row;
		return {
			...(counts === null ? this.count() : { counts: JSON.parse(counts), lastExecutionAt }),
			removed,
			minute,
			throughput: throughput === null ? NO_THROUGHPUT : JSON.parse(throughput),
		};
	}

	write(tallies: Tallies): void {
		updateTallies.run(this.#tables.storage, {
			...tallies,
			counts: JSON.stringify(tallies.counts),
			throughput: JSON.stringify(tallies.throughput),
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

	/** The rows, counted one by one. */
	count(): Pick<Tallies, "counts" | "lastExecutionAt"> {
		const rows = countStatuses.all(this.#tables.storage);
		const latest = Math.max(...rows.map((row) => row.latest));
		return {
			counts: Object.fromEntries(rows.map(({ status, rows }) => [status, rows])),
			lastExecutionAt: rows.length === 0 ? null : latest,
		};
	}

	/** What happened in each minute since, as far as the rows still say it. */
	countMinutes(sinceMinute: number): Minutes {
		const since = { since: sinceMinute * MINUTE_MS };
		const minutes = new Map<number, Throughput>();
		const add = (minute: number, more: Throughput) =>
			minutes.set(minute, addThroughput(minutes.get(minute) ?? NO_THROUGHPUT, more));
		for (const { minute, rows } of countCreated.all(this.#tables.storage, since)) {
			add(minute, { created: rows, ended: {} });
		}
		for (const { minute, status, rows } of countEnded.all(this.#tables.storage, since)) {
			add(minute, { created: 0, ended: { [status]: rows } });
		}
		return minutes;
	}
}
