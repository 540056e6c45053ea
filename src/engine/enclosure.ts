/**
 * Whose code is calling: nobody's that matters here (the program itself), the function of a step,
 * inside which there are no steps, or the handler of a failed attempt, whose steps are its own.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Handling } from "./handling";

/** An attempt of a step's function. */
export interface FunctionCall {
	readonly key: string;
	readonly attempt: number;
	readonly isHandler: false;
}

const storage = new AsyncLocalStorage<FunctionCall | Handling | undefined>();

/** What the calling code is inside of; undefined: the program. */
export function enclosure(): FunctionCall | Handling | undefined {
	return storage.getStore();
}

/** Calls `work` such that it, and whatever it awaits, is known to be inside. */
export function inside<Argument, Value>(
	call: FunctionCall | Handling,
	work: (argument: Argument) => Value,
	argument: Argument,
): Value {
	return storage.run(call, work, argument);
}

/** Calls `work` as the program: what led to the call may have been the end of a step of a handler. */
export function outside<Value>(work: () => Value): Value {
	return storage.run(undefined, work);
}
