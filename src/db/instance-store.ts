/**
 * Reads and writes of an instance's tables. It decides nothing: the engine says what to write,
 * and in which transaction.
 *
 * Statements are prepared once per object, since a step is one insert and its cost is mostly
 * drizzle's building of it otherwise.
 */
import { asc, eq, placeholder, type SQL, sql } from "drizzle-orm";
import migrations from "../../drizzle/instance/migrations";
import { applyMigrations, type Database, hasTable } from "./database";
import {
	type EventRow,
	eventsTable,
	type StepRow,
	stepsTable,
	type WorkflowRow,
	workflowTable,
} from "./instance-schema";

export type { EventRow, StepRow, WorkflowRow };

/** The columns that a life changes; the others are written once. */
const MUTABLE = [
	"status",
	"reason",
	"result",
	"error",
	"notBefore",
	"strikes",
	"progress",
	"statusSeq",
	"indexedSeq",
	"updatedAt",
	"completedAt",
] as const satisfies (keyof WorkflowRow)[];

const STEP_COLUMNS = [
	"seq",
	"key",
	"kind",
	"status",
	"attempts",
	"result",
	"error",
	"event",
	"startedAt",
	"wakeAt",
	"completedAt",
	"outcome",
] as const satisfies (keyof StepRow)[];

export class InstanceStore {
	readonly #db: Database;
	readonly #statements: Statements;

	constructor(db: Database) {
		this.#db = db;
		this.#statements = new Statements(db);
	}

	/**
	 * The instance's row, its tables brought to the newest schema first; undefined, with nothing
	 * written, when no instance was created here (G14).
	 */
	open(): WorkflowRow | undefined {
		if (!hasTable(this.#db, "workflow")) return undefined;
		const { schema } = workflowTable;
		const applied = this.#db.select({ schema }).from(workflowTable).get()?.schema ?? 0;
		if (applied < migrations.journal.entries.length) this.#upgrade(applied);
		return this.#db.select().from(workflowTable).get();
	}

	/** Creates the tables with the instance's row in them. */
	create(row: WorkflowRow): void {
		this.#db.transaction(() => {
			const schema = applyMigrations(this.#db, migrations, 0);
			this.#db
				.insert(workflowTable)
				.values({ row: 1, schema, ...row })
				.run();
		});
	}

	#upgrade(applied: number): void {
		this.#db.transaction(() => {
			const schema = applyMigrations(this.#db, migrations, applied);
			this.#db.update(workflowTable).set({ schema }).run();
		});
	}

	/** Synchronous, as transactions in a Durable Object are: nothing in `work` may await. */
	transaction<T>(work: () => T): T {
		return this.#db.transaction(work);
	}

	updateWorkflow(row: WorkflowRow): void {
		this.#statements.updateWorkflow.run(row);
	}

	readSteps(): StepRow[] {
		return this.#db.select().from(stepsTable).orderBy(asc(stepsTable.seq)).all();
	}

	insertStep(row: StepRow): void {
		this.#statements.insertStep.run(row);
	}

	updateStep(row: StepRow): void {
		this.#statements.updateStep.run(row);
	}

	readEvents(): EventRow[] {
		return this.#db.select().from(eventsTable).orderBy(asc(eventsTable.seq)).all();
	}

	insertEvent(row: EventRow): void {
		this.#db.insert(eventsTable).values(row).run();
	}

	deleteEvent(seq: number): void {
		this.#db.delete(eventsTable).where(eq(eventsTable.seq, seq)).run();
	}
}

/** Each statement is prepared at its first use: a short instance uses two of them. */
class Statements {
	readonly #db: Database;
	#updateWorkflow: ReturnType<typeof prepareUpdateWorkflow> | undefined;
	#insertStep: ReturnType<typeof prepareInsertStep> | undefined;
	#updateStep: ReturnType<typeof prepareUpdateStep> | undefined;

	constructor(db: Database) {
		this.#db = db;
	}

	get updateWorkflow() {
		this.#updateWorkflow ??= prepareUpdateWorkflow(this.#db);
		return this.#updateWorkflow;
	}

	get insertStep() {
		this.#insertStep ??= prepareInsertStep(this.#db);
		return this.#insertStep;
	}

	get updateStep() {
		this.#updateStep ??= prepareUpdateStep(this.#db);
		return this.#updateStep;
	}
}

function prepareUpdateWorkflow(db: Database) {
	return db.update(workflowTable).set(placeholders(MUTABLE)).prepare();
}

function prepareInsertStep(db: Database) {
	return db.insert(stepsTable).values(placeholders(STEP_COLUMNS)).prepare();
}

function prepareUpdateStep(db: Database) {
	const { seq: _, ...changes } = placeholders(STEP_COLUMNS);
	return db
		.update(stepsTable)
		.set(changes)
		.where(eq(stepsTable.seq, placeholder("seq")))
		.prepare();
}

/** A bound parameter for each column, by the column's name. */
function placeholders<K extends string>(names: readonly K[]): Record<K, SQL> {
	const entries = names.map((name) => [name, sql`${placeholder(name)}`] as const);
	return Object.fromEntries(entries) as Record<K, SQL>; // fromEntries forgets the keys.
}
