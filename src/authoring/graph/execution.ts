/** A run as its author looks at it (seed 003): where it has been, how long that took, what it failed with. */
import type { InspectedJournal, InspectedStep } from "../../engine/program";
import { toJson } from "../../model/http";
import type { GraphDefinition, JsonObject } from "./definition";
import { classify, type ErrorInfo } from "./errors";
import { read, stateAfter } from "./fold";
import { EDGES } from "./outcome";

/** One visit of a place. Times are ISO 8601. */
export interface NodeExecution {
	nodeId: string;
	/** The address. */
	place: string;
	/** The place's `$name`. */
	name: string | null;
	/** Which visit of the place it is, from 1. */
	visit: number;
	status: InspectedStep["status"];
	startTime: string;
	endTime: string | null;
	attempts: number;
	/** As it is written. */
	config: JsonObject;
	/** Null: by none, or it is not over. */
	edgeTaken: string | null;
	outputData: unknown;
	error: ErrorInfo | null;
}

export interface NodeMetric {
	executionCount: number;
	/** In ms, from the first attempt to the end: what it waited is in it. */
	totalDuration: number;
	averageDuration: number;
	/** Attempts that failed. */
	errors: number;
}

export interface Metrics {
	/** From the first step to the last end of one, in ms. */
	totalDuration: number;
	nodeExecutions: number;
	/** By the node's id. */
	nodeMetrics: Record<string, NodeMetric>;
	/** How often the state has been changed. */
	stateOperations: number;
}

/** In the order of the outcomes; what is under way comes last. Plain JSON. */
export function executionPath(
	definition: GraphDefinition,
	steps: readonly InspectedStep[],
): NodeExecution[] {
	const visits = new Map<string, number>();
	return read(definition, steps).flatMap(({ step, place, outcome, isBeside }) => {
		if (isBeside) return [];
		const { address, name, node, config } = place;
		const visit = (visits.get(address) ?? 0) + 1;
		visits.set(address, visit);
		const { turn, list, output } = outcome ?? {};
		const shown =
			turn === undefined ? output : { index: turn, ...(list && { turns: list.length }) };
		return [
			{
				nodeId: node,
				place: address,
				name,
				visit,
				status: step.status,
				startTime: iso(step.startedAt),
				endTime: step.completedAt === null ? null : iso(step.completedAt),
				attempts: step.attempts,
				config,
				edgeTaken: step.status === "failed" ? edgeOf(outcome?.edge) : (outcome?.edge ?? null),
				outputData: shown === undefined ? null : toJson(shown),
				error: step.error === undefined ? null : errorOf(step.error),
			},
		];
	});
}

export function metricsOf(definition: GraphDefinition, steps: readonly InspectedStep[]): Metrics {
	const nodeMetrics: Record<string, NodeMetric> = {};
	let nodeExecutions = 0;
	for (const { step, place, isBeside } of read(definition, steps)) {
		if (isBeside) continue;
		nodeExecutions++;
		const { attempts, status, startedAt, completedAt } = step;
		const metric = nodeMetrics[place.node] ?? {
			executionCount: 0,
			totalDuration: 0,
			averageDuration: 0,
			errors: 0,
		};
		metric.executionCount++;
		metric.totalDuration += (completedAt ?? startedAt) - startedAt;
		metric.averageDuration = metric.totalDuration / metric.executionCount;
		// The latest attempt has not failed, unless the step has.
		const isOpen = status === "retrying" || status === "handling" || status === "failed";
		metric.errors += isOpen ? Math.max(attempts, 1) : Math.max(attempts - 1, 0);
		nodeMetrics[place.node] = metric;
	}
	const begins = steps.map(({ startedAt }) => startedAt);
	const ends = steps.map(({ startedAt, completedAt }) => completedAt ?? startedAt);
	return {
		totalDuration: steps.length === 0 ? 0 : latest(ends) - earliest(begins),
		nodeExecutions,
		nodeMetrics,
		stateOperations: stateAfter(definition, steps).version,
	};
}

/** All of it, by the fields that are asked for. */
export function inspection(
	definition: GraphDefinition,
): (journal: InspectedJournal) => Readonly<Record<string, unknown>> {
	return ({ status, steps }) => {
		const { values, version } = stateAfter(definition, steps);
		const places = read(definition, steps);
		const open = places.findLast(({ step }) => step.completedAt === null);
		const last = steps.findLast((step) => step.completedAt !== null);
		return {
			path: executionPath(definition, steps),
			...(open === undefined ? {} : { currentNode: open.place.address }),
			state: toJson(values),
			stateVersion: version,
			metrics: metricsOf(definition, steps),
			// What ends a run is what its last step has failed with, unless it ran out of time.
			...(status === "errored" && last?.status === "failed" ? { error: errorOf(last.error) } : {}),
		};
	};
}

function errorOf(error: unknown): ErrorInfo {
	return toJson(classify(error)) as ErrorInfo;
}

/** Of a place that has failed: only where it has a route for that. */
function edgeOf(edge: string | null | undefined): string | null {
	return edge === EDGES.error || edge === EDGES.timeout ? edge : null;
}

function iso(ms: number): string {
	return new Date(ms).toISOString();
}

function latest(times: readonly number[]): number {
	return times.reduce((latest, each) => Math.max(latest, each), 0);
}

function earliest(times: readonly number[]): number {
	return times.reduce((earliest, each) => Math.min(earliest, each), Number.POSITIVE_INFINITY);
}
