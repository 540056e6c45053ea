/**
 * Reads and writes of an instance's tables. It decides nothing: the engine says what to write,
 * and in which transaction.
 *
 * Statements are prepared once per object, since a step is one insert and its cost is mostly
 * drizzle's building of it otherwise.
 */
import { asc, eq, placeholder, type SQL, sql } from "drizzle-orm";
import { type Database, isEmpty, migrateDatabase } from "./database";
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
	#statements: ReturnType<typeof prepareStatements> | undefined;

	constructor(db: Database) {
		this.#db = db;
	}

	/**
	 * The instance's row, its tables brought to the newest schema first; undefined, with nothing
	 * written, when no instance was created here (G14).
	 */
	async open(): Promise<WorkflowRow | undefined> {
		if (isEmpty(this.#db)) return undefined;
		await this.migrate();
		return this.#db.select().from(workflowTable).get();
	}

	/** Creates or upgrades the tables. */
	migrate(): Promise<void> {
		return migrateDatabase(this.#db, "instance");
	}

	/** Synchronous, as transactions in a Durable Object are: nothing in `work` may await. */
	transaction<T>(work: () => T): T {
		return this.#db.transaction(work);
	}

	insertWorkflow(row: WorkflowRow): void {
		this.#db
			.insert(workflowTable)
			.values({ row: 1, ...row })
			.run();
	}

	updateWorkflow(row: WorkflowRow): void {
		this.#prepared.updateWorkflow.run(row);
	}

	readSteps(): StepRow[] {
		return this.#db.select().from(stepsTable).orderBy(asc(stepsTable.seq)).all();
	}

	insertStep(row: StepRow): void {
		this.#prepared.insertStep.run(row);
	}

	updateStep(row: StepRow): void {
		this.#prepared.updateStep.run(row);
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

	get #prepared() {
		this.#statements ??= prepareStatements(this.#db);
		return this.#statements;
	}
}

function prepareStatements(db: Database) {
	const { seq: _, ...stepChanges } = placeholders(STEP_COLUMNS);
	return {
		updateWorkflow: db.update(workflowTable).set(placeholders(MUTABLE)).prepare(),
		insertStep: db.insert(stepsTable).values(placeholders(STEP_COLUMNS)).prepare(),
		updateStep: db
			.update(stepsTable)
			.set(stepChanges)
			.where(eq(stepsTable.seq, placeholder("seq")))
			.prepare(),
	};
}

/** A bound parameter for each column, by the column's name. */
function placeholders<K extends string>(names: readonly K[]): Record<K, SQL> {
	const entries = names.map((name) => [name, sql`${placeholder(name)}`] as const);
	return Object.fromEntries(entries) as Record<K, SQL>; // fromEntries forgets the keys.
}
