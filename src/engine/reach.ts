/**
 * How far a pass has come through the rows that were there when it began (G7): which of them it
 * has asked for, and the names under which it asks. Rows of handlings that are over need no
 * asking: the outcome of the step that they were for stands for them.
 */
import type { StepRow } from "../db/instance-store";
import type { Journal } from "./journal";
import { StepNames } from "./step-names";

export class Reach {
	/** Of the program's own steps. */
	readonly names = new StepNames();
	readonly #journal: Journal;
	/** Rows of the program's own steps that it has not asked for. */
	#missing = 0;
	/** The same of handlers that are under way, by key: rarely any. */
	readonly #missingOfHandlers = new Set<string>();

	constructor(journal: Journal) {
		this.#journal = journal;
		for (const row of journal.rows) {
			if (row.parent === null) this.#missing++;
			else if (!journal.isPast(row)) this.#missingOfHandlers.add(row.key);
		}
	}

	/** Says that the program has asked for a row of before. */
	reached(row: StepRow): void {
		if (row.parent === null) this.#missing--;
		else this.#missingOfHandlers.delete(row.key);
	}

	/** Whether the program has asked for all that the journal held when the pass began. */
	get hasCaughtUp(): boolean {
		return this.#missing === 0 && (this.#missingOfHandlers.size === 0 || this.#noneIsMissing());
	}

	/** The first row that it has not asked for, if there is one. */
	unreached(): StepRow | undefined {
		if (this.hasCaughtUp) return undefined;
		for (const row of this.#journal.rows) {
			const isReached =
				row.parent === null ? this.names.has(row.key) : !this.#missingOfHandlers.has(row.key);
			if (!isReached) return row;
		}
		return undefined;
	}

	/** An operator may have ended the step that a handling is for. */
	#noneIsMissing(): boolean {
		for (const key of this.#missingOfHandlers) {
			const row = this.#journal.get(key);
			if (row === undefined || this.#journal.isPast(row)) this.#missingOfHandlers.delete(key);
		}
		return this.#missingOfHandlers.size === 0;
	}
}
