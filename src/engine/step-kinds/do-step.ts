/**
 * `step.do`: attempts of a function until one succeeds or the retry policy says stop. Where the
 * step has an `onFailure`, that decides: it is called after each failed attempt.
 *
 * - Each end of an attempt is one write: the outcome, or attempts, error and the next due time.
 * - A due time is a row like any timer's, so a retry survives all that a sleep survives (G4).
 * - A panic is no end of an attempt: nothing is recorded of it in the journal, and the attempt is
 *   made again after the restart.
 * - What comes after the attempt's timeout, or after the pass is over, is dropped (G11).
 * - A failure is in its row before it is handled: a replay in the middle of that calls the
 *   handler again, not the function, and one after it neither (G2). The row's due time is then
 *   when the step may be tried again: it is none when it may not.
 */
import type { BreakerPolicy } from "../../model/breaker-rpc";
import { type Encoded, encode } from "../../model/codec";
import { encodeThrown } from "../../model/error-record";
import { StepTimeoutError } from "../../model/errors";
import { type RetryPolicy, retryDelayMs, shouldRetry } from "../../model/retry";
import { inside } from "../enclosure";
import { Handling } from "../handling";
import { NO_RETRY } from "../history";
import type { FailureHandler, StepFunction } from "../program";
import { Attempt } from "./attempt";
import { admitted } from "./breaker";
import type { StepHost } from "./step-host";
import { type Verdict, verdictOf } from "./verdict";

export interface DoSettings {
	fn: StepFunction<unknown>;
	retry: RetryPolicy;
	timeoutMs: number | null;
	onFailure: FailureHandler | undefined;
	breaker: BreakerPolicy | undefined;
}

export class DoStep {
	readonly #host: StepHost;
	readonly #settings: DoSettings;
	readonly key: string;
	/** The handling that asked for the step, if one did. */
	readonly within: Handling | undefined;
	#attempt: Attempt | undefined;
	#isHandled = false;

	constructor(
		host: StepHost,
		key: string,
		{ settings, within }: { settings: DoSettings; within: Handling | undefined },
	) {
		this.#host = host;
		this.key = key;
		this.#settings = settings;
		this.within = within;
	}

	/** The attempt that runs. */
	get running(): { attempt: number; startedAt: number } | undefined {
		return this.#attempt;
	}

