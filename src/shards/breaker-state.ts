/**
 * A circuit breaker as a state machine: closed; open once so many attempts in a row have failed;
 * and after a while half-open, when one attempt at a time is let through as a trial. Pure: who
 * keeps the state and tells the time is `breakers.ts`. What changes nothing returns its argument.
 *
 * Invariants:
 * - B1 To open, to close and to be reset begins another period, and a report counts only in the
 *   period of its admission. So what was admitted before the breaker opened says nothing after.
 * - B2 A failure counts once in a row of failures, however often it is reported.
 * - B3 There is one trial at a time: another begins when the one before has reported, or has had
 *   its time. The same caller goes on with its own. Only the trial's report ends a trial.
 * - B4 A clock that was set back keeps nothing open, and no trial, for longer than its own length.
 */
import type {
	Admission,
	BreakerAsk,
	BreakerPolicy,
	BreakerReport,
	BreakerView,
} from "../model/breaker-rpc";
import { hash53 } from "../model/hash";

export interface Breaker extends BreakerPolicy {
	readonly name: string;
	readonly period: number;
	/** In a row; an open one goes on counting. */
	readonly failures: number;
	/** Hashes of the callers of these, while it is closed. */
	readonly counted: readonly number[];
	/** 0: never. */
	readonly lastFailureAt: number;
	/** Null: it is closed. */
	readonly openedAt: number | null;
	readonly trial: Trial | null;
}

interface Trial {
	readonly caller: string;
	readonly since: number;
	readonly lengthMs: number;
}

/** A trial that has not reported is waited for so long, or for its attempt's timeout and as much. */
const TRIAL_MS = 60_000;

const CLOSED = { failures: 0, counted: [], openedAt: null, trial: null } as const;

/** One that has never failed. */
export function newBreaker(name: string, policy: BreakerPolicy): Breaker {
	const { failureThreshold, resetTimeoutMs } = policy;
	return { name, failureThreshold, resetTimeoutMs, period: 0, lastFailureAt: 0, ...CLOSED };
}

export function admit(
	given: Breaker,
	ask: BreakerAsk,
	now: number,
): { breaker: Breaker; admission: Admission } {
	const breaker = notAfter(given, now);
	const { period, openedAt, trial } = breaker;
	if (openedAt === null) return { breaker, admission: { admitted: true, trial: false, period } };
	const { caller, attemptTimeoutMs, ...policy } = ask;
	// Its policy is the newest: a shorter time to wait holds at once.
	const retryAt = trial?.caller === caller ? now : mayRetryAt({ ...breaker, ...policy });
	if (retryAt > now) return { breaker, admission: { admitted: false, retryAt } };
	const lengthMs = TRIAL_MS + (attemptTimeoutMs ?? 0);
	return {
		breaker: { ...withPolicy(breaker, ask), trial: { caller, since: now, lengthMs } },
		admission: { admitted: true, trial: true, period },
	};
}

export function report(breaker: Breaker, said: BreakerReport, now: number): Breaker {
	const { failures, counted, openedAt, trial } = breaker;
	if (said.period !== breaker.period) return breaker;
	const isOpen = openedAt !== null;
	if (isOpen && said.caller !== trial?.caller) return breaker;
	if (said.outcome === "success") {
		if (isOpen) return closed(breaker);
		return failures === 0 ? breaker : { ...breaker, ...CLOSED };
	}
	const hash = hash53(said.caller);
	if (!isOpen && counted.includes(hash)) return breaker;
	const failed = { ...withPolicy(breaker, said), failures: failures + 1, lastFailureAt: now };
	if (!isOpen && failed.failures < said.failureThreshold) {
		return { ...failed, counted: [...counted, hash] };
	}
	return { ...failed, counted: [], period: failed.period + 1, openedAt: now, trial: null };
}

/** As if nothing had failed. */
export function closed(breaker: Breaker): Breaker {
	return { ...breaker, ...CLOSED, period: breaker.period + 1 };
}

/** Whether it lets attempts through: there is little in it that would be missed. */
export function isPassable(breaker: Breaker, now: number): boolean {
	return breaker.openedAt === null || mayRetryAt(breaker) <= now;
}

export function viewOf(breaker: Breaker, now: number): BreakerView {
	const { name, failureThreshold, resetTimeoutMs, failures, openedAt, trial } = breaker;
	const isHalfOpen = trial !== null || isPassable(breaker, now);
	return {
		name,
		state: openedAt === null ? "closed" : isHalfOpen ? "half-open" : "open",
		failures,
		failureThreshold,
		resetTimeoutMs,
		lastFailureAt: breaker.lastFailureAt,
		openedAt,
		retryAt: openedAt === null ? null : mayRetryAt(breaker),
		trial: trial && { caller: trial.caller, since: trial.since, until: endOf(trial) },
	};
}

/** Of an open one: when an attempt may be let through. */
function mayRetryAt({ openedAt, resetTimeoutMs, trial }: Breaker): number {
	return trial === null ? (openedAt ?? 0) + resetTimeoutMs : endOf(trial);
}

function endOf({ since, lengthMs }: Trial): number {
	return since + lengthMs;
}

/** With no time that is yet to come (B4). */
function notAfter(breaker: Breaker, now: number): Breaker {
	const { openedAt, trial } = breaker;
	if ((openedAt ?? now) <= now && (trial?.since ?? now) <= now) return breaker;
	return {
		...breaker,
		openedAt: openedAt === null ? null : Math.min(openedAt, now),
		trial: trial && { ...trial, since: Math.min(trial.since, now) },
	};
}

function withPolicy(breaker: Breaker, policy: BreakerPolicy): Breaker {
	const { failureThreshold, resetTimeoutMs } = policy;
	return { ...breaker, failureThreshold, resetTimeoutMs };
}
