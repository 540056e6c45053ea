/**
 * The shapes of the HTTP answers (seed 002, grown but never reduced), and how an object's answer
 * becomes one. Shared by the API, the library helpers, the CLI and the dashboard.
 */
import type { Attributes } from "./attributes";
import { decode, type Encoded } from "./codec";
import { decodeThrown, type ThrownRecord, thrownMessage } from "./error-record";
import { stepNameOf } from "./ids";
import type { IndexRow } from "./index-rpc";
import { LIMITS } from "./limits";
import type { LogLineView, LogPage } from "./log";
import { type Metadata, metadataOf } from "./metadata";
import type {
	AuditView,
	DeliveriesView,
	InstanceView,
	RunView,
	StepErrorView,
	StepKind,
	StepStatus,
	StepView,
} from "./rpc";
import type { WorkflowStatus } from "./status";

/** `GET /workflows/:id`; times in ms since 1970. */
export interface WorkflowStatusResponse<Payload = unknown, Result = unknown> {
	/** The id that the caller chose or was given. */
	id: string;
	type: string;
	/** The version of the type that the instance began with; null when the type has none. */
	version: string | null;
	status: WorkflowStatus;
	/** Why it is paused, backed off or ended; null where the status says all. */
	reason: string | null;
	payload: Payload;
	/** Null until the instance is `completed`. */
	result: Result | null;
	/** The error's message; `errorDetails` has the rest. */
	error: string | null;
	errorDetails: ThrownRecord | null;
	/** Empty when the request said `steps=false`. */
	steps: StepInfo[];
	/** When it wakes, or starts, by itself next; null when only something from outside moves it. */
	wakeAt: number | null;
	/** 1, and one more with each restart. */
	run: number;
	/** Restarts of the run after panics; the one that a panicked instance waits for is among them. */
	restartAttempt: number;
	attributes: Attributes;
	/** What the program has set, and requests have. */
	metadata: Metadata;
	priority: number;
	createdAt: number;
	/** When the run began; null: it has not. */
	startedAt: number | null;
	updatedAt: number;
	completedAt: number | null;
	/** Of types with a graph, such as state machines: 0 to 100. */
	progress?: number;
	/** The step that it is at, or failed at; null: none, or it has completed. */
	currentStep?: string | null;
	completedSteps?: number;
	/** Those, and the ones that can still come: an arm that was not chosen is none of them. */
	totalSteps?: number;
	/** With `include=audit`: every change asked for from outside, oldest first. */
	audit?: AuditView[];
	/** With `include=runs`: the runs before the latest, oldest first. */
	runs?: PastRun[];
	/** With `include=errors`: attempts that failed and panics, the latest ones, oldest first. */
	errors?: StepErrorInfo[];
	/** How many older ones the answer does not have. */
	errorsOmitted?: number;
	/** With `include=logs`: the first page of the log. */
	logs?: LogPageInfo;
	/** With `include=deliveries`: how far the receivers of its events are, and what they could not be told. */
	deliveries?: DeliveriesView;
}

/** An attempt of a step that failed, or a panic of the program itself. */
export interface StepErrorInfo {
	at: number;
	run: number;
	/** Key of the step; null: the program itself panicked. */
	step: string | null;
	attempt: number | null;
	isPanic: boolean;
	error: string;
	errorDetails: ThrownRecord;
}

/** `GET /workflows/:id/logs`. */
export interface LogPageInfo extends Omit<LogPage, "lines"> {
	lines: LogLineInfo[];
}

export interface LogLineInfo extends Omit<LogLineView, "fields"> {
	fields: Record<string, unknown> | null;
}

/** An earlier run, with those of its steps that the next one did not keep. */
export interface PastRun {
	run: number;
	status: WorkflowStatus;
	reason: string | null;
	result: unknown;
	error: string | null;
	errorDetails: ThrownRecord | null;
	startedAt: number | null;
	completedAt: number | null;
	steps: Omit<StepInfo, "wakeAt" | "parent">[];
}

export interface StepInfo {
	name: string;
	/** `name`, or `name#2` for the second call of that name, and so on. */
	key: string;
	/** Of a step that a handler asked for: the key of the step that it handles. */
	parent?: string;
	type: StepKind;
	/** Of types with a graph: the kind of its node (`task`, `poll`, …), or `interval` between turns. */
	node?: string;
	/** Of a wait: the name of the event that it is for. */
	event?: string;
	status: StepStatus;
	/** Attempts that ended, plus the one that runs. */
	attempts: number;
	result: unknown;
	/** The result is there, but the answer has no room for it: `LIMITS.statusResultsLength`. */
	resultOmitted?: true;
	/** Of the step, or of its latest attempt while it retries. */
	error: string | null;
	errorDetails: ThrownRecord | null;
	startedAt: number;
	/** When a sleep ends, a wait times out or the next attempt starts. */
	wakeAt: number | null;
	completedAt: number | null;
}

/** `GET /workflows?type=…` of one type. */
export interface TypeListing {
	type: string;
	instances: IndexRow[];
	/** For the query `cursor` of the next page; null: this is the last one. */
	nextCursor: string | null;
}

/** `GET /workflows` of any other number of types: one page over all of them. */
export interface Listing {
	workflows: Omit<TypeListing, "nextCursor">[];
	nextCursor: string | null;
}

/** Every error. */
export interface ErrorResponse {
	error: {
		code: string;
		message: string;
		details?: Record<string, unknown>;
		/** ISO 8601. */
		timestamp: string;
		requestId: string;
		/** The instance that the request was about. */
		executionId?: string;
	};
}

