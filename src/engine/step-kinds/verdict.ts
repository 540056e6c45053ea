/**
 * What becomes of a step after a failed attempt, as its `onFailure` says: it completes with a
 * value, is tried again, or fails with what was thrown. Journals nothing itself.
 */
import { type Encoded, encode } from "../../model/codec";
import {
	classNamesOf,
	decodeThrown,
	encodeThrown,
	fromThrownRecord,
} from "../../model/error-record";
import { inside } from "../enclosure";
import type { Handling } from "../handling";
import type { FailureHandler } from "../program";

export type Verdict =
	| { status: "completed"; result: Encoded }
	| { status: "failed"; error: Encoded }
	| { status: "retrying" }
	| { status: "panicked"; thrown: unknown };

export interface JournaledFailure {
	/** The attempt's, as it is journaled. */
	error: Encoded;
	/** The policy has another attempt. */
	canRetry: boolean;
	isPanic(thrown: unknown): boolean;
}

/** Asks the handler; without one, the retry policy has decided. */
export async function verdictOf(
	onFailure: FailureHandler | undefined,
	handling: Handling,
	{ error, canRetry, isPanic }: JournaledFailure,
): Promise<Verdict> {
	const byPolicy: Verdict = canRetry ? { status: "retrying" } : { status: "failed", error };
	if (onFailure === undefined) return byPolicy;
	try {
		const record = decodeThrown(error);
		const { attempt, key } = handling;
		const classes = classNamesOf(record);
		const failure = { error: fromThrownRecord(record), classes, attempt, canRetry };
		const handled = await inside(handling, onFailure, failure);
		if ("retry" in handled) return byPolicy;
		return { status: "completed", result: encode(handled.value, `the result of step "${key}"`) };
	} catch (thrown) {
		if (isPanic(thrown)) return { status: "panicked", thrown };
		return { status: "failed", error: encodeThrown(thrown) };
	}
}
