/**
 * What a place came to, as its row of the journal has it, and what that means for the state. The
 * state is nothing but the initial one and these, in the order of the journal: so it is never stored,
 * and a replay or a reader of the rows makes it anew (`state.ts`).
 *
 * A row of a place is one of
 * - a completed `do`: an `Outcome`. A result that is none (an operator set or skipped it) is the
 *   output of a place that was left by no edge,
 * - a completed wait: the payload of the event,
 * - a sleep,
 * - a failure of any of these.
 */
import { thrownMessage, toThrownRecord } from "../../model/error-record";
import type { StepKind } from "../../model/rpc";
import type { Place } from "./definition";
import { isRecord } from "./records";

/** Small: one is in each row. Left out is what there is none of. */
export interface Outcome {
	/** By which the place was left; null: by none of its own. */
	readonly edge: string | null;
	/** For the state as `<node>_output`. */
	readonly output?: unknown;
	/** Keys of the state that it changed, and took away. */
	readonly updates?: Readonly<Record<string, unknown>>;
	readonly removed?: readonly string[];
	/** The state is kept under this name, or set back to what is kept. */
	readonly snapshot?: string;
	readonly rollback?: string;
	/** Of a loop: which turn begins, from 0; with the first one how many there are, or of which items. */
	readonly turn?: number | undefined;
	readonly count?: number | undefined;
	readonly list?: readonly unknown[] | undefined;
	/** When a place was begun that a jump led to. */
	readonly at?: number;
	/** A branch beside it had failed: nothing of it counts. */
	readonly late?: true;
}

/** `state.error` after a failure that has a route. */
export interface ErrorState {
	name: string;
	message: string;
	code: string | number | null;
	node: string;
	/** The place's `$name`, or else its address. */
	place: string;
}

/** After the address, in the name of a step beside that of the place itself. */
export const SUFFIX = {
	/** Of control nodes: their parameters, where something in them is evaluated. */
	parameters: "/parameters",
	/** Of the state, for `$rollback: true`. */
	snapshot: "/snapshot",
	/** Of a sub-workflow that is waited for. */
	start: "/start",
} as const;

/** Edges by which a control node is left where its row does not say it. */
export const EDGES = {
	error: "error",
	timeout: "timeout",
	received: "received",
	done: "done",
} as const;

/** The payload of a sub-workflow's wait is a `ChildEnd`. */
export const SUB_WORKFLOW = "sub-workflow";

export function completed(place: Place, kind: StepKind, result: unknown): Outcome {
	if (kind === "sleep") return { edge: EDGES.done };
	if (kind === "wait_for_event") return place.node === SUB_WORKFLOW ? ended(result) : event(result);
	if (isRecord(result) && (typeof result.edge === "string" || result.edge === null)) {
		return result as unknown as Outcome; // Only this style writes it, or somebody who means it.
	}
	return { edge: null, ...(result === undefined ? {} : { output: result }) };
}

function event(payload: unknown): Outcome {
	return { edge: EDGES.received, output: payload };
}

function ended(end: unknown): Outcome {
	const isDone = isRecord(end) && end.status === "completed";
	return { edge: isDone ? "success" : "failure", output: end };
}

/** Null: nothing follows from it; the error is that of what is around the place. */
export function failed(place: Place, kind: StepKind, error: unknown): Outcome | null {
	const { code } = summaryOf(error);
	if (code === "BRANCH_STOPPED") return null;
	const { edges } = place;
	if (kind === "wait_for_event" && code === "EVENT_TIMEOUT" && edges.has(EDGES.timeout)) {
		return { edge: EDGES.timeout };
	}
	const rollback = rollbackOf(place);
	const back = rollback === undefined ? {} : { rollback };
	if (edges.has(EDGES.error)) {
		return { edge: EDGES.error, updates: { error: errorState(place, error) }, ...back };
	}
	return rollback === undefined ? null : { edge: null, ...back };
}

/** Nodes that others run within. */
const AROUND = new Set(["loop", "parallel"]);

/**
 * The name of the snapshot that a place goes back to by `$rollback: true`. Undefined for one that
 * nothing runs within: what a node changes counts when it has succeeded, so there is nothing to undo.
 */
export function rollbackOf({ node, address, options }: Place): string | undefined {
	if (options.rollback !== true) return options.rollback;
	return AROUND.has(node) ? `${address}${SUFFIX.snapshot}` : undefined;
}

function errorState(place: Place, error: unknown): ErrorState {
	return { ...summaryOf(error), node: place.node, place: place.name ?? place.address };
}

export function summaryOf(error: unknown): Pick<ErrorState, "name" | "message" | "code"> {
	const record = toThrownRecord(error);
	if ("value" in record) return { name: "Error", message: thrownMessage(record), code: null };
	return { name: record.name, message: record.message, code: record.code ?? null };
}
