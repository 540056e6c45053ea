/**
 * Branches side by side, and what an error of one does to the others. Which one fails first is
 * decided by the order of the journal, so it is the same on each replay.
 */
import { NonRetryableError } from "../../model/errors";
import { printable } from "../../model/printable";

/** Tells the branches of a fail-fast step, and those inside them, that one has failed. */
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

	/** The branch has failed: those beside it go no further. */
	by(step: string, branch: string): void {
		this.#controller.abort(new Error(`the branch "${branch}" of "${step}" has failed`));
	}

	/** An attempt of a branch that goes no further is not worth making. */
	async guard<T>(step: string, attempt: () => Promise<T> | T): Promise<T> {
		if (this.isStopped) throw stoppedError(step, undefined);
		try {
			return await attempt();
		} catch (error) {
			throw this.isStopped ? stoppedError(step, error) : error;
		}
	}
}

function stoppedError(step: string, cause: unknown): NonRetryableError {
	return new NonRetryableError(`The step "${step}" was stopped: a branch beside it has failed.`, {
		cause,
	});
}

/** A branch as it runs. */
export interface Running {
	readonly name: string;
	readonly output: Promise<unknown>;
}

/** The outputs by branch; or, as soon as one fails, its error. */
export async function firstFailure(
	step: string,
	branches: readonly Running[],
	stop: Stop,
): Promise<Record<string, unknown>> {
	const outputs = await Promise.all(
		branches.map(async ({ name, output }) => {
			try {
				return [name, await output] as const;
			} catch (error) {
				stop.by(step, name);
				throw error;
			}
		}),
	);
	return Object.fromEntries(outputs);
}

/** The outputs by branch; or, once all have ended, all errors in one. */
export async function allFailures(
	step: string,
	branches: readonly Running[],
): Promise<Record<string, unknown>> {
	const ends = await Promise.allSettled(branches.map(({ output }) => output));
	const outputs: [string, unknown][] = [];
	const failed: { branch: string; error: unknown }[] = [];
	for (const [index, { name }] of branches.entries()) {
		const end = ends[index];
		if (end?.status === "rejected") failed.push({ branch: name, error: end.reason });
		else outputs.push([name, end?.value]);
	}
	if (failed.length === 0) return Object.fromEntries(outputs);
	const list = failed.map(({ branch, error }) => `${branch}: ${messageOf(error)}`).join("; ");
	const summary = `${failed.length} of ${branches.length} branches of "${step}" failed. ${list}`;
	const all = new AggregateError(
		failed.map(({ error }) => error),
		summary,
	);
	throw Object.assign(all, { branches: failed.map(({ branch }) => branch) });
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : printable(error);
}
