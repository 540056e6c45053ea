/**
 * How far an instance is whose type has a graph: the steps that it is past, of those and what can
 * still come by any way (`walk.ts`). So an arm that was not chosen counts no more once another one is
 * under way, a step that has several turns counts once and only when it has no more, and 100 is said
 * of an instance that has completed, and of no other.
 */
import type { StepRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import { type Graph, type GraphNode, INTERVAL } from "../model/graph";
import { stepNameOf } from "../model/ids";
import type { ProgressView } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";
import type { RunningAttempt } from "./describe";
import { Walk } from "./walk";

/** Of an instance that has not completed. */
const PROGRESS_MAX = 99;

export class Progress {
	readonly #walk: Walk;
	/** Those that are steps. */
	readonly #nodes: ReadonlyMap<string, GraphNode>;

	constructor(graph: Graph) {
		this.#walk = new Walk(graph);
		const steps = graph.nodes.filter(({ isStep = true }) => isStep);
		this.#nodes = new Map(steps.map((node) => [node.id, node]));
	}

	/** What the journal has next: its outcomes in their order, then what is not over. */
	see({ key, status, result }: Pick<StepRow, "key" | "status" | "result">): void {
		const node = this.#nodes.get(stepNameOf(key));
		if (node === undefined) return;
		if (status === "completed") this.#walk.leave(node.id, { again: hasAnother(node, result) });
		else this.#walk.enter(node.id);
	}

	/** `currentStep`: left out, the one that comes next, if that is known. */
	view(currentStep: string | null = this.#walk.at): ProgressView {
		const { passed } = this.#walk;
		const ahead = this.#walk.ahead();
		let completedSteps = 0;
		let totalSteps = 0;
		for (const node of this.#nodes.keys()) {
			if (passed.has(node)) completedSteps++;
			if (passed.has(node) || ahead.has(node)) totalSteps++;
		}
		const progress = Math.floor((100 * completedSteps) / (totalSteps || 1));
		return {
			progress: Math.min(PROGRESS_MAX, progress),
			...{ currentStep, completedSteps, totalSteps },
		};
	}

	/** Of an instance that has completed. */
	end(): ProgressView {
		const { completedSteps } = this.view();
		return { progress: 100, currentStep: null, completedSteps, totalSteps: completedSteps };
	}

	/** The node that a step of the journal is of. */
	nodeOf(key: string): string | undefined {
		const name = stepNameOf(key);
		if (this.#nodes.has(name)) return name;
		const turning = name.endsWith(INTERVAL) ? name.slice(0, -INTERVAL.length) : "";
		return this.#nodes.has(turning) ? turning : undefined;
	}
}

export function progressOf(
	graph: Graph,
	status: WorkflowStatus,
	{ rows, running }: { rows: Iterable<StepRow>; running: readonly RunningAttempt[] },
): ProgressView {
	const progress = new Progress(graph);
	/** Nodes that are not over, or failed: the latest one last. */
	const current = new Set<string>();
	for (const row of inOrder(rows)) {
		progress.see(row);
		const node = progress.nodeOf(row.key);
		if (node !== undefined && row.status !== "completed") current.add(node);
	}
	if (status === "completed") return progress.end();
	for (const { key } of running) {
		progress.see({ key, status: "waiting", result: null });
		const node = progress.nodeOf(key);
		if (node !== undefined) current.add(node);
	}
	return progress.view([...current].at(-1));
}

/** Whether the turn that gave this result is followed by another. */
function hasAnother({ turns }: GraphNode, result: Encoded | null): boolean {
	if (turns === undefined || result === null) return false;
	const answer = decode(result) as Readonly<Record<string, unknown>> | null | undefined;
	return answer?.[turns.field] === turns.again;
}

/** By their outcomes, which have no gaps; then those that have none. */
function inOrder(rows: Iterable<StepRow>): StepRow[] {
	const ended: StepRow[] = [];
	const open: StepRow[] = [];
	for (const row of rows) {
		if (row.outcome === null) open.push(row);
		else ended[row.outcome - 1] = row;
	}
	return [...ended, ...open];
}
