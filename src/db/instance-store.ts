/**
 * Reads and writes of an instance's tables. It decides nothing: the engine says what to write,
 * and in which transaction.
 */
import { and, asc, desc, eq, getTableColumns, isNotNull, isNull, lte, sql } from "drizzle-orm";
import carriedFresh from "../../drizzle/carried/fresh.sql";
import carriedMigrations from "../../drizzle/carried/migrations";
import fresh from "../../drizzle/instance/fresh.sql";
import migrations from "../../drizzle/instance/migrations";
import { carriedTable } from "./carried-schema";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import {
	type EventRow,
	eventsTable,
	type StepRow,
	stepsTable,
	type WorkflowRow,
	workflowTable,
} from "./instance-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { EventRow, StepRow, WorkflowRow };

const TABLES = { fresh, migrations };
const CARRIED = { fresh: carriedFresh, migrations: carriedMigrations };

const { row: _row, schema, ...WORKFLOW_COLUMNS } = getTableColumns(workflowTable);
const WORKFLOW_NAMES = columnsOf(workflowTable).filter(
	(name) => name !== "row" && name !== "schema",
);
const STEP_COLUMNS = columnsOf(stepsTable);
const EVENT_COLUMNS = columnsOf(eventsTable);

/** The columns that a life changes; the others are written once. */
const MUTABLE = [
	"version",
	"status",
	"reason",
	"result",
	"error",
	"notBefore",
	"deadlineAt",
	"run",
	"startedAt",
	"attributes",
	"slot",
	"slotSeq",
	"slotAckedSeq",
	"removing",
	"historySchema",
	"deliverySchema",
	"restarts",
	"metadata",
	"strikes",
	"progress",
	"lostPasses",
	"statusSeq",
	"indexedSeq",
	"updatedAt",
	"completedAt",
] as const satisfies (keyof WorkflowRow)[];

const insertWorkflow = new Statement(
	builder
		.insert(workflowTable)
		.values({ row: 1, schema: bound("schema"), ...boundColumns(WORKFLOW_NAMES) }),
);
const updateWorkflow = new Statement(builder.update(workflowTable).set(boundColumns(MUTABLE)));
const selectWorkflow = new Select<WorkflowRow>(
	builder.select(WORKFLOW_COLUMNS).from(workflowTable),
	WORKFLOW_NAMES,
);
const selectSchema = new Select<{ schema: number }>(
	builder.select({ schema }).from(workflowTable),
	["schema"],
);
const updateSchema = new Statement(builder.update(workflowTable).set({ schema: bound("schema") }));

const insertStep = new Statement(builder.insert(stepsTable).values(boundColumns(STEP_COLUMNS)));
/** What nearly every step is: a parameter costs SQLite's binding a tenth of the insert. */
const insertFirstSuccess = new Statement(
	builder.insert(stepsTable).values({
		...boundColumns(["seq", "key", "result", "startedAt", "completedAt", "outcome"]),
		kind: sql`'do'`,
		status: sql`'completed'`,
		attempts: sql`1`,
	}),
);
const updateStep = new Statement(
	builder
		.update(stepsTable)
		.set(boundColumns(STEP_COLUMNS.filter((name) => name !== "seq")))
		.where(eq(stepsTable.seq, bound("seq"))),
);
const deleteStep = new Statement(
	builder.delete(stepsTable).where(eq(stepsTable.seq, bound("seq"))),
);
const selectSteps = new Select<StepRow>(
	builder.select().from(stepsTable).orderBy(asc(stepsTable.seq)),
	STEP_COLUMNS,
);

