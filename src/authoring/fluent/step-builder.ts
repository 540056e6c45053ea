/**
 * `ctx.step(id, fn)`: a step that can be awaited as it is, or told first what to do when it fails.
 *
 * It begins when it is awaited or executed, and otherwise in the microtask after it was made: so
 * steps side by side begin together, in the order in which they were written, and one that nobody
 * awaits runs as well. From then on it takes no more settings.
 */
import type { StepFunction, StepOptions, StyleStep } from "../../engine/program";
import type { BreakerOptions } from "../../model/breaker";
import type { BreakerPolicy } from "../../model/breaker-rpc";
import type { Duration } from "../../model/duration";
import { ValidationError } from "../../model/errors";
import type { RetryOptions } from "../../model/retry";
import { circuitBreaker, type RetryConfig, retryOptions } from "../configs";
import {
	type ErrorHandler,
	type ErrorHandlers,
	failureHandler,
	type HandledError,
	type Handlers,
} from "./handlers";

export interface CircuitBreakerConfig<Value, Context> extends BreakerOptions {
	/** Called in place of the step's function while the breaker is open; gives the step's result. */
	onOpen?: (ctx: Context, error: HandledError) => Value | Promise<Value>;
}

/** What was set of a step. */
interface Settings {
	options?: StepOptions;
	/** Of its context; not said here, so that a context of one input is one of an unknown input. */
	handlers?: Handlers<never>;
	breaker?: BreakerPolicy;
	/** The first setting that was wrong: the step fails with it, and does not begin. */
	fault?: { error: unknown };
}

const SETTLED = Promise.resolve();

/** What `onError` may give in place of the step's own result. */
type ResultOf<Given> = {
	[Name in keyof Given]: Given[Name] extends (...args: never) => infer Value
		? Awaited<Value>
		: never;
}[keyof Given];

/**
 * @example
 * const rate = await ctx.step("fetch-rate", () => fetchRate(currency))
 *   .withRetry({ maxAttempts: 5, backoffMs: 2_000 })
 *   .onError({ NotFound: () => 1 })
 *   .catch((error, ctx) => ctx.step("last-known-rate", lastKnownRate));
 */
export class StepBuilder<T, Context> implements PromiseLike<T> {
	readonly #id: string;
	readonly #fn: StepFunction<unknown>;
	readonly #step: StyleStep;
	readonly #ctx: Context;
	/** Undefined, as for most steps: there are none. */
	#settings: Settings | undefined;
	#outcome: Promise<T> | undefined;

	constructor(id: string, fn: StepFunction<T>, { step, ctx }: { step: StyleStep; ctx: Context }) {
		this.#id = id;
		this.#fn = fn;
		this.#step = step;
		this.#ctx = ctx;
		if (typeof fn !== "function") this.#set(() => requireFunction(fn, `ctx.step("${id}")`));
		// `queueMicrotask` is a call out of JavaScript, and costs a tenth of a step.
		void SETTLED.then(() => void this.execute());
	}

	/**
	 * Handlers of failed attempts, by the name of the error, then by its classes, then `default`.
	 * What one returns is the step's result. One that throws the very error that it was given asks
	 * for another attempt, where the retries have one; another error goes on to `catch`, then out.
	 */
	onError<Given extends ErrorHandlers<Context>>(
		handlers: Given,
	): StepBuilder<T | ResultOf<Given>, Context> {
		return this.#set((settings) => {
			requireHandlers(handlers, this.#id);
			settings.handlers = { ...settings.handlers, onError: handlers };
		});
	}

	/** Called once no attempt is left, or with what a handler threw; gives the step's result. */
	catch<Value>(handler: ErrorHandler<Value, Context>): StepBuilder<T | Awaited<Value>, Context> {
		return this.#set((settings) => {
			requireFunction(handler, `catch of step "${this.#id}"`);
			settings.handlers = { ...settings.handlers, catch: handler };
		});
	}

	/**
	 * Stops calling the function after so many failures in a row, over all instances of the type,
	 * until `resetTimeout` has passed. Without `onOpen`, an attempt that is refused fails with a
	 * `CircuitOpenError`.
	 */
	withCircuitBreaker<Value = never>(
		config: CircuitBreakerConfig<Value, Context>,
	): StepBuilder<T | Awaited<Value>, Context> {
		return this.#set((settings) => {
			settings.breaker = circuitBreaker(config, this.#id);
			const { onOpen } = config;
			if (onOpen === undefined) return;
			requireFunction(onOpen, `onOpen of step "${this.#id}"`);
			settings.handlers = { ...settings.handlers, onOpen };
		});
	}

	/** In place of what the type or the instance says. */
	withRetry(retry: RetryConfig | RetryOptions): StepBuilder<T, Context> {
		return this.#set((settings) => {
			settings.options = { ...settings.options, retries: retryOptions(retry) };
		});
	}

	/** Of each attempt. */
	withTimeout(timeout: Duration): StepBuilder<T, Context> {
		return this.#set((settings) => {
			settings.options = { ...settings.options, timeout };
		});
	}

	/** The step's result; the same each time, and the same as awaiting the builder. */
	execute(): Promise<T> {
		this.#outcome ??= this.#begin();
		return this.#outcome;
	}

	// biome-ignore lint/suspicious/noThenProperty: a step can be awaited as it is.
	then<Value = T, Otherwise = never>(
		onFulfilled?: ((value: T) => Value | PromiseLike<Value>) | null,
		onRejected?: ((reason: unknown) => Otherwise | PromiseLike<Otherwise>) | null,
	): Promise<Value | Otherwise> {
		return this.execute().then(onFulfilled, onRejected);
	}

	#begin(): Promise<T> {
		const [id, fn, settings] = [this.#id, this.#fn as StepFunction<T>, this.#settings];
		if (settings === undefined) return this.#step.do(id, fn);
		const { options, handlers, breaker, fault } = settings;
		if (fault !== undefined) return Promise.reject(fault.error);
		if (handlers === undefined && breaker === undefined) return this.#step.do(id, fn, options);
		const onFailure = handlers && failureHandler(handlers, this.#ctx as never);
		return this.#step.doHandled(id, fn, { ...options, onFailure, breaker });
	}

	/** A setting that is wrong fails the step, as a wrong id or function does. */
	#set(change: (settings: Settings) => void): StepBuilder<never, Context> {
		if (this.#outcome !== undefined) {
			throw new ValidationError(
				`Step "${this.#id}" has begun and takes no more settings. Set them where it is made: ctx.step(id, fn).onError(…).catch(…).`,
				{ path: this.#id },
			);
		}
		this.#settings ??= {};
		try {
			change(this.#settings);
		} catch (error) {
			this.#settings.fault ??= { error };
		}
		// Its result may now be another one's; the methods that say so have the type.
		return this as unknown as StepBuilder<never, Context>;
	}
}

function requireHandlers(handlers: unknown, id: string): void {
	const where = `onError of step "${id}"`;
	if (typeof handlers !== "object" || handlers === null || Object.keys(handlers).length === 0) {
		throw new ValidationError(
			`${where} expects handlers by error name, as in { TypeError: (error, ctx) => …, default: … }; received ${handlers === null ? "null" : typeof handlers}.`,
			{ path: where },
		);
	}
	for (const [name, handler] of Object.entries(handlers)) {
		requireFunction(handler, `onError.${name} of step "${id}"`);
	}
}

function requireFunction(given: unknown, where: string): void {
	if (typeof given === "function") return;
	throw new ValidationError(
		`${where} expects a function; received ${given === null ? "null" : typeof given}.`,
		{ path: where },
	);
}
