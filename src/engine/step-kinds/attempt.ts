/** One call of a step's function: what the function is told, its signal, and what it sets. */
import type { Metadata, MetadataChanges } from "../../model/metadata";
import type { StepContext } from "../program";
import { MetadataDraft } from "./metadata-draft";
import type { Setting } from "./setting-step";
import type { StepHost } from "./step-host";

export class Attempt implements StepContext {
	readonly isHandler = false;
	cancelTimeout: (() => void) | undefined;
	/** How the function ended; undefined: it has not, or by a panic. */
	outcome: "success" | "failure" | undefined;
	/** Where a circuit breaker has let it through. */
	report: ((outcome: "success" | "failure") => void) | undefined;
	readonly #host: Pick<StepHost, "scope" | "metadata">;
	#draft: MetadataDraft | undefined;
	/** Made when asked for: most functions never look at their signal. */
	#controller: AbortController | undefined;

	constructor(
		host: Pick<StepHost, "scope" | "metadata">,
		readonly key: string,
		readonly attempt: number,
		readonly startedAt: number,
	) {
		this.#host = host;
	}

	get idempotencyKey(): string {
		return `${this.#host.scope}/${this.key}`;
	}

	get metadata(): Metadata {
		return this.#drafted().current;
	}

	/** Bound, so that a function may take it out of its context; most never ask for it. */
	get setMetadata() {
		return (changes: MetadataChanges): void => this.#drafted().set(changes);
	}

	/** What its end is to write with the step's outcome. */
	get setting(): Setting | undefined {
		return this.#draft?.setting;
	}

	#drafted(): MetadataDraft {
		this.#draft ??= new MetadataDraft(() => this.#host.metadata);
		return this.#draft;
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
