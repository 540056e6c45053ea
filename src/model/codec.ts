/**
 * Values as text and back (G16): `Date`, `Map`, `Set`, `BigInt`, `undefined`, `RegExp`, `URL`,
 * typed arrays, special numbers and nested plain data come back as they went in.
 *
 * What JSON brings back unchanged is `=` and JSON, which is several times faster and can be read in
 * the table; everything else is devalue's text, which never begins so.
 */
import { DevalueError, parse, stringify } from "devalue";
import { WorkflowError } from "./errors";
import { LIMITS } from "./limits";
import { isJson, storageFault } from "./storable";

/** A value as text; only `decode` reads it. */
export type Encoded = string;

const JSON_MARK = "=";

/** A view on a part of its buffer goes as a copy of that part; devalue would store the whole buffer. */
const REDUCERS = { part: (value: unknown) => ArrayBuffer.isView(value) && partCopy(value) };
const REVIVERS = { part: (copy: unknown) => copy };

/**
 * The text of `value`. `what` names it in errors, as in `the result of step "charge"`.
 *
 * @throws {WorkflowError} `VALUE_NOT_STORABLE` with the path of a function, class instance, symbol
 * or cycle; `VALUE_TOO_LARGE` with size and limit.
 */
export function encode(
	value: unknown,
	what: string,
	limitBytes: number = LIMITS.valueBytes,
): Encoded {
	const text = jsonText(value) ?? richText(value, what);
	if (!fitsBytes(text, limitBytes)) throw tooLarge(what, encodedBytes(text), limitBytes);
	return text;
}

/** The value of an encoded text: a fresh copy each time. */
export function decode(text: Encoded): unknown {
	return text.startsWith(JSON_MARK) ? JSON.parse(text.slice(1)) : parse(text, REVIVERS);
}

/** Length in UTF-8. */
export function encodedBytes(text: Encoded): number {
	return new TextEncoder().encode(text).byteLength;
}

/** A UTF-16 unit is at most three bytes of UTF-8, so most texts need no count. */
export function fitsBytes(text: Encoded, limitBytes: number): boolean {
	return text.length * 3 <= limitBytes || encodedBytes(text) <= limitBytes;
}

/** Undefined for what JSON would change, or cannot be read. */
function jsonText(value: unknown): Encoded | undefined {
	try {
		return isJson(value) ? JSON_MARK + JSON.stringify(value) : undefined;
	} catch {
		return undefined;
	}
}

function richText(value: unknown, what: string): Encoded {
	const fault = storageFault(value);
	if (fault !== undefined) throw notStorable(what, fault.path, fault.why);
	try {
		return stringify(value, REDUCERS);
	} catch (error) {
		// What the walk does not look for: symbol keys, `__proto__` keys.
		const path = error instanceof DevalueError ? error.path : "";
		throw notStorable(what, path, error instanceof Error ? error.message : "it cannot be read");
	}
}

function partCopy(view: ArrayBufferView): unknown {
	if (view.byteLength === view.buffer.byteLength) return false;
	const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
	const View = view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
	return new View(buffer);
}

function notStorable(what: string, path: string, why: string): WorkflowError {
	const where = path === "" ? "" : ` at ${path}`;
	return new WorkflowError(
		"VALUE_NOT_STORABLE",
		`${capital(what)} cannot be stored${where}: ${why}. Use plain data, Date, Map, Set, BigInt, RegExp, URL or typed arrays.`,
		{ path },
	);
}

function tooLarge(what: string, sizeBytes: number, limitBytes: number): WorkflowError {
	return new WorkflowError(
		"VALUE_TOO_LARGE",
		`${capital(what)} takes ${sizeBytes} bytes; the limit is ${limitBytes}. Store it elsewhere (R2, for one) and keep a reference.`,
		{ sizeBytes, limitBytes },
	);
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
