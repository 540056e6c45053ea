/** The state of a run from its journal: the same as the run itself has at that point (`state.ts`, S1). */
import type { InspectedStep } from "../../engine/program";
import type { GraphDefinition, Place } from "./definition";
import { completed, failed, type Outcome, SUFFIX } from "./outcome";
import { State } from "./state";

/** A step of the journal, with what it means. */
export interface Read {
	readonly step: InspectedStep;
	readonly place: Place;
	/** Null: it has none yet, or nothing follows from it. */
	readonly outcome: Outcome | null;
	/** It is beside the place's own step. */
	readonly isBeside: boolean;
}

export interface FoldedState {
	readonly values: Record<string, unknown>;
	/** How often it has been changed. */
	readonly version: number;
}

/** `steps`: those with an outcome in the order of their outcomes. Others count for nothing. */
export function stateAfter(
	definition: GraphDefinition,
	steps: readonly InspectedStep[],
): FoldedState {
	const state = new State(definition.initialState);
	for (const { place, outcome, isBeside, step } of read(definition, steps)) {
		const counts = !isBeside || step.name.endsWith(SUFFIX.snapshot);
		if (outcome !== null && counts) state.apply(place, outcome);
	}
	return { values: state.values(), version: state.version };
}

/** What of the steps is of places. */
export function read({ places }: GraphDefinition, steps: readonly InspectedStep[]): Read[] {
	return steps.flatMap((step) => {
		const own = places.get(step.name);
		const place = own ?? places.get(withoutSuffix(step.name));
		if (place === undefined) return [];
		return [{ step, place, outcome: outcomeOf(place, step), isBeside: own === undefined }];
	});
}

function outcomeOf(place: Place, { kind, status, result, error }: InspectedStep): Outcome | null {
	if (status === "completed") return completed(place, kind, result);
	return status === "failed" ? failed(place, kind, error) : null;
}

function withoutSuffix(name: string): string {
	const suffix = Object.values(SUFFIX).find((each) => name.endsWith(each));
	return suffix === undefined ? "" : name.slice(0, -suffix.length);
}
