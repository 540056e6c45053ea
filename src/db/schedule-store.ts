/** Reads and writes of the schedules in a shard and of their runs. It decides nothing. */
import {
	and,
	asc,
	count,
	desc,
	eq,
	getTableColumns,
	isNull,
	lt,
	lte,
	min,
	ne,
	or,
	placeholder,
	type SQL,
} from "drizzle-orm";
import { scheduleRunsTable as runs, schedulesTable as schedules } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

/** Without the payload, which may be large and only a start needs. */
export type ScheduleRow = Omit<typeof schedules.$inferSelect, "payload">;
export type RunRow = typeof runs.$inferSelect;
export type NewRun = Omit<RunRow, "seq">;

const { payload, ...COLUMNS } = getTableColumns(schedules);
const NAMES = columnsOf(schedules).filter((name) => name !== "payload");
const { seq } = runs;
const RUN_NAMES = columnsOf(runs);

/** The columns that a life changes. */
const MUTABLE = [
	"paused",
	"nextAt",
	"activeId",
	"failures",
	"wakeAt",
	"triggeredAt",
	"missed",
	"updatedAt",
] as const satisfies (keyof ScheduleRow)[];

const named = eq(schedules.name, bound("name"));
const insertSchedule = new Statement(
	builder.insert(schedules).values(boundColumns(columnsOf(schedules))),
);
const updateSchedule = new Statement(
	builder.update(schedules).set(boundColumns(MUTABLE)).where(named),
);
const deleteSchedule = new Statement(builder.delete(schedules).where(named));
const selectSchedule = new Select<ScheduleRow>(
	builder.select(COLUMNS).from(schedules).where(named),
	NAMES,
);
const selectAll = new Select<ScheduleRow>(
	builder.select(COLUMNS).from(schedules).orderBy(asc(schedules.name)),
	NAMES,
);
const selectPayload = new Select<{ payload: string }>(
	builder.select({ payload }).from(schedules).where(named),
	["payload"],
);
const countSchedules = new Select<{ count: number }>(
	builder.select({ count: count() }).from(schedules),
	["count"],
);
const selectFirstWake = new Select<{ wakeAt: number | null }>(
	builder.select({ wakeAt: min(schedules.wakeAt) }).from(schedules),
	["wakeAt"],
);
const selectDue = new Select<{ name: string }>(
	builder
		.select({ name: schedules.name })
		.from(schedules)
		.where(lte(schedules.wakeAt, bound("now")))
		.orderBy(asc(schedules.wakeAt))
		.limit(placeholder("limit")),
	["name"],
);

const ofSchedule = eq(runs.schedule, bound("schedule"));
const isWaiting = eq(runs.outcome, "queued");
const runsWhere = (...conditions: SQL[]) =>
	builder
		.select()
		.from(runs)
		.where(and(ofSchedule, ...conditions));
const insertRun = new Statement(
	builder.insert(runs).values(boundColumns(RUN_NAMES.filter((name) => name !== "seq"))),
);
const settleRun = new Statement(
	builder
		.update(runs)
		.set(boundColumns(["outcome", "reason"]))
		.where(and(eq(runs.seq, bound("seq")), eq(runs.instanceId, bound("instanceId")), isWaiting)),
);
const deleteRuns = new Statement(builder.delete(runs).where(ofSchedule));
const selectFirstWaiting = new Select<RunRow>(
	runsWhere(isWaiting).orderBy(asc(seq)).limit(1),
	RUN_NAMES,
);
const countWaiting = new Select<{ count: number }>(
	builder.select({ count: count() }).from(runs).where(and(ofSchedule, isWaiting)),
	["count"],
);
const selectLatest = new Select<RunRow>(
	runsWhere().orderBy(desc(seq)).limit(placeholder("limit")),
	RUN_NAMES,
);
const selectByKey = new Select<RunRow>(runsWhere(eq(runs.key, bound("key"))), RUN_NAMES);
const selectByInstance = new Select<RunRow>(
	runsWhere(eq(runs.instanceId, bound("instanceId")))
		.orderBy(desc(seq))
		.limit(1),
	RUN_NAMES,
);

/** The latest of the runs that are too many when so many are kept. */
const pastLatest = (kept: string) =>
	builder
		.select({ seq })
		.from(runs)
		.where(ofSchedule)
		.orderBy(desc(seq))
		.limit(1)
		.offset(placeholder(kept));
const deleteOld = new Statement(
	builder
		.delete(runs)
		.where(
			and(
				ofSchedule,
				ne(runs.outcome, "queued"),
				lte(seq, pastLatest("kept")),
				or(
					isNull(runs.key),
					lt(runs.scheduledAt, bound("keysSince")),
					lte(seq, pastLatest("keys")),
				),
			),
		),
);

export class ScheduleStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	/** Nothing in `work` may await. */
	transaction<T>(work: () => T): T {
		this.#tables.migrate();
		return this.#tables.storage.transactionSync(work);
	}

	firstWake(): number | null {
		return this.#read(selectFirstWake)[0]?.wakeAt ?? null;
	}

	/** Names of schedules that have something to do, the longest overdue first. */
	due(now: number, limit: number): string[] {
		return this.#read(selectDue, { now, limit }).map(({ name }) => name);
	}

	count(): number {
		return this.#read(countSchedules)[0]?.count ?? 0;
	}

	all(): ScheduleRow[] {
		return this.#read(selectAll);
	}

	find(name: string): ScheduleRow | undefined {
		return this.#read(selectSchedule, { name })[0];
	}

	payload(name: string): string | undefined {
		return this.#read(selectPayload, { name })[0]?.payload;
	}

	insert(row: ScheduleRow & { payload: string }): void {
		insertSchedule.run(this.#tables.storage, row);
	}

	update(row: ScheduleRow): void {
		updateSchedule.run(this.#tables.storage, row);
	}

	/** With its runs. */
	delete(name: string): void {
		deleteSchedule.run(this.#tables.storage, { name });
		deleteRuns.run(this.#tables.storage, { schedule: name });
	}

	insertRun(run: NewRun): void {
		insertRun.run(this.#tables.storage, run);
	}

	/** Says what became of a run that waits. */
	settleRun({ seq, instanceId }: RunRow, end: Pick<RunRow, "outcome" | "reason">): void {
		settleRun.run(this.#tables.storage, { seq, instanceId, ...end });
	}

	/** Keeps those that wait, the latest `kept`, and those with a key of the latest `keys` since. */
	forgetRuns(schedule: string, keep: { kept: number; keys: number; keysSince: number }): void {
		deleteOld.run(this.#tables.storage, { schedule, ...keep });
	}

	firstWaiting(schedule: string): RunRow | undefined {
		return this.#read(selectFirstWaiting, { schedule })[0];
	}

	waiting(schedule: string): number {
		return this.#read(countWaiting, { schedule })[0]?.count ?? 0;
	}

	latestRuns(schedule: string, limit: number): RunRow[] {
		return this.#read(selectLatest, { schedule, limit });
	}

	runOfKey(schedule: string, key: string): RunRow | undefined {
		return this.#read(selectByKey, { schedule, key })[0];
	}

	runOfInstance(schedule: string, instanceId: string): RunRow | undefined {
		return this.#read(selectByInstance, { schedule, instanceId })[0];
	}

	#read<Row>(select: Select<Row>, values: Record<string, string | number> = {}): Row[] {
		return this.#tables.open() ? select.all(this.#tables.storage, values) : [];
	}
}
