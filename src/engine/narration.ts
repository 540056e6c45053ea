/**
 * What the chronicle tells of an outcome beside the outcome itself, where the type has a graph: the
 * turns of polls and loops, and how far the instance is.
 */
import type { StepRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import type { Graph } from "../model/graph";
import { toJson } from "../model/http";
import { stepCallOf, stepNameOf } from "../model/ids";
import { progressOf } from "./progress";

/** An event whose data are made when they are asked for: few readers want every one. */
export interface ToldEvent {
	/** `workflow.step.completed` and so on, or the name that a program gave to one of its own. */
	name: string;
	/** Plain JSON. */
	data(): Record<string, unknown>;
}

/** Node kinds whose steps are turns, with the name of the event and of the turn's number. */
const TURNS: Readonly<Record<string, readonly [event: string, count: string]>> = {
	poll: ["workflow.step.poll", "pollCount"],
	loop: ["workflow.step.loop", "loopCount"],
};

/** `outcomes`: up to this one. */
export function narrate(
	graph: Graph | null,
	row: StepRow,
	outcomes: () => readonly StepRow[],
): ToldEvent[] {
	const stepName = stepNameOf(row.key);
	const node = graph?.nodes.find(({ id }) => id === stepName);
	if (graph === null || node === undefined || row.status !== "completed") return [];
	const [event, count] = TURNS[node.kind] ?? [];
	const turn =
		event === undefined || count === undefined
			? []
			: [
					{
						name: event,
						data: () => ({ stepName, [count]: stepCallOf(row.key), result: jsonOf(row.result) }),
					},
				];
	const progress = () => ({ ...progressOf(graph, "running", { rows: outcomes(), running: [] }) });
	return [...turn, { name: "workflow.progress", data: progress }];
}

/** A stored value as events have it; none: null. */
export function jsonOf(value: Encoded | null): unknown {
	return value === null ? null : (toJson(decode(value)) ?? null);
}