/** The status answer, its values live: `Date`s are `Date`s. */
export function statusResponse(view: InstanceView): WorkflowStatusResponse {
	return {
		id: view.id,
		type: view.type,
		version: view.version,
		status: view.status,
		reason: view.reason,
		payload: decode(view.payload),
		result: decodeOrNull(view.result),
		...errorFields(view.error),
		steps: view.steps.map(stepInfo),
		wakeAt: view.wakeAt,
		run: view.run,
		restartAttempt: view.restartAttempt,
		attributes: view.attributes,
		metadata: metadataOf(view.metadata),
		priority: view.priority,
		createdAt: view.createdAt,
		startedAt: view.startedAt,
		updatedAt: view.updatedAt,
		completedAt: view.completedAt,
		...view.progress,
		...(view.audit === undefined ? {} : { audit: view.audit }),
		...(view.runs === undefined ? {} : { runs: view.runs.map(pastRun) }),
		...(view.errors === undefined
			? {}
			: {
					errors: view.errors.entries.map(stepErrorInfo),
					errorsOmitted: view.errors.omitted,
				}),
		...(view.logs === undefined ? {} : { logs: logPageInfo(view.logs) }),
		...(view.deliveries === undefined ? {} : { deliveries: view.deliveries }),
	};
}

/** Values live, as in the status answer. */
export function logPageInfo({ lines, ...page }: LogPage): LogPageInfo {
	return {
		...page,
		lines: lines.map(({ fields, ...line }) => ({
			...line,
			fields: fields === null ? null : (decode(fields) as Record<string, unknown>),
		})),
	};
}

function stepErrorInfo({ error, ...entry }: StepErrorView): StepErrorInfo {
	const record = decodeThrown(error);
	return { ...entry, error: thrownMessage(record), errorDetails: record };
}

function pastRun({ result, error, steps, ...run }: RunView): PastRun {
	return {
		...run,
		result: decodeOrNull(result),
		...errorFields(error),
		steps: steps.map((step) => {
			const { wakeAt: _wakeAt, ...info } = stepInfo({ ...step, wakeAt: null });
			return info;
		}),
	};
}

/** As in the status answer. */
export function stepInfo(step: StepView): StepInfo {
	return {
		name: stepNameOf(step.key),
		key: step.key,
		...(step.parent === undefined ? {} : { parent: step.parent }),
		type: step.kind,
		...(step.node === undefined ? {} : { node: step.node }),
		...(step.event === undefined ? {} : { event: step.event }),
		status: step.status,
		attempts: step.attempts,
		result: decodeOrNull(step.result),
		...(step.resultOmitted ? { resultOmitted: true } : {}),
		...errorFields(step.error),
		startedAt: step.startedAt,
		wakeAt: step.wakeAt,
		completedAt: step.completedAt,
	};
}

function decodeOrNull(text: Encoded | null): unknown {
	return text === null ? null : decode(text);
}

function errorFields(text: Encoded | null): Pick<StepInfo, "error" | "errorDetails"> {
	if (text === null) return { error: null, errorDetails: null };
	const record = decodeThrown(text);
	return { error: thrownMessage(record), errorDetails: record };
}

/** The status answer as JSON; see `toJson` for the values in it. */
export function statusJson(status: WorkflowStatusResponse): unknown {
	return {
		...status,
		payload: toJson(status.payload),
		result: toJson(status.result),
		errorDetails: toJson(status.errorDetails),
		steps: status.steps.map((step) => ({
			...step,
			result: toJson(step.result),
			errorDetails: toJson(step.errorDetails),
		})),
		metadata: toJson(status.metadata),
		...(status.errors === undefined ? {} : { errors: toJson(status.errors) }),
		...(status.logs === undefined ? {} : { logs: logPageJson(status.logs) }),
	};
}

/** As `statusJson`. */
export function logPageJson(page: LogPageInfo): unknown {
	return toJson(page);
}

/**
 * `value` with everything that JSON lacks in the form in which people read it: dates as ISO 8601,
 * BigInt, RegExp and URL as text, a Map as an object (or as pairs when a key is no string), a Set
 * or typed array as an array, an array too long to be stored without holes as an object, special
 * numbers as text, `undefined` at the top as null.
 */
export function toJson(value: unknown): unknown {
	switch (typeof value) {
		case "bigint":
			return value.toString();
		case "number":
			return Number.isFinite(value) ? value : String(value);
		case "undefined":
			return null;
		case "object":
			return value === null ? null : objectToJson(value);
		default:
			return value;
	}
}

function objectToJson(value: object): unknown {
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
	if (value instanceof RegExp || value instanceof URL || value instanceof URLSearchParams) {
		return value.toString();
	}
	if (value instanceof Map) {
		const pairs = [...value].map(([key, item]) => [key, toJson(item)] as const);
		return pairs.every(([key]) => typeof key === "string")
			? Object.fromEntries(pairs)
			: pairs.map(([key, item]) => [toJson(key), item]);
	}
	if (value instanceof Set || (Array.isArray(value) && value.length <= LIMITS.valueBytes)) {
		return [...value].map(toJson);
	}
	if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
	if (ArrayBuffer.isView(value)) {
		if (value instanceof DataView) {
			return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
		}
		return Array.from(value as unknown as Iterable<number | bigint>, toJson);
	}
	const isPlain =
		Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
	if (!isPlain) return String(value);
	return Object.fromEntries(
		Object.entries(value)
			.filter(([, item]) => item !== undefined)
			.map(([key, item]) => [key, toJson(item)]),
	);
}
