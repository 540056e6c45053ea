/**
 * Retry policies: what users write, the policy that it becomes, and the delay before each attempt.
 * Pure: the random number for the jitter is passed in.
 */
import { type Duration, durationMs } from "./duration";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { printable } from "./printable";

export type Backoff = "fixed" | "linear" | "exponential";

/** What decides whether a failure is worth another attempt. */
export type RetryOn =
	| readonly string[]
	| ((error: Error & { code?: unknown }, attempt: number) => boolean);

export interface RetryOptions {
	/** Attempts in all, the first included. Default 3. */
	limit?: number;
	/** Before the second attempt. Default `"1s"`. */
	delay?: Duration | string;
	/** How the delay grows: not at all, by `delay` each time, or by `factor` each time. Default `"exponential"`. */
	backoff?: Backoff;
	/** Of exponential growth, at least 1. Default 2. */
	factor?: number;
	/** No delay is longer. Default `"1h"`. */
	maxDelay?: Duration | string;
	/** Spread of the delay, 0 to 1: 0.2 means plus or minus 20 %; `true` means 0.5. Default 0. */
	jitter?: boolean | number;
	/** Names or codes of the errors worth another attempt, or a predicate. Default: all. */
	retryOn?: RetryOn;
}

export interface RetryPolicy {
	limit: number;
	delayMs: number;
	backoff: Backoff;
	factor: number;
	maxDelayMs: number;
	jitter: number;
	retryOn: RetryOn | undefined;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
	limit: 3,
	delayMs: 1_000,
	backoff: "exponential",
	factor: 2,
	maxDelayMs: 3_600_000,
	jitter: 0,
	retryOn: undefined,
};

const KNOWN_OPTIONS = new Set<string>([
	"limit",
	"delay",
	"backoff",
	"factor",
	"maxDelay",
	"jitter",
	"retryOn",
] satisfies (keyof RetryOptions)[]);

/**
 * The policy of `options` over `base`.
 *
 * @throws {ValidationError} that names the option, what was expected and what came.
 */
export function retryPolicy(options: RetryOptions, base = DEFAULT_RETRY_POLICY): RetryPolicy {
	requireOption(isRecord(options), "", "an object", options);
	for (const key of Object.keys(options)) {
		const expected = `one of ${[...KNOWN_OPTIONS].join(", ")}`;
		requireOption(KNOWN_OPTIONS.has(key), `.${key}`, expected, "an unknown option");
	}
	const { limit = base.limit, backoff = base.backoff, factor = base.factor } = options;
	const { retryOn = base.retryOn } = options;
	const jitter =
		typeof options.jitter === "boolean"
			? Number(options.jitter) / 2
			: options.jitter === undefined
				? base.jitter
				: options.jitter;
	const attemptsMax = LIMITS.retryAttempts;
	requireOption(
		Number.isInteger(limit) && limit >= 1 && limit <= attemptsMax,
		".limit",
		`a whole number from 1 to ${attemptsMax}`,
		limit,
	);
	requireOption(
		["fixed", "linear", "exponential"].includes(backoff),
		".backoff",
		'"fixed", "linear" or "exponential"',
		backoff,
	);
	requireOption(
		Number.isFinite(factor) && factor >= 1,
		".factor",
		"a number of at least 1",
		factor,
	);
	requireOption(
		typeof jitter === "number" && jitter >= 0 && jitter <= 1,
		".jitter",
		"true, false or a number from 0 to 1",
		options.jitter,
	);
	requireOption(
		retryOn === undefined ||
			typeof retryOn === "function" ||
			(Array.isArray(retryOn) && retryOn.every((name) => typeof name === "string")),
		".retryOn",
		"a list of error names or codes, or a function",
		retryOn,
	);
	return {
		limit,
		backoff,
		factor,
		jitter,
		retryOn,
		delayMs:
			options.delay === undefined ? base.delayMs : durationMs(options.delay, "retries.delay"),
		maxDelayMs:
			options.maxDelay === undefined
				? base.maxDelayMs
				: durationMs(options.maxDelay, "retries.maxDelay"),
	};
}

/** Milliseconds between the failed `attempt` (from 1) and the next; `random` is 0 to 1. */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
	const { backoff, delayMs, factor, jitter, maxDelayMs } = policy;
	const growth = backoff === "fixed" ? 1 : backoff === "linear" ? attempt : factor ** (attempt - 1);
	// The growth may be infinite: none of it is left of no delay, and the cap comes before the jitter.
	const grownMs = delayMs === 0 ? 0 : Math.min(delayMs * growth, maxDelayMs);
	return Math.ceil(Math.min(grownMs * (1 + jitter * (2 * random - 1)), maxDelayMs));
}

/** Whether `error`, thrown by `attempt` (from 1), is worth another one under the policy. */
export function shouldRetry(policy: RetryPolicy, error: unknown, attempt: number): boolean {
	if (attempt >= policy.limit) return false;
	const { retryOn } = policy;
	if (retryOn === undefined) return true;
	if (typeof retryOn === "function") {
		return retryOn(error instanceof Error ? error : new Error(printable(error)), attempt);
	}
	if (!isRecord(error)) return false;
	return retryOn.some((name) => name === error.name || name === error.code);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireOption(holds: boolean, path: string, expected: string, received: unknown): void {
	if (holds) return;
	const option = `retries${path}`;
	throw new ValidationError(`${option}: expected ${expected}, received ${printable(received)}.`, {
		path: option,
	});
}
