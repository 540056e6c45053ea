/**
 * Time and status delivery as the rooms see them. The Durable Object class gives the real ones, a
 * simulation or a test gives its own.
 */
import type { SlotAnswer, SlotMessage } from "./guard-rpc";
import type { Announcement } from "./rpc";

export interface Clock {
	/** Milliseconds since 1970. */
	now(): number;
	/** Calls `work` after `delayMs`, unless the returned function is called before. */
	after(delayMs: number, work: () => void): () => void;
	/**
	 * Resolves in a later turn of the event loop: all microtasks that are due have run, and what
	 * was written before has been committed.
	 */
	turn(): Promise<void>;
}

/** Where an instance's word goes on its way to a shard (G12). */
export interface Outbox {
	/** Says that there is something to deliver. */
	kick(): void;
	/** When delivery is to be tried again after a failure; null while none has failed. */
	readonly retryAt: number | null;
	/** Resolves when nothing is under way any more; undefined: nothing is. */
	readonly underWay: Promise<void> | undefined;
}

/** What an outbox delivers from: the newest word is all that counts. */
export interface OutboxSource<Message, Reply> {
	/** What has not been acknowledged, if there is something. */
	pending(): Message | null;
	acknowledge(message: Message, reply: Reply): void;
	/** Delivery failed or recovered: `retryAt` is another. */
	deliveryRescheduled(): void;
}

/** An instance's newest status, for the index. */
export type StatusSource = OutboxSource<Announcement, unknown>;
/** What an instance has to tell the guard of its type. */
export type SlotSource = OutboxSource<SlotMessage, SlotAnswer | null>;
