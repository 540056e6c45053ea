/**
 * The effects of a program: calls of the witness, made in steps. Each tells the witness what the
 * program knows by then (`facts`), so that it can hold every later call against that.
 */
import {
	NonRetryableError,
	type Step,
	type StepContext,
	type StepOptions,
} from "../../../../src/library";

/** How the witness is to treat a call: what makes a step slow, flaky or refused. */
export interface Wish {
	/** It thinks so long before it accepts. */
	delayMs?: number;
	/** It refuses (503) this many calls of the key before it accepts. */
	refuse?: number;
	/** It never answers this many calls of the key. */
	hold?: number;
	/** It says 422: always, or as soon as there are no more kills to come. */
	reject?: "always" | "at the end";
}

/** The body of a call. */
export interface EffectBody {
	wish: Wish;
	/**
	 * What the program has been given since its last call, or in a new pass so far: by step key, or
	 * by a name of the program's own.
	 */
	facts: Record<string, string>;
}

/** What a step that made an effect returns. */
export interface EffectResult {
	key: string;
	/** The witness's answer, another one for each call. */
	receipt: string;
}

export interface Letter {
	/** Of this one delivery, in all the run. */
	id: string;
	isLast: boolean;
}

/** Every program may wait for both. */
export interface Mail {
	letter: Letter;
	parcel: Letter;
}

export class Effects {
	readonly step: Step<Mail>;
	readonly #witness: string;
	#facts: Record<string, string> = {};

	constructor(step: Step<Mail>, witness: string) {
		this.step = step;
		this.#witness = witness;
	}

	async do(name: string, wish: Wish = {}, options: StepOptions = {}): Promise<void> {
		const call = (context: StepContext) => this.#call(context, wish);
		const { key, receipt } = await this.step.do(name, call, options);
		this.learn(key, receipt);
	}

	/** Whether the witness wants one more round. */
	async more(): Promise<boolean> {
		try {
			await this.do("more", { reject: "at the end" });
			return true;
		} catch {
			return false;
		}
	}

	/** The witness is told so with the next call. */
	learn(fact: string, value: string): void {
		this.#facts[fact] = value;
	}

	async #call(
		{ key, idempotencyKey, attempt, signal }: StepContext,
		wish: Wish,
	): Promise<EffectResult> {
		const query = new URLSearchParams({ key: idempotencyKey, attempt: String(attempt) });
		const body: EffectBody = { wish, facts: this.#facts };
		this.#facts = {};
		const response = await fetch(`${this.#witness}/?${query}`, {
			method: "POST",
			body: JSON.stringify(body),
			signal,
		});
		const receipt = await response.text();
		if (response.status === 422) throw new NonRetryableError("the witness rejects");
		if (!response.ok) throw new Error("the witness refuses");
		return { key, receipt };
	}
}
