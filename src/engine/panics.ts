/**
 * What becomes of an instance whose program, or whose isolate, says that the system is broken: it
 * rests as `panicked` and goes on from its journal after a while, so many times in a run.
 */
import type { WorkflowRow } from "../db/instance-store";
import { decodeThrown, thrownMessage, toThrownRecord } from "../model/error-record";
import { PanicError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { PanicPolicy } from "../model/panic";
import { shortened } from "../model/printable";

/** What was thrown, and by which attempt; by the program itself where both are null. */
export interface Panic {
	thrown: unknown;
	step: string | null;
	attempt: number | null;
}

/** What of the row changes with a panic; `errored` when the run has had all its restarts. */
export function afterPanic(
	{ restarts }: WorkflowRow,
	{ autoRestart, maxRestartAttempts, restartDelayMs }: PanicPolicy,
	now: number,
): { status: "errored" } | { status: "panicked"; restarts: number; notBefore: number | null } {
	const next = { status: "panicked", restarts: restarts + 1 } as const;
	if (!autoRestart) return { ...next, notBefore: null };
	if (restarts >= maxRestartAttempts) return { status: "errored" };
	return { ...next, notBefore: now + restartDelayMs };
}

/** The step that the error of an instance says has panicked; it may have no row. */
export function panickedStep({ error }: WorkflowRow): string | undefined {
	const record = error === null ? undefined : decodeThrown(error);
	if (record === undefined || "value" in record || record.code !== "PANIC") return undefined;
	const { step } = (record.fields?.details ?? {}) as { step?: unknown };
	return typeof step === "string" ? step : undefined;
}

export function panicError({ thrown, step, attempt }: Panic): PanicError {
	const message = shortened(thrownMessage(toThrownRecord(thrown)), LIMITS.errorTextLength / 2);
	const what = step === null ? "The program" : `Step "${step}"`;
	const error = new PanicError(`${what} panicked: ${message}`, { step, attempt });
	error.cause = thrown;
	return error;
}
