/**
 * The guard of a type, a part of its first shard: how many of its instances are at work at once,
 * and how fast they start (`model/guard-rpc.ts`).
 *
 * Invariants:
 * - Q1 A slot is written as held before its instance hears of it, and counts until the instance
 *   says that it has returned it, or that it knows nothing of it. So there are never more at work
 *   than the limits in force allowed when they were granted.
 * - Q2 What the guard believes of an instance without having been told is asked: a slot that was
 *   granted, until its instance has taken it, and again from time to time; a place in the queue,
 *   once, since its instance may not have come to be. The next question is planned before one is
 *   put, and stands in the alarm, so that none is lost with the isolate (G4).
 * - Q3 While anyone waits, an alarm stands at which the guard looks again: a deploy may have
 *   raised a limit, or the start rate may allow the next.
 */
import type { GuardStore } from "../db/guard-store";
import { WorkflowError } from "../model/errors";
import {
	type DeclaredLimits,
	type GuardLimits,
	isGuarded,
	type LimitChanges,
	type LimitOverrides,
	limitsInForce,
	withLimitChanges,
} from "../model/guard-limits";
import type {
	GuardState,
	SlotAnswer,
	SlotOffer,
	SlotRef,
	SlotRequest,
	SlotUse,
} from "../model/guard-rpc";
import type { Clock } from "../model/ports";
import { Crowd, compareRefs, type Entry } from "./crowd";
import type { ShardPart } from "./shard-part";

export interface GuardSettings {
	type: string;
	store: GuardStore;
	clock: Clock;
	/** What the type declares now; null: the service has no such type. */
	declared(): DeclaredLimits | null;
	/** Asks an instance; rejects when there is no answer. */
	ask(offer: SlotOffer): Promise<SlotUse>;
	report(message: string, error: unknown): void;
	/** `dueAt` may be another. */
	arm(): void;
}

/** How long an instance has to do as it was answered, before it is asked whether it did. */
const ASK_MS = 10_000;
const ASK_MAX_MS = 300_000;
/** When one that has a slot is first asked whether it still has; then less and less often. */
const CHECK_MS = 600_000;
const CHECK_MAX_MS = 86_400_000;
/** How often the guard looks again while anyone waits. */
const LOOK_MS = 10_000;
/** Grants, and questions, of one go: the next follows by the alarm. */
const BATCH = 500;
/** How long an alarm stays with its questions. */
const PATIENCE_MS = 1_000;
const KEYS_SHOWN = 20;

export class Guard implements ShardPart {
	readonly #settings: GuardSettings;
	/** As of the tables; undefined: not read yet, or not to be trusted. */
	#crowd: Crowd | undefined;
	#overrides: LimitOverrides = {};
	#limits: GuardLimits = limitsInForce({ concurrency: null, rate: null }, {});
	#lookedAt = 0;

	constructor(settings: GuardSettings) {
		this.#settings = settings;
	}

