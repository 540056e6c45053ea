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
	 * run as a state machine, or as a graph.
	 */
	| {
			op: "seq";
			of: Plan[];
			fails: boolean;
			panics?: number;
			asMachine?: boolean;
			asGraph?: boolean;
	  }
	| { op: "all" | "any" | "race"; of: Plan[] }
	| { op: "try"; body: Plan; handler: Plan; last: Plan | null }
	| { op: "loop"; times: number; body: Plan }
	| MachinePlan;

/**
 * What only a state machine has. `turns` is what its code takes, in turns of the event loop, and a
 * bound (`most`) that is too small is its end.
 */
export type MachinePlan =
	/** Takes an arm; if it is `fickle`, by the clock, and so another one when it is asked again. */
	| { op: "choice"; arms: Plan[]; take: number; fickle: boolean; turns: number }
	/** Is done at this check, as often as it comes by; each check does the same. */
	| { op: "poll"; checks: number; most: number | null; intervalMs: number; each: DoPlan }
	/** Goes through its body so many times. */
	| {
			op: "again";
			times: number;
			most: number | null;
			intervalMs: number;
			body: Plan;
			turns: number;
	  }
	| { op: "parallel"; of: Plan[]; onError: "fail-fast" | "wait-all" }
	/** Gives what it sees of the steps before. */
	| { op: "look" };

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
		case "poll":
		case "look":
			return [];
		case "try":
			return [plan.body, plan.handler, ...(plan.last === null ? [] : [plan.last])];
		case "loop":
		case "again":
			return [plan.body];
		case "choice":
			return plan.arms;
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
	const step = plan.op === "poll" ? plan.each : plan;
	const own = step.op === "do" || step.op === "seq" ? (step.panics ?? 0) : 0;
	return Math.max(own, ...childrenOf(plan).map(panicsOf));
}

/** How many steps the plan asks for at most. */
export function sizeOf(plan: Plan): number {
	const inner = childrenOf(plan).reduce((sum, child) => sum + sizeOf(child), 0);
	if (plan.op === "loop") return inner * plan.times;
	if (plan.op === "again") return (inner + 2) * plan.times;
	if (plan.op === "poll") return 2 * plan.checks;
	if (plan.op === "choice") return inner + 2;
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
			break;
		case "parallel":
			if (plan.onError === "fail-fast" && plan.of.filter(canFail).length > 1) return false;
			break;
		case "choice":
			if (plan.fickle) return false;
			break;
		case "poll":
			return isStable(plan.each);
		case "try":
			// A graph's state tells how far the others were that were stopped.
			if (some(plan.body, stopsSome)) return false;
	}
	return childrenOf(plan).every(isStable);
}

function stopsSome(plan: Plan): boolean {
	return plan.op === "parallel" && plan.onError === "fail-fast" && plan.of.some(canFail);
}

/** Of a stable plan. */
function canFail(plan: Plan): boolean {
	if (plan.op === "do" && plan.handler !== undefined) return plan.hangs + plan.fails > 0;
	if (plan.op === "do") {
		return plan.hangs + plan.fails >= plan.limit || (plan.fatal && plan.fails > 0);
	}
	if (plan.op === "seq" && plan.fails) return true;
	if (plan.op === "poll") return isBeyond(plan) || canFail(plan.each);
	if (plan.op === "again" && isBeyond(plan)) return true;
	if (plan.op === "try") return childrenOf(plan).slice(1).some(canFail);
	return childrenOf(plan).some(canFail);
}

/** Whether it wants more turns than its bound. */
export function isBeyond(plan: Extract<Plan, { op: "poll" | "again" }>): boolean {
	const wanted = plan.op === "poll" ? plan.checks : plan.times - 1;
	return plan.most !== null && plan.most < wanted;
}
