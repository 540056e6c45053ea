/**
 * An instance as this style shows it, and what its end throws. Statuses are the project's own, but
 * for `errored`, which is `failed` here.
 */
import { fromThrownRecord, type ThrownRecord, thrownMessage } from "../../model/error-record";
import { PanicError, WorkflowError } from "../../model/errors";
import { type StepInfo, statusResponse, type WorkflowStatusResponse } from "../../model/http";
import type { InstanceView, StepStatus } from "../../model/rpc";
import type { WorkflowStatus } from "../../model/status";

export type ExecutionStatus = Exclude<WorkflowStatus, "errored"> | "failed";

/** How an instance stands. */
export interface ExecutionResult<Result = unknown> {
	executionId: string;
	status: ExecutionStatus;
	/** When its run began; when it was created, where it has not. */
	startedAt: Date;
	completedAt?: Date;
	/** What it ended with, panicked with, or was stopped for. */
	error?: Error;
	/** By key: the step's id, or `id#2` and so on; a handler's are `<step>/<id>`. */
	steps: Record<string, StepResult>;
	/** 1, and one more with each restart after a panic. */
	restartAttempt: number;
	/** What the handler returned; undefined until it has `completed`. */
	result: Result | undefined;
}

export interface StepResult {
	stepId: string;
	status: StepStatus;
	/** Undefined until it has `completed`. */
	result?: unknown;
	/** Of the step, or of its latest attempt while it is tried again. */
	error?: Error;
	/** Attempts that ended, plus the one that runs. */
	attempts: number;
	startedAt: Date;
	completedAt?: Date;
}

/** Where an execution failed: the step, the number of its last attempt, and what that threw. */
interface Failure {
	stepId: string;
	attempt: number;
	originalError: Error | undefined;
}

/** An execution has failed. `stepId` is `"unknown"` where no step did, but the workflow's own code. */
export class ExecutionError extends WorkflowError implements Failure {
	readonly stepId: string;
	readonly attempt: number;
	readonly originalError: Error | undefined;

	constructor(message: string, { stepId, attempt, originalError }: Failure) {
		super("EXECUTION_FAILED", message, { stepId, attempt });
		this.stepId = stepId;
		this.attempt = attempt;
		this.originalError = originalError;
	}
}

/** An execution has panicked. `stepId` is `"system"` where no step did, but the workflow's own code. */
export class ExecutionPanic extends PanicError implements Failure {
	readonly stepId: string;
	readonly attempt: number;
	readonly originalError: Error | undefined;

	constructor(message: string, { stepId, attempt, originalError }: Failure) {
		super(message, { step: stepId, attempt });
		this.stepId = stepId;
		this.attempt = attempt;
		this.originalError = originalError;
	}
}

export function executionResult<Result>(view: InstanceView): ExecutionResult<Result> {
	const status = statusResponse(view) as WorkflowStatusResponse<unknown, Result>;
	const { id, startedAt, createdAt, completedAt, errorDetails } = status;
	return {
		executionId: id,
		status: status.status === "errored" ? "failed" : status.status,
		startedAt: new Date(startedAt ?? createdAt),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
		...(errorDetails === null ? {} : { error: errorOf(errorDetails) }),
		steps: Object.fromEntries(status.steps.map((step) => [step.key, stepResult(step)])),
		restartAttempt: status.restartAttempt + 1,
		result: status.status === "completed" ? (status.result as Result) : undefined,
	};
}

/** The result. @throws {ExecutionPanic} {ExecutionError} for one that has panicked or failed. */
export function successOf<Result>(view: InstanceView): ExecutionResult<Result> {
	const { status, errorDetails, steps } = statusResponse(view);
	const isFailure = status === "errored" || status === "panicked" || status === "timed_out";
	if (!isFailure) return executionResult(view);
	const said = errorDetails === null ? status : thrownMessage(errorDetails);
	if (errorDetails !== null && "code" in errorDetails && errorDetails.code === "PANIC") {
		throw new ExecutionPanic(said, panicOf(errorDetails));
	}
	const failed = failedStep(steps, errorDetails);
	const originalError = errorDetails === null ? undefined : errorOf(errorDetails);
	if (failed === undefined) {
		throw new ExecutionError(`The execution failed: ${said}`, {
			...{ stepId: "unknown", attempt: 1, originalError },
		});
	}
	const { key: stepId, attempts: attempt } = failed;
	throw new ExecutionError(`Step "${stepId}" failed after ${attempt} attempts: ${said}`, {
		...{ stepId, attempt, originalError },
	});
}

function stepResult(step: StepInfo): StepResult {
	const { key, status, attempts, startedAt, completedAt, errorDetails } = step;
	return {
		stepId: key,
		status,
		attempts,
		startedAt: new Date(startedAt),
		...(status === "completed" ? { result: step.result } : {}),
		...(errorDetails === null ? {} : { error: errorOf(errorDetails) }),
		...(completedAt === null ? {} : { completedAt: new Date(completedAt) }),
	};
}

/** The step whose failure the program let through. */
function failedStep(steps: StepInfo[], error: ThrownRecord | null): StepInfo | undefined {
	return steps.findLast(
		({ status, errorDetails }) => status === "failed" && isSame(errorDetails, error),
	);
}

function panicOf(record: Exclude<ThrownRecord, { value: unknown }>): Failure {
	const { step, attempt } = (record.fields?.details ?? {}) as {
		step?: string | null;
		attempt?: number | null;
	};
	return {
		stepId: step ?? "system",
		attempt: attempt ?? 1,
		originalError: record.cause === undefined ? undefined : errorOf(record.cause),
	};
}

function isSame(a: ThrownRecord | null, b: ThrownRecord | null): boolean {
	if (a === null || b === null) return false;
	if ("value" in a || "value" in b) return thrownMessage(a) === thrownMessage(b);
	return a.name === b.name && a.message === b.message && a.stack === b.stack;
}

/** What was thrown, as an error: a value that is none is its message. */
function errorOf(record: ThrownRecord): Error {
	const thrown = fromThrownRecord(record);
	return thrown instanceof Error ? thrown : new Error(thrownMessage(record));
}
