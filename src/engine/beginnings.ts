/**
 * Which steps a reader of the chronicle has been told the beginning of, and which are next.
 *
 * Steps have numbers in the order in which they began. Those of steps without a row are memory's,
 * and after a death or a panic may be given to others. So a place counts (`starts`) no further than
 * to the last row, and names (`begun`) the steps behind it that have been told and have none.
 *
 * - B1 All that began up to the number is told, and so is what is named; nothing else is.
 * - B2 A step is named until it has a row up to the number: so it is told once in a run, however
 *   often it begins there.
 */
import type { StepRow } from "../db/instance-store";
import type { ChroniclePlace } from "../model/chronicle";
import { hash32 } from "../model/hash";
import { LIMITS } from "../model/limits";
import type { RunningAttempt } from "./describe";
import type { Journal } from "./journal";

export type Beginning = Pick<StepRow, "seq" | "key" | "kind" | "startedAt">;

/** What a place says of it. */
type Told = Pick<ChroniclePlace, "starts" | "begun">;

export class Beginnings {
	readonly #journal: Journal;
	/** Up to here all is told. */
	#to: number;
	readonly #named: Set<string>;
	/** What began behind that, the first one last. */
	readonly #behind: Beginning[];

	/** `outcomes`: how many the reader has been told. */
	constructor(
		{ starts, begun, outcomes }: Told & Pick<ChroniclePlace, "outcomes">,
		{ journal, running }: { journal: Journal; running: readonly RunningAttempt[] },
	) {
		this.#journal = journal;
		this.#to = starts;
		this.#named = new Set(begun);
		// An outcome is told after its step's beginning.
		const rows = [...journal.outcomes.slice(outcomes), ...journal.unended];
		const behind: Beginning[] = rows.filter(({ seq }) => seq > starts);
		for (const { key, startedAt } of running) {
			const seq = this.#hasRow(key) ? undefined : journal.placeOf(key);
			if (seq === undefined) continue;
			if (seq > starts) behind.push({ seq, key, kind: "do", startedAt });
			else this.#named.add(nameOf(key));
		}
		this.#behind = behind.sort((a, b) => b.seq - a.seq);
		this.#passTold();
	}

	/** The next one that is to be told. */
	get next(): Beginning | undefined {
		return this.#behind.at(-1);
	}

	/** The next one is told. */
	pass(): void {
		const beginning = this.#behind.pop();
		if (beginning === undefined) return;
		this.#to = beginning.seq;
		if (!this.#hasRow(beginning.key)) this.#named.add(nameOf(beginning.key));
		this.#passTold();
	}

	/** Whether it is told that the step began; of one that has not, there is nothing to tell. */
	has(key: string): boolean {
		return (this.#journal.placeOf(key) ?? 0) <= this.#to || this.#isNamed(key);
	}

	/** The outcome in the row is told. */
	passOutcome({ key, seq }: StepRow): void {
		if (seq <= this.#to && this.#named.size > 0) this.#named.delete(nameOf(key));
	}

	/** Where so many are in flight that a place has no room for them, it is by numbers alone. */
	get place(): Told {
		if (this.#named.size > LIMITS.placeSteps) return { starts: this.#to, begun: [] };
		const starts = Math.min(this.#to, this.#journal.lastStoredSeq);
		return { starts, begun: [...this.#named] };
	}

	/** What was told before it had the number that it has now. */
	#passTold(): void {
		for (let next = this.next; next !== undefined && this.#isNamed(next.key); next = this.next) {
			this.#behind.pop();
			this.#to = next.seq;
			if (this.#hasRow(next.key)) this.#named.delete(nameOf(next.key));
		}
	}

	#isNamed(key: string): boolean {
		return this.#named.size > 0 && this.#named.has(nameOf(key));
	}

	#hasRow(key: string): boolean {
		return this.#journal.get(key) !== undefined;
	}
}

function nameOf(key: string): string {
	return hash32(key).toString(36);
}
