/**
 * The program: what every authoring style compiles to, and the engine's only input.
 *
 * This file is the door between the two: `Step` is what user code is given, `Program` what the
 * engine runs, `Registry` what a service is made from. The engine never learns which style wrote
 * a program.
 *
 * A registry entry, as a style returns it:
 *
 *   { [toProgram]: () => ({
 *       type: "greet", version: "1", retry: DEFAULT_RETRY_POLICY, stepTimeoutMs: null,
 *       timeoutMs: null, events: null, payload: null, onNonDeterminism: "pause",
 *       panic: DEFAULT_PANIC_POLICY, config: NO_CONFIG,
 *       about: { description: null, tags: [], metadata: null },
 *       concurrency: null, rate: null, retentionMs: null, shards: 1, graph: null, isInline: false,
 *       inspect: null, webhooks: null, handlers: [],
 *       run: async (step, payload) => step.do("hello", () => `Hello, ${payload}!`),
 *   }) }
 */
import type { AttributeChanges } from "../model/attributes";
import type { BreakerPolicy } from "../model/breaker-rpc";
import {
	type DeliveryOptions,
	type EventHandler,
	type EventHandlers,
	eventHandlers,
	serviceDelivery,
} from "../model/delivery";
import type { Duration } from "../model/duration";
import { WorkflowError } from "../model/errors";
import type { Graph } from "../model/graph";
import { parseTypeName } from "../model/ids";
import type { LogFields, LogLevel } from "../model/log";
import type { Metadata, MetadataChanges } from "../model/metadata";
import type { PanicPolicy } from "../model/panic";
import type { RetryOptions, RetryPolicy } from "../model/retry";
import type { StepKind, StepStatus, StepView } from "../model/rpc";
import type { Schema } from "../model/standard-schema";
import type { WorkflowStatus } from "../model/status";
import type { TypeConfig } from "../model/type-config";
import {
	type ConcurrencyOptions,
	type ConcurrencyPolicy,
	concurrencyPolicy,
	type RatePolicy,
	retentionMs,
	type TypeAbout,
} from "../model/type-policy";
import { type Webhook, type WebhookOptions, webhooks, withPolicy } from "../model/webhook";

/** What the function of a step is told about its attempt. */
export interface StepContext {
	/** From 1; counts all attempts of the step, over crashes too. */
	readonly attempt: number;
	/** The step's key in the journal: its name, or `name#2` and so on. */
	readonly key: string;
	/**
	 * The same for each attempt, unique to instance and step (`<instance id>/<step key>`): give it
	 * to the other side so that an attempt repeated after a crash has no second effect.
	 */
	readonly idempotencyKey: string;
	/** Aborted when the attempt times out, the instance ends, or it is terminated. */
	readonly signal: AbortSignal;
	/** When the attempt began, in ms since 1970. */
	readonly startedAt: number;
	/** Of the instance, as it is now, with what this attempt has set. */
	readonly metadata: Metadata;
	/**
	 * Sets metadata of the instance, in the write that records how the step ended; an attempt that is
	 * followed by another sets nothing. Null takes a name away.
	 *
	 * @throws {WorkflowError} `VALUE_TOO_LARGE`, `VALUE_NOT_STORABLE`.
	 */
	setMetadata(changes: MetadataChanges): void;
}

export type StepFunction<T> = (context: StepContext) => Promise<T> | T;

export interface StepOptions {
	retries?: RetryOptions;
	/** Of each attempt. None unless the type's defaults say otherwise. */
	timeout?: Duration;
}

/** A failed attempt as its step's `onFailure` is told of it, on every replay the same. */
export interface FailedAttempt {
	/** Remade from its record. */
	readonly error: unknown;
	/** The names of the classes that it had when it was thrown, its own first. */
	readonly classes: readonly string[];
	/** From 1. */
	readonly attempt: number;
	/** Whether the step's retries have another attempt for it. */
	readonly canRetry: boolean;
}

/** After a failed attempt: the step is tried again, where it can be, or completes with the value. */
export type Handled = { readonly retry: true } | { readonly value: unknown };

/**
 * Decides on a failed attempt; what it throws, the step fails with. It may call steps, which are
 * journaled under the step that it is for. Replayed like `run()` itself until it has decided, and
 * never called again after that.
 */
export type FailureHandler = (failure: FailedAttempt) => Handled | Promise<Handled>;

export interface HandledStepOptions extends StepOptions {
	onFailure?: FailureHandler | undefined;
	/** Each attempt asks it first; one that is refused fails with a `CircuitOpenError`. */
	breaker?: BreakerPolicy | undefined;
}

export interface WaitOptions {
	/** From the first call on; then the wait throws an `EventTimeoutError`. Default: no end. */
	timeout?: Duration;
}

