/**
 * Control nodes: those that are not a function of their parameters and the state, but wait, branch or
 * come back. They run between the engine's steps, so they decide by recorded outcomes alone.
 */
import type { WorkflowError } from "../../model/errors";
import type { ParentRef } from "../../model/rpc";
import type { Place } from "./definition";
import { type EdgeMap, WorkflowNode } from "./node";
import type { Outcome } from "./outcome";
import type { Untyped } from "./untyped";

export type Config = Readonly<Record<string, Untyped>>;

/** What is done inside a step of a control node. */
export interface Decision {
	/** Parameters, rendered; those of `names`, or all. */
	config(names?: readonly string[]): Promise<Config>;
	/** The same for each attempt of the step, and another one in each run and visit. */
	readonly idempotencyKey: string;
}

/** Where the branches of a place have come to. */
export type BranchEnds = Readonly<Record<string, "completed" | "failed">>;

/** The run, as a control node at one place has it. Each method but `branches` is a step. */
export interface Flow {
	readonly place: Place;
	/** Of the instance. */
	readonly executionId: string;
	readonly children: Children | null;
	/** Of the place's loop, if it is under way: the latest turn, and what the first one recorded. */
	readonly loop: Pick<Outcome, "turn" | "count" | "list"> | null;
	/** How many turns there may be. */
	readonly maxIterations: number;
	/** What another turn fails with; null: there may be one. */
	readonly spent: WorkflowError | null;
	/** The parameters; a step of its own where something in them is evaluated. */
	config(): Promise<Config>;
	/** Records what `decide` gives as the place's outcome, or under its address and the suffix. */
	record(
		decide: (decision: Decision) => Promise<Outcome> | Outcome,
		suffix?: string,
	): Promise<Outcome>;
	sleep(lengthMs: number): Promise<Outcome>;
	sleepUntil(moment: Date | number): Promise<Outcome>;
	/** Left by `received`, with the payload as output, or by `timeout`, where there is a route for it. */
	waitForEvent(event: string, timeoutMs: number | null): Promise<Outcome>;
	/**
	 * Runs the routes of these edges side by side.
	 *
	 * @throws the error of the first branch that fails; `wait-all`: once all have ended.
	 */
	branches(edges: readonly string[], onError: "fail-fast" | "wait-all"): Promise<BranchEnds>;
}

/** Starts instances of other types. */
export interface Children {
	/**
	 * Creates the instance, or finds it there: a crash may ask for it twice. With `parent`, its end is
	 * told to that instance.
	 */
	start(child: {
		type: string;
		id: string;
		payload: unknown;
		parent: ParentRef | null;
	}): Promise<void>;
}

export abstract class ControlNode extends WorkflowNode {
	/** Edges whose routes it runs itself and waits for. */
	readonly returning: readonly string[] | "all" = [];

	/** The outcome by which the place is left; what it throws, the place has failed with. */
	abstract run(flow: Flow): Promise<Outcome>;

	execute(): Promise<EdgeMap> {
		throw new Error("a control node is run by its graph");
	}
}
