/**
 * What a type says of itself in any style that is written in TypeScript, and the part of its
 * program that this becomes. How it runs is the style's.
 */
import type { Program } from "../engine/program";
import { type Duration, durationMs } from "../model/duration";
import { ValidationError } from "../model/errors";
import { parseEventName, parseTypeName } from "../model/ids";
import { LIMITS } from "../model/limits";
import { type PanicOptions, panicPolicy } from "../model/panic";
import { type RetryOptions, retryPolicy } from "../model/retry";
import { isSchema, type Schema } from "../model/standard-schema";
import { type TypeConfigOptions, typeConfig } from "../model/type-config";
import {
	type ConcurrencyOptions,
	concurrencyPolicy,
	type RateOptions,
	ratePolicy,
	retentionMs,
	shardCount,
	typeAbout,
} from "../model/type-policy";
import { type WebhookOptions, webhooks } from "../model/webhook";

/**
 * What a step takes where its own options say nothing. Durations are any string to the compiler,
 * since TypeScript widens those of a class's static members; they are checked at start.
 */
export interface WorkflowDefaults {
	retries?: RetryOptions;
	/** Of each attempt of a step. */
	timeout?: Duration | string;
}

export interface TypeDeclaration {
	/** Remembered by each instance that begins with it. */
	version?: string | undefined;
	defaults?: WorkflowDefaults | undefined;
	/** Of the whole instance: past it, the instance is `timed_out`. */
	timeout?: Duration | string | undefined;
	/**
	 * Event names, each with a Standard Schema or any other value. Declared: other events are
	 * refused. Left out: every event is taken.
	 */
	events?: object | undefined;
	/** What to do when a replay differs from the journal. Default `"pause"`. */
	onNonDeterminism?: "pause" | "fail" | undefined;
	/** What is done about errors that say the system is broken, not the step. */
	panic?: PanicOptions | undefined;
	/** For people who look through the catalogue of types. */
	description?: string | undefined;
	tags?: readonly string[] | undefined;
	/** Plain JSON. */
	metadata?: Readonly<Record<string, unknown>> | undefined;
	/** What the code is configured with: variables, and secrets as references to bindings. */
	config?: TypeConfigOptions | undefined;
	/** How many instances may be at work at once; see `ConcurrencyOptions`. */
	concurrency?: ConcurrencyOptions | undefined;
	/** How many instances may start in a stretch of time. */
	rate?: RateOptions | undefined;
	/** How long an ended instance is kept; 0: for ever. Default: 30 days. */
	retention?: Duration | string | 0 | undefined;
	/** Where what happens to its instances is posted, signed. Default: the service's. */
	webhooks?: readonly WebhookOptions[] | undefined;
	/** Index shards that new instances are spread over. Default 1; it can be raised at any time. */
	shards?: number | undefined;
}

/**
 * All of a program but its `run`; `payload` is what it is given when it is created.
 *
 * @throws {ValidationError} that names what was declared wrongly.
 */
export function declared(
	type: string,
	declaration: TypeDeclaration,
	payload: Schema | undefined,
): Omit<Program, "run"> {
	const { version, defaults = {}, timeout, events, concurrency, rate, retention } = declaration;
	return {
		type: parseTypeName(type),
		version: version === undefined ? null : parseVersion(version),
		retry: retryPolicy(defaults.retries ?? {}),
		stepTimeoutMs: optionalMs(defaults.timeout, "defaults.timeout"),
		timeoutMs: optionalMs(timeout, "timeout"),
		events: events === undefined ? null : eventSchemas(events),
		payload: payload ?? null,
		onNonDeterminism: declaration.onNonDeterminism ?? "pause",
		panic: panicPolicy(declaration.panic ?? {}),
		about: typeAbout(declaration),
		config: typeConfig(declaration.config ?? {}),
		concurrency: concurrency === undefined ? null : concurrencyPolicy(concurrency),
		rate: rate === undefined ? null : ratePolicy(rate),
		retentionMs: retention === undefined ? null : retentionMs(retention),
		webhooks: declaration.webhooks === undefined ? null : webhooks(declaration.webhooks),
		handlers: [],
		shards: shardCount(declaration.shards ?? 1),
		graph: null,
		isInline: false,
		inspect: null,
	};
}

function optionalMs(duration: Duration | string | undefined, what: string): number | null {
	return duration === undefined ? null : durationMs(duration, what);
}

function eventSchemas(events: object): Map<string, Schema | null> {
	return new Map(
		Object.entries(events).map(([name, entry]) => [
			parseEventName(name),
			isSchema(entry) ? entry : null,
		]),
	);
}

function parseVersion(version: string): string {
	if (typeof version === "string" && version !== "" && version.length <= LIMITS.versionLength) {
		return version;
	}
	throw new ValidationError(
		`A version is a string of 1 to ${LIMITS.versionLength} characters; received ${String(version)}.`,
	);
}
