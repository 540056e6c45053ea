/** The tables of an index shard's object (`__index:<type>`). */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { SlotState } from "../model/guard-rpc";
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

/** One row. */
export const shardTable = sqliteTable("shard", {
	row: integer("row").primaryKey(),
	/** How many of the migrations these tables have had. */
	schema: integer("schema").notNull(),
	/** `LimitOverrides` of the type as JSON; null: an operator has set none. */
	limits: text("limits"),
});

/** Instances that have a slot of the type or wait for one: the guard's memory. */
export const slotsTable = sqliteTable("slots", {
	slot: integer("slot").primaryKey(),
	id: text("id").notNull(),
	createdAt: integer("created_at").notNull(),
	/** Of the instance's newest request that arrived. */
	seq: integer("seq").notNull(),
	state: text("state").$type<Exclude<SlotState, "returned">>().notNull(),
	key: text("key"),
	priority: integer("priority").notNull(),
	/** 1: it has not started yet. */
	isStart: integer("is_start").notNull(),
	/** When the instance is to be asked whether that is so; null: it has said so, and waits. */
	askAt: integer("ask_at"),
});

/** When instances were let start, as far back as the type's rate looks. */
export const startsTable = sqliteTable("starts", {
	start: integer("start").primaryKey(),
	at: integer("at").notNull(),
});

export type SlotRow = typeof slotsTable.$inferSelect;

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
