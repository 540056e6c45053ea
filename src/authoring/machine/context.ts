/**
 * `ctx`: what the code of a step is given besides its input. Made for each attempt; user code is
 * only ever called inside a step's function, so a replay calls none of it again.
 */
import type { RunInfo, Services, StepContext, StyleStep } from "../../engine/program";
import { stepInfo } from "../../model/http";
import { stepNameOf } from "../../model/ids";
import type { LogFields, LogLevel } from "../../model/log";
import { type Instance, stepResultsOf } from "./instance-shape";
import type { Core, Logger, Plugins, Untyped } from "./services";

export interface MachineContext<Input = Untyped, Steps = Record<string, Untyped>, Prev = Untyped> {
	/** What the instance was created with. */
	readonly input: Input;
	/** Outputs of the steps that have completed, by name; in a branch, also of those before it. */
	readonly steps: Readonly<Steps>;
	/** Output of the step before; undefined in the first one. */
	readonly prev: Prev;
	/** As `Workflows.getInstance` would show it now. */
	readonly instance: Instance;
	getStepResult<T>(stepName: string): T | undefined;
	readonly core: Core;
	readonly plugins: Plugins;
	/** As it is now, with what this attempt has set. */
	readonly metadata: Readonly<Record<string, Untyped>>;
	/**
	 * Kept with the step's outcome: once, over crashes and replays. Null takes the key away.
	 *
	 * @throws {WorkflowError} `VALUE_TOO_LARGE`, `VALUE_NOT_STORABLE`.
	 */
	setMetadata(key: string, value: unknown): Promise<void>;
	getMetadata<T>(key: string): T | undefined;
	/** Writes to the instance's log. */
	readonly logger: Logger;
	log(level: LogLevel, message: string, fields?: LogFields): void;
	/** Tells those who listen to the instance. An attempt that is made again tells it again. */
	emit(event: string, data?: unknown): Promise<void>;
	/** From 1; counts the step's attempts, over crashes too. */
	readonly attempt: number;
	/** The same for each attempt: give it to the other side, so that it recognises a repeated one. */
	readonly idempotencyKey: string;
	/** Aborted when the attempt times out, the instance ends, or a branch beside it has failed. */
	readonly signal: AbortSignal;
}

/** What a machine has done so far, as the code of its next step sees it. */
export interface Progress {
	readonly input: unknown;
	readonly prev: unknown;
	/** By name: outputs of completed steps. */
	results(): ReadonlyMap<string, unknown>;
	/** Of the branches that the step is in. */
	readonly signals: readonly AbortSignal[];
}

export interface Surroundings {
	readonly step: Pick<StyleStep, "views">;
	readonly run: RunInfo;
	readonly services: Services;
}

export function contextOf(
	progress: Progress,
	attempt: StepContext,
	surroundings: Surroundings,
): MachineContext {
	return new Context(progress, attempt, surroundings);
}

/**
 * Its methods are bound when they are asked for, so that a handler may take them out of it: most
 * attempts ask for few, and there is one of these for each.
 */
class Context implements MachineContext {
	readonly #progress: Progress;
	readonly #attempt: StepContext;
	readonly #step: Pick<StyleStep, "views">;
	readonly #run: RunInfo;
	readonly #services: Services;
	#steps: Record<string, unknown> | undefined;
	#signal: AbortSignal | undefined;

	constructor(progress: Progress, attempt: StepContext, { step, run, services }: Surroundings) {
		this.#progress = progress;
		this.#attempt = attempt;
		this.#step = step;
		this.#run = run;
		this.#services = services;
	}

	get input(): Untyped {
		return this.#progress.input;
	}

	get prev(): Untyped {
		return this.#progress.prev;
	}

	/** A copy, and a plain object: a transform may return it whole. */
	get steps(): Record<string, Untyped> {
		this.#steps ??= Object.fromEntries(this.#progress.results());
		return this.#steps;
	}

	get instance(): Instance {
		const { id, type, createdAt, startedAt } = this.#run;
		return {
			id,
			workflowName: type,
			status: "running",
			currentStep: stepNameOf(this.#attempt.key),
			input: this.#progress.input,
			stepResults: stepResultsOf(this.#step.views().map(stepInfo), { hasEnded: false }),
			metadata: this.metadata,
			createdAt: new Date(createdAt),
			startedAt: new Date(startedAt),
		};
	}

	get getStepResult() {
		return <T>(stepName: string) => this.#progress.results().get(stepName) as T | undefined; // The caller's word.
	}

	get core(): Core {
		// What the service was given is of the types that its project declares.
		return { ...this.#services.core, logger: this.logger } as unknown as Core;
	}

	get plugins(): Plugins {
		return (this.#services.plugins ?? {}) as Plugins;
	}

	get metadata(): Record<string, Untyped> {
		return this.#attempt.metadata;
	}

	get setMetadata() {
		return async (key: string, value: unknown): Promise<void> =>
			this.#attempt.setMetadata({ [key]: value });
	}

	get getMetadata() {
		return <T>(key: string): T | undefined => {
			const { metadata } = this.#attempt;
			return Object.hasOwn(metadata, key) ? (metadata[key] as T) : undefined; // The caller's word.
		};
	}

	get logger(): Logger {
		const { log } = this.#run;
		return {
			debug: (message, fields) => log("debug", message, fields),
			info: (message, fields) => log("info", message, fields),
			warn: (message, fields) => log("warn", message, fields),
			error: (message, fields) => log("error", message, fields),
		};
	}

	get log() {
		return (level: LogLevel, message: string, fields?: LogFields): void =>
			this.#run.log(level, message, fields);
	}

	/** Data that have no names are told as `value`. */
	get emit() {
		return async (event: string, data: unknown = {}): Promise<void> =>
			this.#run.emit(event, isPlain(data) ? data : { value: data });
	}

	get attempt(): number {
		return this.#attempt.attempt;
	}

	get idempotencyKey(): string {
		return this.#attempt.idempotencyKey;
	}

	get signal(): AbortSignal {
		const { signals } = this.#progress;
		this.#signal ??=
			signals.length === 0
				? this.#attempt.signal
				: AbortSignal.any([this.#attempt.signal, ...signals]);
		return this.#signal;
	}
}

function isPlain(data: unknown): data is LogFields {
	return (
		typeof data === "object" && data !== null && Object.getPrototypeOf(data) === Object.prototype
	);
}
