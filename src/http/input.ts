/** Reading requests: bodies and queries are parsed here, with the path of each fault. */
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { BULK_ACTIONS } from "../model/bulk";
import { unknownType, ValidationError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { LOG_LEVELS } from "../model/log";
import { shortened } from "../model/printable";
import { type By, INCLUDES } from "../model/rpc";
import { OVERLAPS } from "../model/schedule";
import { isTerminal, WORKFLOW_STATUSES } from "../model/status";
import type { AppContext } from "./app";
import { HttpFault } from "./errors";
import type { ServiceTypes } from "./service-types";

/** A moment: ISO 8601 with a time zone, or ms since 1970. */
const moment = z.union([
	z.number().pipe(z.number().min(-8.64e15).max(8.64e15)),
	z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

const duration = z.union([z.string(), z.number()]).describe('As "5m", "24h", "7 days", or ms.');

export const createBody = z.strictObject({
	type: z.string(),
	id: z.string().optional(),
	payload: z.unknown().optional(),
	attributes: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
	priority: z.number().optional(),
	// The instance checks them: they are options of the library, too.
	retry: z.record(z.string(), z.unknown()).optional(),
	panic: z.record(z.string(), z.unknown()).optional(),
	startAt: moment.optional(),
	delay: duration.optional(),
	onConflict: z.enum(["error", "return"]).optional(),
	event: z.strictObject({ name: z.string(), payload: z.unknown().optional() }).optional(),
	reason: z.string().optional(),
});

export const batchBody = z.strictObject({ items: z.array(z.unknown()) });

export const scheduleBody = z.strictObject({
	type: z.string(),
	name: z.string().optional(),
	cron: z.string(),
	timezone: z.string().optional(),
	payload: z.unknown().optional(),
	attributes: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
	overlap: z.enum(OVERLAPS).optional(),
	catchUp: z.number().optional(),
	paused: z.boolean().optional(),
});

export const schedulesQuery = z.strictObject({ type: z.string().optional() });

const oneOrMore = <T extends z.ZodType>(each: T) =>
	z.union([each.transform((one) => [one]), z.array(each).min(1)]);
const status = z.enum(WORKFLOW_STATUSES);

export const bulkBody = z.strictObject({
	action: z.enum(BULK_ACTIONS),
	filter: z
		.strictObject({
			type: oneOrMore(z.string()).optional(),
			status: oneOrMore(status).optional(),
			createdAfter: moment.optional(),
			createdBefore: moment.optional(),
			updatedAfter: moment.optional(),
			updatedBefore: moment.optional(),
			idPrefix: z.string().optional(),
			attributes: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).optional(),
		})
		.refine((filter) => Object.keys(filter).length > 0, {
			message: "an empty filter would mean every instance: name the types, at least",
		}),
	event: z.strictObject({ name: z.string(), payload: z.unknown().optional() }).optional(),
	dryRun: z.boolean().optional(),
	reason: z.string().optional(),
});

export const cleanupBody = z.strictObject({
	olderThan: duration,
	type: oneOrMore(z.string()).optional(),
	status: oneOrMore(
		status.refine(isTerminal, { message: "expected a status of ended instances" }),
	).optional(),
	dryRun: z.boolean().optional(),
	reason: z.string().optional(),
});

/** Of a change that needs no more than its name. */
export const changeBody = z.strictObject({ reason: z.string().optional() });

/** What metadata is, its own parser says: a name may be any text. */
export const metadataBody = z.strictObject({
	metadata: z.unknown().refine((value) => value !== undefined, "expected an object; it is missing"),
	reason: z.string().optional(),
});

export const restartBody = z.strictObject({
	from: z.string().optional(),
	reason: z.string().optional(),
});

export const redeliverBody = z.strictObject({
	receiver: z.string().optional(),
	reason: z.string().optional(),
});

const step = z.string();
const reason = z.string().optional();
export const repairBody = z.discriminatedUnion("action", [
	z.strictObject({ action: z.literal("set-output"), step, output: z.unknown(), reason }),
	z.strictObject({ action: z.literal("skip"), step, output: z.unknown().optional(), reason }),
	z.strictObject({ action: z.literal("fire-sleep"), step, reason }),
	z.strictObject({ action: z.literal("retry-now"), step, reason }),
]);

export const statusQuery = z.strictObject({
	steps: z
		.enum(["true", "false"])
		.transform((steps) => steps === "true")
		.default(true),
	include: z
		.string()
		.describe(`With commas between: ${INCLUDES.join(", ")}.`)
		.transform((text) => text.split(","))
		.pipe(z.array(z.enum(INCLUDES)))
		.optional(),
});

const wholeNumber = z
	.string()
	.regex(/^\d{1,15}$/, "expected a whole number")
	.meta({ type: "integer", minimum: 0 })
	.transform(Number);
export const logsQuery = z.strictObject({
	level: z.enum(LOG_LEVELS).optional(),
	after: wholeNumber.optional(),
	limit: wholeNumber.pipe(z.number().min(1).max(LIMITS.listPage)).optional(),
});

export const STREAM_HEADERS = {
	"Content-Type": "text/event-stream",
	"Cache-Control": "no-cache",
};

export const streamQuery = z.strictObject({
	events: z
		.string()
		.describe("Names of those that are wanted, with commas between.")
		.transform((text) => text.split(","))
		.optional(),
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

/** Refuses a name in broken percent-encoding, which would be taken as it stands otherwise. */
export function requireDecodable(path: string, what: "event" | "name" = "event"): void {
	try {
		decodeURIComponent(path);
	} catch {
		throw new ValidationError(
			`The ${what === "event" ? "event's name" : what} is not percent-encoded UTF-8.`,
			{ path: what },
		);
	}
}

/** No parameters, or no fields. */
export const nothing = z.strictObject({});

/** The text of the body, which says that it is JSON; null for no body where that is allowed. */
export async function bodyText(c: Context): Promise<string>;
export async function bodyText(c: Context, options: { optional: boolean }): Promise<string | null>;
export async function bodyText(c: Context, { optional = false } = {}): Promise<string | null> {
	const bytes = await c.req.arrayBuffer();
	const contentType = c.req.header("Content-Type") ?? "";
	const isJson = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType);
	const text = isJson || bytes.byteLength === 0 ? utf8(bytes) : undefined;
	if (optional && text?.trim() === "") return null;
	if (isJson && text !== undefined) return text;
	const received = contentType === "" ? "no content type" : `"${shortened(contentType)}"`;
	throw new HttpFault(
		415,
		"UNSUPPORTED_MEDIA_TYPE",
		`Expected a JSON body with the header \`Content-Type: application/json\`; received ${received}.`,
	);
}

/** The JSON of the body; null for no body where that is allowed. */
export async function jsonBody(c: Context, { optional = false } = {}): Promise<unknown> {
	const text = await bodyText(c, { optional });
	return text === null ? null : parseJson(text);
}

export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new ValidationError(`The body is not JSON: ${(error as Error).message}.`);
	}
}

/** The body of a request that may have none: an empty object then. */
export async function optionalBody(c: Context): Promise<unknown> {
	return (await jsonBody(c, { optional: true })) ?? {};
}

function utf8(bytes: ArrayBuffer): string {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
	} catch {
		throw new ValidationError("The body is not UTF-8 text.");
	}
}

