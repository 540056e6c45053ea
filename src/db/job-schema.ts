/** The tables of a bulk job's object (`__job:<id>`). */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { BulkAction, BulkError, JobStatus } from "../model/bulk";

/** One row. */
export const jobTable = sqliteTable("job", {
	row: integer("row").primaryKey(),
	/** How many of the migrations these tables have had. */
	schema: integer("schema").notNull(),
	id: text("id").notNull(),
	action: text("action").$type<BulkAction>().notNull(),
	/** JSON, as `filter`. */
	types: text("types").notNull(),
	filter: text("filter").notNull(),
	event: text("event"),
	payload: text("payload"),
	dryRun: integer("dry_run").notNull(),
	actor: text("actor").notNull(),
	reason: text("reason"),
	status: text("status").$type<JobStatus>().notNull(),
	matched: integer("matched").notNull(),
	succeeded: integer("succeeded").notNull(),
	skipped: integer("skipped").notNull(),
	failed: integer("failed").notNull(),
	/** Ids of the page that is worked on, as JSON; null: the next one is to be read. */
	pending: text("pending"),
	/** Where the next page begins, a `Position` as JSON; null: at the beginning, or ... */
	after: text("after"),
	/** ... 1: there is no next page. */
	isLast: integer("is_last").notNull(),
	/** Ids of a dry run, as JSON. */
	sample: text("sample").notNull(),
	/** Pages in a row that could not be read. */
	failures: integer("failures").notNull(),
	createdAt: integer("created_at").notNull(),
	updatedAt: integer("updated_at").notNull(),
	completedAt: integer("completed_at"),
});

export const jobErrorsTable = sqliteTable("job_errors", {
	seq: integer("seq").primaryKey(),
	id: text("id").notNull(),
	code: text("code").$type<BulkError["code"]>().notNull(),
	message: text("message").notNull(),
});

export type JobRow = Omit<typeof jobTable.$inferSelect, "row" | "schema">;
