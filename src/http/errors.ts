/**
 * Every error becomes one shape (`ErrorResponse`); the project's codes become HTTP statuses here
 * and nowhere else. An error that nobody meant is a 500 with a request id and no internals.
 */
import type { Context, ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorCode, WorkflowError } from "../model/errors";
import type { ErrorResponse } from "../model/http";
import type { AppContext } from "./app";

/** A refusal that exists in HTTP only. */
export class HttpFault extends Error {
	constructor(
		readonly status: ContentfulStatusCode,
		readonly code: string,
		message: string,
		readonly headers: Record<string, string> = {},
	) {
		super(message);
	}
}

export const STATUS_OF_CODE: Record<ErrorCode, ContentfulStatusCode> = {
	VALIDATION_ERROR: 400,
	UNKNOWN_TYPE: 400,
	UNKNOWN_EVENT: 400,
	VALUE_NOT_STORABLE: 400,
	FORBIDDEN: 403,
	INSTANCE_NOT_FOUND: 404,
	SCHEDULE_NOT_FOUND: 404,
	JOB_NOT_FOUND: 404,
	BREAKER_NOT_FOUND: 404,
	DEFINITION_NOT_FOUND: 404,
	DEFINITION_EXISTS: 409,
	DEFINITION_IN_USE: 409,
	DEFINITION_LIMIT: 409,
	TYPE_REGISTERED: 409,
	INSTANCE_EXISTS: 409,
	IDEMPOTENCY_CONFLICT: 422,
	STEP_NOT_FOUND: 404,
	STEP_NOT_REPAIRABLE: 409,
	INSTANCE_FINISHED: 409,
	ILLEGAL_STATUS_CHANGE: 409,
	TYPE_NOT_REGISTERED: 409,
	TYPE_INACTIVE: 409,
	REINDEX_RUNNING: 409,
	INSTANCE_REMOVED: 409,
	SCHEDULE_EXISTS: 409,
	SCHEDULE_LIMIT: 409,
	VALUE_TOO_LARGE: 413,
	EVENT_BUFFER_FULL: 429,
	QUEUE_FULL: 429,
	STREAM_LIMIT: 429,
	TRY_AGAIN: 503,
	// These fail steps and instances; no request is answered with them.
	NON_RETRYABLE: 500,
	STEP_TIMEOUT: 500,
	EVENT_TIMEOUT: 500,
	INSTANCE_TIMEOUT: 500,
	STEP_LIMIT: 500,
	PASS_LOST: 500,
	EXECUTION_FAILED: 500,
	PANIC: 500,
	CONCURRENCY_KEY: 500,
	CIRCUIT_OPEN: 500,
	BREAKER_LIMIT: 500,
	SECRET_MISSING: 500,
	NODE_NOT_FOUND: 500,
	NODE_FAULT: 500,
	EXPRESSION_FAILED: 500,
	STATE_LOCKED: 500,
	STATE_TOO_LARGE: 500,
	SNAPSHOT_NOT_FOUND: 500,
	LOOP_LIMIT: 500,
	LOOP_TOO_FAST: 500,
	EXECUTION_LIMIT: 500,
	BRANCH_STOPPED: 500,
	BRANCHES_FAILED: 500,
	HTTP_STATUS: 500,
	HTTP_FAILED: 500,
	HTTP_FORBIDDEN: 500,
	HTTP_TOO_LARGE: 500,
	CHILD_FAILED: 500,
	WAITING_FOR_SLOT: 500,
	NON_DETERMINISM: 500,
};

/** Codes of refusals that exist in HTTP only. */
export const HTTP_CODES = {
	UNAUTHORIZED: 401,
	ROUTE_NOT_FOUND: 404,
	NO_GRAPH: 404,
	NO_EXECUTION: 404,
	METHOD_NOT_ALLOWED: 405,
	BODY_TOO_LARGE: 413,
	UNSUPPORTED_MEDIA_TYPE: 415,
	INTERNAL_ERROR: 500,
	ACCESS_NOT_CONFIGURED: 503,
} as const;

export const answerError: ErrorHandler<AppContext> = (error, c) => {
	if (error instanceof HttpFault) {
		return errorResponse(c, error.status, error, undefined, error.headers);
	}
	if (error instanceof WorkflowError) {
		return errorResponse(c, STATUS_OF_CODE[error.code], error, error.details);
	}
	if (error instanceof HTTPException && error.cause instanceof HttpFault) {
		return answerError(error.cause, c);
	}
	console.error(`request ${c.get("requestId")} failed`, error);
	const message =
		"The request failed by a fault of the service. Its log has more by the request id.";
	return errorResponse(c, 500, { code: "INTERNAL_ERROR", message });
};

export const notFound: NotFoundHandler<AppContext> = (c) =>
	errorResponse(c, 404, {
		code: "ROUTE_NOT_FOUND",
		message: `There is no route ${c.req.method} ${c.req.path}. The README lists the routes.`,
	});

/** The last handler of a path: what comes here came with another method. */
export function methodNotAllowed(allowed: string) {
	return (c: Context): never => {
		throw new HttpFault(
			405,
			"METHOD_NOT_ALLOWED",
			`${c.req.path} takes ${allowed}; received ${c.req.method}.`,
			{ Allow: allowed },
		);
	};
}

function errorResponse(
	c: Context<AppContext>,
	status: ContentfulStatusCode,
	{ code, message }: { code: string; message: string },
	details?: Record<string, unknown>,
	headers: Record<string, string> = {},
): Response {
	const executionId = c.req.param("id") ?? c.get("executionId");
	const body: ErrorResponse = {
		error: {
			code,
			message,
			...(details === undefined ? {} : { details }),
			timestamp: new Date().toISOString(),
			requestId: c.get("requestId"),
			...(executionId === undefined ? {} : { executionId }),
		},
	};
	return c.json(body, status, headers);
}
