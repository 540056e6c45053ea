/**
 * What the service answers, as zod schemas: the document shows them, and tests hold them against
 * real answers. `describes` holds them against the types that the code works with.
 *
 * Answers may grow: these schemas are open for fields to come, and so is the document.
 */
import * as z from "zod";
import { WORKFLOW_STATUSES } from "../../model/status";

/** Each can be taken for the other, and has the same fields. */
type Same<A, B> = [A] extends [B]
	? [B] extends [A]
		? [keyof A, keyof B] extends [keyof B, keyof A]
			? unknown
			: never
		: never
	: never;

/**
 * Returns `schema` where it says what `T` says; else it does not compile.
 *
 * @example
 * const indexRow = describes<IndexRow>()(z.object({ id: z.string(), … }));
 */
export const describes =
	<T>() =>
	<S extends z.ZodType>(schema: S & Same<T, z.output<S>>): S =>
		schema;

export const moment = z.int().describe("ms since 1970");
export const count = z.int().min(0);
export const workflowStatus = z.enum(WORKFLOW_STATUSES).meta({ id: "WorkflowStatus" });
export const attributes = z
	.record(z.string(), z.union([z.string(), z.number()]))
	.readonly()
	.meta({ id: "Attributes", description: "What an instance is found by." });
export const anyJson = z.unknown();
export const jsonObject = z.record(z.string(), z.unknown()).readonly();

export const errorAnswer = z
	.object({
		error: z.object({
			code: z.string(),
			message: z.string(),
			details: z.record(z.string(), z.unknown()).optional(),
			timestamp: z.iso.datetime(),
			requestId: z.string(),
			executionId: z.string().optional().describe("The instance that the request was about."),
		}),
	})
	.meta({ id: "Error" });
