/**
 * The tables of an instance's history: what was asked of it from outside, the runs before the
 * latest, attempts that failed, and its log. Most instances need none of them, so they come into
 * being with their first row.
 */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { LogLevel } from "../model/log";
import type { AuditAction, StepKind, StepStatus } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";

/**
 * One row for each change asked for from outside, save what other tables tell: the creation is in
 * the instance's row, events are in theirs.
 */
export const auditTable = sqliteTable("audit", {
	seq: integer("seq").primaryKey(),
	at: integer("at").notNull(),
	actor: text("actor").notNull(),
	action: text("action").$type<AuditAction>().notNull(),
	reason: text("reason"),
	/** The request's idempotency key. */
	key: text("key"),
	/** JSON: what the action was about. */
	detail: text("detail"),
});

/** How each run before the latest ended. */
export const runsTable = sqliteTable("runs", {
	run: integer("run").primaryKey(),
	status: text("status").$type<WorkflowStatus>().notNull(),
	reason: text("reason"),
	result: text("result"),
	error: text("error"),
	startedAt: integer("started_at"),
	completedAt: integer("completed_at"),
});

/** Steps of earlier runs that the latest does not have. */
export const pastStepsTable = sqliteTable("past_steps", {
	row: integer("row").primaryKey(),
	run: integer("run").notNull(),
	key: text("key").notNull(),
	kind: text("kind").$type<StepKind>().notNull(),
	status: text("status").$type<Exclude<StepStatus, "running" | "cancelled">>().notNull(),
	attempts: integer("attempts").notNull(),
	result: text("result"),
	error: text("error"),
	startedAt: integer("started_at").notNull(),
	completedAt: integer("completed_at"),
});

/** Attempts that failed, and panics of the program itself; numbered without gaps. */
export const stepErrorsTable = sqliteTable("step_errors", {
	seq: integer("seq").primaryKey(),
	at: integer("at").notNull(),
	run: integer("run").notNull(),
	/** Null: the program itself panicked. */
	step: text("step"),
	attempt: integer("attempt"),
	panic: integer("panic").notNull(),
	error: text("error").notNull(),
});

/** The log; numbered without gaps. */
export const logsTable = sqliteTable("logs", {
	seq: integer("seq").primaryKey(),
	at: integer("at").notNull(),
	run: integer("run").notNull(),
	/** The place of the program's latest line so far, this one included; see `LinePlace`. */
	position: integer("position").notNull(),
	nth: integer("nth").notNull(),
	/** The step whose function wrote it; null: the program, between its steps. */
	step: text("step"),
	attempt: integer("attempt"),
	level: text("level").$type<LogLevel>().notNull(),
	message: text("message").notNull(),
	fields: text("fields"),
});

export type AuditRow = typeof auditTable.$inferSelect;
export type RunRow = typeof runsTable.$inferSelect;
export type PastStepRow = typeof pastStepsTable.$inferSelect;
export type StepErrorRow = typeof stepErrorsTable.$inferSelect;
export type LogRow = typeof logsTable.$inferSelect;