	/**
	 * Starts the next attempt, unless one runs, the latest is being handled, the step has ended, or its
	 * time has not come: a retry that falls due, or that an operator hurries, while the replay catches
	 * up or the instance queues for a slot asks for a start that is held already.
	 */
	start(): void {
		const { journal, ports } = this.#host;
		const row = journal.get(this.key);
		const now = ports.clock.now();
		const isOver = row !== undefined && (row.outcome !== null || row.status === "handling");
		if (this.#attempt !== undefined || isOver || (row?.wakeAt ?? 0) > now) return;
		journal.attemptBegan(this.key);
		const number = (row?.attempts ?? 0) + 1;
		const attempt = new Attempt(this.#host, this.key, number, now);
		this.#attempt = attempt;
		this.#host.attemptStarted(this);
		if (this.#settings.breaker === undefined) this.#call(attempt);
		else void this.#ask(attempt, this.#settings.breaker);
	}

	/** Calls the handler, where the row says that a failed attempt waits for it. */
	handle(): void {
		const row = this.#host.journal.get(this.key);
		if (row?.status !== "handling" || row.error === null || this.#isHandled) return;
		const { attempts, error, wakeAt } = row;
		const handling = new Handling(this.key, attempts, this.within, this.#host.journal.rows);
		this.#isHandled = true;
		this.#host.handlingBegan(handling);
		const isPanic = (thrown: unknown) => this.#host.isPanic(thrown);
		const failure = { error, canRetry: wakeAt !== null, isPanic };
		void verdictOf(this.#settings.onFailure, handling, failure).then((verdict) => {
			this.#host.handlingEnded(handling, () => {
				this.#isHandled = false;
				this.#conclude(attempts, verdict);
			});
		});
	}

	/** Aborts the signal of the attempt that runs. */
	abort(reason: Error): void {
		this.#attempt?.abort(reason);
	}

	/** Aborts the attempt that runs, and drops how it ends. */
	cancel(reason: Error): void {
		const attempt = this.#attempt;
		this.#attempt = undefined;
		attempt?.cancelTimeout?.();
		attempt?.abort(reason);
	}

	/** Calls the function if the circuit breaker lets it; being refused is the attempt's failure. */
	async #ask(attempt: Attempt, policy: BreakerPolicy): Promise<void> {
		const { type, ports } = this.#host;
		const { timeoutMs } = this.#settings;
		try {
			await admitted(attempt, ports.breakers, { type, policy, timeoutMs });
		} catch (refusal) {
			this.#fail(attempt, refusal);
			return;
		}
		if (this.#attempt !== attempt || this.#host.isOver) return;
		if (this.#host.mayBegin) {
			this.#call(attempt);
			return;
		}
		// Paused meanwhile (G11): the attempt is made, and asks, anew when the instance goes on.
		this.#attempt = undefined;
		this.#host.journal.attemptDropped(this.key);
		this.#host.attemptEnded(this);
		this.#host.begin(() => this.start());
	}

	#call(attempt: Attempt): void {
		this.#watchTimeout(attempt);
		let returned: unknown;
		try {
			returned = inside(attempt, this.#settings.fn, attempt);
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
		attempt.outcome = "success";
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
		const { retry, onFailure } = this.#settings;
		attempt.outcome ??= "failure";
		this.#end(attempt, () => {
			let error = thrown;
			let again = false;
			try {
				again = !final && !isNonRetryable(thrown) && shouldRetry(retry, thrown, attempt.attempt);
			} catch (predicateError) {
				error = predicateError;
			}
			const text = encodeThrown(error);
			const retryAt = again ? this.#retryAt(attempt) : null;
			this.#host.attemptFailed({
				step: this.key,
				attempt: attempt.attempt,
				error: text,
				retry: { retryAt, attemptsMax: again ? retry.limit : null },
			});
			if (onFailure !== undefined) this.#suspend("handling", attempt, text, retryAt);
			else if (again) this.#suspend("retrying", attempt, text, retryAt);
			else this.#settle(attempt, { status: "failed", error: text });
		});
		if (onFailure !== undefined) this.#host.begin(() => this.handle());
	}

	#suspend(
		status: "handling" | "retrying",
		attempt: Attempt,
		error: Encoded,
		wakeAt: number | null,
	): void {
		this.#host.journal.suspend({
			key: this.key,
			kind: "do",
			status,
			attempts: attempt.attempt,
			error,
			startedAt: this.#startedAt(attempt),
			wakeAt,
		});
	}

	#retryAt({ attempt }: Attempt): number {
		const { ports } = this.#host;
		return ports.clock.now() + retryDelayMs(this.#settings.retry, attempt, ports.random());
	}

	/** Records what the handler of a failed attempt decided. */
	#conclude(attempts: number, verdict: Verdict): void {
		const { journal, ports } = this.#host;
		const row = journal.get(this.key);
		// An operator may have ended the step meanwhile.
		if (row?.status !== "handling" || row.attempts !== attempts) return;
		const { key, kind, startedAt, wakeAt, error } = row;
		if (verdict.status === "panicked") {
			// Its row says that it is to be handled: the restart does that anew.
			this.#host.panicked({ thrown: verdict.thrown, step: key, attempt: attempts });
			return;
		}
		if (verdict.status === "retrying") {
			const { status } = verdict;
			const failure = error === null ? {} : { error };
			journal.suspend({ key, kind, status, attempts, startedAt, wakeAt, ...failure });
		} else {
			const completedAt = ports.clock.now();
			journal.settle({ key, kind, attempts, startedAt, completedAt, ...verdict });
		}
		this.#host.recorded();
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
			...(this.#refusedSetting(attempt) ?? end),
		});
	}

	/** Makes what the attempt has set part of the row; how the step ends where that has no room. */
	#refusedSetting({ setting, attempt }: Attempt): { status: "failed"; error: Encoded } | undefined {
		if (setting === undefined) return undefined;
		try {
			this.#host.change(setting);
			return undefined;
		} catch (thrown) {
			// Steps beside it have set more meanwhile.
			const error = encodeThrown(thrown);
			this.#host.attemptFailed({ step: this.key, attempt, error, retry: NO_RETRY });
			return { status: "failed", error };
		}
	}

	/** Runs `record` when `attempt` is the one that runs and the pass still counts. */
	#end(attempt: Attempt, record: () => void): void {
		if (this.#attempt !== attempt) return;
		this.#attempt = undefined;
		attempt.cancelTimeout?.();
		try {
			if (!this.#host.isOver) {
				record();
				if (attempt.outcome !== undefined) attempt.report?.(attempt.outcome);
			}
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
