/**
 * When instances of a type were let start, and when the next one may: at most `limit` in any
 * stretch of time of length `per`. Pure; what is stored is the guard's.
 */
import type { RatePolicy } from "../model/type-policy";

export class RateLog {
	/** In order: a clock that was set back does not let more start. */
	#starts: number[];

	constructor(starts: number[]) {
		this.#starts = starts;
	}

	/** When the next one may start, in ms since 1970; 0: at any time. */
	nextAt({ limit, perMs }: RatePolicy): number {
		const first = this.#starts[this.#starts.length - limit];
		return first === undefined ? 0 : first + perMs;
	}

	/** Notes a start, and returns the time that it counts for. */
	note(now: number): number {
		const at = Math.max(now, this.#starts.at(-1) ?? 0);
		this.#starts.push(at);
		return at;
	}

	/** Forgets starts up to a moment. */
	forget(until: number): void {
		const kept = this.#starts.findIndex((at) => at > until);
		if (kept === -1) this.#starts = [];
		else if (kept > 0) this.#starts.splice(0, kept);
	}
}
