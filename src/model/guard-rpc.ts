/**
 * What instances and the guard of their type say to each other.
 *
 * The guard lives in the first shard of the type. An instance takes a slot before it starts and
 * returns it when it ends (or parks, where the type says so); the guard offers it the slot that it
 * waited for. Each message carries the instance's `seq`, which grows with each change on its side:
 * an older message changes nothing, and every message may come twice.
 */
import type { Answer } from "./rpc";

/** Where an instance stands: it waits for a slot, has one, or has given it back. */
export type SlotState = "queued" | "held" | "returned";

export interface SlotRequest {
	id: string;
	seq: number;
	/** Instances of one key share a limit; null: the type has no keys. */
	key: string | null;
	/** A larger number starts sooner. */
	priority: number;
	/** The older of two of one priority starts sooner. */
	createdAt: number;
	/** A new instance is refused when the queue is full; one that was accepted before is not. */
	isNew: boolean;
}

export interface SlotAnswer {
	state: "queued" | "held";
}

export interface SlotReturn {
	id: string;
	seq: number;
}

/** The guard's question to an instance; `granted`: it may go on. */
export interface SlotOffer {
	seq: number;
	granted: boolean;
}

/** What the instance does with it; `none`: it wants no slot of this `seq` (any more). */
export interface SlotUse {
	use: "queued" | "held" | "none";
}

/** The guard, as instances call it. */
export interface GuardRpc {
	/** @throws `QUEUE_FULL` */
	takeSlot(request: SlotRequest): Promise<Answer<SlotAnswer>>;
	returnSlot(request: SlotReturn): Promise<Answer<null>>;
}