	/** An instance asks for a slot. */
	take(request: SlotRequest): SlotAnswer {
		const crowd = this.#open();
		const known = crowd.get(request.id);
		if (known !== undefined) {
			const age = compareRefs(request, known);
			if (age === 0) return this.#answer(known);
			if (age < 0 || request.isNew) {
				// One of the two was sent by an object that has died since: the instance knows which.
				void this.#ask(known);
				throw tryAgain(request.id);
			}
			crowd.remove(known);
		}
		const entry = crowd.add(request, this.#now() + ASK_MS);
		const granted = this.#grant(crowd);
		const { maxQueued } = this.#limits;
		const isRefused = request.isNew && entry.state === "queued" && crowd.queue.queued > maxQueued;
		if (isRefused) crowd.remove(entry);
		const others = granted.filter((each) => each !== entry);
		void this.#settle(crowd, others);
		if (isRefused) throw queueFull(this.#settings.type, maxQueued);
		return this.#answer(entry);
	}

	/** An instance has no use for its slot, or its place in the queue, any more. */
	giveBack(ref: SlotRef): null {
		const crowd = this.#open();
		const entry = crowd.get(ref.id);
		if (entry?.createdAt === ref.createdAt && entry.seq <= ref.seq) {
			crowd.remove(entry);
			void this.#settle(crowd, this.#grant(crowd));
		}
		return null;
	}

	/** Whether instances need a slot to start. */
	get isNeeded(): boolean {
		this.#open();
		return isGuarded(this.#limits);
	}

	state({ id }: { id?: string | undefined } = {}): GuardState {
		const crowd = this.#open();
		const { queue } = crowd;
		const entry = id === undefined ? undefined : crowd.get(id);
		return {
			limits: this.#limits,
			overrides: this.#overrides,
			held: queue.held,
			queued: queue.queued,
			keys: queue.longest(KEYS_SHOWN),
			position: entry?.state === "queued" ? queue.position(entry) : null,
		};
	}

	/** A raised limit starts those that wait at once, a lowered one stops nobody. */
	changeLimits(changes: LimitChanges): GuardState {
		this.#open();
		const overrides = withLimitChanges(this.#overrides, changes);
		const isNone = Object.keys(overrides).length === 0;
		this.#settings.store.writeLimits(isNone ? null : JSON.stringify(overrides));
		this.#overrides = overrides;
		const crowd = this.#open();
		void this.#settle(crowd, this.#grant(crowd));
		return this.state();
	}

	dueAt(): number | null {
		const crowd = this.#open();
		const times = [crowd.nextToAsk?.askAt ?? Number.POSITIVE_INFINITY];
		if (crowd.queue.queued > 0) times.push(this.#lookedAt + LOOK_MS, this.#mayGrantAt(crowd));
		const first = Math.min(...times);
		return Number.isFinite(first) ? first : null;
	}

	async wake(now: number): Promise<void> {
		const crowd = this.#open();
		const questions = [this.#settle(crowd, this.#grant(crowd))];
		while (questions.length <= BATCH) {
			const next = crowd.nextToAsk;
			if (next === undefined || (next.askAt ?? now) > now) break;
			questions.push(this.#ask(next));
		}
		await this.#patience(Promise.all(questions));
		if (crowd !== this.#crowd) return;
		crowd.keepConfirmed();
		this.#write(crowd);
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	#now(): number {
		return this.#settings.clock.now();
	}

	/** The crowd, with the limits of this moment. */
	#open(): Crowd {
		const { store, declared } = this.#settings;
		if (this.#crowd === undefined) {
			this.#crowd = new Crowd(store);
			this.#overrides = JSON.parse(store.limits() ?? "{}");
			this.#lookedAt = this.#now();
		}
		this.#limits = limitsInForce(declared() ?? { concurrency: null, rate: null }, this.#overrides);
		this.#crowd.queue.limits = this.#limits;
		return this.#crowd;
	}

	#answer({ state }: Entry): SlotAnswer {
		return state === "held" ? { state } : { state, limits: this.#limits };
	}

	/** When the start rate allows the next; at once, where more can be granted than one go may. */
	#mayGrantAt({ queue, rate: log }: Crowd): number {
		const { rate } = this.#limits;
		if (this.#settings.declared() === null || queue.next({ mayStart: true }) === undefined) {
			return Number.POSITIVE_INFINITY;
		}
		const hasOthers = queue.next({ mayStart: false }) !== undefined;
		return rate === null || hasOthers ? this.#now() : log.nextAt(rate);
	}

	/** Grants what may be granted, in memory; returns those that are to be told. */
	#grant(crowd: Crowd): Entry[] {
		const now = this.#now();
		this.#lookedAt = now;
		const granted: Entry[] = [];
		const { rate } = this.#limits;
		// Nobody can run a type that is gone; it may be back after a deploy.
		while (granted.length < BATCH && this.#settings.declared() !== null) {
			const mayStart = rate === null || crowd.rate.nextAt(rate) <= now;
			const next = crowd.queue.next({ mayStart });
			if (next === undefined) break;
			crowd.grant(next, now + ASK_MS);
			if (rate !== null && next.isStart) crowd.noteStart(now, now - rate.perMs);
			granted.push(next);
		}
		return granted;
	}

	/** Writes what has changed, then makes the offers; resolves when they are through. */
	#settle(crowd: Crowd, granted: readonly Entry[]): Promise<unknown> {
		this.#write(crowd);
		this.#settings.arm();
		return Promise.all(granted.map((entry) => this.#ask(entry)));
	}

	#write(crowd: Crowd): void {
		try {
			crowd.write();
		} catch (error) {
			this.#crowd = undefined;
			throw error;
		}
	}

	/** Asks an instance about its entry, or offers it the slot that it waited for (Q2). */
	async #ask(entry: Entry): Promise<void> {
		const { type, clock, ask, report } = this.#settings;
		const { id, createdAt, seq, state } = entry;
		const delayMs = Math.min(ASK_MS * 2 ** entry.failures++, ASK_MAX_MS);
		this.#crowd?.askAgain(entry, clock.now() + delayMs);
		this.#settings.arm();
		let use: SlotUse["use"];
		try {
			({ use } = await ask({ type, id, createdAt, seq, granted: state === "held" }));
		} catch {
			// It is asked again, as planned.
			return;
		}
		try {
			this.#heard(entry, state, use);
		} catch (error) {
			report(`what "${id}" said of its slot could not be noted; it is asked again`, error);
		}
	}

	#heard(entry: Entry, asked: Entry["state"], use: SlotUse["use"]): void {
		const crowd = this.#open();
		// Something else was said of it meanwhile, or granted to it.
		if (crowd.get(entry.id) !== entry || entry.state !== asked) return;
		if (use === "none") {
			crowd.remove(entry);
			void this.#settle(crowd, this.#grant(crowd));
		} else if (use === asked) {
			crowd.confirm(entry, use === "held" ? this.#nextCheckAt(entry) : null);
			this.#settings.arm();
		}
	}

	#nextCheckAt(entry: Entry): number {
		return this.#now() + Math.min(CHECK_MS * 2 ** entry.checks++, CHECK_MAX_MS);
	}

	/** Resolves with the work, or when it has taken long enough: other parts share the alarm. */
	async #patience(work: Promise<unknown>): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const cancel = this.#settings.clock.after(PATIENCE_MS, resolve);
		await Promise.race([work, promise]);
		cancel();
	}
}

function queueFull(type: string, limit: number): WorkflowError {
	return new WorkflowError(
		"QUEUE_FULL",
		`As many instances of "${type}" wait for a slot as may (${limit}). Create it again when some have started.`,
		{ limit },
	);
}

function tryAgain(id: string): WorkflowError {
	return new WorkflowError(
		"TRY_AGAIN",
		`An earlier creation of "${id}" that came to nothing is being cleared away. Create it again in a moment.`,
	);
}
