/** One call of a step's function: what the function is told, and its signal. */
import type { StepContext } from "../program";

export class Attempt implements StepContext {
	readonly isHandler = false;
	cancelTimeout: (() => void) | undefined;
	/** How the function ended; undefined: it has not, or by a panic. */
	outcome: "success" | "failure" | undefined;
	/** Where a circuit breaker has let it through. */
	report: ((outcome: "success" | "failure") => void) | undefined;
	readonly #scope: string;
	/** Made when asked for: most functions never look at their signal. */
	#controller: AbortController | undefined;

	constructor(
		scope: string,
		readonly key: string,
		readonly attempt: number,
		readonly startedAt: number,
	) {
		this.#scope = scope;
	}

	get idempotencyKey(): string {
		return `${this.#scope}/${this.key}`;
	}

	get signal(): AbortSignal {
		this.#controller ??= new AbortController();
		return this.#controller.signal;
	}

	abort(reason: Error): void {
		this.#controller ??= new AbortController();
		this.#controller.abort(reason);
	}
}
