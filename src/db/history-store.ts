/** Reads and writes of an instance's history: its audit, earlier runs, failed attempts, its log. */
import { and, asc, desc, eq, gt, lte, placeholder, sql } from "drizzle-orm";
import fresh from "../../drizzle/history/fresh.sql";
import migrations from "../../drizzle/history/migrations";
import type { LogLevel } from "../model/log";
import { applyMigrations, type ObjectStorage } from "./database";
import {
	type AuditRow,
	auditTable,
	type LogRow,
	logsTable,
	type PastStepRow,
	pastStepsTable,
	type RunRow,
	runsTable,
	type StepErrorRow,
	stepErrorsTable,
} from "./history-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { AuditRow, LogRow, PastStepRow, RunRow, StepErrorRow };

const TABLES = { fresh, migrations };

const AUDIT_COLUMNS = columnsOf(auditTable);
const RUN_COLUMNS = columnsOf(runsTable);
const PAST_STEP_COLUMNS = columnsOf(pastStepsTable);
const STEP_ERROR_COLUMNS = columnsOf(stepErrorsTable);
const LOG_COLUMNS = columnsOf(logsTable);

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

const insertStepError = new Statement(
	builder
		.insert(stepErrorsTable)
		.values(boundColumns(STEP_ERROR_COLUMNS.filter((name) => name !== "seq"))),
);
const pruneStepErrors = new Statement(
	builder
		.delete(stepErrorsTable)
		.where(lte(stepErrorsTable.seq, sql`(SELECT max(seq) FROM step_errors) - ${bound("rowsMax")}`)),
);
const selectStepErrors = new Select<StepErrorRow>(
	builder.select().from(stepErrorsTable).orderBy(desc(stepErrorsTable.seq)),
	STEP_ERROR_COLUMNS,
);
const insertLog = new Statement(
	builder.insert(logsTable).values(boundColumns(LOG_COLUMNS.filter((name) => name !== "seq"))),
);
const pruneLogs = new Statement(
	builder
		.delete(logsTable)
		.where(lte(logsTable.seq, sql`(SELECT max(seq) FROM logs) - ${bound("rowsMax")}`)),
);
const selectLastLog = new Select<LogRow>(
	builder.select().from(logsTable).orderBy(desc(logsTable.seq)).limit(1),
	LOG_COLUMNS,
);
const selectFirstLog = new Select<{ seq: number }>(
	builder.select({ seq: logsTable.seq }).from(logsTable).orderBy(asc(logsTable.seq)).limit(1),
	["seq"],
);
const selectLogs = new Select<LogRow>(
	builder
		.select()
		.from(logsTable)
		.where(
			and(
				gt(logsTable.seq, bound("after")),
				sql`instr(${bound("levels")}, ${logsTable.level}) > 0`,
			),
		)
		.orderBy(asc(logsTable.seq))
		.limit(placeholder("limit")),
	LOG_COLUMNS,
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

	/** Whether tables with so many migrations have failed attempts and logs. */
	hasErrorsAndLogs(applied: number): boolean {
		return applied > 1;
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

	/** Adds a failed attempt, and drops those further back than `rowsMax`. */
	addStepError(entry: Omit<StepErrorRow, "seq">, rowsMax: number): void {
		insertStepError.run(this.#storage, entry);
		pruneStepErrors.run(this.#storage, { rowsMax });
	}

	/** The latest first. */
	readStepErrors(): StepErrorRow[] {
		return selectStepErrors.all(this.#storage);
	}

	/** Adds a line, and drops those further back than `rowsMax`. */
	addLog(line: Omit<LogRow, "seq">, rowsMax: number): void {
		insertLog.run(this.#storage, line);
		pruneLogs.run(this.#storage, { rowsMax });
	}

	lastLog(): LogRow | undefined {
		return selectLastLog.all(this.#storage)[0];
	}

	/** The number of the oldest line that is there. */
	firstLogSeq(): number | undefined {
		return selectFirstLog.all(this.#storage)[0]?.seq;
	}

	/** Lines of these levels after number `after`, at most `limit`. */
	readLogs(request: { after: number; levels: readonly LogLevel[]; limit: number }): LogRow[] {
		const { after, levels, limit } = request;
		return selectLogs.all(this.#storage, { after, levels: levels.join(), limit });
	}
}
