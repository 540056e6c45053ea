/**
 * Time and status delivery as the rooms see them. The Durable Object class gives the real ones, a
 * simulation or a test gives its own.
 */
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

/** Where status changes go on their way to the index (G12). */
export interface StatusOutbox {
	/** Says that there is something to deliver. */
	kick(): void;
	/** When delivery is to be tried again after a failure; null while none has failed. */
	readonly retryAt: number | null;
	/** Resolves when nothing is under way any more; undefined: nothing is. */
	readonly underWay: Promise<void> | undefined;
}

/** What an outbox delivers from. */
export interface StatusSource {
	/** The newest status that the index has not acknowledged, if there is one. */
	pending(): Announcement | null;
	acknowledge(seq: number): void;
	/** Delivery failed or recovered: `retryAt` is another. */
	deliveryRescheduled(): void;
}
