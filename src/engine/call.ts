/** A call that user code has open: the promise that it was given, and how that is settled. */
import type { StepRow } from "../db/instance-store";
import { decode } from "../model/codec";
import { decodeThrown, fromThrownRecord } from "../model/error-record";
import type { Handling } from "./handling";

export interface Call {
	readonly key: string;
	/** Of a step of a handler: the key of the step that it handles. */
	readonly parent: string | null;
	readonly within: Handling | undefined;
	/** Outcomes released when the call was made. */
	readonly era: number;
	readonly promise: Promise<unknown>;
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

export function openCall(key: string, era: number, within: Handling | undefined): Call {
	return { key, parent: within?.key ?? null, within, era, ...Promise.withResolvers<unknown>() };
}

/** What a call returns that nothing will answer. Fresh each time, so that it can be collected. */
export function never(): Promise<never> {
	return new Promise(() => {});
}

/** Answers a call with the outcome in its row. */
export function settle(call: Call, row: StepRow): void {
	if (row.status === "failed" && row.error !== null) {
		// A program may look at a call's promise only later; until then it is not unhandled.
		call.promise.catch(() => {});
		call.reject(fromThrownRecord(decodeThrown(row.error)));
	} else {
		call.resolve(row.result === null ? undefined : decode(row.result));
	}
}
