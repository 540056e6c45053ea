/** Tells the branches of a parallel place, and those inside them, that they go no further. */
import { WorkflowError } from "../../model/errors";

export class Stop {
	readonly #controller = new AbortController();
	readonly #around: Stop | null;

	constructor(around: Stop | null) {
		this.#around = around;
	}

	get isStopped(): boolean {
		return this.#controller.signal.aborted || (this.#around?.isStopped ?? false);
	}

	/** Its own and those around it. */
	get signals(): AbortSignal[] {
		return [this.#controller.signal, ...(this.#around?.signals ?? [])];
	}

	/** A branch of the place has failed. */
	by(place: string, branch: string): void {
		this.#controller.abort(new Error(`the branch "${branch}" of "${place}" has failed`));
	}
}

/** What attempts of a stopped branch fail with: nothing follows from it. */
export function stopped(place: string, cause?: unknown): WorkflowError {
	const error = new WorkflowError(
		"BRANCH_STOPPED",
		`The place "${place}" was stopped: a branch beside it has failed.`,
	);
	return cause === undefined ? error : Object.assign(error, { cause });
}
