/**
 * The shapes that cross from a Worker to an object of the `WorkflowRunner` class.
 *
 * Values cross as `Encoded` text, since structured clone knows no `URL`. Errors cross as data,
 * since class and prototype do not survive: every call answers an `Answer`.
 */
import type { Reach } from "./access";
import type { AttributeChanges, Attributes } from "./attributes";
import type { BreakerRpc } from "./breaker-rpc";
import type { Encoded } from "./codec";
import type { DefinitionRpc } from "./definition";
import { type ErrorCode, ValidationError, WorkflowError } from "./errors";
import type { GuardRpc, SlotOffer, SlotUse } from "./guard-rpc";
import type { IndexUpdate, Page, PageRequest } from "./index-rpc";
import type { ShardStats } from "./index-stats";
import type { LogPage, LogRequest } from "./log";
import type { ReindexProgress, ReindexRequest } from "./reindex-rpc";
import type { ScheduleRpc } from "./schedule";
import type { WorkflowStatus } from "./status";
import type { TypeChange, TypeState } from "./type-state";

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
	pause(request: ChangeRequest): Promise<Answer<StatusReceipt>>;
	resume(request: ChangeRequest): Promise<Answer<StatusReceipt>>;
	terminate(request: ChangeRequest): Promise<Answer<StatusReceipt>>;
	restart(request: RestartRequest): Promise<Answer<StatusReceipt>>;
	repair(request: RepairRequest): Promise<Answer<StatusReceipt>>;
	changeMetadata(request: MetadataRequest): Promise<Answer<MetadataReceipt>>;
	redeliver(request: RedeliverRequest): Promise<Answer<StatusReceipt>>;
	remove(request: ChangeRequest): Promise<Answer<null>>;
	describe(request: DescribeRequest): Promise<Answer<InstanceView>>;
	/** As `describe`, once no pass is open or to begin at once; at the latest after a while. */
	rest(request: RestRequest): Promise<Answer<InstanceView>>;
	/** What its style reads in its journal. */
	inspect(): Promise<Answer<InspectionView>>;
	logs(request: LogRequest): Promise<Answer<LogPage>>;
	/** Server-sent events as text; null: there is no more to come. */
	stream(request: StreamRequest): Promise<Answer<ReadableStream<Uint8Array> | null>>;
	/** The guard of its type asks about its slot. */
	slot(offer: SlotOffer): Promise<Answer<SlotUse>>;
	/** What the index should say of it, for a shard that is made anew. */
	announce(): Promise<Answer<Announcement>>;
}

/** A shard's object. */
export interface ShardRpc extends GuardRpc, ScheduleRpc, BreakerRpc, DefinitionRpc {
	/** @throws `INSTANCE_REMOVED` for what is older than a removal. */
	indexWrite(update: IndexUpdate): Promise<Answer<null>>;
	/** What the shard hears of its instances from now on, or behind an event's id, as server-sent events. */
	follow(request: StreamRequest): Promise<Answer<ReadableStream<Uint8Array>>>;
	indexList(request: PageRequest): Promise<Answer<Page>>;
	indexStats(): Promise<Answer<ShardStats>>;
	/** To the first shard: a further one says that it has come into use. */
	joinShard(request: { shard: number }): Promise<Answer<null>>;
	/** To the first shard, as is the next one. */
	typeState(): Promise<Answer<TypeState>>;
	changeType(request: TypeChange): Promise<Answer<TypeState>>;
	/** @throws `REINDEX_RUNNING` */
	startReindex(request: ReindexRequest): Promise<Answer<ReindexProgress>>;
	reindexProgress(): Promise<Answer<ReindexProgress>>;
}

/** Who asks for a change, and why; kept in the instance's audit. */
export interface By {
	/** Free text: a person, a Worker, `schedule:<id>`, `bulk:<id>`. */
	actor: string;
	reason?: string | undefined;
	/** Idempotency key: the same change asked for again with it changes nothing more. */
	key?: string | undefined;
}

/** A change that needs no more than its name. An older client sends nothing. */
export interface ChangeRequest extends Reach {
	by?: By | undefined;
}

