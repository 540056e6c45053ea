/**
 * How far an instance is whose type has a graph. Counted are the steps that have completed, of those
 * and what can still come: from where it stands, by any way. So an arm that was not chosen counts no
 * more once another one is under way, a step that has several turns counts once, and the total may
 * change on the way.
 */
import type { StepRow } from "../db/instance-store";
import { type Graph, INTERVAL, reachable } from "../model/graph";
import { stepNameOf } from "../model/ids";
import type { ProgressView } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";
import type { RunningAttempt } from "./describe";

export function progressOf(
	graph: Graph,
	status: WorkflowStatus,
	{ rows, running }: { rows: Iterable<StepRow>; running: readonly RunningAttempt[] },
): ProgressView {
	const nodes = new Set(graph.nodes.filter(({ isStep = true }) => isStep).map(({ id }) => id));
	const completed = new Set<string>();
	/** Not over, or failed: the latest one last. */
	const current = new Set<string>();
	let last: string | undefined;
	for (const { key, status: stepStatus } of rows) {
		const node = nodeOf(key, nodes);
		if (node === undefined) continue;
		const isOwn = node === stepNameOf(key);
		current.delete(node);
		if (stepStatus !== "completed") current.add(node);
		else if (isOwn) completed.add(node);
		last = node;
	}
	for (const { key } of running) {
		const node = nodeOf(key, nodes);
		if (node !== undefined) current.add(node);
	}
	// One that has another turn is not over.
	for (const node of current) completed.delete(node);
	const isCompleted = status === "completed";
	const start = current.size > 0 ? current : new Set(last === undefined ? firstOf(graph) : [last]);
	const total = new Set(completed);
	if (!isCompleted) for (const id of reachable(graph, start)) if (nodes.has(id)) total.add(id);
	return {
		progress: isCompleted ? 100 : Math.floor((100 * completed.size) / (total.size || 1)),
		currentStep: isCompleted ? null : ([...current].at(-1) ?? null),
		completedSteps: completed.size,
		totalSteps: total.size,
	};
}

/** The node that a step of the journal is of. */
function nodeOf(key: string, nodes: ReadonlySet<string>): string | undefined {
	const name = stepNameOf(key);
	if (nodes.has(name)) return name;
	const turning = name.endsWith(INTERVAL) ? name.slice(0, -INTERVAL.length) : "";
	return nodes.has(turning) ? turning : undefined;
}

function firstOf({ nodes }: Graph): string[] {
	return nodes.slice(0, 1).map(({ id }) => id);
}
