/**
 * The journal: an instance's step rows and buffered events in memory, in step with their tables.
 *
 * Loaded with one SELECT each, then every change is written to the table first and to memory
 * after. It knows what is recorded and in which order; what to record is the steps' decision.
 *
 * Invariants:
 * - J1 A row with an `outcome` never changes again (G2, G3).
 * - J2 `outcomes` holds the rows with an outcome in the order 1, 2, 3, … without a gap (G6).
 * - J3 An event row goes in the transaction that completes its wait (G8).
 */
import type { EventRow, InstanceStore, StepRow } from "../db/instance-store";
import type { Encoded } from "../model/codec";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { StepKind } from "../model/rpc";

/** What a step records when it ends. */
export interface Outcome {
	key: string;
	kind: StepKind;
	status: "completed" | "failed";
	attempts: number;
	result?: Encoded;
	error?: Encoded;
	startedAt: number;
	completedAt: number;
}

/** What a step records when it goes on waiting for a timer or an event. */
export interface Wait {
	key: string;
	kind: StepKind;
	status: "retrying" | "sleeping" | "waiting";
	attempts: number;
	error?: Encoded;
	event?: string;
	startedAt: number;
	wakeAt: number | null;
}

export class Journal {
	readonly #store: InstanceStore;
	readonly #rows = new Map<string, StepRow>();
	readonly #open = new Map<string, StepRow>();
	readonly #outcomes: StepRow[] = [];
	readonly #events: EventRow[];
	#progress = 0;
	#eventSeq: number;

	private constructor(store: InstanceStore, rows: StepRow[], events: EventRow[]) {
		this.#store = store;
		for (const row of rows) {
			this.#rows.set(row.key, row);
			if (row.outcome === null) this.#open.set(row.key, row);
			else this.#outcomes[row.outcome - 1] = row;
			this.#progress += weight(row);
		}
		this.#events = events;
		this.#eventSeq = events.at(-1)?.seq ?? 0;
	}

	/** The journal of an instance that was just created. */
	static empty(store: InstanceStore): Journal {
		return new Journal(store, [], []);
	}

	static load(store: InstanceStore): Journal {
		return new Journal(store, store.readSteps(), store.readEvents());
	}

	get size(): number {
		return this.#rows.size;
	}

	/** Grows with every recorded thing: a pass that recorded nothing leaves it as it was (G17). */
	get progress(): number {
		return this.#progress;
	}

	get outcomes(): readonly StepRow[] {
		return this.#outcomes;
	}

	get rows(): Iterable<StepRow> {
		return this.#rows.values();
	}

	get(key: string): StepRow | undefined {
		return this.#rows.get(key);
	}

	/** Whether an open step waits for an event. */
	get awaitsEvent(): boolean {
		for (const row of this.#open.values()) if (row.status === "waiting") return true;
		return false;
	}

	/** When the first open timer is due. */
	nextDueAt(): number | null {
		let next: number | null = null;
		for (const { wakeAt } of this.#open.values()) {
			if (wakeAt !== null && (next === null || wakeAt < next)) next = wakeAt;
		}
		return next;
	}

	/** Open steps whose time has come, in the order of their times. */
	due(now: number): StepRow[] {
		return [...this.#open.values()]
			.filter(({ wakeAt }) => wakeAt !== null && wakeAt <= now)
			.sort((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0) || a.seq - b.seq);
	}

	/** Records how a step ended (J1). */
	settle(outcome: Outcome): void {
		const { key, kind, status, attempts, startedAt, completedAt } = outcome;
		const before = this.#rows.get(key);
		this.#put({
			seq: before?.seq ?? this.#rows.size + 1,
			key,
			kind,
			status,
			attempts,
			result: outcome.result ?? null,
			error: outcome.error ?? null,
			event: before?.event ?? null,
			startedAt,
			wakeAt: null,
			completedAt,
			outcome: this.#outcomes.length + 1,
		});
	}

	/** Records that a step waits. */
	suspend(wait: Wait): void {
		const { key, kind, status, attempts, startedAt, wakeAt } = wait;
		this.#put({
			seq: this.#rows.get(key)?.seq ?? this.#rows.size + 1,
			key,
			kind,
			status,
			attempts,
			result: null,
			error: wait.error ?? null,
			event: wait.event ?? null,
			startedAt,
			wakeAt,
			completedAt: null,
			outcome: null,
		});
	}

	/**
	 * Says that the attempt a retrying step waited for has begun: its timer is no longer due. Kept
	 * in memory only, so that after a crash it is due again.
	 */
	attemptBegan(key: string): void {
		const row = this.#open.get(key);
		if (row?.status !== "retrying") return;
		const begun = { ...row, wakeAt: null };
		this.#rows.set(key, begun);
		this.#open.set(key, begun);
	}

	/** The first open wait for an event of this name. */
	waitFor(event: string): StepRow | undefined {
		for (const row of this.#open.values()) {
			if (row.status === "waiting" && row.event === event) return row;
		}
		return undefined;
	}

	/** Keeps an event until a wait asks for it; throws `EVENT_BUFFER_FULL` at the limit. */
	buffer(event: string, payload: Encoded, receivedAt: number): void {
		if (this.#events.length >= LIMITS.bufferedEvents) {
			throw new WorkflowError(
				"EVENT_BUFFER_FULL",
				`The instance already holds ${LIMITS.bufferedEvents} events that nothing has waited for. Deliver again once it has consumed some.`,
				{ limit: LIMITS.bufferedEvents },
			);
		}
		const row = { seq: this.#eventSeq + 1, event, payload, receivedAt };
		this.#store.insertEvent(row);
		this.#eventSeq = row.seq;
		this.#events.push(row);
	}

	/** Completes a new wait with the oldest buffered event of its name, if there is one (J3). */
	takeBuffered(key: string, event: string, now: number): boolean {
		const index = this.#events.findIndex((row) => row.event === event);
		const row = this.#events[index];
		if (row === undefined) return false;
		this.#store.transaction(() => {
			this.#store.deleteEvent(row.seq);
			this.settle({
				key,
				kind: "wait_for_event",
				status: "completed",
				attempts: 0,
				result: row.payload,
				startedAt: now,
				completedAt: now,
			});
		});
		this.#events.splice(index, 1);
		return true;
	}

	#put(row: StepRow): void {
		const before = this.#rows.get(row.key);
		if (before === undefined) {
			this.#store.insertStep(row);
		} else {
			if (before.outcome !== null) throw new Error(`step "${row.key}" already has an outcome`);
			this.#store.updateStep(row);
			this.#progress -= weight(before);
		}
		this.#progress += weight(row);
		this.#rows.set(row.key, row);
		if (row.outcome === null) {
			this.#open.set(row.key, row);
		} else {
			this.#open.delete(row.key);
			this.#outcomes.push(row);
		}
	}
}

/** One for the row, one for each attempt that ended, one for the outcome. */
function weight(row: StepRow): number {
	return 1 + row.attempts + (row.outcome === null ? 0 : 1);
}