export interface CreateRequest extends ChangeRequest {
	type: string;
	id: string;
	payload: Encoded;
	attributes?: AttributeChanges | undefined;
	/** Of those that wait for a slot, a larger one starts sooner. Default 0. */
	priority?: number | undefined;
	/** What holds for it in place of its type's options: see `overridesText`. */
	overrides?: string | undefined;
	/** The hash of the stored definition that it begins with. Default: the type's current one. */
	definition?: string | undefined;
	/** Told how it ends. */
	parent?: ParentRef | undefined;
	/** Not before this moment, in ms since 1970, or this long from now. */
	startAt?: number | undefined;
	delayMs?: number | undefined;
	/** What to do when the id exists with this type. Default `"error"`. */
	onConflict?: "error" | "return" | undefined;
	/** Delivered to the instance, new or not: start or signal. */
	event?: { event: string; payload: Encoded } | undefined;
}

/** An instance that waits for the end of another: it comes as an event with a `ChildEnd`. */
export interface ParentRef {
	id: string;
	event: string;
}

/** How an instance ended, as its parent is told. */
export type ChildEnd =
	| { status: "completed"; result: unknown }
	| {
			status: "errored" | "timed_out" | "terminated";
			/** Why, where there is a reason. */
			error?: { name: string; message: string; code?: string | number };
	  };

export interface StreamRequest extends Reach {
	/** The id of the last event that was read. Default: from the beginning. */
	from?: string | undefined;
	/** The names of those that are wanted. Default: all. */
	events?: readonly string[] | undefined;
}

export interface CreateReceipt {
	id: string;
	type: string;
	status: WorkflowStatus;
	/** False: it was there before, and `onConflict`, the event or the idempotency key allow that. */
	created: boolean;
	/** The type's instances are to be waited for until they rest; see `rest`. */
	isInline?: true;
}

export interface EventRequest extends ChangeRequest {
	event: string;
	payload: Encoded;
}

export interface MetadataRequest extends ChangeRequest {
	/** Of `MetadataChanges`. */
	changes: Encoded;
}

export interface RedeliverRequest extends ChangeRequest {
	/** Whose dead letters are delivered once more. Default: of all receivers of the type. */
	receiver?: string | undefined;
}

export interface RestartRequest extends ChangeRequest {
	/**
	 * Key of the step to start again from; what was recorded before it is kept. Default: from the top,
	 * or where it stands, if it is `panicked`.
	 */
	from?: string | undefined;
}

/** What an operator does to a step that went wrong, or that takes too long. */
export type RepairRequest = ChangeRequest & { step: string } & (
		| {
				/** Gives a failed step a result; what was recorded after it goes. */
				action: "set-output";
				output: Encoded;
		  }
		| {
				/** Gives a waiting, sleeping, retrying or failed step a result (undefined unless given). */
				action: "skip";
				output?: Encoded | undefined;
		  }
		/** Ends a sleep now. */
		| { action: "fire-sleep" }
		/** Starts the next attempt of a retrying step now. */
		| { action: "retry-now" }
	);

export const INCLUDES = ["audit", "runs", "errors", "logs", "deliveries"] as const;
export type Include = (typeof INCLUDES)[number];

export interface DescribeRequest extends Reach {
	/** Without its steps an answer is small, however long the journal. */
	steps: boolean;
	include?: readonly Include[] | undefined;
}

/** An instance without its steps, and what its style reads in them. */
export interface InspectionView {
	view: InstanceView;
	/** The hash of the stored definition that it carries; null: none. */
	definition: string | null;
	/** Plain JSON; null: its style reads nothing there. */
	found: Record<string, unknown> | null;
}

export interface RestRequest extends DescribeRequest {
	/** Default and maximum: `LIMITS.restMs`. */
	patienceMs?: number | undefined;
}

/** An instance's word for the index. */
export interface Announcement {
	type: string;
	/** The number of the shard that lists it. */
	shard: number;
	update: IndexUpdate;
}

export interface StatusReceipt {
	status: WorkflowStatus;
}

export interface MetadataReceipt extends StatusReceipt {
	/** All that there is now. */
	metadata: Encoded | null;
}

