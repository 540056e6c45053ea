/**
 * The witness's judgement of each effect as it is heard.
 *
 * That a step's row was there is known without having to trust the engine's word: a program tells
 * with each effect what it has been given by then. That call has left an object whose output gate
 * holds it until all rows before it are on disk (G1). So these rows are there: their steps may not
 * be called again (G2, G3), and what they gave may never be anything else.
 *
 * A call that is repeated before that is a kill between an effect and its row. It is legitimate
 * as the same attempt, and after a kill only (G5).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, Verdict } from "../witness";
import type { EffectBody } from "./worker/effects";

export class Ledger {
	readonly violations: string[] = [];
	/** Calls of a step's function whose row was there. */
	repeatedDespiteRow = 0;
	/** Attempts that were repeated since a kill lay between their effect and their row. */
	repeatedAttempts = 0;
	/** Runs after the first, as the keys of their effects name them: `<instance id>~2`. */
	readonly restarted = new Set<string>();
	/** Instances that have made their last effect. */
	readonly ended = new Set<string>();
	/** Whether there are no more kills to come. */
	isOver = false;
	/** Counts the starts of the service. */
	readonly #clock: { era: number };
	readonly #facts = new Map<string, string>();
	readonly #latest = new Map<string, { attempt: number; era: number }>();

	constructor(clock: { era: number }) {
		this.#clock = clock;
	}

	/** Takes note of a call, and decides how it is answered. */
	hear({ key, attempt, nth, body }: Call): Verdict | Promise<Verdict> {
		const { wish, facts } = JSON.parse(body) as EffectBody;
		const run = key.slice(0, key.indexOf("/"));
		for (const [name, value] of Object.entries(facts)) this.#know(`${run}/${name}`, value);
		this.#judge(key, attempt);
		if (run.includes("~")) this.restarted.add(run);
		if (key === `${run}/end`) this.ended.add(run.split("~")[0] ?? run);
		if (wish.reject === "always" || (wish.reject !== undefined && this.isOver)) return "reject";
		if (nth <= (wish.refuse ?? 0)) return "refuse";
		if (nth <= (wish.hold ?? 0)) return "hold";
		const { delayMs } = wish;
		return delayMs === undefined ? "accept" : sleep(delayMs, "accept" as const);
	}

	/** `fact`: `<run>/<step key>`, or a name of the program's own in place of the key. */
	#know(fact: string, value: string): void {
		const known = this.#facts.get(fact);
		if (known === undefined) this.#facts.set(fact, value);
		else if (known !== value) this.violations.push(`${fact} was ${known} and is now ${value}`);
	}

	#judge(key: string, attempt: number): void {
		const { era } = this.#clock;
		const latest = this.#latest.get(key);
		this.#latest.set(key, { attempt, era });
		if (this.#facts.has(key)) {
			this.repeatedDespiteRow++;
			this.violations.push(`${key} was called again although its row was there`);
		} else if (latest !== undefined && attempt <= latest.attempt) {
			this.repeatedAttempts++;
			const calls = `${key} was called as attempt ${latest.attempt}, then as ${attempt}`;
			if (attempt < latest.attempt) this.violations.push(calls);
			if (era === latest.era) this.violations.push(`${calls}, with no kill between`);
		}
	}
}
