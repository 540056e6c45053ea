/**
 * What an instance may say of itself in place of its type: the retries of steps that say nothing,
 * and what is done about a panic. Stored in its row as the options that the creator gave.
 */
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { requireKnown } from "./options";
import { type PanicOverrides, type PanicPolicy, panicPolicy, parsePanicOverrides } from "./panic";
import { type RetryOptions, type RetryPolicy, retryPolicy } from "./retry";

export interface Overrides {
	retry?: RetryOptions | undefined;
	panic?: PanicOverrides | undefined;
}

/** What of a type an instance may override. */
interface Policies {
	readonly retry: RetryPolicy;
	readonly panic: PanicPolicy;
}

/** As a row has them; null: the type's hold. @throws {ValidationError} for what is no such option. */
export function overridesText({ retry, panic }: Overrides): string | null {
	if (retry === undefined && panic === undefined) return null;
	if (retry !== undefined) {
		retryPolicy(retry);
		if (typeof retry.retryOn === "function") {
			throw new ValidationError(
				"retries.retryOn of an instance is a list of error names or codes: a function cannot be stored. Declare it on the type.",
				{ path: "retries.retryOn" },
			);
		}
	}
	const text = JSON.stringify({ retry, panic: panic && parsePanicOverrides(panic) });
	if (text.length <= LIMITS.overridesLength) return text;
	throw new ValidationError(
		`Retry and panic options of an instance take at most ${LIMITS.overridesLength} characters as JSON; received ${text.length}.`,
		{ path: "retry" },
	);
}

/** Returns `text` when it is one that `overridesText` gives. @throws {ValidationError} */
export function parseOverrides(text: string): string | null {
	let given: unknown;
	try {
		given = JSON.parse(text);
	} catch {
		// Told apart below: an object is expected.
	}
	requireKnown(given, ["retry", "panic"], "overrides");
	return overridesText(given as Overrides); // Its entries are looked at there.
}

/** `declared` as it holds for an instance whose row has `text`. */
export function withOverrides<T extends Policies>(declared: T, text: string | null): T {
	if (text === null) return declared;
	const { retry = {}, panic = {} } = JSON.parse(text) as Overrides;
	return {
		...declared,
		retry: retryPolicy(retry, declared.retry),
		panic: panicPolicy(panic, declared.panic),
	};
}
