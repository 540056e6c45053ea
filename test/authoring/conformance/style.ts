/**
 * How an authoring style takes part in the conformance suite: it writes flows.
 *
 * A behaviour states its workflow as a flow, a list of parts with names, times and functions, and
 * never as code: a state machine or a graph could not run an arbitrary `async (step) => …`. Each
 * style has one adapter that writes any flow in its own idiom; the engine then runs what the
 * style makes of it. A part is given the value that the part before it gave, the first one the
 * payload, and what the last one gives is the result: `await` after `await` in a class, `prev` in
 * a state machine, a value on the edges of a graph.
 *
 * The flow
 *
 *   [
 *     step("charge", (order: Order, { idempotencyKey }) => pay(order, idempotencyKey)),
 *     attempt([wait("approval", { timeout: "1d" })], { recover: [step("refund", refund)] }),
 *   ]
 *
 * is to a class: `const receipt = await step.do("charge", (context) => work(payload, context))`,
 * then a `try` around `step.waitForEvent`; to a state machine `.task("charge", { handler: work })`,
 * then a state with an error branch; to a graph two nodes, the second with an error edge.
 *
 * A style that cannot say a part refuses it in `write` and lists the behaviours that need it:
 *
 *   conformance({
 *     name: "machine",
 *     write: ({ type, flow, declares }) => machineOf(type, flow, declares),
 *     skips: { "a race keeps its winner on every replay": "a state machine has no race" },
 *   });
 */
import type { ProgramSource, StepContext, StepOptions } from "../../../src/engine/program";
import type { Duration } from "../../../src/model/duration";
import type { RetryOptions } from "../../../src/model/retry";
import type { Schema } from "../../../src/model/standard-schema";

export interface Style {
	/** As in `test/authoring/<name>`. */
	readonly name: string;
	/** The flow as a user of the style would write it: an entry of the registry. */
	write(workflow: Workflow): ProgramSource;
	/** Whether a replay calls code between steps again; false: that is recorded, as a step. Default true. */
	readonly replaysCode?: boolean;
	/** Behaviours that the style cannot show, each with the reason; it stands in the report. */
	readonly skips?: Readonly<Record<string, string>>;
}

export interface Workflow {
	readonly type: string;
	readonly flow: Flow;
	readonly declares: Declares;
}

/** What a type says of itself; left out: the style's own default. */
export interface Declares {
	version?: string;
	/** Of steps that say nothing of their own, like `stepTimeout`. */
	retries?: RetryOptions;
	stepTimeout?: Duration;
	/** Of the whole instance. */
	timeout?: Duration;
	/** Event names with their schema; null: any payload. */
	events?: Record<string, Schema | null>;
	payload?: Schema;
	onNonDeterminism?: "pause" | "fail";
}

export type Flow = readonly Part[];

/** `never`: a behaviour declares the value that it knows to come, an adapter casts. */
export type Work = (value: never, context: StepContext) => unknown;
/** Code of the program between steps: where it is not journaled, each replay calls it again. */
export type Code = (value: never) => unknown;
export type Test = (value: never) => boolean;

export type Part =
	| { kind: "step"; name: string; work: Work; options: StepOptions }
	/** Gives the value that it was given, like `sleep until`. */
	| { kind: "sleep"; name: string; duration: Duration }
	| { kind: "sleep until"; name: string; moment: Date }
	/** Gives the event's payload. */
	| { kind: "wait"; name: string; event: string; timeout: Duration | undefined }
	| { kind: "between"; code: Code }
	/** Each branch is given the same value. `all` gives a list, the others what the first one gave. */
	| { kind: "all" | "any" | "race"; branches: readonly Flow[] }
	| { kind: "choose"; test: Test; yes: Flow; no: Flow }
	/** Runs its body, and again while `again` says so of what it gave; each turn is given that. */
	| { kind: "repeat"; body: Flow; again: Test }
	/** `recover` is given what the body threw; `cleanup` runs at last, and what it gives is dropped. */
	| { kind: "attempt"; body: Flow; recover: Flow | undefined; cleanup: Flow | undefined };

export function step(name: string, work: Work, options: StepOptions = {}): Part {
	return { kind: "step", name, work, options };
}

export function sleep(name: string, duration: Duration): Part {
	return { kind: "sleep", name, duration };
}

export function sleepUntil(name: string, moment: Date): Part {
	return { kind: "sleep until", name, moment };
}

/** The event has the part's name unless `options.event` says otherwise. */
export function wait(name: string, options: { event?: string; timeout?: Duration } = {}): Part {
	return { kind: "wait", name, event: options.event ?? name, timeout: options.timeout };
}

export function between(code: Code): Part {
	return { kind: "between", code };
}

export function all(...branches: Flow[]): Part {
	return { kind: "all", branches };
}

/** What the first branch gives that does not fail. */
export function any(...branches: Flow[]): Part {
	return { kind: "any", branches };
}

export function race(...branches: Flow[]): Part {
	return { kind: "race", branches };
}

export function choose(test: Test, yes: Flow, no: Flow): Part {
	return { kind: "choose", test, yes, no };
}

export function repeat(body: Flow, again: Test): Part {
	return { kind: "repeat", body, again };
}

export function attempt(
	body: Flow,
	{ recover, cleanup }: { recover?: Flow; cleanup?: Flow },
): Part {
	return { kind: "attempt", body, recover, cleanup };
}