export const STEP_KINDS = [
	"do",
	"sleep",
	"wait_for_event",
	"set_attributes",
	"set_metadata",
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/**
 * Where a step stands. `running` lives in memory only; `cancelled` is how an open step is shown
 * once the instance, or the handler that asked for it, has ended; the others are in the journal.
 */
export const STEP_STATUSES = [
	"running",
	"retrying",
	// An attempt failed, and its handler decides what comes of that.
	"handling",
	"sleeping",
	"waiting",
	"completed",
	"failed",
	"cancelled",
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export interface StepView {
	key: string;
	/** Of a step that a handler asked for: the key of the step that it handles. */
	parent?: string;
	kind: StepKind;
	/** Of types with a graph: the kind of its node; of what waits between a node's turns, `interval`. */
	node?: string;
	/** Of a wait: the name of the event that it is for. */
	event?: string;
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

export const AUDIT_ACTIONS = [
	"create",
	"event",
	"pause",
	"resume",
	"terminate",
	"restart",
	"set-output",
	"skip",
	"fire-sleep",
	"retry-now",
	"set-metadata",
	"redeliver",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** A change that was asked for from outside. */
export interface AuditView {
	at: number;
	actor: string;
	action: AuditAction;
	reason: string | null;
	key: string | null;
	detail: Record<string, unknown> | null;
}

/** A run before the latest, with those of its steps that the next one did not keep. */
export interface RunView {
	run: number;
	status: WorkflowStatus;
	reason: string | null;
	result: Encoded | null;
	error: Encoded | null;
	startedAt: number | null;
	completedAt: number | null;
	steps: Omit<StepView, "wakeAt" | "parent">[];
}

/** A failed attempt of a step, or a panic of the program itself. */
export interface StepErrorView {
	at: number;
	run: number;
	/** Key of the step; null: the program itself panicked. */
	step: string | null;
	attempt: number | null;
	isPanic: boolean;
	/** A `ThrownRecord`. */
	error: Encoded;
}

/** How far a receiver of an instance's events is. */
export interface ReceiverView {
	/** `on:<event>` or `webhook:<hash of its URL>` */
	receiver: string;
	/** Of a webhook, without what may be behind a "?". */
	url: string | null;
	/** What it is told of; null: all. */
	events: string[] | null;
	/** An event waits to be delivered, or is being delivered. */
	isBehind: boolean;
	/** The id, in the instance's stream, of the latest event that it has passed; null: none. */
	place: string | null;
	/** Attempts at its next event that have begun. */
	attempts: number;
	/** When the next one is, in ms since 1970; null: now, or never. */
	retryAt: number | null;
	/** Why the latest attempt failed. */
	error: string | null;
	/** Its latest event is a dead letter: each further one has one attempt, until one arrives. */
	isDown: boolean;
}

/** An event that could not be delivered. */
export interface DeadLetterView {
	receiver: string;
	/** The id under which it was delivered. */
	id: string;
	name: string;
	at: number;
	data: Record<string, unknown>;
	attempts: number;
	error: string | null;
	diedAt: number;
}

export interface DeliveriesView {
	receivers: ReceiverView[];
	/** Oldest first, and how many older ones the answer has no room for. */
	deadLetters: DeadLetterView[];
	deadLettersOmitted: number;
}

/** How far an instance of a type with a graph is. */
export interface ProgressView {
	/** 0 to 100. */
	progress: number;
	/** The step that it is at, or failed at; null: none, or it has completed. */
	currentStep: string | null;
	completedSteps: number;
	/** Those, and the ones that can still come. */
	totalSteps: number;
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
	/** When it wakes, or starts, by itself next. */
	wakeAt: number | null;
	/** 1, and one more with each restart. */
	run: number;
	/** Restarts of the run after panics; the one that a panicked instance waits for is among them. */
	restartAttempt: number;
	attributes: Attributes;
	metadata: Encoded | null;
	priority: number;
	createdAt: number;
	/** When the first pass of the run began. */
	startedAt: number | null;
	updatedAt: number;
	completedAt: number | null;
	/** Of types with a graph. */
	progress?: ProgressView;
	/** Where they were asked for. */
	audit?: AuditView[];
	runs?: RunView[];
	/** Oldest first, and how many older ones there were. */
	errors?: { entries: StepErrorView[]; omitted: number };
	logs?: LogPage;
	deliveries?: DeliveriesView;
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
