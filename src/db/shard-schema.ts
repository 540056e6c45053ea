/** The tables of an index shard's object (`__index:<type>`). */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Overlap, RunOutcome } from "../model/schedule";
import type { WorkflowStatus } from "../model/status";

export const instancesTable = sqliteTable(
	"instances",
	{
		id: text("id").primaryKey(),
		status: text("status").$type<WorkflowStatus>().notNull(),
		/** Of the newest update that arrived: an older one changes nothing (G12). */
		seq: integer("seq").notNull(),
		createdAt: integer("created_at").notNull(),
		updatedAt: integer("updated_at").notNull(),
	},
	(table) => [index("instances_by_creation").on(table.createdAt, table.id)],
);

/** One row: how many of the migrations these tables have had. */
export const shardTable = sqliteTable("shard", {
	row: integer("row").primaryKey(),
	schema: integer("schema").notNull(),
});

/** In the first shard of a type. */
export const schedulesTable = sqliteTable(
	"schedules",
	{
		name: text("name").primaryKey(),
		cron: text("cron").notNull(),
		timezone: text("timezone").notNull(),
		payload: text("payload").notNull(),
		/** `Attributes` as JSON. */
		attributes: text("attributes").notNull(),
		overlap: text("overlap").$type<Overlap>().notNull(),
		catchUp: integer("catch_up").notNull(),
		paused: integer("paused").notNull(),
		/** The first time that nothing was decided about; null: there is none. */
		nextAt: integer("next_at"),
		/** The instance that was started last, until it is known to have ended. */
		activeId: text("active_id"),
		/** Calls in a row that brought no answer. */
		failures: integer("failures").notNull(),
		/** When there is something to do: the alarm stands at the earliest. */
		wakeAt: integer("wake_at"),
		/** Of the last trigger: no two have the same time. */
		triggeredAt: integer("triggered_at").notNull(),
		missed: integer("missed").notNull(),
		createdAt: integer("created_at").notNull(),
		updatedAt: integer("updated_at").notNull(),
	},
	(table) => [index("schedules_by_wake").on(table.wakeAt)],
);

/** What was decided about the times of the schedules: it is decided first, then done. */
export const scheduleRunsTable = sqliteTable(
	"schedule_runs",
	{
		seq: integer("seq").primaryKey(),
		/** Its name. */
		schedule: text("schedule").notNull(),
		scheduledAt: integer("scheduled_at").notNull(),
		instanceId: text("instance_id"),
		outcome: text("outcome").$type<RunOutcome>().notNull(),
		reason: text("reason"),
		triggeredBy: text("triggered_by"),
		/** The idempotency key of the request that triggered it. */
		key: text("key"),
	},
	(table) => [index("schedule_runs_by_schedule").on(table.schedule, table.seq)],
);
