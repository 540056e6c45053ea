/**
 * What instances and the circuit breakers of their type say to each other, and what operators ask.
 *
 * A breaker is named by type and step, and lives in the first shard of the type. An attempt asks
 * to be admitted before it calls the step's function, and reports how that ended. `caller` names
 * the attempt (`<scope of the instance>/<step key>/<attempt>`), so that both may come twice: after
 * a crash the attempt is made anew and asks again, under the same name.
 *
 *   → breakerAdmit { breaker: "charge", caller: "order-17/charge/1", failureThreshold: 5, … }
 *   ← { admitted: true, trial: false, period: 3 }
 *   → breakerReport { breaker: "charge", caller: "order-17/charge/1", period: 3, outcome: "failure", … }
 */
import type { Answer } from "./rpc";

/** How many failures in a row open a breaker, and how long it then stays open. */
export interface BreakerPolicy {
	readonly failureThreshold: number;
	readonly resetTimeoutMs: number;
}

/** The policy is in the code of the step, so each message brings it; a changed one counts from then on. */
export interface BreakerAsk extends BreakerPolicy {
	/** The name of the step. */
	breaker: string;
	caller: string;
	/** The timeout of the attempt, in ms; null: it has none. A trial is waited for so long, at least. */
	attemptTimeoutMs: number | null;
}

export type Admission =
	| {
			admitted: true;
			/** The one attempt that finds out whether the breaker can close. */
			trial: boolean;
			/** To be given back with the report. Null: the breaker gave no answer, and wants no report. */
			period: number | null;
	  }
	| {
			admitted: false;
			/** When it is worth asking again, in ms since 1970. */
			retryAt: number;
	  };

export interface BreakerReport extends BreakerPolicy {
	breaker: string;
	caller: string;
	/** Of the admission. A report from a period that is over changes nothing. */
	period: number;
	outcome: "success" | "failure";
}

/** `half-open`: it may be tried, or a trial is under way. */
export type BreakerState = "closed" | "open" | "half-open";

/** `GET /types/:type/breakers`; times in ms since 1970. */
export interface BreakerView extends BreakerPolicy {
	name: string;
	state: BreakerState;
	/** In a row. */
	failures: number;
	lastFailureAt: number;
	/** Null: it is closed. */
	openedAt: number | null;
	/** When an attempt is let through again. */
	retryAt: number | null;
	/** The attempt that is trying; another takes its place if it has not reported by `until`. */
	trial: { caller: string; since: number; until: number } | null;
}

/** The breakers of a type, as its first shard keeps them. */
export interface BreakerRpc {
	/** @throws `BREAKER_LIMIT` */
	breakerAdmit(ask: BreakerAsk): Promise<Answer<Admission>>;
	/** Answers when what it changed is stored. */
	breakerReport(report: BreakerReport): Promise<Answer<null>>;
	/** By name; one that never failed is not among them. */
	breakerList(): Promise<Answer<BreakerView[]>>;
	/** Closes it, as if nothing had failed. @throws `BREAKER_NOT_FOUND` */
	breakerReset(request: { breaker: string }): Promise<Answer<BreakerView>>;
}
