/** The status answer of an instance, from its row, its steps and what is in flight. */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { attributesOf } from "../model/attributes";
import { type Graph, kindsOf } from "../model/graph";
import { stepNameOf } from "../model/ids";
import { LIMITS } from "../model/limits";
import type { InstanceView, StepView } from "../model/rpc";
import { isTerminal } from "../model/status";
import { isPast } from "./nesting";

/** A step function in flight; its step may have no row yet. */
export interface RunningAttempt {
	key: string;
	parent: string | null;
	attempt: number;
	startedAt: number;
}

/** `graph`: of the type's steps; null: none is known. */
export function describe(
	row: WorkflowRow,
	steps: Iterable<StepRow>,
	running: readonly RunningAttempt[],
	graph: Graph | null,
): InstanceView {
	const views = stepViews(steps, running, { hasEnded: isTerminal(row.status), graph });
	omitLargeResults(views);
	const { id, type, version, status, reason, payload, result, error } = row;
	const { run, restarts, metadata, priority, createdAt, startedAt, updatedAt, completedAt } = row;
	return {
		id,
		type,
		version,
		status,
		reason,
		payload,
		result,
		error,
		steps: views,
		wakeAt: wakeAt(row, views),
		run,
		restartAttempt: restarts,
		attributes: attributesOf(row.attributes),
		metadata,
		priority,
		createdAt,
		startedAt,
		updatedAt,
		completedAt,
	};
}

/** The steps that have begun, in the order in which they did, as a journal that is read anew has them. */
export function stepViews(
	steps: Iterable<StepRow>,
	running: readonly RunningAttempt[],
	{ hasEnded, graph }: { hasEnded: boolean; graph: Graph | null },
): StepView[] {
	const inFlight = new Map(running.map((attempt) => [attempt.key, attempt]));
	const sorted = [...steps].sort((a, b) => a.seq - b.seq);
	const rows = new Map(sorted.map((step) => [step.key, step]));
	const views = Array.from(rows.values(), (step) => {
		const isOver = hasEnded || isPast(step, (key) => rows.get(key));
		return stepView(step, isOver, inFlight.get(step.key));
	});
	for (const attempt of running) if (!rows.has(attempt.key)) views.push(firstAttempt(attempt));
	if (graph === null) return views;
	const kindOf = kindsOf(graph);
	return views.map((view) => {
		const node = kindOf(stepNameOf(view.key));
		return node === undefined ? view : { ...view, node };
	});
}

function stepView(row: StepRow, isOver: boolean, attempt: RunningAttempt | undefined): StepView {
	const { key, kind, attempts, result, error, startedAt, completedAt } = row;
	const parent = row.parent === null ? {} : { parent: row.parent };
	const event = row.event === null ? {} : { event: row.event };
	const view = { key, ...parent, kind, ...event, attempts, result, error, startedAt, completedAt };
	if (attempt !== undefined) {
		return { ...view, status: "running", attempts: attempt.attempt, wakeAt: null };
	}
	// A race's loser, or what was open when the instance or its handler ended, waits for nothing.
	if (isOver && row.outcome === null) return { ...view, status: "cancelled", wakeAt: null };
	return { ...view, status: row.status, wakeAt: row.status === "handling" ? null : row.wakeAt };
}

function firstAttempt({ key, parent, attempt, startedAt }: RunningAttempt): StepView {
	return {
		key,
		...(parent === null ? {} : { parent }),
		kind: "do",
		status: "running",
		attempts: attempt,
		result: null,
		error: null,
		startedAt,
		wakeAt: null,
		completedAt: null,
	};
}

function omitLargeResults(views: StepView[]): void {
	let length = 0;
	for (const view of views) {
		if (view.result === null) continue;
		length += view.result.length;
		if (length <= LIMITS.statusResultsLength) continue;
		view.result = null;
		view.resultOmitted = true;
	}
}

function wakeAt(row: WorkflowRow, steps: StepView[]): number | null {
	if (row.status === "created") return row.notBefore;
	if (row.status === "panicked") return row.notBefore ?? row.deadlineAt;
	if (row.status !== "sleeping" && row.status !== "waiting") return null;
	if (row.notBefore !== null) return row.notBefore;
	const moments = [row.deadlineAt, ...steps.map((step) => step.wakeAt)];
	const next = Math.min(...moments.map((moment) => moment ?? Number.POSITIVE_INFINITY));
	return Number.isFinite(next) ? next : null;
}
