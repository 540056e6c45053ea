/** The tables of an index shard's object (`__index:<type>`). */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { SlotState } from "../model/guard-rpc";
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
