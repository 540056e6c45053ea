/** The tables of an index shard's object (`__index:<type>`, `__index:<type>:<n>`). */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DefinitionAction } from "../model/definition";
import type { SlotState } from "../model/guard-rpc";
import type { Overlap, RunOutcome } from "../model/schedule";
import type { WorkflowStatus } from "../model/status";
import type { TypeStatus } from "../model/type-state";

/** The status of a row whose instance is gone; it stays for a while, and is in no listing. */
export const REMOVED = "removed";

/**
 * One index serves every listing: a page is merged from one range of it for each status, so that a
 * rare status is found as fast as a common one. An index on the creation alone would be a written
 * row more for each instance.
 */
export const instancesTable = sqliteTable(
	"instances",
	{
		id: text("id").primaryKey(),
		status: text("status").$type<WorkflowStatus | typeof REMOVED>().notNull(),
		/** Of the newest update that arrived: an older one changes nothing (G12). */
		seq: integer("seq").notNull(),
		createdAt: integer("created_at").notNull(),
		updatedAt: integer("updated_at").notNull(),
		/** `Attributes` as JSON; null: none. */
		attributes: text("attributes"),
	},
	(table) => [index("instances_by_status").on(table.status, table.createdAt, table.id)],
);

/** One row for each attribute of an instance, by which it is found. */
export const tagsTable = sqliteTable(
	"tags",
	{
		row: integer("row").primaryKey(),
		/** `<name>:<value>`. */
		tag: text("tag").notNull(),
		createdAt: integer("created_at").notNull(),
		id: text("id").notNull(),
	},
	(table) => [index("tags_by_tag").on(table.tag, table.createdAt, table.id)],
);

/** One row: what the shard knows beside its instances. */
export const shardTable = sqliteTable("shard", {
	row: integer("row").primaryKey(),
	/** How many of the migrations these tables have had. */
	schema: integer("schema").notNull(),
	/** `StatusCounts` as JSON; null: not counted yet. */
	counts: text("counts"),
	/** Instances that were here and are gone. */
	removed: integer("removed").notNull().default(0),
	/** When the newest instance was created. */
	lastExecutionAt: integer("last_execution_at"),
	/** The newest minute in which something happened, in minutes since 1970, and ... */
	minute: integer("minute"),
	/** ... its `Throughput` as JSON; those before have rows of their own. */
	throughput: text("throughput"),
	/** The definition that new instances begin with; null: none. */
	definition: integer("definition"),
	/** Grows with each word for the directory; ... */
	directorySeq: integer("directory_seq").notNull().default(0),
	/** ... what it has acknowledged. */
	directoryAckedSeq: integer("directory_acked_seq").notNull().default(0),
	/** The id up to which a new count has come; null: none is under way. */
	recountedTo: text("recounted_to"),
	/** What it has counted: `StatusCounts` as JSON. */
	recounted: text("recounted"),
	/** How many shards the type has come to have, as far as this one was told. */
	shards: integer("shards").notNull().default(1),
	typeStatus: text("type_status").$type<TypeStatus>().notNull().default("active"),
	/** `LimitOverrides` of the type as JSON; null: an operator has set none. */
	limits: text("limits"),
});

/** What happened in each minute of the last day or so. */
export const minutesTable = sqliteTable("minutes", {
	/** Minutes since 1970. */
	minute: integer("minute").primaryKey(),
	/** `Throughput` as JSON. */
	throughput: text("throughput").notNull(),
});

/** One row: the latest rebuilding of the index. */
export const reindexTable = sqliteTable("reindex", {
	row: integer("row").primaryKey(),
	startedAt: integer("started_at").notNull(),
	finishedAt: integer("finished_at"),
	/** The shards that have been started with it, this one included. */
	shards: integer("shards").notNull(),
	/** The id up to which rows have been looked at; empty: none yet. */
	cursor: text("cursor").notNull(),
	checked: integer("checked").notNull(),
	repaired: integer("repaired").notNull(),
	removed: integer("removed").notNull(),
	added: integer("added").notNull(),
	unanswered: integer("unanswered").notNull(),
});

/** Ids that it has still to ask, as JSON, a page in each row. */
export const reindexIdsTable = sqliteTable("reindex_ids", {
	row: integer("row").primaryKey(),
	ids: text("ids").notNull(),
});

/** Workflows of the type that are data. */
export const definitionsTable = sqliteTable("definitions", {
	seq: integer("seq").primaryKey(),
	hash: text("hash").notNull(),
	version: text("version").notNull(),
	name: text("name").notNull(),
	description: text("description"),
	text: text("text").notNull(),
	/** Of the text, as UTF-8. */
	bytes: integer("bytes").notNull(),
	storedAt: integer("stored_at").notNull(),
	actor: text("actor").notNull(),
	reason: text("reason"),
});

/** One row for each change of the type's definitions; they stay when the definitions go. */
export const definitionAuditTable = sqliteTable("definition_audit", {
	seq: integer("seq").primaryKey(),
	at: integer("at").notNull(),
	action: text("action").$type<DefinitionAction>().notNull(),
	actor: text("actor").notNull(),
	reason: text("reason"),
	/** Of the definition that it was about; of all of them: the one that was current. */
	version: text("version").notNull(),
	hash: text("hash").notNull(),
	/** The request's idempotency key, ... */
	key: text("key"),
	/** ... and, as JSON, what the same request says again. */
	request: text("request").notNull(),
});

export type DefinitionAuditRow = typeof definitionAuditTable.$inferSelect;
export type DefinitionRow = typeof definitionsTable.$inferSelect;
export type InstanceIndexRow = typeof instancesTable.$inferSelect;
export type ReindexRow = Omit<typeof reindexTable.$inferSelect, "row">;

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

/** Circuit breakers that have failed, in the first shard of a type. */
export const breakersTable = sqliteTable("breakers", {
	row: integer("row").primaryKey(),
	/** Of the step. */
	name: text("name").notNull(),
	/** A report counts in the period of its admission only. */
	period: integer("period").notNull(),
	/** In a row. */
	failures: integer("failures").notNull(),
	/** Hashes of the callers of these, as JSON. */
	counted: text("counted").notNull(),
	lastFailureAt: integer("last_failure_at").notNull(),
	/** Null: it is closed. */
	openedAt: integer("opened_at"),
	/** Who tries, since when, and how long that is waited for; null: nobody. */
	trialCaller: text("trial_caller"),
	trialSince: integer("trial_since"),
	trialMs: integer("trial_ms"),
	/** As the code said it last. */
	failureThreshold: integer("failure_threshold").notNull(),
	resetTimeoutMs: integer("reset_timeout_ms").notNull(),
});

export type BreakerRow = typeof breakersTable.$inferSelect;
