/**
 * What a step of this style does about a failed attempt. In this order, each part only if the step
 * has it:
 *
 * 1. `onOpen`, where the circuit breaker refused the attempt; else the handler of `onError` that
 *    fits the error. What it returns is the step's result.
 * 2. Without one, or where it throws the very error that it was given: the next attempt, as long
 *    as the retries allow it.
 * 3. `catch`, with the error of the last attempt or what the handler threw in its place. What it
 *    returns is the step's result.
 * 4. The step fails: with that error, or with what `catch` threw.
 */
import type { FailedAttempt, FailureHandler } from "../../engine/program";

/** An error as a handler is given it: its own fields are those that could be stored. */
export type HandledError = Error & { readonly [field: string]: unknown };

export type ErrorHandler<Value, Context> = (
	error: HandledError,
	ctx: Context,
) => Value | Promise<Value>;

/**
 * Handlers by the name of the error, or of a class that it is of; `default` takes all others.
 */
export type ErrorHandlers<Context> = Readonly<Record<string, ErrorHandler<unknown, Context>>>;

export interface Handlers<Context> {
	onOpen?: ((ctx: Context, error: HandledError) => unknown) | undefined;
	onError?: ErrorHandlers<Context> | undefined;
	catch?: ErrorHandler<unknown, Context> | undefined;
}

export function failureHandler<Context>(handlers: Handlers<Context>, ctx: Context): FailureHandler {
	return async (failure) => {
		// What is thrown need not be an error, and handlers take it as it is.
		const error = failure.error as HandledError;
		let reason: unknown = error;
		const handler = handlerOf(handlers, failure);
		if (handler !== undefined) {
			try {
				return { value: await handler(error, ctx) };
			} catch (thrown) {
				reason = thrown;
			}
		}
		if (failure.canRetry && Object.is(reason, error)) return { retry: true };
		if (handlers.catch === undefined) throw reason;
		return { value: await handlers.catch(reason as HandledError, ctx) };
	};
}

function handlerOf<Context>(
	{ onOpen, onError }: Handlers<Context>,
	failure: FailedAttempt,
): ErrorHandler<unknown, Context> | undefined {
	const names = namesOf(failure);
	if (onOpen !== undefined && names.includes("CircuitOpenError")) {
		return (error, ctx) => onOpen(ctx, error);
	}
	if (onError === undefined) return undefined;
	const name = names.find((each) => each !== "default" && Object.hasOwn(onError, each));
	return onError[name ?? "default"];
}

/** What an error may be handled under, the closest first. That it is named "Error" says nothing. */
function namesOf({ error, classes }: FailedAttempt): string[] {
	const name = error instanceof Error && error.name !== "Error" ? [error.name] : [];
	return [...name, ...classes];
}
