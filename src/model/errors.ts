/**
 * The errors that this project throws on purpose, each with a stable `code`.
 *
 * Callers recognise an error by its `code`: class and prototype do not survive an RPC, and
 * messages may be reworded. How an error becomes a row or an HTTP answer is said elsewhere
 * (`error-record.ts`, `http/errors.ts`).
 */

import { shortened } from "./printable";

export const ERROR_CODES = [
	// The request is at fault and changed nothing.
	"VALIDATION_ERROR",
	"UNKNOWN_TYPE",
	"FORBIDDEN",
	"UNKNOWN_EVENT",
	"INSTANCE_NOT_FOUND",
	"INSTANCE_EXISTS",
	"IDEMPOTENCY_CONFLICT",
	"STEP_NOT_FOUND",
	"STEP_NOT_REPAIRABLE",
	"INSTANCE_FINISHED",
	"ILLEGAL_STATUS_CHANGE",
	"EVENT_BUFFER_FULL",
	"TYPE_INACTIVE",
	"REINDEX_RUNNING",
	"INSTANCE_REMOVED",
	"QUEUE_FULL",
	"TRY_AGAIN",
	"VALUE_NOT_STORABLE",
	"VALUE_TOO_LARGE",
	"SCHEDULE_NOT_FOUND",
	"SCHEDULE_EXISTS",
	"SCHEDULE_LIMIT",
	"JOB_NOT_FOUND",
	"BREAKER_NOT_FOUND",
	"DEFINITION_NOT_FOUND",
	"DEFINITION_EXISTS",
	"DEFINITION_IN_USE",
	"DEFINITION_LIMIT",
	"TYPE_REGISTERED",
	// A step or an instance failed.
	"NON_RETRYABLE",
	"STEP_TIMEOUT",
	"EVENT_TIMEOUT",
	"INSTANCE_TIMEOUT",
	"STEP_LIMIT",
	"PASS_LOST",
	"EXECUTION_FAILED",
	"PANIC",
	"CONCURRENCY_KEY",
	// As many follow the instance as may.
	"STREAM_LIMIT",
	"CIRCUIT_OPEN",
	"BREAKER_LIMIT",
	"SECRET_MISSING",
	// A place of a graph failed.
	"NODE_NOT_FOUND",
	"NODE_FAULT",
	"EXPRESSION_FAILED",
	"STATE_LOCKED",
	"STATE_TOO_LARGE",
	"SNAPSHOT_NOT_FOUND",
	"LOOP_LIMIT",
	"LOOP_TOO_FAST",
	"EXECUTION_LIMIT",
	"BRANCH_STOPPED",
	"BRANCHES_FAILED",
	"HTTP_STATUS",
	"HTTP_FAILED",
	"HTTP_FORBIDDEN",
	"HTTP_TOO_LARGE",
	"CHILD_FAILED",
	// The instance waits for a slot.
	"WAITING_FOR_SLOT",
	// The instance was stopped for repair.
	"NON_DETERMINISM",
	"TYPE_NOT_REGISTERED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of this project: `code` says which, `details` holds plain data about the fault. */
export class WorkflowError extends Error {
	override readonly name: string = "WorkflowError";

	constructor(
		readonly code: ErrorCode,
		message: string,
		readonly details?: Record<string, unknown>,
	) {
		super(message);
	}
}

/** Bad input: `details.path` (dotted) or `details.issues` says where. */
export class ValidationError extends WorkflowError {
	override readonly name = "ValidationError";

	constructor(message: string, details?: Record<string, unknown>) {
		super("VALIDATION_ERROR", message, details);
	}
}

/** A type that the registry does not have; `known` are those that it has. */
export function unknownType(type: string, known: Iterable<string>): WorkflowError {
	return new WorkflowError(
		"UNKNOWN_TYPE",
		`Unknown workflow type "${shortened(type)}". Known: ${[...known].join(", ")}.`,
	);
}

/** `used`: for what the key was used before. */
export function idempotencyConflict(key: string, used: string): WorkflowError {
	return new WorkflowError(
		"IDEMPOTENCY_CONFLICT",
		`The idempotency key "${key}" was used ${used} before, with other content. Use a new key for a new request.`,
		{ key },
	);
}

/**
 * Thrown by a step's function to say that trying again is pointless: the step fails at once,
 * whatever its retries.
 *
 * @example
 * if (card.expired) throw new NonRetryableError("card expired", { cause: answer });
 */
export class NonRetryableError extends Error {
	override readonly name = "NonRetryableError";
	readonly code = "NON_RETRYABLE";

	constructor(message = "not retryable", options?: ErrorOptions) {
		super(message, options);
	}
}

/** An attempt ran past the step's `timeout`. */
export class StepTimeoutError extends WorkflowError {
	override readonly name = "StepTimeoutError";

	constructor(message: string) {
		super("STEP_TIMEOUT", message);
	}
}

/** A `waitForEvent` saw no event before its `timeout`. */
export class EventTimeoutError extends WorkflowError {
	override readonly name = "EventTimeoutError";

	constructor(message: string) {
		super("EVENT_TIMEOUT", message);
	}
}

/** A step's circuit breaker let no attempt through; `details.retryAt` (ms since 1970) is when it may. */
export class CircuitOpenError extends WorkflowError {
	override readonly name = "CircuitOpenError";

	constructor(breaker: string, retryAt: number) {
		super(
			"CIRCUIT_OPEN",
			`The circuit breaker of step "${shortened(breaker)}" is open: its calls have failed too often in a row. It may be tried again at ${new Date(retryAt).toISOString()}.`,
			{ breaker, retryAt },
		);
	}
}

/**
 * The system is broken, not the step: the instance is `panicked`, and restarts with its completed
 * steps (`PanicOptions`). Thrown by a program or a step's function, it says just that. An instance
 * that panicked ends or waits with one whose `cause` is what was thrown; its `details` have the
 * `step` and `attempt` that threw it, both null for the program itself.
 */
export class PanicError extends WorkflowError {
	override readonly name = "PanicError";

	constructor(message = "panic", details?: Record<string, unknown>) {
		super("PANIC", message, details);
	}
}

/** The program took another way on replay than the journal records (G7). */
export class NonDeterminismError extends WorkflowError {
	override readonly name = "NonDeterminismError";

	constructor(message: string, details?: Record<string, unknown>) {
		super("NON_DETERMINISM", message, details);
	}
}
