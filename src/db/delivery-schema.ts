/**
 * The tables of an instance whose type has receivers of its events: how far each is, and events that
 * cannot be read from the chronicle any more, or are not to be.
 */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const receiversTable = sqliteTable("receivers", {
	row: integer("row").primaryKey(),
	name: text("name").notNull(),
	/** Up to where the chronicle is delivered; null: nothing of it is. */
	place: text("place"),
	/** Of the event that is next: begun ones, so that one is counted which takes its isolate along. */
	attempts: integer("attempts").notNull(),
	/** When it is tried next; null: now. */
	retryAt: integer("retry_at"),
	/** Why the latest attempt failed; null: it did not. */
	error: text("error"),
	/** 1: its latest event is a dead letter, so that the next ones have one attempt each. */
	down: integer("down").notNull(),
});

/** In the order in which they are delivered, before what the chronicle has. */
export const lettersTable = sqliteTable("letters", {
	seq: integer("seq").primaryKey(),
	/** The name of its receiver. */
	receiver: text("receiver").notNull(),
	/** The event's own, in its instance. */
	key: text("key").notNull(),
	name: text("name").notNull(),
	at: integer("at").notNull(),
	/** JSON. */
	data: text("data").notNull(),
	attempts: integer("attempts").notNull(),
	error: text("error"),
	/** When it was given up; null: it is to be delivered. */
	diedAt: integer("died_at"),
});

export type ReceiverRow = typeof receiversTable.$inferSelect;
export type LetterRow = typeof lettersTable.$inferSelect;