/** What `run()` is given: each call is a step of the journal, named by its first argument. */
export interface Step<Events extends object = Record<string, unknown>> {
	/**
	 * Runs `fn` until an attempt succeeds or its retries are spent, then records the outcome; a
	 * recorded outcome is returned, or thrown, without calling `fn` again.
	 *
	 * @example
	 * const receipt = await step.do("charge", ({ idempotencyKey }) => pay(order, idempotencyKey), {
	 *   retries: { limit: 5, delay: "10s" }, timeout: "30s",
	 * });
	 */
	do<T>(name: string, fn: StepFunction<T>, options?: StepOptions): Promise<T>;
	do<T>(name: string, options: StepOptions, fn: StepFunction<T>): Promise<T>;
	/**
	 * Sets what the instance is found by; null takes an attribute away.
	 *
	 * @throws {ValidationError} for more than 16 attributes, or values that are no short text or number.
	 * @example
	 * await step.setAttributes({ stage: "paid", total: 120 });
	 */
	setAttributes(changes: AttributeChanges): Promise<void>;
	/**
	 * Sets what the status answer shows as `metadata`: any data that can be stored, 8 KiB in all. Names
	 * that are not given stay; null takes one away.
	 *
	 * @throws {WorkflowError} `VALUE_TOO_LARGE`, `VALUE_NOT_STORABLE`.
	 * @example
	 * await step.setMetadata({ progress: { done: 3, of: 7 } });
	 */
	setMetadata(changes: MetadataChanges): Promise<void>;
	/** Waits for a length of time, counted from the first call. */
	sleep(name: string, duration: Duration): Promise<void>;
	/** Waits for a moment: a `Date`, or ms since 1970. A moment that has passed is no wait. */
	sleepUntil(name: string, moment: Date | number): Promise<void>;
	/**
	 * Waits for an event and returns its payload. The event has the step's name unless
	 * `options.event` says otherwise. An event delivered earlier is taken from the buffer.
	 *
	 * @throws {EventTimeoutError} past `options.timeout`.
	 */
	waitForEvent<K extends keyof Events & string>(name: K, options?: WaitOptions): Promise<Events[K]>;
	waitForEvent<K extends keyof Events & string>(
		name: string,
		options: WaitOptions & { event: K },
	): Promise<Events[K]>;
}

/** `Step` as the engine gives it to a style. */
export interface StyleStep extends Step {
	/** `do` with a handler of its failed attempts, or a circuit breaker. */
	doHandled<T>(name: string, fn: StepFunction<T>, options: HandledStepOptions): Promise<T>;
	/**
	 * The steps that have begun, in the order in which they did, as they stand now. For what is called
	 * inside a step's function: to a replay they do not look as they did.
	 */
	views(): readonly StepView[];
}

/** What `run()` is told of the run that it is. */
export interface RunInfo {
	/** Of the instance. */
	readonly id: string;
	readonly type: string;
	/** In ms since 1970. */
	readonly createdAt: number;
	/** When the run began, in ms since 1970. */
	readonly startedAt: number;
	/** 0, and one more with each panic that the run has gone on from. */
	readonly restartAttempt: number;
	/** Inside a step's function or handler: the number of its attempt; elsewhere 1. */
	readonly attempt: number;
	/**
	 * Adds a line to the instance's log, once: a replay does not repeat what is there. A line that a
	 * step's function writes is written with each attempt, and named by its step.
	 *
	 * @throws {ValidationError} for a level that is none.
	 * @example
	 * run.log("info", "order checked", { items: 3 });
	 */
	log(level: LogLevel, message: string, fields?: LogFields): void;
	/**
	 * Tells those who follow the instance of something of the program's own; kept, and written once,
	 * as a line of the log is.
	 *
	 * @throws {ValidationError} for a name that is none.
	 * @example
	 * run.emit("progress", { stage: "fetch" });
	 */
	emit(event: string, data?: LogFields): void;
}

export interface Program {
	readonly type: string;
	readonly version: string | null;
	readonly retry: RetryPolicy;
	/** Of each attempt of a step; null: none. */
	readonly stepTimeoutMs: number | null;
	/** Of the whole instance; null: none. */
	readonly timeoutMs: number | null;
	/** Declared events with their schemas, if they have one; null: any event is taken. */
	readonly events: ReadonlyMap<string, Schema | null> | null;
	readonly payload: Schema | null;
	/** What becomes of an instance whose replay differs from its journal (G7). */
	readonly onNonDeterminism: "pause" | "fail";
	/** What is done about errors that say the system is broken. */
	readonly panic: PanicPolicy;
	/** For people who look through the catalogue of types. */
	readonly about: TypeAbout;
	/** What its code is configured with; secrets by reference. */
	readonly config: TypeConfig;
	/** Null: the service's default. */
	readonly concurrency: ConcurrencyPolicy | null;
	/** Null: instances start as fast as they come. */
	readonly rate: RatePolicy | null;
	/** How long an ended instance is kept; 0: for ever; null: the service's default. */
	readonly retentionMs: number | null;
	/** Where its events are posted; null: the service's default. */
	readonly webhooks: readonly Webhook[] | null;
	/** The service's functions that are told of its events; styles give none. */
	readonly handlers: readonly EventHandler[];
	/** How many index shards new instances are spread over, from 1. */
	readonly shards: number;
	/** Its steps, where they are known beforehand: nodes are named as their steps in the journal are. */
	readonly graph: Graph | null;
	/** Whether a create waits for the instance to rest, and answers with its output if it has ended. */
	readonly isInline: boolean;
	/** Reads more in a journal than results, where the style keeps more there; null: nothing. */
	readonly inspect: Inspect | null;
	/**
	 * The key of the step with which begins what this step goes on with: a restart from the one is a
	 * restart from the other. Left out: each begins itself.
	 */
	readonly beginOf?: (key: string) => string;
	run(step: StyleStep, payload: unknown, run: RunInfo): Promise<unknown>;
}

