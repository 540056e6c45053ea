/** Objects with fields that are known: which are missing, which unknown, and what each may be. */
import { ValidationError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import type { Json, JsonObject } from "./definition";
import { jsonOf, locate, type ObjectValue, type Value } from "./document";
import { type Faults, listed, quoted, shown, suggestion } from "./faults";

/** What is wrong with a part of a value. */
export interface Issue {
	readonly path: readonly (string | number)[];
	readonly message: string;
}

/** What a field may be: as a check, and as JSON Schema for editors. */
export interface Field {
	readonly schema: JsonObject;
	issues(value: Json): Issue[];
}

export type Fields = Readonly<Record<string, Field>>;

export const TEXT: Field = {
	schema: { type: "string" },
	issues: (value) => (typeof value === "string" ? [] : [expectedIssue("text", value)]),
};
export const OBJECT: Field = {
	schema: { type: "object" },
	issues: (value) => (isObject(value) ? [] : [expectedIssue("an object", value)]),
};
/** What is checked elsewhere. */
export const ANY: Field = { schema: {}, issues: () => [] };

/** Checks an object and each of its fields. */
export function parseFields(
	value: Value,
	fields: Fields,
	{ required = [], what }: { required?: readonly string[]; what: string },
	faults: Faults,
): Map<string, Value> {
	const found = new Map<string, Value>();
	if (value.kind !== "object") {
		faults.expected(value, what);
		return found;
	}
	for (const { key, value: given, ...at } of value.members) {
		if (faults.isFull) break;
		const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
		if (field === undefined) faults.add(at, unknownField(key, Object.keys(fields), what));
		else checkField(given, field, faults);
		found.set(key, given);
	}
	requireFields(value, required, faults);
	return found;
}

function requireFields(value: ObjectValue, required: readonly string[], faults: Faults) {
	const missing = required.filter((name) => !value.members.some(({ key }) => key === name));
	for (const name of missing) faults.add(value, `The field ${quoted(name)} is missing.`);
}

export function checkField(value: Value, field: Field, faults: Faults): void {
	for (const { path, message } of field.issues(jsonOf(value))) {
		faults.add(locate(value, path).at, message);
	}
}

export function unknownField(key: string, known: readonly string[], what: string): string {
	const meant = suggestion(key, known);
	return `Unknown field ${quoted(key)}.${meant} Expected ${what} with ${listed(known)}.`;
}

/** What `parse`, one of the model's own parsers, says of a value. */
export function issuesOf(parse: () => unknown): Issue[] {
	try {
		parse();
		return [];
	} catch (error) {
		if (!(error instanceof ValidationError)) throw error;
		return [{ path: [], message: error.message }];
	}
}

/**
 * All issues of an object whose parser throws the first: each option is tried by itself, over a
 * `base` that is valid.
 */
export function optionIssues<T extends object>(
	value: Json,
	parse: (options: T) => unknown,
	base: Partial<T>,
): Issue[] {
	if (!isObject(value)) return [expectedIssue("an object", value)];
	// No parser knows as many options as an answer may have faults.
	const options = Object.entries(value).slice(0, LIMITS.graphFaults);
	const each = options.flatMap(([key, option]) =>
		// What it is not, the parser says.
		issuesOf(() => parse({ ...base, [key]: option } as T)).map(({ message }) => ({
			path: [key],
			message,
		})),
	);
	return each.length > 0 ? each : issuesOf(() => parse(value as T));
}

export function expectedIssue(expected: string, received: Json): Issue {
	return { path: [], message: `Expected ${expected}; received ${shown(received)}.` };
}

export function isObject(value: Json): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
