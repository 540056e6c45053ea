/**
 * The events of an instance: those that wait for a step to take them, in memory and table, and the
 * record of those that were taken. Which step takes which event is the journal's (J3).
 */
import type { EventRow, InstanceStore } from "../db/instance-store";
import type { Encoded } from "../model/codec";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";

/** An event as it arrives. */
export interface Arrival {
	event: string;
	payload: Encoded;
	receivedAt: number;
	actor: string | null;
	reason: string | null;
	/** Idempotency key, and a hash of the payload as it came. */
	key: string | null;
	fingerprint: number | null;
}

/** Taken events are dropped some at a time: a statement for each arrival would cost more. */
const PRUNE_EVERY = 100;

export class EventBuffer {
	readonly #store: InstanceStore;
	readonly #waiting: EventRow[];
	#lastSeq: number | undefined;

	private constructor(store: InstanceStore, waiting: EventRow[], lastSeq?: number) {
		this.#store = store;
		this.#waiting = waiting;
		this.#lastSeq = lastSeq;
	}

	static empty(store: InstanceStore): EventBuffer {
		return new EventBuffer(store, [], 0);
	}

	static load(store: InstanceStore): EventBuffer {
		return new EventBuffer(store, store.readBufferedEvents());
	}

	/** The oldest event of this name that no step has taken. */
	first(event: string): EventRow | undefined {
		return this.#waiting.find((row) => row.event === event);
	}

	/** Keeps an event until a step takes it; throws `EVENT_BUFFER_FULL` at the limit. */
	keep(arrival: Arrival): void {
		if (this.#waiting.length >= LIMITS.bufferedEvents) {
			throw new WorkflowError(
				"EVENT_BUFFER_FULL",
				`The instance already holds ${LIMITS.bufferedEvents} events that nothing has waited for. Deliver again once it has consumed some.`,
				{ limit: LIMITS.bufferedEvents },
			);
		}
		this.#waiting.push(this.#insert({ ...arrival, step: null }));
	}

	/** Records an event that a step takes as it arrives; the payload is in the step. */
	pass(arrival: Arrival, step: string): void {
		this.#insert({ ...arrival, payload: "" as Encoded, step });
	}

	/** Records that a step takes a kept event. Call `drop` once that is certain. */
	take(row: EventRow, step: string): void {
		this.#store.takeEvent(row.seq, step);
	}

	drop(row: EventRow): void {
		this.#waiting.splice(this.#waiting.indexOf(row), 1);
	}

	#insert(given: Omit<EventRow, "seq">): EventRow {
		const seq = (this.#lastSeq ?? this.#store.lastEventSeq()) + 1;
		const row = { seq, ...given };
		this.#store.insertEvent(row);
		this.#lastSeq = seq;
		if (seq > LIMITS.auditRows && seq % PRUNE_EVERY === 0) {
			this.#store.pruneEvents(seq - LIMITS.auditRows);
		}
		return row;
	}
}
