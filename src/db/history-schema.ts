/**
 * The tables of an instance's history: what was asked of it from outside, and the runs before the
 * latest. Most instances need none of them, so they come into being with their first row.
 */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
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

export type AuditRow = typeof auditTable.$inferSelect;
export type RunRow = typeof runsTable.$inferSelect;
export type PastStepRow = typeof pastStepsTable.$inferSelect;
