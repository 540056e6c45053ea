/**
 * Values as text and back (G16), by devalue: `Date`, `Map`, `Set`, `BigInt`, `undefined`,
 * `RegExp`, `URL`, typed arrays, special numbers and nested plain data come back as they went in.
 *
 * devalue itself would take cycles and recurses without a bound, so a walk before it refuses
 * cycles and depth with the path of the fault.
 */
import { DevalueError, parse, stringify } from "devalue";
import { WorkflowError } from "./errors";
import { LIMITS } from "./limits";

/** A value as text; only `decode` reads it. */
export type Encoded = string;

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
	if (typeof value === "object" && value !== null) refuseCyclesAndDepth(value, what);
	let text: Encoded;
	try {
		text = stringify(value);
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		const path = error instanceof DevalueError ? error.path : "";
		throw notStorable(what, path, lowerFirst(error.message));
	}
	// A UTF-16 unit is at most three bytes of UTF-8, so most texts need no count.
	if (text.length * 3 > limitBytes) refuseSize(text, what, limitBytes);
	return text;
}

/** The value of an encoded text: a fresh copy each time. */
export function decode(text: Encoded): unknown {
	return parse(text);
}

function refuseCyclesAndDepth(root: object, what: string): void {
	const ancestors = new Set<object>();
	const path: string[] = [];
	const visit = (value: unknown, segment: string): void => {
		if (typeof value !== "object" || value === null) return;
		path.push(segment);
		if (ancestors.has(value)) throw notStorable(what, path.join(""), "it contains itself");
		if (ancestors.size >= LIMITS.valueDepth) {
			throw notStorable(what, "", `it is nested deeper than ${LIMITS.valueDepth} levels`);
		}
		ancestors.add(value);
		if (Array.isArray(value)) {
			for (let index = 0; index < value.length; index++) visit(value[index], `[${index}]`);
		} else if (value instanceof Map) {
			for (const [key, item] of value) {
				visit(key, ".keys()");
				visit(item, typeof key === "string" ? `.get(${JSON.stringify(key)})` : ".get(…)");
			}
		} else if (value instanceof Set) {
			for (const item of value) visit(item, ".values()");
		} else if (isPlain(value)) {
			for (const key in value) visit(value[key], `.${key}`);
		}
		ancestors.delete(value);
		path.pop();
	};
	visit(root, "");
}

function isPlain(value: object): value is Record<string, unknown> {
	const prototype = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}

function notStorable(what: string, path: string, why: string): WorkflowError {
	const where = path === "" ? "" : ` at ${path}`;
	return new WorkflowError(
		"VALUE_NOT_STORABLE",
		`${capital(what)} cannot be stored${where}: ${why}. Use plain data, Date, Map, Set, BigInt, RegExp, URL or typed arrays.`,
		{ path },
	);
}

/** Length in UTF-8. */
export function encodedBytes(text: Encoded): number {
	return new TextEncoder().encode(text).byteLength;
}

function refuseSize(text: Encoded, what: string, limitBytes: number): void {
	const sizeBytes = encodedBytes(text);
	if (sizeBytes <= limitBytes) return;
	throw new WorkflowError(
		"VALUE_TOO_LARGE",
		`${capital(what)} takes ${sizeBytes} bytes; the limit is ${limitBytes}. Store it elsewhere (R2, for one) and keep a reference.`,
		{ sizeBytes, limitBytes },
	);
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
	return text.charAt(0).toLowerCase() + text.slice(1);
}
