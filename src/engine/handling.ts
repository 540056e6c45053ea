/**
 * The handling of one failed attempt: a run of the step's `onFailure`, which may call steps. They
 * are journaled under the step that it is for, so that a replay in the middle of it finds them,
 * and one after it knows that nothing will ask for them again (`nesting.ts`).
 */
import type { StepRow } from "../db/instance-store";
import { StepNames } from "./step-names";

/** Which handling a step belongs to. */
export interface Belonging {
	/** The key of the step whose attempt failed. */
	readonly parent: string;
	readonly parentAttempt: number;
}

export class Handling {
	readonly isHandler = true;
	readonly names: StepNames;
	readonly belonging: Belonging;
	/** Its handler has, and what it decided is not recorded yet. */
	hasReturned = false;
	#isOver = false;

	/** `rows` are all of the journal: names go on from those of the step's earlier handlings. */
	constructor(
		readonly key: string,
		readonly attempt: number,
		readonly outer: Handling | undefined,
		rows: Iterable<StepRow>,
	) {
		this.belonging = { parent: key, parentAttempt: attempt };
		this.names = new StepNames(`${key}/`);
		for (const row of rows) {
			if (row.parent === key && (row.parentAttempt ?? 0) < attempt) this.names.take(row.key);
		}
	}

	/** It has ended, or the step that it is part of has: its calls get no answer. */
	get isOver(): boolean {
		return this.#isOver || (this.outer?.isOver ?? false);
	}

	end(): void {
		this.#isOver = true;
	}
}