const insertEvent = new Statement(builder.insert(eventsTable).values(boundColumns(EVENT_COLUMNS)));
const takeEvent = new Statement(
	builder
		.update(eventsTable)
		.set({ step: bound("step"), payload: sql`''` })
		.where(eq(eventsTable.seq, bound("seq"))),
);
const pruneEvents = new Statement(
	builder
		.delete(eventsTable)
		.where(and(lte(eventsTable.seq, bound("seq")), isNotNull(eventsTable.step))),
);
const selectBuffered = new Select<EventRow>(
	builder.select().from(eventsTable).where(isNull(eventsTable.step)).orderBy(asc(eventsTable.seq)),
	EVENT_COLUMNS,
);
const selectEvents = new Select<EventRow>(
	builder.select().from(eventsTable).orderBy(asc(eventsTable.seq)),
	EVENT_COLUMNS,
);
const selectEventByKey = new Select<EventRow>(
	builder
		.select()
		.from(eventsTable)
		.where(eq(eventsTable.key, bound("key"))),
	EVENT_COLUMNS,
);
const selectLastEvent = new Select<{ seq: number }>(
	builder
		.select({ seq: eventsTable.seq })
		.from(eventsTable)
		.orderBy(desc(eventsTable.seq))
		.limit(1),
	["seq"],
);

const insertCarried = new Statement(
	builder.insert(carriedTable).values({ row: 1, schema: bound("schema"), text: bound("text") }),
);
const selectCarried = new Select<{ text: string }>(
	builder.select({ text: carriedTable.text }).from(carriedTable),
	["text"],
);

export class InstanceStore {
	readonly #storage: ObjectStorage;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/**
	 * The instance's row, its tables brought to the newest schema first; undefined, with nothing
	 * written, when no instance was created here (G14).
	 */
	open(): WorkflowRow | undefined {
		if (!hasTable(this.#storage, "workflow")) return undefined;
		const [{ schema: applied } = { schema: 0 }] = selectSchema.all(this.#storage);
		if (applied < migrations.journal.entries.length) this.#upgrade(applied);
		return selectWorkflow.all(this.#storage)[0];
	}

	/** Creates the tables with the instance's row in them, and the definition that it carries. */
	create(row: WorkflowRow, definition?: string): void {
		this.transaction(() => {
			const schema = applyMigrations(this.#storage, TABLES, 0);
			insertWorkflow.run(this.#storage, { schema, ...row });
			if (definition === undefined) return;
			const carried = applyMigrations(this.#storage, CARRIED, 0);
			insertCarried.run(this.#storage, { schema: carried, text: definition });
		});
	}

	/** The definition that the instance carries. */
	readDefinition(): string | undefined {
		return selectCarried.all(this.#storage)[0]?.text;
	}

	#upgrade(applied: number): void {
		this.transaction(() => {
			const schema = applyMigrations(this.#storage, TABLES, applied);
			updateSchema.run(this.#storage, { schema });
		});
	}

	/** Synchronous, as transactions in a Durable Object are: nothing in `work` may await. */
	transaction<T>(work: () => T): T {
		return this.#storage.transactionSync(work);
	}

	updateWorkflow(row: WorkflowRow): void {
		updateWorkflow.run(this.#storage, row);
	}

	readSteps(): StepRow[] {
		return selectSteps.all(this.#storage);
	}

	insertStep(row: StepRow): void {
		const { kind, status, attempts, parent } = row;
		const isFirstSuccess =
			kind === "do" && status === "completed" && attempts === 1 && parent === null;
		(isFirstSuccess ? insertFirstSuccess : insertStep).run(this.#storage, row);
	}

	updateStep(row: StepRow): void {
		updateStep.run(this.#storage, row);
	}

	deleteStep(seq: number): void {
		deleteStep.run(this.#storage, { seq });
	}

	/** Those that no step has taken. */
	readBufferedEvents(): EventRow[] {
		return selectBuffered.all(this.#storage);
	}

	readEvents(): EventRow[] {
		return selectEvents.all(this.#storage);
	}

	/** The number of the latest event; 0: there was none. */
	lastEventSeq(): number {
		return selectLastEvent.all(this.#storage)[0]?.seq ?? 0;
	}

	/** The event that was delivered with an idempotency key. */
	eventOf(key: string): EventRow | undefined {
		return selectEventByKey.all(this.#storage, { key })[0];
	}

	insertEvent(row: EventRow): void {
		insertEvent.run(this.#storage, row);
	}

	/** Says which step took an event; the payload goes, since the step has it. */
	takeEvent(seq: number, step: string): void {
		takeEvent.run(this.#storage, { seq, step });
	}

	/** Drops events up to number `seq` that steps have taken. */
	pruneEvents(seq: number): void {
		pruneEvents.run(this.#storage, { seq });
	}
}
