/**
 * Bulk jobs: one change to all instances that a filter means. A job is an object of its own
 * (`__job:<id>`), which works through them page by page.
 */
import { parseBy } from "./by";
import type { Encoded } from "./codec";
import { type ErrorCode, ValidationError, WorkflowError } from "./errors";
import { parseTypeName } from "./ids";
import type { IndexRow, InstanceFilter, Position } from "./index-rpc";
import { parseListOptions } from "./list-options";
import type { Answer, By } from "./rpc";

export const BULK_ACTIONS = [
	"pause",
	"resume",
	"terminate",
	"restart",
	"delete",
	"send-event",
] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

export type JobStatus = "running" | "completed" | "stopped";

export interface JobRequest {
	id: string;
	action: BulkAction;
	/** Of which types; all others are left alone. */
	types: readonly string[];
	filter: InstanceFilter;
	/** Last changed longer ago than this, by the clock of the job. */
	olderThanMs?: number | undefined;
	/** For `send-event`. */
	event?: { event: string; payload: Encoded } | undefined;
	/** Counts what the filter means, and changes nothing. */
	dryRun: boolean;
	/** Who asks, and why. */
	by: By;
}

/** `GET /bulk/:id`; times in ms since 1970. */
export interface BulkJob {
	id: string;
	action: BulkAction;
	filter: InstanceFilter & { type: readonly string[] };
	/** Of the event that is sent. */
	event: string | null;
	actor: string;
	reason: string | null;
	dryRun: boolean;
	status: JobStatus;
	/** Instances that were come by so far: the sum of the next three, save in a dry run. */
	matched: number;
	succeeded: number;
	/** Their status does not allow the change, or they are gone. */
	skipped: number;
	failed: number;
	/** The first hundred. */
	errors: BulkError[];
	/** Of a dry run: the first twenty ids. */
	sample: string[];
	createdAt: number;
	updatedAt: number;
	completedAt: number | null;
}

export interface BulkError {
	id: string;
	code: ErrorCode | "INTERNAL_ERROR";
	message: string;
}

/** What a job asks of one instance. */
export interface InstanceChange {
	/** An instance of another type, which was given the id of one that is gone, refuses. */
	types: readonly string[];
	action: BulkAction;
	/** For `send-event`. */
	event?: JobRequest["event"];
	by: By;
}

/** Instances in the order of their creation, from behind `after` on. */
export type ReadPage = (request: {
	types: readonly string[];
	filter: InstanceFilter;
	/** Null: from the beginning. */
	after: Position | null;
	limit: number;
}) => Promise<InstancePage>;

export interface InstancePage {
	rows: readonly (IndexRow & { type: string })[];
	/** Where the next page begins; null: there is none. */
	after: Position | null;
}

/** A job's object. */
export interface JobRpc {
	jobStart(request: JobRequest): Promise<Answer<BulkJob>>;
	jobDescribe(): Promise<Answer<BulkJob>>;
	/** Answers when what was under way is done and counted. */
	jobStop(): Promise<Answer<BulkJob>>;
}

/** Returns `request`, its filter checked, when it says what to do and to which types. */
export function parseJob(request: JobRequest): JobRequest {
	const { action, types, event } = request;
	if (!BULK_ACTIONS.includes(action)) {
		throw new ValidationError(
			`action is one of ${BULK_ACTIONS.join(", ")}; received ${String(action)}.`,
			{ path: "action" },
		);
	}
	if (types.length === 0) {
		throw new ValidationError("filter.type names at least one type; received none.", {
			path: "filter.type",
		});
	}
	types.forEach(parseTypeName);
	if ((action === "send-event") !== (event !== undefined)) {
		throw new ValidationError(
			`event goes with the action "send-event", and only with it; received the action "${action}" ${event === undefined ? "without" : "with"} an event.`,
			{ path: "event" },
		);
	}
	parseBy(request.by);
	return { ...request, filter: parseListOptions(request.filter).filter };
}

export function jobNotFound(): WorkflowError {
	return new WorkflowError(
		"JOB_NOT_FOUND",
		"There is no bulk job of this id. Jobs are kept for 30 days after their end.",
	);
}
