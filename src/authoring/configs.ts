/**
 * Retry, panic and circuit breaker settings as fluent workflows and graphs write them, checked, and
 * what the rest of the project calls them.
 */
import { type BreakerOptions, breakerPolicy } from "../model/breaker";
import type { BreakerPolicy } from "../model/breaker-rpc";
import { ValidationError } from "../model/errors";
import type { PanicOptions, PanicOverrides } from "../model/panic";
import { printable } from "../model/printable";
import type { RetryOptions } from "../model/retry";

export interface RetryConfig {
	/** Attempts in all, 1 to 10. Default 3. */
	maxAttempts?: number;
	/** Before the second attempt, in ms. Default 1,000. */
	backoffMs?: number;
	/** Whether the delay doubles with each attempt. Default true. */
	exponentialBackoff?: boolean;
}

export interface PanicConfig {
	/** Restarts of a run by itself, 1 to 5. Default 3. */
	maxRestartAttempts?: number;
	/** From the panic to the restart, in ms, at least 1,000. Default 5,000. */
	restartDelayMs?: number;
	/** False: it waits until somebody restarts it. Default true. */
	enableAutoRestart?: boolean;
}

/** What is wrong with one value of what was given. */
export interface Issue {
	/** Dotted. */
	path: string;
	message: string;
}

interface Rule {
	expected: string;
	holds(value: unknown): boolean;
}

const wholeNumber = (min: number, max: number): Rule => ({
	expected:
		max === Number.MAX_SAFE_INTEGER
			? `a whole number of at least ${min}`
			: `a whole number from ${min} to ${max}`,
	holds: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
});
const trueOrFalse: Rule = {
	expected: "true or false",
	holds: (value) => typeof value === "boolean",
};
const MAX = Number.MAX_SAFE_INTEGER;

const RETRY_RULES: Readonly<Record<keyof RetryConfig, Rule>> = {
	maxAttempts: wholeNumber(1, 10),
	backoffMs: wholeNumber(0, MAX),
	exponentialBackoff: trueOrFalse,
};
const PANIC_RULES: Readonly<Record<keyof PanicConfig, Rule>> = {
	maxRestartAttempts: wholeNumber(1, 5),
	restartDelayMs: wholeNumber(1_000, MAX),
	enableAutoRestart: trueOrFalse,
};

export function retryIssues(config: unknown): Issue[] {
	return issuesOf(config, "retryConfig", RETRY_RULES);
}

export function panicIssues(config: unknown): Issue[] {
	return issuesOf(config, "panicConfig", PANIC_RULES);
}

/** @throws {ValidationError} with all issues as `details.issues`, if there are any. */
export function requireNone(issues: readonly Issue[], what: string): void {
	if (issues.length === 0) return;
	const list = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
	throw new ValidationError(`${what}: ${list}.`, { issues });
}

/** Whether it has a name that only this form has; `retryOptions` takes the others as the engine's. */
export function isRetryConfig(given: object): given is RetryConfig {
	return isOf(given, RETRY_RULES);
}

export function isPanicConfig(given: object): given is PanicConfig {
	return isOf(given, PANIC_RULES, ["maxRestartAttempts"]);
}

/** In either form. @throws {ValidationError} */
export function retryOptions(given: RetryConfig | RetryOptions): RetryOptions {
	if (!isRetryConfig(given)) return given as RetryOptions;
	requireNone(retryIssues(given), "Invalid retry configuration");
	const { maxAttempts, backoffMs, exponentialBackoff = true } = given;
	return {
		backoff: exponentialBackoff ? "exponential" : "fixed",
		...(maxAttempts === undefined ? {} : { limit: maxAttempts }),
		...(backoffMs === undefined ? {} : { delay: backoffMs }),
	};
}

/** In either form. @throws {ValidationError} */
export function panicOptions(given: PanicConfig | PanicOptions): PanicOptions {
	if (!isPanicConfig(given)) return given as PanicOptions;
	requireNone(panicIssues(given), "Invalid panic configuration");
	return panicOverrides(given);
}

export function panicOverrides(config: PanicConfig): PanicOverrides {
	const { maxRestartAttempts, restartDelayMs, enableAutoRestart } = config;
	return {
		...(maxRestartAttempts === undefined ? {} : { maxRestartAttempts }),
		...(restartDelayMs === undefined ? {} : { restartDelay: restartDelayMs }),
		...(enableAutoRestart === undefined ? {} : { autoRestart: enableAutoRestart }),
	};
}

/** `id` is the step's. @throws {ValidationError} */
export function circuitBreaker(config: BreakerOptions, id: string): BreakerPolicy {
	const where = `circuit breaker of step "${id}"`;
	return breakerPolicy(config, { where, more: ["onOpen"] });
}

/** Whether a name is one of these, and not of the engine's own form; `both` are names of both. */
function isOf(
	given: object,
	rules: Readonly<Record<string, Rule>>,
	both: readonly string[] = [],
): boolean {
	const isObject = typeof given === "object" && given !== null;
	return (
		isObject && Object.keys(given).some((key) => Object.hasOwn(rules, key) && !both.includes(key))
	);
}

function issuesOf(config: unknown, where: string, rules: Readonly<Record<string, Rule>>): Issue[] {
	if (typeof config !== "object" || config === null) {
		return [{ path: where, message: `expected an object, received ${printable(config)}` }];
	}
	return Object.entries(config).flatMap(([key, value]) => {
		const path = `${where}.${key}`;
		const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
		if (rule === undefined) {
			const expected = `expected one of ${Object.keys(rules).join(", ")}`;
			return [{ path, message: `${expected}, received an unknown option` }];
		}
		if (value === undefined || rule.holds(value)) return [];
		return [{ path, message: `expected ${rule.expected}, received ${printable(value)}` }];
	});
}
