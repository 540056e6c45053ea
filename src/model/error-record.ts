/**
 * Errors as plain data and back (G3): what a step throws is stored as a record, and every pass,
 * the first included, is thrown the error made from that record. So a `catch` in `run()` sees the
 * same thing live and on replay.
 *
 * Kept: name, message, stack, code, cause, the list of an `AggregateError` and own plain fields.
 * Not kept: the class, but for JavaScript's own and this project's; tell yours apart by `name` or
 * `code`.
 */
import { decode, type Encoded, encode } from "./codec";
import {
	EventTimeoutError,
	NonDeterminismError,
	NonRetryableError,
	StepTimeoutError,
	ValidationError,
	WorkflowError,
} from "./errors";
import { LIMITS } from "./limits";

/** What was thrown: an error as plain data, or another value as it was. */
export type ThrownRecord = ErrorRecord | { value: unknown };

export interface ErrorRecord {
	name: string;
	message: string;
	stack?: string;
	code?: string | number;
	/** Own enumerable fields that can be stored. */
	fields?: Record<string, unknown>;
	cause?: ThrownRecord;
	/** The list of an `AggregateError`. */
	errors?: ThrownRecord[];
}

const CLASSES: ReadonlyMap<string, { prototype: Error }> = new Map(
	[
		Error,
		AggregateError,
		EvalError,
		RangeError,
		ReferenceError,
		SyntaxError,
		TypeError,
		URIError,
		WorkflowError,
		ValidationError,
		NonRetryableError,
		StepTimeoutError,
		EventTimeoutError,
		NonDeterminismError,
	].map((errorClass) => [errorClass.name, errorClass]),
);

const OWN_KEYS = new Set(["name", "message", "stack", "code", "cause", "errors"]);

/** The record of anything thrown. Never throws, even where a getter of the error does. */
export function toThrownRecord(thrown: unknown, depth = 0): ThrownRecord {
	try {
		return recordOf(thrown, depth);
	} catch {
		return { name: "Error", message: "an error that could not be read" };
	}
}

function recordOf(thrown: unknown, depth: number): ThrownRecord {
	if (!isError(thrown)) return { value: storableOr(thrown, () => String(thrown)) };
	const record: ErrorRecord = {
		name: clip(thrown.name) || "Error",
		message: clip(thrown.message),
	};
	if (typeof thrown.stack === "string") record.stack = clip(thrown.stack);
	const { code, cause, errors } = thrown;
	if (typeof code === "string" || typeof code === "number") record.code = code;
	if (depth < LIMITS.errorCauseDepth) {
		if (cause !== undefined) record.cause = toThrownRecord(cause, depth + 1);
		if (Array.isArray(errors)) {
			record.errors = errors
				.slice(0, LIMITS.errorListLength)
				.map((error) => toThrownRecord(error, depth + 1));
		}
	}
	const fields = ownFields(thrown);
	if (fields !== undefined) record.fields = fields;
	return record;
}

/** What to throw for a record: a fresh error each time. */
export function fromThrownRecord(record: ThrownRecord): unknown {
	if ("value" in record) return record.value;
	const error = new Error(record.message);
	const errorClass = CLASSES.get(record.name);
	if (errorClass !== undefined) Object.setPrototypeOf(error, errorClass.prototype);
	define(error, "name", record.name);
	define(error, "stack", record.stack ?? `${record.name}: ${record.message}`);
	if (record.cause !== undefined) define(error, "cause", fromThrownRecord(record.cause));
	if (record.errors !== undefined) define(error, "errors", record.errors.map(fromThrownRecord));
	return Object.assign(
		error,
		record.code === undefined ? {} : { code: record.code },
		record.fields,
	);
}

/** Never throws; an error past `LIMITS.errorBytes` keeps name, message, stack and code only. */
export function encodeThrown(thrown: unknown): Encoded {
	const record = toThrownRecord(thrown);
	const text = encode(record, "the error", Number.POSITIVE_INFINITY);
	if (text.length * 3 <= LIMITS.errorBytes) return text;
	if ("value" in record) return encode({ value: clip(String(record.value)) }, "the error");
	const { name, message, stack, code } = record;
	return encode({ name, message, stack, code }, "the error");
}

export function decodeThrown(text: Encoded): ThrownRecord {
	return decode(text) as ThrownRecord; // Only encodeThrown writes this text.
}

/** The one line that stands for an error where only a string fits. */
export function thrownMessage(record: ThrownRecord): string {
	return "value" in record ? String(record.value) : record.message;
}

type LooseError = Error & { code?: unknown; errors?: unknown } & Record<string, unknown>;

function isError(thrown: unknown): thrown is LooseError {
	// An error of another realm, or a DOMException, is an error too.
	return (
		thrown instanceof Error ||
		(typeof thrown === "object" &&
			thrown !== null &&
			typeof (thrown as Partial<Error>).message === "string" &&
			typeof (thrown as Partial<Error>).name === "string" &&
			"stack" in thrown)
	);
}

function ownFields(error: LooseError): Record<string, unknown> | undefined {
	const fields: Record<string, unknown> = {};
	for (const key of Object.keys(error)) {
		if (OWN_KEYS.has(key)) continue;
		const value = storableOr(error[key], () => undefined);
		if (value !== undefined) fields[key] = value;
	}
	if (Object.keys(fields).length === 0) return undefined;
	return encode(fields, "fields").length <= LIMITS.errorFieldsBytes ? fields : undefined;
}

function storableOr(value: unknown, otherwise: () => unknown): unknown {
	try {
		return decode(encode(value, "value"));
	} catch {
		return otherwise();
	}
}

function define(error: Error, key: string, value: unknown): void {
	// As the language has them: writable, but not listed among the own fields.
	Object.defineProperty(error, key, { value, writable: true, configurable: true });
}

function clip(text: string): string {
	const max = LIMITS.errorTextLength;
	return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
