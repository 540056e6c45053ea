/**
 * What the engine needs from the place where it runs. The Durable Object class gives the real
 * ones, a simulation gives its own; nothing in `engine/` reads a clock or a random number itself.
 */

import type { Admission, BreakerAsk, BreakerReport } from "../model/breaker-rpc";
import type { WorkflowEvent } from "../model/delivery";
import type { SlotAnswer, SlotRequest } from "../model/guard-rpc";
import type { Clock, Outbox, SlotSource, StatusSource } from "../model/ports";
import type { By, ChildEnd, ParentRef } from "../model/rpc";
import type { TypeState } from "../model/type-state";
import type { Webhook } from "../model/webhook";

/** The object's one alarm. A call takes part in the writes of the same synchronous stretch. */
export interface Alarm {
	set(atMs: number): void;
	clear(): void;
}

export interface Ports {
	clock: Clock;
	alarm: Alarm;
	/** From 0 to 1. */
	random(): number;
	/** Tells the operator of a fault that is neither the caller's nor the program's. */
	report(message: string, error: unknown): void;
	/** Resolves once all that was written is on disk. */
	synced(): Promise<void>;
	/** Empties the object's storage and clears its alarm. */
	empty(): Promise<void>;
	outbox(source: StatusSource): Outbox;
	slotOutbox(source: SlotSource): Outbox;
	/** Asks the guard of a type for a slot, once. @throws `QUEUE_FULL`, and whatever went wrong. */
	takeSlot(type: string, request: SlotRequest): Promise<SlotAnswer>;
	/** Posts an event, signed; resolves when the receiver has taken it. What it rejects with may be shown. */
	post(webhook: Webhook, event: WorkflowEvent, signal: AbortSignal): Promise<void>;
	/** The circuit breakers of a type, in its first shard. */
	breakers: BreakerPort;
	/** What an operator has decided about types, as of a moment ago. */
	types: { stateOf(type: string): TypeState | Promise<TypeState> };
	/** Tells another instance how this one has ended; resolves where that is gone, or has ended itself. */
	tellParent(parent: ParentRef, end: ChildEnd, by: By): Promise<void>;
	/** @throws {WorkflowError} `DEFINITION_NOT_FOUND` */
	definitions: { text(type: string, hash: string): Promise<string> };
}

export interface BreakerPort {
	/**
	 * Whether an attempt may call its function; it may where no answer comes. To be asked again,
	 * under the same `caller`, by an attempt that is made anew after a crash.
	 *
	 * @throws {WorkflowError} `BREAKER_LIMIT`
	 */
	admit(type: string, ask: BreakerAsk): Promise<Admission>;
	/** Says how an attempt with a `period` ended; needs no waiting for. */
	report(type: string, report: BreakerReport): Promise<void>;
}
