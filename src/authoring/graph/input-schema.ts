/** The JSON Schema that a definition has for its payload, as a schema that checks without `eval`. */
import * as z from "zod";
import { ValidationError } from "../../model/errors";
import type { Schema } from "../../model/standard-schema";
import type { JsonObject } from "./definition";

/** @throws {ValidationError} for what is no JSON Schema, or has parts that cannot be checked. */
export function inputSchema(schema: JsonObject): Schema {
	try {
		return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], {
			// Of its own: zod's global one would keep it for ever.
			registry: z.registry(),
		});
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new ValidationError(`"input" is no JSON Schema that can be checked: ${why}.`, {
			path: "input",
		});
	}
}
