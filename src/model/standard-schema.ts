/**
 * Checking input against a Standard Schema (zod, valibot, arktype, …; standardschema.dev).
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { encode, encodedBytes } from "./codec";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { printable, shortened } from "./printable";

export type Schema = StandardSchemaV1;

/** True for an object that carries the `~standard` interface. */
export function isSchema(value: unknown): value is Schema {
	return (
		(typeof value === "object" || typeof value === "function") &&
		value !== null &&
		"~standard" in value
	);
}

/**
 * The schema's output for `value`, with its defaults and transforms applied.
 *
 * @throws {ValidationError} with `details.issues`: `{ path, message }`, all of them; past
 * `LIMITS.schemaIssuesBytes` the first ones, and `details.issuesOmitted` says how many more.
 */
export async function parseWith(schema: Schema, value: unknown, what: string): Promise<unknown> {
	const result = await schema["~standard"].validate(value);
	if (result.issues === undefined) return result.value;
	const all = result.issues.map((issue) => ({
		path: shortened([what, ...(issue.path ?? []).map(segmentOf)].join("."), TEXT_LENGTH_MAX),
		message: shortened(printable(issue.message), TEXT_LENGTH_MAX),
	}));
	const issues = fitting(all, LIMITS.schemaIssuesBytes);
	const issuesOmitted = all.length - issues.length;
	const omitted = issuesOmitted === 0 ? {} : { issuesOmitted };
	throw new ValidationError(messageOf(what, all), { issues, ...omitted });
}

interface Issue {
	path: string;
	message: string;
}

/** Characters of the path and the message of an issue, each. */
const TEXT_LENGTH_MAX = 1_000;
/** Of the issues that a message names: all of it is kept with a step (`LIMITS.errorTextLength`). */
const MESSAGE_BYTES_MAX = 3 * 1024;

function messageOf(what: string, all: readonly Issue[]): string {
	const named = fitting(all, MESSAGE_BYTES_MAX);
	const list = named.map(({ path, message }) => `${path}: ${message}`).join("; ");
	const more = all.length - named.length;
	return `The ${what} is not valid. ${list}${more === 0 ? "" : `; and ${more} more`}`;
}

/** The first one, and those after it that so many bytes hold with it. */
function fitting(issues: readonly Issue[], bytesMax: number): Issue[] {
	let bytes = 0;
	const end = issues.findIndex((issue, index) => {
		bytes += encodedBytes(encode(issue, "the issue"));
		return bytes > bytesMax && index > 0;
	});
	return issues.slice(0, end === -1 ? issues.length : end);
}

/** What the schema takes, as JSON Schema; null where its library does not say, or cannot. */
export function inputJsonSchema(schema: Schema): Record<string, unknown> | null {
	const { jsonSchema }: Partial<StandardJSONSchemaV1.Props> = schema["~standard"];
	try {
		return jsonSchema?.input({ target: "draft-2020-12" }) ?? null;
	} catch {
		return null;
	}
}

function segmentOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
	return String(typeof segment === "object" ? segment.key : segment);
}
