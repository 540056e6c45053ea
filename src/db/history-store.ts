/** Reads and writes of an instance's history: its audit, and the runs before the latest. */
import { asc, eq, lte, sql } from "drizzle-orm";
import fresh from "../../drizzle/history/fresh.sql";
import migrations from "../../drizzle/history/migrations";
import { applyMigrations, type ObjectStorage } from "./database";
import {
	type AuditRow,
	auditTable,
	type PastStepRow,
	pastStepsTable,
	type RunRow,
	runsTable,
} from "./history-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { AuditRow, PastStepRow, RunRow };

const TABLES = { fresh, migrations };

const AUDIT_COLUMNS = columnsOf(auditTable);
const RUN_COLUMNS = columnsOf(runsTable);
const PAST_STEP_COLUMNS = columnsOf(pastStepsTable);

const insertAudit = new Statement(
	builder.insert(auditTable).values(boundColumns(AUDIT_COLUMNS.filter((name) => name !== "seq"))),
);
const pruneAudit = new Statement(
	builder
		.delete(auditTable)
		.where(lte(auditTable.seq, sql`(SELECT max(seq) FROM audit) - ${bound("rowsMax")}`)),
);
const selectAudit = new Select<AuditRow>(
	builder.select().from(auditTable).orderBy(asc(auditTable.seq)),
	AUDIT_COLUMNS,
);
const selectAuditByKey = new Select<AuditRow>(
	builder
		.select()
		.from(auditTable)
		.where(eq(auditTable.key, bound("key"))),
	AUDIT_COLUMNS,
);
const insertRun = new Statement(builder.insert(runsTable).values(boundColumns(RUN_COLUMNS)));
const selectRuns = new Select<RunRow>(
	builder.select().from(runsTable).orderBy(asc(runsTable.run)),
	RUN_COLUMNS,
);
const insertPastStep = new Statement(
	builder
		.insert(pastStepsTable)
		.values(boundColumns(PAST_STEP_COLUMNS.filter((name) => name !== "row"))),
);
const selectPastSteps = new Select<PastStepRow>(
	builder.select().from(pastStepsTable).orderBy(asc(pastStepsTable.row)),
	PAST_STEP_COLUMNS,
);

/** The tables come with the first row; before, nothing may be read. */
export class HistoryStore {
	readonly #storage: ObjectStorage;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** Whether tables with so many migrations are the newest. */
	isNewest(applied: number): boolean {
		return applied === migrations.journal.entries.length;
	}

	/** Brings the tables to the newest schema; returns the number to store. */
	migrate(applied: number): number {
		return applyMigrations(this.#storage, TABLES, applied);
	}

	/** Adds an entry, and drops those further back than `rowsMax`. */
	addAudit(entry: Omit<AuditRow, "seq">, rowsMax: number): void {
		insertAudit.run(this.#storage, entry);
		pruneAudit.run(this.#storage, { rowsMax });
	}

	readAudit(): AuditRow[] {
		return selectAudit.all(this.#storage);
	}

	/** The entry that was made with an idempotency key. */
	auditOf(key: string): AuditRow | undefined {
		return selectAuditByKey.all(this.#storage, { key })[0];
	}

	addRun(run: RunRow, steps: readonly Omit<PastStepRow, "row">[]): void {
		insertRun.run(this.#storage, run);
		for (const step of steps) insertPastStep.run(this.#storage, step);
	}

	readRuns(): RunRow[] {
		return selectRuns.all(this.#storage);
	}

	readPastSteps(): PastStepRow[] {
		return selectPastSteps.all(this.#storage);
	}
}
