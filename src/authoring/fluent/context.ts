/** `ctx`: what a workflow of this style is given. Each call that waits is a step of the journal. */
import type { RunConfig } from "../../client/type-config";
import type { RunInfo, Step, StepFunction, StyleStep, WaitOptions } from "../../engine/program";
import type { AttributeChanges } from "../../model/attributes";
import type { Duration } from "../../model/duration";
import type { LogFields, LogLevel } from "../../model/log";
import type { MetadataChanges } from "../../model/metadata";
import type { TypeConfigOptions } from "../../model/type-config";
import { StepBuilder } from "./step-builder";

export interface WorkflowContext<
	Input = unknown,
	Events extends object = Record<string, unknown>,
	Config extends TypeConfigOptions = TypeConfigOptions,
> {
	readonly workflowName: string;
	/** The id of the instance. */
	readonly executionId: string;
	readonly input: Input;
	/** Inside a step's function or handler: the number of its attempt; elsewhere 1. */
	readonly attempt: number;
	/** 1, and one more with each panic that the run has gone on from. */
	readonly restartAttempt: number;
	/** Frozen. */
	readonly variables: RunConfig<Config>["variables"];
	/** Reading one whose binding is not there throws a `WorkflowError`, `SECRET_MISSING`. */
	readonly secrets: RunConfig<Config>["secrets"];
	readonly environment: string | null;
	/**
	 * A step: `fn` is called until an attempt succeeds or its retries are spent, and its result is
	 * kept. Awaited as it is, or after `.onError(…)`, `.catch(…)` and so on.
	 *
	 * @example
	 * const receipt = await ctx.step("charge", ({ idempotencyKey }) => pay(order, idempotencyKey));
	 */
	step<T>(id: string, fn: StepFunction<T>): StepBuilder<T, WorkflowContext<Input, Events, Config>>;
	/** Waits for a length of time (ms, or as in `"5m"`), counted from the first call. */
	sleep(id: string, duration: Duration): Promise<void>;
	/** Waits for a moment: a `Date`, or ms since 1970. */
	sleepUntil(id: string, moment: Date | number): Promise<void>;
	/** Waits for an event and returns its payload; it has the step's name unless `options.event` says otherwise. */
	readonly waitForEvent: Step<Events>["waitForEvent"];
	/** Adds a line to the instance's log, once: a replay does not repeat what is there. */
	log(level: LogLevel, message: string, fields?: LogFields): void;
	/** Sets what the status answer shows as `metadata`; null takes a name away. */
	setMetadata(changes: MetadataChanges): Promise<void>;
	/** Sets what the instance is found by; null takes an attribute away. */
	setAttributes(changes: AttributeChanges): Promise<void>;
}

export interface ContextParts {
	step: StyleStep;
	input: unknown;
	run: RunInfo;
	config: RunConfig;
}

/** Its methods are properties, so that a workflow may take them out of it. */
export class Context implements WorkflowContext {
	readonly #parts: ContextParts;

	constructor(parts: ContextParts) {
		this.#parts = parts;
	}

	get workflowName(): string {
		return this.#parts.run.type;
	}

	get executionId(): string {
		return this.#parts.run.id;
	}

	get input(): unknown {
		return this.#parts.input;
	}

	get attempt(): number {
		return this.#parts.run.attempt;
	}

	get restartAttempt(): number {
		return this.#parts.run.restartAttempt + 1;
	}

	get variables(): RunConfig["variables"] {
		return this.#parts.config.variables;
	}

	get secrets(): RunConfig["secrets"] {
		return this.#parts.config.secrets;
	}

	get environment(): string | null {
		return this.#parts.config.environment;
	}

	readonly step = <T>(id: string, fn: StepFunction<T>): StepBuilder<T, WorkflowContext> =>
		new StepBuilder<T, WorkflowContext>(id, fn, { step: this.#parts.step, ctx: this });

	readonly sleep = (id: string, duration: Duration): Promise<void> =>
		this.#parts.step.sleep(id, duration);

	readonly sleepUntil = (id: string, moment: Date | number): Promise<void> =>
		this.#parts.step.sleepUntil(id, moment);

	readonly waitForEvent = (
		id: string,
		options: WaitOptions & { event?: string } = {},
	): Promise<unknown> => {
		const { event = id, ...rest } = options;
		return this.#parts.step.waitForEvent(id, { ...rest, event });
	};

	readonly log = (level: LogLevel, message: string, fields?: LogFields): void =>
		this.#parts.run.log(level, message, fields);

	readonly setMetadata = (changes: MetadataChanges): Promise<void> =>
		this.#parts.step.setMetadata(changes);

	readonly setAttributes = (changes: AttributeChanges): Promise<void> =>
		this.#parts.step.setAttributes(changes);
}
