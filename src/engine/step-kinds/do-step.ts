/**
 * `step.do`: attempts of a function until one succeeds or the retry policy says stop.
 *
 * - Each end of an attempt is one write: the outcome, or attempts, error and the next due time.
 * - A due time is a row like any timer's, so a retry survives all that a sleep survives (G4).
 * - A panic is no end of an attempt: nothing is recorded of it in the journal, and the attempt is
 *   made again after the restart.
 * - What comes after the attempt's timeout, or after the pass is over, is dropped (G11).
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Encoded, encode } from "../../model/codec";
import { encodeThrown } from "../../model/error-record";
import { StepTimeoutError } from "../../model/errors";
import { type RetryPolicy, retryDelayMs, shouldRetry } from "../../model/retry";
import type { StepContext, StepFunction } from "../program";
import type { StepHost } from "./step-host";

export interface DoSettings {
	fn: StepFunction<unknown>;
	retry: RetryPolicy;
	timeoutMs: number | null;
}

/** Tells a call made inside a step's function from one made beside it. */
const insideAttempt = new AsyncLocalStorage<Pick<StepContext, "key" | "attempt">>();

/** The attempt whose function is calling, if any. */
export function enclosingAttempt(): Pick<StepContext, "key" | "attempt"> | undefined {
	return insideAttempt.getStore();
}

export class DoStep {
	readonly #host: StepHost;
	readonly #settings: DoSettings;
	readonly key: string;
	#attempt: Attempt | undefined;

	constructor(host: StepHost, key: string, settings: DoSettings) {
		this.#host = host;
		this.key = key;
		this.#settings = settings;
	}

	/** The attempt that runs. */
	get running(): { attempt: number; startedAt: number } | undefined {
		return this.#attempt;
	}

	/**
	 * Starts the next attempt, unless one runs, the step has ended, or its time has not come: a retry
	 * that falls due while the replay catches up asks for a start that is held already.
	 */
	start(): void {
		const { journal, ports } = this.#host;
		const row = journal.get(this.key);
		const now = ports.clock.now();
		const hasEnded = row !== undefined && row.outcome !== null;
		if (this.#attempt !== undefined || hasEnded || (row?.wakeAt ?? 0) > now) return;
		journal.attemptBegan(this.key);
		const number = (row?.attempts ?? 0) + 1;
		const attempt = new Attempt(this.#host.scope, this.key, number, now);
		this.#attempt = attempt;
		this.#host.attemptStarted(this);
		this.#watchTimeout(attempt);
		this.#call(attempt);
	}

	/** Aborts the signal of the attempt that runs. */
	abort(reason: Error): void {
		this.#attempt?.abort(reason);
	}

	#call(attempt: Attempt): void {
		let returned: unknown;
		try {
			returned = insideAttempt.run(attempt, this.#settings.fn, attempt);
		} catch (error) {
			this.#threw(attempt, error);
			return;
		}
		if (isThenable(returned)) {
			// A promise of its own settles this once, whatever a foreign thenable does.
			Promise.resolve(returned).then(
				(value) => this.#succeed(attempt, value),
				(error: unknown) => this.#threw(attempt, error),
			);
		} else {
			this.#succeed(attempt, returned);
		}
	}

	#watchTimeout(attempt: Attempt): void {
		const { timeoutMs } = this.#settings;
		if (timeoutMs === null) return;
		attempt.cancelTimeout = this.#host.ports.clock.after(timeoutMs, () => {
			const error = new StepTimeoutError(
				`Attempt ${attempt.attempt} of step "${this.key}" took longer than ${timeoutMs} ms.`,
			);
			attempt.abort(error);
			this.#fail(attempt, error);
		});
	}

	#succeed(attempt: Attempt, value: unknown): void {
		let result: Encoded;
		try {
			result = encode(value, `the result of step "${this.key}"`);
		} catch (error) {
			// The same value would be refused again: no retry.
			this.#fail(attempt, error, { final: true });
			return;
		}
		this.#end(attempt, () => this.#settle(attempt, { status: "completed", result }));
	}

	/** What the function itself throws may be a panic; its attempt does not count then. */
	#threw(attempt: Attempt, thrown: unknown): void {
		if (!this.#host.isPanic(thrown)) {
			this.#fail(attempt, thrown);
			return;
		}
		this.#end(attempt, () => {
			this.#host.panicked({ thrown, step: this.key, attempt: attempt.attempt });
		});
	}

	#fail(attempt: Attempt, thrown: unknown, { final } = { final: false }): void {
		this.#end(attempt, () => {
			const { retry } = this.#settings;
			let error = thrown;
			let again = false;
			try {
				again = !final && !isNonRetryable(thrown) && shouldRetry(retry, thrown, attempt.attempt);
			} catch (predicateError) {
				error = predicateError;
			}
			const text = encodeThrown(error);
			this.#host.attemptFailed({ step: this.key, attempt: attempt.attempt, error: text });
			if (again) this.#waitForRetry(attempt, text);
			else this.#settle(attempt, { status: "failed", error: text });
		});
	}

	#waitForRetry(attempt: Attempt, error: Encoded): void {
		const { journal, ports } = this.#host;
		const delayMs = retryDelayMs(this.#settings.retry, attempt.attempt, ports.random());
		journal.suspend({
			key: this.key,
			kind: "do",
			status: "retrying",
			attempts: attempt.attempt,
			error,
			startedAt: this.#startedAt(attempt),
			wakeAt: ports.clock.now() + delayMs,
		});
	}

	#settle(
		attempt: Attempt,
		end: { status: "completed" | "failed"; result?: Encoded; error?: Encoded },
	): void {
		this.#host.journal.settle({
			key: this.key,
			kind: "do",
			attempts: attempt.attempt,
			startedAt: this.#startedAt(attempt),
			completedAt: this.#host.ports.clock.now(),
			...end,
		});
	}

	/** Runs `record` when `attempt` is the one that runs and the pass still counts. */
	#end(attempt: Attempt, record: () => void): void {
		if (this.#attempt !== attempt) return;
		this.#attempt = undefined;
		attempt.cancelTimeout?.();
		try {
			if (!this.#host.isOver) record();
		} catch (error) {
			this.#host.broken(error);
		}
		this.#host.attemptEnded(this);
		if (!this.#host.isOver) this.#host.recorded();
	}

	#startedAt(attempt: Attempt): number {
		return this.#host.journal.get(this.key)?.startedAt ?? attempt.startedAt;
	}
}

class Attempt implements StepContext {
	cancelTimeout: (() => void) | undefined;
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
	return (
		typeof value === "object" &&
		value !== null &&
		typeof (value as Partial<PromiseLike<unknown>>).then === "function"
	);
}

function isNonRetryable(thrown: unknown): boolean {
	return (
		typeof thrown === "object" &&
		thrown !== null &&
		(("code" in thrown && thrown.code === "NON_RETRYABLE") ||
			("name" in thrown && thrown.name === "NonRetryableError"))
	);
}
