/**
 * The journal: an instance's step rows and events in memory, in step with their tables.
 *
 * Loaded with one SELECT each, then every change is written to the table first and to memory
 * after. It knows what is recorded and in which order; what to record is the steps' decision.
 *
 * Invariants:
 * - J1 A row with an `outcome` never changes again (G2, G3).
 * - J2 `outcomes` holds the rows with an outcome in the order 1, 2, 3, … without a gap (G6).
 * - J3 An event is marked as taken in the transaction that completes its wait (G8).
 * - J4 What a handler left open waits for nothing once the handling is over.
 */
import type { InstanceStore, StepRow } from "../db/instance-store";
import type { Encoded } from "../model/codec";
import type { StepKind } from "../model/rpc";
import { type Arrival, EventBuffer } from "./event-buffer";
import type { Belonging } from "./handling";
import { isPast } from "./nesting";

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

/** What a step records when it goes on waiting for a timer, an event or its handler. */
export interface Wait {
	key: string;
	kind: StepKind;
	status: "retrying" | "handling" | "sleeping" | "waiting";
	attempts: number;
	error?: Encoded;
	event?: string;
	startedAt: number;
	/** Of a step that is handled: when it may be tried again, if it may. */
	wakeAt: number | null;
}

export class Journal {
	readonly #store: InstanceStore;
	readonly #rows = new Map<string, StepRow>();
	readonly #open = new Map<string, StepRow>();
	readonly #outcomes: StepRow[] = [];
	/** What handlings left open. */
	readonly #left: StepRow[] = [];
	readonly #events: EventBuffer;
	/** Of steps of handlers that may have no row yet. */
	readonly #belongings = new Map<string, Belonging>();
	/** Of steps that began and have no row yet: the `seq` that it will have. */
	readonly #places = new Map<string, number>();
	#progress = 0;
	/** The largest `seq`: a restart, or a death before the row, leaves gaps. */
	#lastSeq = 0;
	#lastStoredSeq = 0;

	private constructor(store: InstanceStore, rows: StepRow[], events: EventBuffer) {
		this.#store = store;
		for (const row of rows) {
			this.#rows.set(row.key, row);
			if (row.outcome === null) this.#open.set(row.key, row);
			else this.#outcomes[row.outcome - 1] = row;
			this.#progress += weight(row);
		}
		this.#closePast();
		this.#lastStoredSeq = rows.at(-1)?.seq ?? 0;
		this.#lastSeq = this.#lastStoredSeq;
		this.#events = events;
	}

	/** The journal of an instance that was just created. */
	static empty(store: InstanceStore): Journal {
		return new Journal(store, [], EventBuffer.empty(store));
	}

	/** `lastSeq`: of the journal of before, so that no place in the order is given twice. */
	static load(store: InstanceStore, lastSeq = 0): Journal {
		const journal = new Journal(store, store.readSteps(), EventBuffer.load(store));
		journal.#lastSeq = Math.max(journal.#lastSeq, lastSeq);
		return journal;
	}

	/** The last place in the order in which steps began. */
	get lastSeq(): number {
		return this.#lastSeq;
	}

	/** The last one that a row has: those behind it are known to memory alone. */
	get lastStoredSeq(): number {
		return this.#lastStoredSeq;
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
		for (const row of this.#open.values()) {
			const dueAt = dueAtOf(row);
			if (dueAt !== null && (next === null || dueAt < next)) next = dueAt;
		}
		return next;
	}

	/** Whether a handling that is over asked for this step: nothing will again. */
	isPast(row: StepRow): boolean {
		return isPast(row, (key) => this.#rows.get(key));
	}

	/** Says which handling a step belongs to that has no row yet. */
	belongs(key: string, belonging: Belonging): void {
		this.#belongings.set(key, belonging);
	}

	/** Makes an open step's timer due now. */
	hurry(key: string, now: number): void {
		const row = this.#open.get(key);
		if (row !== undefined) this.#put({ ...row, wakeAt: now });
	}

	/** Open steps whose time has come, in the order of their times. */
	due(now: number): StepRow[] {
		return [...this.#open.values()]
			.filter((row) => (dueAtOf(row) ?? Number.POSITIVE_INFINITY) <= now)
			.sort((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0) || a.seq - b.seq);
	}

	/** Records how a step ended (J1). */
	settle(outcome: Outcome): void {
		const { key, kind, status, attempts, startedAt, completedAt } = outcome;
		const before = this.#rows.get(key);
		this.#put({
			seq: this.#seqOf(key),
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
			...this.#belongingOf(key),
		});
	}

