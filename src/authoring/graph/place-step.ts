/**
 * What happens inside the step of a place: parameters, the node itself, the edge that it is left by,
 * and what it has changed. Called for an attempt and never on replay.
 */
import type { RunInfo, StepContext } from "../../engine/program";
import { WorkflowError } from "../../model/errors";
import { printable, shortened } from "../../model/printable";
import { copyOf, Draft } from "./draft";
import type { EdgeMap, ExecutionContext } from "./node";
import type { Outcome } from "./outcome";
import type { PreparedPlace } from "./prepared";
import { isRecord } from "./records";
import type { NodeRegistry } from "./registry";
import type { State } from "./state";
import type { Stop } from "./stop";
import type { Untyped } from "./untyped";

export interface Surroundings {
	readonly state: State;
	readonly nodes: NodeRegistry;
	readonly info: RunInfo;
	/** What the instance was created with. */
	readonly input: unknown;
	/** Null: no branch beside it can stop it. */
	readonly stop: Stop | null;
}

/** What expressions are evaluated over. */
export function scopeOf(state: State, input: unknown): object {
	return { input, ...state.values() };
}

export async function executePlace(
	prepared: PreparedPlace,
	attempt: StepContext,
	around: Surroundings,
): Promise<Outcome> {
	const { state, nodes, input } = around;
	const { place } = prepared;
	const before = state.values();
	const config = await prepared.config(() => ({ input, ...before }));
	// Meanwhile another branch may have panicked, or somebody ended the instance: nothing new begins (G11).
	attempt.signal.throwIfAborted();
	const draft = new Draft(before);
	const context = contextOf(prepared, { attempt, config, draft }, around);
	const node = nodes.acquire(place.node);
	const edges = await node.execute(context, config);
	const { edge, output } = await taken(edges, context);
	nodes.release(place.node, node);
	const { updates, removed } = draft.changes();
	const outcome: Outcome = {
		edge,
		...(output === undefined ? {} : { output }),
		...(Object.keys(updates).length === 0 ? {} : { updates }),
		...(removed.length === 0 ? {} : { removed }),
		...context.marks,
	};
	state.requireUnlocked([...Object.keys(updates), ...removed], attempt.key);
	if (output !== undefined || outcome.updates !== undefined) state.requireRoom(place, outcome);
	return outcome;
}

/** The first edge whose function gives something, in the order in which they are written. */
async function taken(
	edges: EdgeMap,
	context: ExecutionContext,
): Promise<{ edge: string | null; output?: unknown }> {
	if (!isRecord(edges)) throw noEdges(context.nodeId, edges);
	for (const [edge, give] of Object.entries(edges)) {
		if (typeof give !== "function") throw noEdges(context.nodeId, edges);
		const output: unknown = await give(context);
		if (output !== undefined) return { edge, output };
	}
	return { edge: null };
}

function noEdges(node: string, received: unknown): WorkflowError {
	return new WorkflowError(
		"NODE_FAULT",
		`The node "${node}" is to return an object of functions by edge, as { success: () => output }; received ${shortened(printable(received))}.`,
		{ node },
	);
}

/** Nodes of the project itself may say more of their outcome than edges can: also that it has no output. */
export interface MarkedContext extends ExecutionContext {
	readonly marks: { edge?: string; snapshot?: string; rollback?: string };
	hasSnapshot(name: string): boolean;
}

function contextOf(
	{ place, edges, metadata, attemptsMax }: PreparedPlace,
	{
		attempt,
		config,
		draft,
	}: { attempt: StepContext; config: Readonly<Record<string, Untyped>>; draft: Draft },
	{ info, input, state, stop }: Surroundings,
): MarkedContext {
	const { signal } = attempt;
	// A copy, as of the state: what a node changes in it would not be there after a crash.
	const payload = once(() => copyOf(input, "the payload"));
	return {
		state: draft.values,
		inputs: inputsOf(metadata.inputs ?? [], { config, draft, payload }),
		get input() {
			return payload();
		},
		workflowId: info.type,
		nodeId: place.node,
		executionId: info.id,
		edges,
		attempt: attempt.attempt,
		attemptsMax,
		idempotencyKey: attempt.idempotencyKey,
		signal: stop === null ? signal : AbortSignal.any([signal, ...stop.signals]),
		log: (level, message, fields) => info.log(level, message, fields),
		lock: (keys) => state.lock(keys, attempt.key),
		marks: {},
		hasSnapshot: (name) => state.hasSnapshot(name),
	};
}

/** Each name is the parameter, or else the key of the state; `input` may also be the payload. */
function inputsOf(
	names: readonly string[],
	{
		config,
		draft,
		payload,
	}: { config: Readonly<Record<string, Untyped>>; draft: Draft; payload: () => unknown },
): Record<string, Untyped> {
	const inputs: Record<string, Untyped> = {};
	for (const name of names) {
		const get = () => {
			if (Object.hasOwn(config, name)) return config[name];
			if (Object.hasOwn(draft.values, name)) return draft.values[name];
			return name === "input" ? payload() : undefined;
		};
		Object.defineProperty(inputs, name, { get, enumerable: true });
	}
	return inputs;
}

function once<T>(make: () => T): () => T {
	let made: { value: T } | undefined;
	return () => {
		made ??= { value: make() };
		return made.value;
	};
}
