/** The JSON Schema that a definition has for its payload, as a schema that checks without `eval`. */
import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import * as z from "zod";
import { ValidationError } from "../../model/errors";
import { LIMITS } from "../../model/limits";
import type { Schema } from "../../model/standard-schema";
import type { JsonObject } from "./definition";
import { LinearPattern, patternFault } from "./pattern";
import { isRecord } from "./records";

type InputSchema = Schema & StandardJSONSchemaV1;

/**
 * A schema that refers to itself may go round without end, or look at one value in twice as many ways
 * with each level: so it looks so often and no more.
 *
 * @throws {ValidationError} for what is no JSON Schema, or has parts that cannot be checked.
 */
export function inputSchema(schema: JsonObject): InputSchema {
	try {
		const made = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], {
			// Of its own: zod's global one would keep it for ever.
			registry: z.registry(),
		});
		const patterns = patternsIn(schema);
		const looks = { count: 0 };
		const bounded = bind(made, looks);
		for (const pattern of patterns) {
			const fault = patternFault(pattern);
			if (fault !== undefined) throw new Error(fault);
			// One that zod keeps to itself would be matched by JavaScript's own engine.
			if (!bounded.has(pattern.source))
				throw new Error(`there can be no pattern where ${pattern} is`);
		}
		return {
			"~standard": {
				...{ version: 1, vendor: "durable-workflows" },
				validate(value) {
					looks.count = 0;
					return validated(made, value);
				},
				jsonSchema: { input: () => schema, output: () => schema },
			},
		};
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new ValidationError(`"input" is no JSON Schema that can be checked: ${why}.`, {
			path: "input",
		});
	}
}

type Check = Schema["~standard"]["validate"];

class TooManyLooks extends Error {}

function validated(schema: z.ZodType, value: unknown): ReturnType<Check> {
	try {
		// Its standard door would try once more, with time.
		const { data, error } = schema.safeParse(value);
		return error === undefined ? { value: data } : { issues: error.issues };
	} catch (error) {
		// A RangeError: the stack is full.
		if (!(error instanceof TooManyLooks || error instanceof RangeError)) throw error;
		const message = `takes more than ${LIMITS.schemaLooks} looks at it, or goes round without end`;
		return { issues: [{ message: `checking it by the definition's "input" ${message}` }] };
	}
}

/** Data, not schemas. */
const VALUES = new Set(["const", "enum", "default", "examples"]);

function patternsIn(schema: unknown): RegExp[] {
	const found: RegExp[] = [];
	const look = (value: unknown): void => {
		if (Array.isArray(value)) for (const item of value) look(item);
		if (!isRecord(value)) return;
		const { pattern, patternProperties } = value;
		if (typeof pattern === "string") found.push(new RegExp(pattern));
		if (isRecord(patternProperties)) {
			for (const key of Object.keys(patternProperties)) found.push(new RegExp(key));
			if (value.additionalProperties === false) {
				throw new Error("patternProperties stand beside additionalProperties: false");
			}
		}
		for (const [key, part] of Object.entries(value)) if (!VALUES.has(key)) look(part);
	};
	look(schema);
	return found;
}

/** A schema of zod's, or a check of one, as they are inside. */
interface Inner {
	readonly def: Record<string, unknown>;
	/** Of a lazy one: what it comes to, once. */
	readonly innerType?: unknown;
	/** Looks at a value. Of a check: none. */
	run?: (...args: unknown[]) => unknown;
}

/**
 * Has each look counted, and puts patterns that have an end in the place of zod's; answers with their
 * sources.
 */
function bind(schema: z.core.$ZodType, looks: { count: number }): Set<string> {
	const sources = new Set<string>();
	const seen = new Set<unknown>();
	const look = (value: unknown): void => {
		if (typeof value !== "object" || value === null || seen.has(value)) return;
		seen.add(value);
		if (Array.isArray(value)) for (const item of value) look(item);
		else if ("_zod" in value) {
			const inner = value._zod as Inner;
			const { def, innerType, run } = inner;
			if (run !== undefined) {
				inner.run = (...args) => {
					if (++looks.count > LIMITS.schemaLooks) throw new TooManyLooks();
					return run(...args);
				};
			}
			if (def.format === "regex" && def.pattern instanceof RegExp) {
				sources.add(def.pattern.source);
				def.pattern = new LinearPattern(def.pattern);
			}
			for (const part of Object.values(def)) look(part);
			if (def.type === "lazy") look(innerType);
		} else if (Object.getPrototypeOf(value) === Object.prototype) {
			for (const part of Object.values(value)) look(part);
		}
	};
	look(schema);
	return sources;
}
