/**
 * The tables of an instance's object. Integer keys throughout: in a Durable Object a table with a
 * text key costs a second b-tree, and with it 4 KB and a write per row.
 */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { SlotState } from "../model/guard-rpc";
import type { StepKind, StepStatus } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";

/**
 * One row. It is also the outbox to the index (G12): `statusSeq` grows in the write that changes
 * the status, and what the shard has acknowledged is `indexedSeq`.
 */
export const workflowTable = sqliteTable("workflow", {
	row: integer("row").primaryKey(),
	/** How many of the migrations these tables have had. */
	schema: integer("schema").notNull(),
	id: text("id").notNull(),
	type: text("type").notNull(),
	version: text("version"),
	status: text("status").$type<WorkflowStatus>().notNull(),
	reason: text("reason"),
	payload: text("payload").notNull(),
	result: text("result"),
	error: text("error"),
	/** No pass starts before; set while a killer is backed off (G17). */
	notBefore: integer("not_before"),
	/** When the instance times out. */
	deadlineAt: integer("deadline_at"),
	/** 1, and one more with each restart. */
	run: integer("run").notNull().default(1),
	/** When the run's first pass began. */
	startedAt: integer("started_at"),
	/** `Attributes` as JSON; null: none. */
	attributes: text("attributes"),
	priority: integer("priority").notNull().default(0),
	/** Which shard of its type lists it; chosen at create, and kept when there come to be more. */
	shard: integer("shard").notNull().default(0),
	/** Where it stands with the guard of its type; null: it needs no slot. */
	slot: text("slot").$type<SlotState>(),
	slotKey: text("slot_key"),
	/** Grows with each change of `slot`; what the guard has acknowledged is ... */
	slotSeq: integer("slot_seq").notNull().default(0),
	slotAckedSeq: integer("slot_acked_seq").notNull().default(0),
	/** 1: the instance is being removed; for callers it is gone already. */
	removing: integer("removing").notNull().default(0),
	/** How many migrations the history's tables have had; 0: they are not there. */
	historySchema: integer("history_schema").notNull().default(0),
	/** The same of the tables of its receivers. */
	deliverySchema: integer("delivery_schema").notNull().default(0),
	/** `Overrides` as JSON; null: all is as the type says. */
	overrides: text("overrides"),
	/** The hash of the definition that it carries (`carried-schema.ts`); null: its program is the registry's. */
	definition: text("definition"),
	/** A `ParentRef` as JSON: who is told of its end. */
	parent: text("parent"),
	/** Panics of the run that it goes on from. */
	restarts: integer("restarts").notNull().default(0),
	/** What its program shows of how far it is. */
	metadata: text("metadata"),
	/** Who asked for it, why, and with which idempotency key. */
	createdBy: text("created_by"),
	createReason: text("create_reason"),
	createKey: text("create_key"),
	/** Hash of the payload as it came, to tell another request of that key from it. */
	createFingerprint: integer("create_fingerprint"),
	/** Passes in a row that ended their isolate with nothing recorded, and ... */
	strikes: integer("strikes").notNull(),
	/** ... the journal's progress when the latest pass began. */
	progress: integer("progress").notNull(),
	/** Passes of the run that were lost, the latest of them, as JSON (`engine/strikes.ts`); null: none. */
	lostPasses: text("lost_passes"),
	statusSeq: integer("status_seq").notNull(),
	indexedSeq: integer("indexed_seq").notNull(),
	createdAt: integer("created_at").notNull(),
	updatedAt: integer("updated_at").notNull(),
	completedAt: integer("completed_at"),
});

/** The journal. A step that has started no attempt that ended has no row yet. */
export const stepsTable = sqliteTable("steps", {
	seq: integer("seq").primaryKey(),
	key: text("key").notNull(),
	kind: text("kind").$type<StepKind>().notNull(),
	status: text("status").$type<Exclude<StepStatus, "running" | "cancelled">>().notNull(),
	attempts: integer("attempts").notNull(),
	result: text("result"),
	error: text("error"),
	/** The event that a wait is for. */
	event: text("event"),
	startedAt: integer("started_at").notNull(),
	wakeAt: integer("wake_at"),
	completedAt: integer("completed_at"),
	/** From 1, in the order in which outcomes were first recorded (G6). */
	outcome: integer("outcome"),
	/** A handler's step: the key of the step whose attempt failed, and the number of that attempt. */
	parent: text("parent"),
	parentAttempt: integer("parent_attempt"),
});

/**
 * Events in order of arrival: those that came before their wait (G8), and, as part of the audit,
 * those that were taken.
 */
export const eventsTable = sqliteTable("events", {
	seq: integer("seq").primaryKey(),
	event: text("event").notNull(),
	/** Empty once it is taken: the step has it. */
	payload: text("payload").notNull(),
	receivedAt: integer("received_at").notNull(),
	/** The key of the step that took it. */
	step: text("step"),
	actor: text("actor"),
	reason: text("reason"),
	/** The request's idempotency key, and a hash of the payload. */
	key: text("key"),
	fingerprint: integer("fingerprint"),
});

export type WorkflowRow = Omit<typeof workflowTable.$inferSelect, "row" | "schema">;
export type StepRow = typeof stepsTable.$inferSelect;
export type EventRow = typeof eventsTable.$inferSelect;
