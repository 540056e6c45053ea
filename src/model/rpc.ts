/**
 * The shapes that cross from a Worker to an object of the `WorkflowRunner` class.
 *
 * Values cross as `Encoded` text, since structured clone knows no `URL`. Errors cross as data,
 * since class and prototype do not survive: every call answers an `Answer`.
 */
import type { Attributes } from "./attributes";
import type { Encoded } from "./codec";
import { type ErrorCode, ValidationError, WorkflowError } from "./errors";
import type { WorkflowStatus } from "./status";

/** What every RPC returns: the value, or the error that the request caused. */
export type Answer<T> =
	| { ok: true; value: T }
	| { ok: false; error: { code: ErrorCode; message: string; details?: Record<string, unknown> } };

/** What answers the calls of an interface, before errors become data. */
export type Handlers<Rpc> = {
	readonly [Method in keyof Rpc]: Rpc[Method] extends (
		request: infer Request,
	) => Promise<Answer<infer Value>>
		? (request: Request) => Value | Promise<Value>
		: never;
};

/** An instance's object, as other objects and Workers call it. */
export interface InstanceRpc {
	create(request: CreateRequest): Promise<Answer<CreateReceipt>>;
	deliverEvent(request: EventRequest): Promise<Answer<null>>;
	pause(): Promise<Answer<StatusReceipt>>;
	resume(): Promise<Answer<StatusReceipt>>;
	terminate(): Promise<Answer<StatusReceipt>>;
	describe(request: DescribeRequest): Promise<Answer<InstanceView>>;
}

/** A shard's object. */
export interface ShardRpc {
	indexWrite(update: IndexUpdate): Promise<Answer<null>>;
	indexList(filter: IndexFilter): Promise<Answer<IndexRow[]>>;
}

export interface CreateRequest {
	type: string;
	id: string;
	payload: Encoded;
}

export interface CreateReceipt {
	id: string;
	type: string;
	status: WorkflowStatus;
}

export interface EventRequest {
	event: string;
	payload: Encoded;
}

export interface DescribeRequest {
	/** Without its steps an answer is small, however long the journal. */
	steps: boolean;
}

export interface StatusReceipt {
	status: WorkflowStatus;
}

export const STEP_KINDS = ["do", "sleep", "wait_for_event"] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/**
 * Where a step stands. `running` lives in memory only; `cancelled` is how an open step of a
 * finished instance is shown; the others are in the journal.
 */
export type StepStatus =
	| "running"
	| "retrying"
	| "sleeping"
	| "waiting"
	| "completed"
	| "failed"
	| "cancelled";

export interface StepView {
	key: string;
	kind: StepKind;
	status: StepStatus;
	attempts: number;
	result: Encoded | null;
	/** There is a result, but the answer had no room for it. */
	resultOmitted?: true;
	/** A `ThrownRecord`: of the step, or of its latest attempt while it retries. */
	error: Encoded | null;
	startedAt: number;
	wakeAt: number | null;
	completedAt: number | null;
}

/** All that the status answer says of an instance; times in ms since 1970. */
export interface InstanceView {
	id: string;
	type: string;
	version: string | null;
	status: WorkflowStatus;
	/** Why an instance is paused, backed off or ended, where its status alone does not say. */
	reason: string | null;
	payload: Encoded;
	result: Encoded | null;
	/** A `ThrownRecord`. */
	error: Encoded | null;
	/** Empty when they were not asked for. */
	steps: StepView[];
	/** When it wakes by itself next. */
	wakeAt: number | null;
	createdAt: number;
	updatedAt: number;
	completedAt: number | null;
}

/**
 * What a shard is told of an instance. A smaller `seq` never overwrites a larger one (G12), unless
 * its `createdAt` is later: then the id has been removed and given anew.
 */
export interface IndexUpdate {
	id: string;
	seq: number;
	status: WorkflowStatus;
	createdAt: number;
	updatedAt: number;
	/** Left out: none. */
	attributes?: Attributes | undefined;
	/** The instance is being removed, and its row is to go. */
	removed?: true | undefined;
}

export interface IndexFilter {
	status?: WorkflowStatus | undefined;
	limit: number;
}

export interface IndexRow {
	id: string;
	status: WorkflowStatus;
	createdAt: number;
	updatedAt: number;
}

/** The answer of `work`; an error that is not this project's own passes through. */
export async function answer<T>(work: () => T | Promise<T>): Promise<Answer<T>> {
	try {
		return { ok: true, value: await work() };
	} catch (error) {
		if (!(error instanceof WorkflowError)) throw error;
		const { code, message, details } = error;
		return { ok: false, error: details ? { code, message, details } : { code, message } };
	}
}

/** The value of an answer, or its error thrown again. */
export function unwrap<T>(given: Answer<T>): T {
	if (given.ok) return given.value;
	const { code, message, details } = given.error;
	if (code === "VALIDATION_ERROR") throw new ValidationError(message, details);
	throw new WorkflowError(code, message, details);
}
