/**
 * An instance as the service of seed 004 shows it, and how the status answer of this project
 * becomes that.
 */
import type { StepInfo, WorkflowStatusResponse } from "../../model/http";
import { isTerminal, type WorkflowStatus } from "../../model/status";
import type { Untyped } from "./services";

export type InstanceStatus =
	| "pending"
	| "running"
	| "completed"
	| "failed"
	| "cancelled"
	| "timed_out";

/**
 * A step that has begun. A `parallel` step has none of its own, its branches' steps have. What a
 * step was given is not kept (`input`): it is what the step before gave, or what its mapper makes of
 * that.
 */
export interface InstanceStep {
	/** In a branch `<parallel>/<branch>/<step>`. */
	stepName: string;
	/** A poll that is not done is `running`; `skipped`: the instance ended before it did. */
	status: "pending" | "running" | "completed" | "failed" | "skipped";
	/** As `ctx.steps` has it; left out where the status answer has no room for it. */
	output?: Untyped;
	/** Of the step, or of its latest attempt. */
	error?: string;
	startedAt?: Date;
	completedAt?: Date;
	/** Those that have ended, and the one that runs; of the latest turn. A wait has none. */
	attempts: number;
}

export interface Instance {
	id: string;
	workflowName: string;
	status: InstanceStatus;
	currentStep?: string;
	input: Untyped;
	output?: Untyped;
	error?: string;
	/** By name; of a step that had several turns, the latest. */
	stepResults: Record<string, InstanceStep>;
	metadata?: Record<string, Untyped>;
	createdAt: Date;
	startedAt?: Date;
	completedAt?: Date;
}

/** What each status is to this service; a paused or panicked instance can still go on. */
export const INSTANCE_STATUS: Readonly<Record<WorkflowStatus, InstanceStatus>> = {
	created: "pending",
	running: "running",
	sleeping: "running",
	waiting: "running",
	paused: "running",
	panicked: "running",
	completed: "completed",
	errored: "failed",
	timed_out: "timed_out",
	terminated: "cancelled",
};

const STEP_STATUS = {
	running: "running",
	retrying: "running",
	handling: "running",
	sleeping: "running",
	waiting: "running",
	completed: "completed",
	failed: "failed",
	cancelled: "skipped",
} as const satisfies Record<string, InstanceStep["status"]>;

export function instanceOf(status: WorkflowStatusResponse): Instance {
	const { id, type, payload, result, error, currentStep } = status;
	const { metadata, createdAt, startedAt, completedAt } = status;
	return {
		id,
		workflowName: type,
		status: INSTANCE_STATUS[status.status],
		...(typeof currentStep === "string" ? { currentStep } : {}),
		input: payload,
		...(status.status === "completed" ? { output: result } : {}),
		...(error === null ? {} : { error }),
		stepResults: stepResultsOf(status.steps, { hasEnded: isTerminal(status.status) }),
		metadata: { ...metadata },
		createdAt: new Date(createdAt),
		...(startedAt === null ? {} : { startedAt: new Date(startedAt) }),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
	};
}

/** `steps`: in the order in which they began. */
export function stepResultsOf(
	steps: readonly StepInfo[],
	{ hasEnded }: { hasEnded: boolean },
): Record<string, InstanceStep> {
	const results = new Map<string, InstanceStep>();
	/** Of loops: how often they have gone back, since they last went on. */
	const turns = new Map<string, number>();
	for (const step of steps) {
		if (step.node === "interval") continue;
		const result = stepOf(step);
		if (step.node === "poll") endPoll(result, hasEnded);
		if (step.node === "loop") turns.set(step.name, endLoop(result, turns.get(step.name) ?? 0));
		results.set(step.name, result);
	}
	return Object.fromEntries(results);
}

function stepOf(step: StepInfo): InstanceStep {
	const { name, type, status, result, resultOmitted, error, attempts } = step;
	const { startedAt, completedAt } = step;
	const hasOutput = status === "completed" && type !== "sleep" && !resultOmitted;
	return {
		stepName: name,
		status: STEP_STATUS[status],
		...(hasOutput ? { output: result } : {}),
		...(error === null ? {} : { error }),
		startedAt: new Date(startedAt),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
		attempts,
	};
}

/** What the journal has of a turn is the answer of the check. */
function endPoll(step: InstanceStep, hasEnded: boolean): void {
	if (step.output === undefined) return;
	const { done, result } = step.output as { done: boolean; result?: unknown };
	if (done) {
		step.output = result;
		return;
	}
	step.status = hasEnded ? "skipped" : "running";
	delete step.output;
	delete step.completedAt;
}

/** Returns how often it has gone back since it last went on. */
function endLoop(step: InstanceStep, turns: number): number {
	if (step.output === undefined) return turns;
	const { again } = step.output as { again: boolean };
	step.output = { iterations: turns + (again ? 1 : 0) };
	return again ? turns + 1 : 0;
}