/**
 * What a style makes of the journal of one of its instances, for people: plain JSON, by the fields
 * that are asked for.
 */
export type Inspect = (journal: InspectedJournal) => Readonly<Record<string, unknown>>;

export interface InspectedJournal {
	readonly payload: unknown;
	readonly status: WorkflowStatus;
	/** Those with an outcome, in the order of their outcomes; then the others, as they began. */
	readonly steps: readonly InspectedStep[];
}

export interface InspectedStep {
	/** Its name in the journal, and which call of that name it is, from 1. */
	readonly name: string;
	readonly call: number;
	readonly kind: StepKind;
	readonly status: StepStatus;
	readonly attempts: number;
	/** In ms since 1970, as the next. */
	readonly startedAt: number;
	readonly completedAt: number | null;
	readonly result: unknown;
	/** As it would be thrown; undefined: there is none. */
	readonly error: unknown;
}

/** The method by which a registry entry gives its program. */
export const toProgram: unique symbol = Symbol.for("durable-workflows.program") as never;

export interface ProgramSource {
	/** `services`: what the code is to be given; a service that only lists its types gives none. */
	[toProgram](services?: Services): Program;
}

/** What a service gives the code of its types, where their style hands it on. */
export interface Services {
	readonly core?: Readonly<Record<string, unknown>>;
	readonly plugins?: Readonly<Record<string, unknown>>;
	/** Functions of an input, by the name under which a step asks for one. */
	readonly jobs?: Readonly<Record<string, (input: never, ctx: never) => unknown>>;
}

/** Type name to what an authoring style returned. */
export type Registry = Readonly<Record<string, ProgramSource>>;

/** What types have that say nothing of it themselves. */
export interface ServiceDefaults {
	concurrency?: ConcurrencyOptions;
	retention?: Duration | string | 0;
	services?: Services;
	/** Functions that are told of events of all types' instances. */
	on?: EventHandlers;
	webhooks?: readonly WebhookOptions[];
	/** How these functions, and webhooks that say nothing of it, are tried. */
	delivery?: DeliveryOptions;
	/** What makes programs of stored definitions. Default: the service stores none. */
	definitions?: DefinitionSupport;
}

/** As `graphs()` of the library gives it. */
export interface DefinitionSupport {
	compile(definition: { hash: string; text: string }): Program;
}

/** The programs of a registry by type; throws when a key is not its program's type. */
export function programsOf(
	registry: Registry,
	defaults: ServiceDefaults = {},
): ReadonlyMap<string, Program> {
	const withDefaults = defaultsOf(defaults);
	const programs = new Map<string, Program>();
	for (const [key, source] of Object.entries(registry)) {
		const program = source[toProgram](defaults.services);
		parseTypeName(program.type);
		if (program.type !== key) {
			throw new WorkflowError(
				"VALIDATION_ERROR",
				`The registry has the type "${program.type}" under the key "${key}": use the type as the key.`,
			);
		}
		programs.set(key, withDefaults(program));
	}
	return programs;
}

/** What a program has that says nothing of it itself, and the handlers of the service. */
export function defaultsOf(
	defaults: Omit<ServiceDefaults, "services" | "definitions">,
): (program: Program) => Program {
	const { concurrency, retention, on = {} } = defaults;
	const slots = concurrency === undefined ? null : concurrencyPolicy(concurrency);
	const keptMs = retention === undefined ? null : retentionMs(retention);
	const delivery = serviceDelivery(defaults.delivery ?? {});
	const handlers = eventHandlers(on, delivery);
	const hooks = webhooks(defaults.webhooks ?? []);
	return (program) => ({
		...program,
		concurrency: program.concurrency ?? slots,
		retentionMs: program.retentionMs ?? keptMs,
		webhooks: (program.webhooks ?? hooks).map((webhook) => withPolicy(webhook, delivery)),
		handlers,
	});
}
