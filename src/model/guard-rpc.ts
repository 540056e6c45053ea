/**
 * What instances and the guard of their type say to each other, and what operators ask of it.
 *
 * The guard lives in the first shard of the type. An instance takes a slot before it starts and
 * returns it when it ends (or parks, where the type says so); the guard offers it the slot that it
 * waited for. Each message carries the instance's `seq`, which grows with each change on its side:
 * an older message changes nothing, and every message may come twice. Ids can be given anew after
 * a removal, so `createdAt` comes before `seq` when two messages are compared.
 */
import type { GuardLimits, LimitChanges, LimitOverrides } from "./guard-limits";
import type { Answer } from "./rpc";

/** Where an instance stands: it waits for a slot, has one, or has none and does not wait. */
export type SlotState = "queued" | "held" | "returned";

/** Which of an instance's requests a message is about. */
export interface SlotRef {
	id: string;
	createdAt: number;
	seq: number;
}

export interface SlotRequest extends SlotRef {
	/** Instances of one key share a limit; null: the type has no keys. */
	key: string | null;
	/** A larger number starts sooner; of two of one priority the older one. */
	priority: number;
	/** A new instance is refused when the queue is full; one that was accepted before is not. */
	isNew: boolean;
	/** It has not started yet, so that its start counts for the type's rate. */
	isStart: boolean;
}

/** `limits`: what it is that one waits for. */
export type SlotAnswer = { state: "held" } | { state: "queued"; limits: GuardLimits };

/** What an instance tells the guard of its type when it can; the newest word is all that counts. */
export type SlotMessage = { type: string } & (
	| { say: "take"; request: SlotRequest }
	| { say: "return"; request: SlotRef }
);

/** The guard's question to an instance; `granted`: it may go on. */
export interface SlotOffer extends SlotRef {
	type: string;
	granted: boolean;
}

/** What the instance does with it; `none`: it wants no slot of this request (any more). */
export interface SlotUse {
	use: "queued" | "held" | "none";
}

/** What the guard says of itself. */
export interface GuardState {
	/** In force, and what of it an operator has set. */
	limits: GuardLimits;
	overrides: LimitOverrides;
	/** How many have a slot, and how many wait for one. */
	held: number;
	queued: number;
	/** Of the keys with the most waiting; a type without keys has the key null. */
	keys: { key: string | null; held: number; queued: number }[];
	/** The place in the queue, from 1, of the instance that was asked about; null: it is not in it. */
	position: number | null;
}

/** The guard, as instances and operators call it. */
export interface GuardRpc {
	/** @throws `QUEUE_FULL`, `TRY_AGAIN` */
	takeSlot(request: SlotRequest): Promise<Answer<SlotAnswer>>;
	returnSlot(request: SlotRef): Promise<Answer<null>>;
	guardState(question: { id?: string | undefined }): Promise<Answer<GuardState>>;
	/** @throws `VALIDATION_ERROR` */
	changeLimits(changes: LimitChanges): Promise<Answer<GuardState>>;
}
