/**
 * Checking input against a Standard Schema (zod, valibot, arktype, …; standardschema.dev).
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { ValidationError } from "./errors";

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
 * @throws {ValidationError} with `details.issues`: `{ path, message }`, all of them.
 */
export async function parseWith(schema: Schema, value: unknown, what: string): Promise<unknown> {
	const result = await schema["~standard"].validate(value);
	if (result.issues === undefined) return result.value;
	const issues = result.issues.map((issue) => ({
		path: [what, ...(issue.path ?? []).map(segmentOf)].join("."),
		message: issue.message,
	}));
	const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ");
	throw new ValidationError(`The ${what} is not valid. ${list}`, { issues });
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