/** Refuses a type that is not the caller's, or that there is not. */
export async function requireType(
	c: Context<AppContext>,
	types: ServiceTypes,
	type: string,
): Promise<void> {
	c.var.caller.requireType(type);
	const { WORKFLOW_RUNNER: runners } = c.env;
	if (!(await types.has(runners, type))) throw unknownType(type, await visibleTypes(c, types));
}

/** The types that the caller may see, in the order of the catalogue. */
export async function visibleTypes(c: Context<AppContext>, types: ServiceTypes): Promise<string[]> {
	const all = await types.names(c.env.WORKFLOW_RUNNER);
	return all.filter((type) => c.var.caller.mayUseType(type));
}

/** The types that are named, or all that the caller may see, in the order of the catalogue. */
export async function typesOf(
	c: Context<AppContext>,
	types: ServiceTypes,
	named: readonly string[] | undefined,
): Promise<string[]> {
	for (const type of named ?? []) await requireType(c, types, type);
	if (named?.length === 1) return [...named];
	const all = await visibleTypes(c, types);
	return named === undefined ? all : all.filter((type) => named.includes(type));
}

/** Who asks for a change: headers say who and once only, the body why. */
export function byOf(c: Context<AppContext>, reason?: string): By {
	return {
		actor: c.var.caller.actor(c.req.header("X-Actor")),
		reason,
		key: c.req.header("Idempotency-Key"),
	};
}

/** The query's fields. One that is given twice is refused, unless it is repeatable: then a list. */
export function queryOf(
	c: Context,
	repeatable: readonly string[] = [],
): Record<string, string | string[]> {
	const fields = Object.entries(c.req.queries());
	const repeated = fields.filter(
		([name, values]) => values.length > 1 && !repeatable.includes(name),
	);
	if (repeated.length > 0) {
		throw inputError(
			"query",
			repeated.map(([path]) => ({ path, message: "given more than once" })),
		);
	}
	return Object.fromEntries(
		fields.map(([name, values]) => [name, repeatable.includes(name) ? values : (values[0] ?? "")]),
	);
}

/** `value` as the schema has it; a `ValidationError` lists all issues with their paths. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	throw inputError(
		what,
		result.error.issues.map(({ path, message }) => ({ path: path.join(".") || what, message })),
	);
}

const ISSUES_MAX = 20;

function inputError(what: string, found: { path: string; message: string }[]): ValidationError {
	const issues = found.slice(0, ISSUES_MAX).map(({ path, message }) => ({
		path: shortened(path),
		message: shortened(message, 400),
	}));
	const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ");
	return new ValidationError(`The ${what} is not valid. ${list}.`, { issues });
}
