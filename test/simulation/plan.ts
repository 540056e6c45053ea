/**
 * A plan: a program as data. One interpreter runs every plan and one model says what it may come
 * to, so a seed can make programs, and a failing one can be pasted into a test.
 *
 * A step's name is its place in the tree. A place under a loop is called several times; it keeps
 * its name (`name#2` in the journal) where calls follow one another, and gets the round's number
 * where they may overlap.
 */

export interface DoPlan {
	op: "do";
	/** Turns of the event loop that the program takes before it asks, by something that is no step. */
	idles: number;
	/** The first attempts never return; their timeout ends them. */
	hangs: number;
	/** The attempts after those throw, */
	fails: number;
	/** with a `NonRetryableError`. */
	fatal: boolean;
	/** Turns of the event loop, and time, that an attempt takes; 0 of both: it is synchronous. */
	turns: number;
	workMs: number;
	timeoutMs: number | null;
	limit: number;
	delayMs: number;
	/** Attempts panic at their end while the run has had fewer restarts. */
	panics?: number;
	/** What is done about failed attempts, if anything is. */
	handler?: HandlerPlan | undefined;
	/** Failures in a row that open the step's circuit breaker; left out: it has none. */
	breaker?: number | undefined;
}

/** Its body runs after each failed attempt; if that fails, the step fails with it. */
export interface HandlerPlan {
	body: Plan;
	/** After so many attempts it asks for another one, */
	retries: number;
	/** later it gives a value, or throws. */
	then: "value" | "throw";
}

export type Plan =
	| DoPlan
	| { op: "sleep"; ms: number }
	| { op: "wait"; event: string; timeoutMs: number | null }
	/**
	 * One after the other; then it throws, if it `fails`. A whole plan `panics` as a step does, and may
	 * run as a state machine.
	 */
	| { op: "seq"; of: Plan[]; fails: boolean; panics?: number; asMachine?: boolean }
	| { op: "all" | "any" | "race"; of: Plan[] }
	| { op: "try"; body: Plan; handler: Plan; last: Plan | null }
	| { op: "loop"; times: number; body: Plan };

/** The place of a whole plan, which is a sequence. */
export const ROOT = "";

export const EVENTS = ["a", "b", "c"];

/** The place of a node's child. */
export function childPath(path: string, child: number | string): string {
	return path === ROOT ? `${child}` : `${path}.${child}`;
}

/** The place of a loop's body in a round. */
export function roundPath(path: string, body: Plan, round: number): string {
	return childPath(path, isSequential(body) ? "loop" : `loop${round}`);
}

/** The place of a handler's body, within its step. */
export function handlerPath(body: Plan, attempt: number): string {
	return isSequential(body) ? "handler" : `handler${attempt}`;
}

export function childrenOf(plan: Plan): Plan[] {
	switch (plan.op) {
		case "do":
			return plan.handler === undefined ? [] : [plan.handler.body];
		case "sleep":
		case "wait":
			return [];
		case "try":
			return [plan.body, plan.handler, ...(plan.last === null ? [] : [plan.last])];
		case "loop":
			return [plan.body];
		default:
			return plan.of;
	}
}

/** Whether a test holds for the plan or one inside it. */
export function some(plan: Plan, test: (plan: Plan) => boolean): boolean {
	return test(plan) || childrenOf(plan).some((child) => some(child, test));
}

/** How many restarts it takes until nothing panics any more. */
export function panicsOf(plan: Plan): number {
	const own = plan.op === "do" || plan.op === "seq" ? (plan.panics ?? 0) : 0;
	return Math.max(own, ...childrenOf(plan).map(panicsOf));
}

/** How many steps the plan asks for at most. */
export function sizeOf(plan: Plan): number {
	const inner = childrenOf(plan).reduce((sum, child) => sum + sizeOf(child), 0);
	if (plan.op === "loop") return inner * plan.times;
	if (plan.op === "do") return inner * Math.min(plan.limit, plan.hangs + plan.fails) + 1;
	return Math.max(inner, 1);
}

function isSequential(plan: Plan): boolean {
	return !some(plan, ({ op }) => op === "all" || op === "any" || op === "race");
}

/** Whether the plan comes to the same result however things are timed; events' numbers aside. */
export function isStable(plan: Plan): boolean {
	switch (plan.op) {
		case "race":
		case "any":
			return false;
		case "wait":
			return plan.timeoutMs === null;
		case "do":
			if (plan.breaker !== undefined) return false;
			if (plan.timeoutMs !== null && (plan.workMs > 0 || plan.turns > 0)) return false;
			break;
		case "all":
			if (plan.of.filter(canFail).length > 1) return false;
	}
	return childrenOf(plan).every(isStable);
}

/** Of a stable plan. */
function canFail(plan: Plan): boolean {
	if (plan.op === "do" && plan.handler !== undefined) return plan.hangs + plan.fails > 0;
	if (plan.op === "do") {
		return plan.hangs + plan.fails >= plan.limit || (plan.fatal && plan.fails > 0);
	}
	if (plan.op === "seq" && plan.fails) return true;
	if (plan.op === "try") return childrenOf(plan).slice(1).some(canFail);
	return childrenOf(plan).some(canFail);
}
