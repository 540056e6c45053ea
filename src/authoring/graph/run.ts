/** A run of a graph: its state, and how often its places have been visited. */
import type { RunInfo, StyleStep } from "../../engine/program";
import { WorkflowError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import type { Children } from "./control";
import type { GraphDefinition, Place } from "./definition";
import { PreparedPlace } from "./prepared";
import type { NodeRegistry } from "./registry";
import { State } from "./state";

/** A definition with what it is run with; shared by all runs of the type in an isolate. */
export class GraphCode {
	readonly #prepared = new Map<string, PreparedPlace>();

	constructor(
		readonly definition: GraphDefinition,
		readonly nodes: NodeRegistry,
		readonly children: Children | null,
	) {}

	place(address: string): Place {
		const place = this.definition.places.get(address);
		if (place === undefined) throw new Error(`the definition has no place "${address}"`);
		return place;
	}

	/** @throws {WorkflowError} for a place that cannot be run as it is. */
	prepared(place: Place): PreparedPlace {
		let prepared = this.#prepared.get(place.address);
		if (prepared === undefined) {
			prepared = new PreparedPlace(place, this.definition, this.nodes);
			this.#prepared.set(place.address, prepared);
		}
		return prepared;
	}
}

/** One visit of a place. */
export interface Visit {
	/** It is one too many: the place fails with this. */
	readonly fault: WorkflowError | null;
	/** There may be no further one: what another turn of its loop fails with. */
	readonly spent: WorkflowError | null;
	/** When earlier jumps led to the place, where a jump has led to it now. */
	readonly arrivals: readonly number[] | null;
}

export const UNCOUNTED: Visit = { fault: null, spent: null, arrivals: null };

export class Run {
	readonly state: State;
	readonly #visits = new Map<string, number>();
	#executions = 0;
	/** When jumps led to a place, the latest ones, by place. */
	readonly #arrivals = new Map<string, number[]>();

	constructor(
		readonly code: GraphCode,
		readonly step: StyleStep,
		readonly input: unknown,
		readonly info: RunInfo,
	) {
		this.state = new State(code.definition.initialState);
	}

	/** Counts a visit. `isLoop`: of a place that may find that it has no further turn. */
	enter({ address }: Place, { byJump, isLoop }: { byJump: boolean; isLoop: boolean }): Visit {
		const { maxIterations, maxExecutions } = this.code.definition.settings;
		const visits = (this.#visits.get(address) ?? 0) + 1;
		this.#visits.set(address, visits);
		this.#executions++;
		const arrivals = byJump ? (this.#arrivals.get(address) ?? []) : null;
		if (this.#executions > maxExecutions) {
			const fault = tooMany("EXECUTION_LIMIT", address, maxExecutions);
			return { fault, spent: null, arrivals };
		}
		if (visits <= maxIterations) return { fault: null, spent: null, arrivals };
		const fault = tooMany("LOOP_LIMIT", address, maxIterations);
		return isLoop && visits === maxIterations + 1
			? { fault: null, spent: fault, arrivals }
			: { fault, spent: null, arrivals };
	}

	/** A visit that only found that a loop was at its end is no turn of it. */
	uncount({ address }: Place): void {
		this.#visits.set(address, (this.#visits.get(address) ?? 1) - 1);
	}

	arrived({ address }: Place, at: number): void {
		const arrivals = this.#arrivals.get(address) ?? [];
		this.#arrivals.set(address, [...arrivals, at].slice(1 - LIMITS.graphJumps));
	}
}

/** Refuses an arrival that is one of many within a moment: jumps in a circle, with nothing to wait for. */
export function requireSlow({ address }: Place, arrivals: readonly number[], at: number): void {
	const { graphJumps, graphJumpsMs } = LIMITS;
	const first = arrivals.at(1 - graphJumps);
	if (first === undefined || arrivals.length < graphJumps - 1 || at - first >= graphJumpsMs) return;
	throw new WorkflowError(
		"LOOP_TOO_FAST",
		`Jumps have led to the place "${address}" ${graphJumps} times within ${graphJumpsMs} ms. Use a "loop?" with "while" or "times" to repeat something, or put a "delay" into the circle.`,
		{ place: address },
	);
}

function tooMany(
	code: "LOOP_LIMIT" | "EXECUTION_LIMIT",
	address: string,
	limit: number,
): WorkflowError {
	const message =
		code === "LOOP_LIMIT"
			? `The place "${address}" was to be run more than ${limit} times in one run, which is its limit (settings.maxIterations).`
			: `The run was to run more than ${limit} places, which is its limit (settings.maxExecutions); the next one is "${address}".`;
	return new WorkflowError(code, message, { place: address, limit });
}
