/** Reading requests: bodies and queries are parsed here, with the path of each fault. */
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { ValidationError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { WORKFLOW_STATUSES } from "../model/status";
import { HttpFault } from "./errors";

export const createBody = z.strictObject({
	type: z.string(),
	id: z.string().optional(),
	payload: z.unknown(),
});

export const listQuery = z.strictObject({
	type: z.string().optional(),
	status: z.enum(WORKFLOW_STATUSES).optional(),
	limit: z
		.string()
		.regex(/^\d{1,9}$/, "expected a whole number")
		.transform(Number)
		.pipe(z.number().min(1).max(LIMITS.listPage))
		.default(LIMITS.listPageDefault),
});

export const limitBody: MiddlewareHandler = bodyLimit({
	maxSize: LIMITS.requestBodyBytes,
	onError: () => {
		throw new HttpFault(
			413,
			"BODY_TOO_LARGE",
			`The body is larger than the limit of ${LIMITS.requestBodyBytes} bytes.`,
		);
	},
});

/** The JSON of the body; null for no body where that is allowed. */
export async function jsonBody(c: Context, { optional = false } = {}): Promise<unknown> {
	const text = await c.req.text();
	if (text.trim() === "" && optional) return null;
	const contentType = c.req.header("Content-Type") ?? "";
	if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
		throw new HttpFault(
			415,
			"UNSUPPORTED_MEDIA_TYPE",
			`Expected a JSON body with the header \`Content-Type: application/json\`; received ${contentType === "" ? "no content type" : `"${contentType}"`}.`,
		);
	}
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new ValidationError(`The body is not JSON: ${(error as Error).message}.`);
	}
}

/** `value` as the schema has it; a `ValidationError` lists all issues with their paths. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	const issues = result.error.issues.map(({ path, message }) => ({
		path: path.join(".") || what,
		message,
	}));
	const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ");
	throw new ValidationError(`The ${what} is not valid. ${list}.`, { issues });
}
