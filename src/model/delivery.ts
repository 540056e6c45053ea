/**
 * Events on their way to a receiver: what a receiver is given, how often and when it is tried, and
 * the handlers that a service gives.
 */
import {
	type ChronicleEventData,
	type ChronicleEventName,
	type EventSubject,
	parseChosenEvent,
} from "./chronicle-events";
import { type Duration, durationMs } from "./duration";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";
import { printable } from "./printable";
import { type RetryOptions, type RetryPolicy, retryPolicy } from "./retry";

type DataOf<Name extends string> = Name extends ChronicleEventName
	? ChronicleEventData[Name] & EventSubject
	: EventSubject & Readonly<Record<string, unknown>>;

/** An event as a receiver is given it. */
export interface WorkflowEvent<Name extends string = string> {
	/** The same each time that the event is delivered, and no other event's. */
	readonly id: string;
	readonly name: Name;
	/** When it happened, in ms since 1970. */
	readonly at: number;
	/** Of delivering it, from 1. */
	readonly attempt: number;
	/** Plain JSON. */
	readonly data: DataOf<Name>;
}

/** A method's parameters are compared both ways, so that handlers of one event fit in. */
type AnyHandler = { handle(event: WorkflowEvent): unknown }["handle"];

type ChronicleHandlers = {
	[Name in ChronicleEventName]?: (event: WorkflowEvent<Name>) => unknown;
};

/**
 * Functions by the event that they are for: one of the chronicle's, one that programs emit, or `"*"`
 * for all. What one returns is waited for; what it throws makes it be called again later.
 *
 * @example
 * { "workflow.failed": async ({ data }) => alert(`${data.instanceId}: ${data.error}`) }
 */
export interface EventHandlers extends ChronicleHandlers {
	[event: string]: AnyHandler | undefined;
}

/** How often a receiver is tried with an event, and how long it may take. */
export interface DeliveryOptions {
	/**
	 * `limit` counts all attempts; past it, the event is a dead letter. Default: 10, the second one
	 * after 5 s, each further delay four times as long, up to 6 hours.
	 */
	retries?: Omit<RetryOptions, "retryOn">;
	/** Of each attempt. Default: 15 s. */
	timeout?: Duration | string;
}

export interface DeliveryPolicy {
	readonly retry: RetryPolicy;
	readonly timeoutMs: number;
}

export const DEFAULT_DELIVERY_POLICY: DeliveryPolicy = {
	retry: {
		limit: 10,
		delayMs: 5_000,
		backoff: "exponential",
		factor: 4,
		maxDelayMs: 6 * 3_600_000,
		jitter: 0.2,
		retryOn: undefined,
	},
	timeoutMs: 15_000,
};

/** A handler of a service. */
export interface EventHandler {
	/** `on:<event>` */
	readonly name: string;
	/** Null: all. */
	readonly events: ReadonlySet<string> | null;
	readonly policy: DeliveryPolicy;
	readonly handle: (event: WorkflowEvent) => unknown;
}

/** @throws {ValidationError} with the path of what is wrong. */
export function deliveryPolicy(
	{ retries = {}, timeout }: DeliveryOptions,
	path: string,
	base = DEFAULT_DELIVERY_POLICY,
): DeliveryPolicy {
	const timeoutMs = timeout === undefined ? base.timeoutMs : durationMs(timeout, `${path}timeout`);
	wholeNumber(timeoutMs, `${path}timeout in ms`, { min: 1, max: LIMITS.deliveryTimeoutMs });
	if ("retryOn" in retries) {
		throw new ValidationError(
			`${path}retries.retryOn: a delivery is tried again after every failure; leave it out.`,
			{ path: `${path}retries.retryOn` },
		);
	}
	let retry: RetryPolicy;
	try {
		retry = retryPolicy(retries, base.retry);
	} catch (error) {
		if (!(error instanceof ValidationError)) throw error;
		throw new ValidationError(`${path}${error.message}`, error.details);
	}
	wholeNumber(retry.limit, `${path}retries.limit`, { min: 1, max: LIMITS.deliveryAttempts });
	return { retry, timeoutMs };
}

/** Of a service as a whole. @throws {ValidationError} */
export function serviceDelivery(options: DeliveryOptions): DeliveryPolicy {
	requireKnown(options, ["retries", "timeout"], "delivery");
	return deliveryPolicy(options, "delivery.");
}

/** @throws {ValidationError} with the name under which no handler can be. */
export function eventHandlers(on: EventHandlers, policy: DeliveryPolicy): EventHandler[] {
	if (typeof on !== "object" || on === null) {
		throw new ValidationError(
			`on expects functions by the names of events; received ${printable(on)}.`,
			{ path: "on" },
		);
	}
	const entries = Object.entries(on);
	if (entries.length > LIMITS.eventHandlers) {
		throw new ValidationError(
			`on has at most ${LIMITS.eventHandlers} handlers; received ${entries.length}. Let one of "*" choose by the event's name.`,
			{ path: "on" },
		);
	}
	return entries.flatMap(([event, handle]) => {
		const path = `on["${event}"]`;
		if (handle === undefined) return [];
		const events = event === "*" ? null : new Set([parseChosenEvent(event, path)]);
		if (typeof handle !== "function") {
			throw new ValidationError(`${path} is a function; received ${printable(handle)}.`, { path });
		}
		return [{ name: `on:${event}`, events, policy, handle }];
	});
}

/**
 * The id of an event: unique to the instance, whose id may be given to another one later. It has no
 * dot, since in what is signed a dot ends it (Standard Webhooks); "~" is in no instance's id.
 */
export function deliveryId(
	{ id, createdAt }: { id: string; createdAt: number },
	key: string,
): string {
	return `evt_${id.replaceAll(".", "~")}_${createdAt.toString(36)}_${key}`;
}

/**
 * The data as they are delivered: where their JSON takes more than `LIMITS.eventDataBytes`, the
 * largest fields are left out, and named in `omitted`.
 */
export function fittedData(
	data: Readonly<Record<string, unknown>>,
	limitBytes: number = LIMITS.eventDataBytes,
): Readonly<Record<string, unknown>> {
	const fields = Object.entries(data).map(([name, value]) => {
		return { name, bytes: utf8Bytes(JSON.stringify(value) ?? "") };
	});
	let bytes = fields.reduce((sum, each) => sum + each.bytes, 0);
	if (bytes <= limitBytes) return data;
	const omitted: string[] = [];
	for (const field of fields.sort((a, b) => b.bytes - a.bytes)) {
		if (bytes <= limitBytes) break;
		bytes -= field.bytes;
		omitted.push(field.name);
	}
	const kept = Object.entries(data).filter(([name]) => !omitted.includes(name));
	return { ...Object.fromEntries(kept), omitted };
}

function utf8Bytes(text: string): number {
	return new TextEncoder().encode(text).byteLength;
}
