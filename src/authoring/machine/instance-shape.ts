/**
 * An instance as the service of seed 004 shows it, and how the status answer of this project
 * becomes that.
 */
import type { WorkflowStatusResponse } from "../../model/http";
import type { WorkflowStatus } from "../../model/status";
import type { Untyped } from "./services";

export type InstanceStatus =
	| "pending"
	| "running"
	| "completed"
	| "failed"
	| "cancelled"
	| "timed_out";

export interface InstanceStep {
	/** In a branch `<parallel>/<branch>/<step>`. */
	stepName: string;
	status: "pending" | "running" | "completed" | "failed" | "skipped";
	output?: Untyped;
	error?: string;
	startedAt?: Date;
	completedAt?: Date;
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
		stepResults: Object.fromEntries(status.steps.map((step) => [step.name, stepOf(step)])),
		metadata: { ...metadata },
		createdAt: new Date(createdAt),
		...(startedAt === null ? {} : { startedAt: new Date(startedAt) }),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
	};
}

function stepOf(step: WorkflowStatusResponse["steps"][number]): InstanceStep {
	const { name, status, result, error, attempts, startedAt, completedAt } = step;
	return {
		stepName: name,
		status: STEP_STATUS[status],
		...(status === "completed" ? { output: result } : {}),
		...(error === null ? {} : { error }),
		startedAt: new Date(startedAt),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
		attempts,
	};
}
