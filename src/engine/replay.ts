/**
 * What a pass does with what is recorded: it gives open calls their outcomes, in journal order (P1),
 * and holds back everything new until the program has been told all that was there (P4).
 */
import type { StepRow } from "../db/instance-store";
import type { Clock } from "../model/ports";
import { type Call, settle } from "./call";
import type { Journal } from "./journal";
import type { OpenCalls } from "./open-calls";
import { Reach } from "./reach";
import type { StepNames } from "./step-names";

/** The pass. */
export interface ReplayHost {
	/** What is recorded is released, and new things may happen. */
	readonly isReleasing: boolean;
	readonly hasEnded: boolean;
	/** A call is about to be given its outcome. */
	moved(): void;
	/** For now there is no outcome left that has been asked for. */
	toldAll(): void;
	/** The same, and what was held has begun. */
	rested(): void;
	broken(error: unknown): void;
}

/**
 * Microtasks that a release gives to what the one before set in motion, where the next call was
 * made after it: enough for any chain of awaits in common code, and a microsecond. A call made
 * before it gets a whole turn of the event loop.
 */
const SETTLING_MICROTASKS = 16;

export class Replay {
	readonly #journal: Journal;
	readonly #open: OpenCalls;
	readonly #clock: Clock;
	readonly #host: ReplayHost;
	readonly #reach: Reach;
	/** Starts that came while frozen, or before the replay had caught up. */
	readonly #held: (() => void)[] = [];
	/** Outcomes that were there when the pass began. */
	readonly #outcomesBefore: number;
	/** What those outcomes set in motion has come to rest. */
	#isInstructed: boolean;
	#released = 0;
	/** Those of the program's own steps: a replay releases no others once they are past. */
	#ownReleased = 0;
	#isUnderWay = false;

	constructor(
		{ journal, open, clock }: { journal: Journal; open: OpenCalls; clock: Clock },
		host: ReplayHost,
	) {
		this.#journal = journal;
		this.#open = open;
		this.#clock = clock;
		this.#host = host;
		this.#reach = new Reach(journal);
		this.#outcomesBefore = journal.outcomes.length;
		this.#isInstructed = this.#outcomesBefore === 0;
	}

	/** Of the program's own steps. */
	get names(): StepNames {
		return this.#reach.names;
	}

	/** How many outcomes have been released. */
	get released(): number {
		return this.#released;
	}

	/** The same of the program's own steps. */
	get ownReleased(): number {
		return this.#ownReleased;
	}

	/** Outcomes are being released. */
	get isUnderWay(): boolean {
		return this.#isUnderWay;
	}

	/** It is live, and has asked for all that was there. */
	get hasCaughtUp(): boolean {
		return this.#host.isReleasing && this.#reach.hasCaughtUp;
	}

	/** It has also been given every outcome that was there (P4). */
	get mayBegin(): boolean {
		return this.hasCaughtUp && this.#released >= this.#outcomesBefore;
	}

	/** The program has asked for a row of before. */
	reached(row: StepRow): void {
		this.#reach.reached(row);
	}

	/** The first row of before that the program has not asked for, if there is one (G7). */
	unreached(): StepRow | undefined {
		return this.#reach.unreached();
	}

	/** Calls `begin` as soon as new things may happen. */
	begin(begin: () => void): void {
		if (!this.mayBegin || this.#host.hasEnded) {
			this.#held.push(begin);
			return;
		}
		try {
			begin();
		} catch (error) {
			this.#host.broken(error);
		}
	}

	/** Steps begin in the order in which they were asked for: behind those that are about to begin. */
	beginInTurn(begin: () => void): void {
		if (this.#isUnderWay && this.#held.length > 0 && !this.#isInstructed) this.#held.push(begin);
		else this.begin(begin);
	}

	/** Releases what can be released, unless that is under way. */
	pump(): void {
		if (this.#isUnderWay || (this.#next() === undefined && !this.#isHolding)) return;
		this.#isUnderWay = true;
		void this.#release();
	}

	/** Whether there is something held that may begin. */
	get #isHolding(): boolean {
		return this.#held.length > 0 && this.mayBegin && !this.#host.hasEnded;
	}

	/**
	 * Releases outcomes in order for as long as the next one has been asked for (P1); then, once what
	 * the last one sets in motion has come to rest, what was held begins (P4).
	 */
	async #release(): Promise<void> {
		for (;;) {
			const waiting = this.#next();
			if (waiting === undefined) {
				this.#host.toldAll();
				if (!this.#isHolding) break;
				if (!this.#isInstructed) await this.#clock.turn();
				this.#isInstructed = true;
				if (this.#isHolding) for (const begin of this.#held.splice(0)) this.begin(begin);
				continue;
			}
			if (waiting.era < this.#released) await this.#clock.turn();
			else for (let tick = 0; tick < SETTLING_MICROTASKS; tick++) await null;
			const call = this.#next();
			const row = this.#journal.outcomes[this.#released];
			// It was stopped, or what asked for it is over: looked at anew.
			if (call === undefined || row === undefined) continue;
			this.#released++;
			if (row.parent === null) this.#ownReleased++;
			this.#host.moved();
			this.#open.close(call);
			settle(call, row);
		}
		this.#isUnderWay = false;
		this.#host.rested();
	}

	/** The call that the next outcome is for, if it has been asked for. */
	#next(): Call | undefined {
		if (!this.#host.isReleasing) return undefined;
		for (;;) {
			const row = this.#journal.outcomes[this.#released];
			const call = row && this.#open.get(row.key);
			// What a handling asked for that is over, nobody asks for again.
			if (row === undefined || call !== undefined || !this.#journal.isPast(row)) return call;
			this.#released++;
		}
	}
}
