/**
 * Panics: errors that say the system is broken, not the step. What users write of them, the policy
 * that it becomes, and what counts as one where a type says nothing.
 */
import { type Duration, durationMs } from "./duration";
import { ERROR_CODES, ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";

/** What to do about panics; a type declares it, and an instance may have its own but for `isPanic`. */
export interface PanicOptions {
	/**
	 * Which errors are panics: words that their messages have, in any case, or a predicate. Default:
	 * `PANIC_INDICATORS`. A `PanicError` is always one; by words, no other error of the library is.
	 */
	isPanic?: readonly string[] | ((error: unknown) => boolean);
	/** From the panic to the restart. Default 5 s. */
	restartDelay?: Duration | string;
	/** Restarts of a run by itself; the panic after them ends it as `errored`. Default 3. */
	maxRestartAttempts?: number;
	/** False: a panicked instance waits until somebody restarts it. Default true. */
	autoRestart?: boolean;
}

/** What an instance may have of its own: data only. */
export type PanicOverrides = Omit<PanicOptions, "isPanic">;

export interface PanicPolicy {
	/** Of an error as it was thrown. Never throws. */
	isPanic(error: unknown): boolean;
	readonly restartDelayMs: number;
	readonly maxRestartAttempts: number;
	readonly autoRestart: boolean;
}

/** What the message of a panic has, in lower case, where a type names nothing else. */
export const PANIC_INDICATORS: readonly string[] = [
	"out of memory",
	"stack overflow",
	"maximum call stack",
	"cannot allocate memory",
	"segmentation fault",
	"process killed",
	"system error",
	"fatal error",
	"unhandled promise rejection",
	"uncaught exception",
];

export const DEFAULT_PANIC_POLICY: PanicPolicy = {
	isPanic: judgeOf(PANIC_INDICATORS),
	restartDelayMs: 5_000,
	maxRestartAttempts: 3,
	autoRestart: true,
};

const OVERRIDES = ["restartDelay", "maxRestartAttempts", "autoRestart"];

/**
 * The policy of `options` over `base`.
 *
 * @throws {ValidationError} that names the option, what was expected and what came.
 */
export function panicPolicy(options: PanicOptions, base = DEFAULT_PANIC_POLICY): PanicPolicy {
	requireKnown(options, ["isPanic", ...OVERRIDES], "panic");
	const { isPanic, restartDelay, maxRestartAttempts = base.maxRestartAttempts } = options;
	const { autoRestart = base.autoRestart } = options;
	if (typeof autoRestart !== "boolean") {
		throw new ValidationError(
			`panic.autoRestart is true or false; received ${String(autoRestart)}.`,
			{ path: "panic.autoRestart" },
		);
	}
	const restarts = { min: 0, max: LIMITS.panicRestarts };
	return {
		isPanic: isPanic === undefined ? base.isPanic : judgeOf(isPanic),
		restartDelayMs:
			restartDelay === undefined
				? base.restartDelayMs
				: durationMs(restartDelay, "panic.restartDelay"),
		maxRestartAttempts: wholeNumber(maxRestartAttempts, "panic.maxRestartAttempts", restarts),
		autoRestart,
	};
}

/** Returns `options` when an instance can have them of its own. @throws {ValidationError} */
export function parsePanicOverrides(options: PanicOverrides): PanicOverrides {
	requireKnown(options, OVERRIDES, "panic");
	panicPolicy(options);
	return options;
}

function judgeOf(given: NonNullable<PanicOptions["isPanic"]>): PanicPolicy["isPanic"] {
	if (typeof given === "function") {
		return (error) => isPanicError(error) || holds(given, error);
	}
	if (!Array.isArray(given) || !given.every((word) => typeof word === "string" && word !== "")) {
		throw new ValidationError(
			"panic.isPanic is a list of words that messages of panics have, or a function of the error.",
			{ path: "panic.isPanic" },
		);
	}
	const words = given.map((word: string) => word.toLowerCase());
	return (error) => {
		if (isPanicError(error)) return true;
		// This project's own errors say what they are; their messages may name steps.
		if (isErrorCode(part(error, "code"))) return false;
		const message = messageOf(error).toLowerCase();
		return words.some((word) => message.includes(word));
	};
}

/** A predicate that throws has not said that it is one: the error itself counts for more. */
function holds(predicate: (error: unknown) => boolean, error: unknown): boolean {
	try {
		return predicate(error) === true;
	} catch {
		return false;
	}
}

function isPanicError(error: unknown): boolean {
	return part(error, "code") === "PANIC" || part(error, "name") === "PanicError";
}

function isErrorCode(code: unknown): boolean {
	return ERROR_CODES.some((each) => each === code);
}

function messageOf(error: unknown): string {
	const message = typeof error === "string" ? error : part(error, "message");
	return typeof message === "string" ? message : "";
}

/** A field of what was thrown, which may be a getter that throws. */
function part(error: unknown, key: "code" | "name" | "message"): unknown {
	if (typeof error !== "object" || error === null) return undefined;
	try {
		return (error as Record<string, unknown>)[key];
	} catch {
		return undefined;
	}
}
