/** Creating instances: a caller's options become the request that an object takes. */
import type { AttributeChanges } from "../model/attributes";
import { decode, encode } from "../model/codec";
import { type Duration, durationMs } from "../model/duration";
import { parseEventName, parseInstanceId, parseTypeName, timeOrderedId } from "../model/ids";
import { LIMITS } from "../model/limits";
import { overridesText } from "../model/overrides";
import type { PanicOverrides } from "../model/panic";
import type { RetryOptions } from "../model/retry";
import {
	type By,
	type CreateReceipt,
	type InstanceView,
	type ParentRef,
	unwrap,
} from "../model/rpc";
import { type RunnerNamespace, restOfInstance } from "./runner-client";

/** What a caller may say of a new instance besides its payload. */
export interface CreateOptions {
	/** Default: a new time-ordered id, or one made of the idempotency key. */
	id?: string | undefined;
	/** By which it can be found: at most 16 strings and numbers. */
	attributes?: AttributeChanges | undefined;
	/** Of those that wait for a slot of their type, a larger one starts sooner. Default 0. */
	priority?: number | undefined;
	/** Of steps that say nothing of it, in place of the type's; `retryOn` is no function here. */
	retry?: RetryOptions | undefined;
	/** In place of the type's. */
	panic?: PanicOverrides | undefined;
	/** Not before this moment: a `Date`, or ms since 1970. */
	startAt?: Date | number | undefined;
	/** Not before this much time has passed. */
	delay?: Duration | string | undefined;
	/** What to do when the id exists with this type. Default `"error"`. */
	onConflict?: "error" | "return" | undefined;
	/** Who asks, why, and the idempotency key: the same request again is the same instance. */
	by?: By | undefined;
}

export interface CreateInput extends CreateOptions {
	type: string;
	payload: unknown;
	/** The hash of the stored definition that it begins with. Default: the type's current one. */
	definition?: string | undefined;
	/** Told how it ends. */
	parent?: ParentRef | undefined;
	/** Delivered to the instance, new or not: start or signal in one call. */
	event?: { name: string; payload?: unknown } | undefined;
}

/** Of a type whose instances are waited for, also what the instance gave if it has completed. */
export interface Created extends Omit<CreateReceipt, "isInline"> {
	output?: unknown;
}

export async function createInstance(
	runners: RunnerNamespace,
	input: CreateInput,
): Promise<Created> {
	const { id, payload, startAt, delay, event, retry, panic, ...same } = input;
	parseTypeName(input.type);
	const chosen = id === undefined ? await newId(input) : parseInstanceId(id);
	const request = {
		...same,
		id: chosen,
		payload: encode(payload, "the payload", LIMITS.payloadBytes),
		overrides: overridesText({ retry, panic }) ?? undefined,
		startAt: startAt instanceof Date ? startAt.getTime() : startAt,
		delayMs: delay === undefined ? undefined : durationMs(delay, "delay"),
		event: event && {
			event: parseEventName(event.name),
			payload: encode(event.payload, "the event"),
		},
	};
	const { isInline, ...receipt } = unwrap(await runners.getByName(chosen).create(request));
	return isInline ? atRest(runners, receipt) : receipt;
}

/** The instance is there, whatever becomes of the wait for it. */
async function atRest(runners: RunnerNamespace, receipt: Created): Promise<Created> {
	let view: InstanceView;
	try {
		view = await restOfInstance(runners, receipt.id, { steps: false });
	} catch {
		return receipt;
	}
	const { status, result } = view;
	if (status !== "completed") return { ...receipt, status };
	return { ...receipt, status, output: result === null ? undefined : decode(result) };
}

async function newId({ type, by }: CreateInput): Promise<string> {
	if (by?.key === undefined) {
		return timeOrderedId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
	}
	return idOfKey(type, by.key);
}

/** The id of every request of this key: a UUID of version 8 (RFC 9562, section 5.8). */
async function idOfKey(type: string, key: string): Promise<string> {
	const text = new TextEncoder().encode(JSON.stringify([type, key]));
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
	const hex = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
	const digits = hex.join("");
	return [
		digits.slice(0, 8),
		digits.slice(8, 12),
		`8${digits.slice(13, 16)}`,
		`a${digits.slice(17, 20)}`,
		digits.slice(20),
	].join("-");
}
