/** What sort of error one is (seed 003), and whether another attempt may go better. */
import type { ErrorCode } from "../../model/errors";
import { summaryOf } from "./outcome";

export interface ErrorInfo {
	type: "validation" | "configuration" | "runtime" | "state" | "system";
	severity: "warning" | "error" | "critical";
	/** Another attempt may go better. */
	recoverable: boolean;
	name: string;
	message: string;
	code: string | number | null;
	details: Record<string, unknown> | null;
}

type Sort = Pick<ErrorInfo, "type" | "severity" | "recoverable">;

const sort = (
	type: ErrorInfo["type"],
	severity: ErrorInfo["severity"],
	recoverable: boolean,
): Sort => ({ type, severity, recoverable });

const VALIDATION = sort("validation", "error", false);
const CONFIGURATION = sort("configuration", "error", false);
const PERMANENT = sort("runtime", "critical", false);
const PASSING = sort("system", "warning", true);
const BROKEN = sort("system", "critical", true);
/** What a node throws, as far as anybody knows. */
const RUNTIME = sort("runtime", "critical", true);

const SORTS: Readonly<Partial<Record<ErrorCode, Sort>>> = {
	VALIDATION_ERROR: VALIDATION,
	VALUE_NOT_STORABLE: VALIDATION,
	VALUE_TOO_LARGE: VALIDATION,
	NODE_NOT_FOUND: CONFIGURATION,
	NODE_FAULT: CONFIGURATION,
	EXPRESSION_FAILED: CONFIGURATION,
	HTTP_FORBIDDEN: CONFIGURATION,
	UNKNOWN_TYPE: CONFIGURATION,
	SECRET_MISSING: CONFIGURATION,
	NON_DETERMINISM: CONFIGURATION,
	TYPE_NOT_REGISTERED: CONFIGURATION,
	STATE_LOCKED: sort("state", "error", true),
	STATE_TOO_LARGE: sort("state", "error", false),
	SNAPSHOT_NOT_FOUND: sort("state", "error", false),
	NON_RETRYABLE: PERMANENT,
	LOOP_LIMIT: PERMANENT,
	LOOP_TOO_FAST: PERMANENT,
	EXECUTION_LIMIT: PERMANENT,
	STEP_LIMIT: PERMANENT,
	BRANCH_STOPPED: sort("runtime", "warning", false),
	BRANCHES_FAILED: PERMANENT,
	CHILD_FAILED: PERMANENT,
	INSTANCE_TIMEOUT: PERMANENT,
	EVENT_TIMEOUT: PERMANENT,
	HTTP_STATUS: sort("runtime", "error", false),
	HTTP_TOO_LARGE: PERMANENT,
	HTTP_FAILED: PASSING,
	STEP_TIMEOUT: PASSING,
	CIRCUIT_OPEN: PASSING,
	BREAKER_LIMIT: PASSING,
	QUEUE_FULL: PASSING,
	TRY_AGAIN: PASSING,
	PANIC: BROKEN,
	PASS_LOST: BROKEN,
};

/** Of anything that was thrown; by its code, since classes do not survive the journal. */
export function classify(error: unknown): ErrorInfo {
	const summary = summaryOf(error);
	return { ...sortOf(summary), ...summary, details: detailsOf(error) };
}

/** What the retries of a place ask. */
export function isRecoverable(error: unknown): boolean {
	return sortOf(summaryOf(error)).recoverable;
}

function sortOf({ name, code }: Pick<ErrorInfo, "name" | "code">): Sort {
	const known = typeof code === "string" ? SORTS[code as ErrorCode] : undefined;
	if (known !== undefined) return known;
	return name === "NonRetryableError" || name === FAILED ? PERMANENT : RUNTIME;
}

/** The name of the error that the node `fail` throws: its code is the definition's. */
export const FAILED = "WorkflowFailed";

function detailsOf(error: unknown): Record<string, unknown> | null {
	if (typeof error !== "object" || error === null || !("details" in error)) return null;
	const { details } = error;
	return typeof details === "object" && details !== null
		? (details as Record<string, unknown>)
		: null;
}