	/** Records that a step has been given a result, or none. */
	complete(
		step: Pick<Outcome, "key" | "kind" | "attempts" | "startedAt">,
		completedAt: number,
		result?: Encoded,
	): void {
		const { key, kind, attempts, startedAt } = step;
		const outcome = { key, kind, attempts, startedAt, completedAt, status: "completed" } as const;
		this.settle(result === undefined ? outcome : { ...outcome, result });
	}

	/** Records that a step waits. */
	suspend(wait: Wait): void {
		const { key, kind, status, attempts, startedAt, wakeAt } = wait;
		this.#put({
			seq: this.#seqOf(key),
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
			...this.#belongingOf(key),
		});
	}

	/** Where a step is in the order in which steps began; undefined: it has not. */
	placeOf(key: string): number | undefined {
		return this.#rows.get(key)?.seq ?? this.#places.get(key);
	}

	/** The rows without an outcome, those too that a handling left open. */
	get unended(): readonly StepRow[] {
		return [...this.#open.values(), ...this.#left];
	}

	/**
	 * Says that an attempt has begun. The step has its place in the order now, and the timer that it
	 * waited for is no longer due. Kept in memory only, so that after a crash it is due again.
	 */
	attemptBegan(key: string): void {
		if (!this.#rows.has(key) && !this.#places.has(key)) this.#places.set(key, ++this.#lastSeq);
		const row = this.#open.get(key);
		if (row?.status !== "retrying") return;
		const begun = { ...row, wakeAt: null };
		this.#rows.set(key, begun);
		this.#open.set(key, begun);
	}

	/** Says that an attempt which began comes to nothing, and begins again later: in another place. */
	attemptDropped(key: string): void {
		this.#places.delete(key);
	}

	/** Completes the first wait for the event, or keeps it for a later one (G8, J3). */
	receive(arrival: Arrival): "taken" | "kept" {
		const wait = this.#waitFor(arrival.event);
		if (wait === undefined) {
			this.#events.keep(arrival);
			return "kept";
		}
		this.#store.transaction(() => {
			this.#events.pass(arrival, wait.key);
			this.complete(wait, arrival.receivedAt, arrival.payload);
		});
		return "taken";
	}

	/** Completes a new wait with the oldest buffered event of its name, if there is one (J3). */
	takeBuffered(key: string, event: string, now: number): boolean {
		const row = this.#events.first(event);
		if (row === undefined) return false;
		this.#store.transaction(() => {
			this.#events.take(row, key);
			const wait = { key, kind: "wait_for_event", attempts: 0, startedAt: now } as const;
			this.complete(wait, now, row.payload);
		});
		this.#events.drop(row);
		return true;
	}

	#seqOf(key: string): number {
		return this.placeOf(key) ?? this.#lastSeq + 1;
	}

	#waitFor(event: string): StepRow | undefined {
		for (const row of this.#open.values()) {
			if (row.status === "waiting" && row.event === event) return row;
		}
		return undefined;
	}

	#put(row: StepRow): void {
		const before = this.#rows.get(row.key);
		if (before === undefined) {
			this.#store.insertStep(row);
			this.#lastSeq = Math.max(this.#lastSeq, row.seq);
			this.#lastStoredSeq = Math.max(this.#lastStoredSeq, row.seq);
			this.#places.delete(row.key);
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
		if (before?.status === "handling") this.#closePast();
	}

	/** Forgets the timers and waits of handlings that are over (J4). */
	#closePast(): void {
		for (const row of this.#open.values()) {
			if (!this.isPast(row)) continue;
			this.#open.delete(row.key);
			this.#left.push(row);
		}
	}

	#belongingOf(key: string): { parent: string | null; parentAttempt: number | null } {
		const { parent, parentAttempt } = this.#rows.get(key) ?? this.#belongings.get(key) ?? PROGRAM;
		return { parent, parentAttempt };
	}
}

/** What the steps belong to that no handler asked for. */
const PROGRAM = { parent: null, parentAttempt: null };

/** When a timer of an open row is due; what is handled waits for its handler. */
function dueAtOf({ status, wakeAt }: StepRow): number | null {
	return status === "handling" ? null : wakeAt;
}

/** One for the row, one for each attempt that ended, one for the outcome. */
function weight(row: StepRow): number {
	return 1 + row.attempts + (row.outcome === null ? 0 : 1);
}
