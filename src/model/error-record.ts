/**
 * Errors as plain data and back (G3): what a step throws is stored as a record, and every pass,
 * the first included, is thrown the error made from that record. So a `catch` in `run()` sees the
 * same thing live and on replay.
 *
 * Kept: name, message, stack, code, cause, the list of an `AggregateError` and own plain fields.
 * Not kept: the class, but for JavaScript's own and this project's; tell yours apart by `name` or
 * `code`. Of other classes the names are kept, for handlers that are chosen by them.
 */
import { decode, type Encoded, encode, fitsBytes } from "./codec";
import {
	CircuitOpenError,
	EventTimeoutError,
	NonDeterminismError,
	NonRetryableError,
	PanicError,
	StepTimeoutError,
	ValidationError,
	WorkflowError,
} from "./errors";
import { LIMITS } from "./limits";
import { printable } from "./printable";

/** What was thrown: an error as plain data, or another value as it was. */
export type ThrownRecord = ErrorRecord | { value: unknown };

export interface ErrorRecord {
	name: string;
	message: string;
	stack?: string;
	code?: string | number;
	/** The names of its classes, its own first, where the name does not tell; without `Error`. */
	classes?: string[];
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
		CircuitOpenError,
		EventTimeoutError,
		NonDeterminismError,
		PanicError,
	].map((errorClass) => [errorClass.name, errorClass]),
);

const KNOWN_PROTOTYPES = new Set<object>([...CLASSES.values()].map(({ prototype }) => prototype));

/** Kept elsewhere; and `__proto__`, which would be no field of a record but its prototype. */
const OWN_KEYS = new Set(["name", "message", "stack", "code", "cause", "errors", "__proto__"]);

/** How deep in causes a record is, and how many more the whole error may have. */
interface Budget {
	depth: number;
	left: { records: number };
}

/** The record of anything thrown. Never throws: a part that cannot be read or stored is left out. */
export function toThrownRecord(thrown: unknown): ThrownRecord {
	return recordOf(thrown, { depth: 0, left: { records: LIMITS.errorRecords + 1 } });
}

function recordOf(thrown: unknown, budget: Budget): ThrownRecord {
	try {
		return readError(thrown, budget);
	} catch {
		return { name: "Error", message: "an error that could not be read" }; // A hostile proxy.
	}
}

function readError(thrown: unknown, { depth, left }: Budget): ThrownRecord {
	left.records--;
	if (!isError(thrown)) return { value: storableOr(thrown, () => printable(thrown)) };
	const message = part(thrown, "message");
	const record: ErrorRecord = {
		name: text(part(thrown, "name")) || "Error",
		message: text(message) ?? (message === undefined ? "" : clip(printable(message))),
	};
	const stack = text(part(thrown, "stack"));
	if (stack !== undefined) record.stack = stack;
	const code = part(thrown, "code");
	if (typeof code === "number") record.code = code;
	else if (typeof code === "string") record.code = clip(code);
	const inner = (error: unknown) => recordOf(error, { depth: depth + 1, left });
	if (depth < LIMITS.errorCauseDepth) {
		const cause = part(thrown, "cause");
		if (cause !== undefined && left.records > 0) record.cause = inner(cause);
		const errors = part(thrown, "errors");
		if (Array.isArray(errors)) record.errors = errors.slice(0, left.records).map(inner);
	}
	const fields = ownFields(thrown);
	if (fields !== undefined) record.fields = fields;
	const classes = ownClasses(thrown);
	if (depth === 0 && classes.length > 0) record.classes = classes;
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

/** The names of an error's classes when it was thrown, its own first; none for what is no error. */
export function classNamesOf(record: ThrownRecord): string[] {
	if ("value" in record) return [];
	const names = record.classes ?? chainOf(CLASSES.get(record.name)?.prototype ?? Error.prototype);
	return [...names, Error.name];
}

/** Never throws; an error past `LIMITS.errorBytes` keeps name, message, stack and code only. */
export function encodeThrown(thrown: unknown): Encoded {
	const record = toThrownRecord(thrown);
	try {
		return encode(record, "the error", LIMITS.errorBytes);
	} catch {
		if ("value" in record) return encode({ value: clip(printable(record.value)) }, "the error");
		const { name, message, stack, code, classes } = record;
		return encode({ name, message, stack, code, classes }, "the error");
	}
}

export function decodeThrown(text: Encoded): ThrownRecord {
	return decode(text) as ThrownRecord; // Only encodeThrown writes this text.
}

/** The one line that stands for an error where only a string fits. */
export function thrownMessage(record: ThrownRecord): string {
	return "value" in record ? printable(record.value) : record.message;
}

function isError(thrown: unknown): thrown is object {
	if (thrown instanceof Error) return true;
	// An error of another realm, or a DOMException, is an error too.
	return (
		typeof thrown === "object" &&
		thrown !== null &&
		["message", "name", "stack"].every((key) => typeof part(thrown, key) === "string")
	);
}

/** A field of an error, which may be a getter that throws. */
function part(error: object, key: string): unknown {
	try {
		return (error as Record<string, unknown>)[key];
	} catch {
		return undefined;
	}
}

function ownFields(error: object): Record<string, unknown> | undefined {
	const fields: Record<string, unknown> = {};
	for (const key of ownKeys(error)) {
		if (OWN_KEYS.has(key)) continue;
		const value = storableOr(part(error, key), () => undefined);
		if (value !== undefined) fields[key] = value;
	}
	if (Object.keys(fields).length === 0) return undefined;
	return fitsBytes(encode(fields, "the fields"), LIMITS.errorFieldsBytes) ? fields : undefined;
}

/** Those of a class that is neither JavaScript's nor this project's. */
function ownClasses(error: object): string[] {
	const own: object | null = Object.getPrototypeOf(error);
	if (own === null || KNOWN_PROTOTYPES.has(own)) return [];
	return chainOf(own).slice(0, LIMITS.errorClasses);
}

/** Class names from a prototype up to, and without, `Error`. */
function chainOf(prototype: object): string[] {
	const names: string[] = [];
	for (
		let at: object | null = prototype;
		at !== null && at !== Error.prototype && at !== Object.prototype;
		at = Object.getPrototypeOf(at)
	) {
		const name = text(part(at.constructor, "name"));
		if (name) names.push(name);
	}
	return names;
}

function ownKeys(error: object): string[] {
	try {
		return Object.keys(error);
	} catch {
		return []; // A proxy.
	}
}

function storableOr(value: unknown, otherwise: () => unknown): unknown {
	try {
		return decode(encode(value, "value", LIMITS.errorBytes));
	} catch {
		return otherwise();
	}
}

function define(error: Error, key: string, value: unknown): void {
	// As the language has them: writable, but not listed among the own fields.
	Object.defineProperty(error, key, { value, writable: true, configurable: true });
}

function text(value: unknown): string | undefined {
	return typeof value === "string" ? clip(value) : undefined;
}

function clip(value: string): string {
	const max = LIMITS.errorTextLength;
	return value.length <= max ? value : `${value.slice(0, max - 1)}…`;
}
