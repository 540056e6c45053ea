/**
 * The OpenAPI document of the service, made of what `Operation` says of each route and of the
 * routes that there are. Nothing of one deployment is in it: no types, no tokens.
 */
import * as z from "zod";
import type { AccessRole } from "../../model/access";
import { isRead } from "../access";
import { errorAnswer } from "../answers/shape";
import { HTTP_CODES, STATUS_OF_CODE } from "../errors";
import { DEFINITION_OPERATIONS } from "./definitions";
import { INSTANCE_OPERATIONS } from "./instances";
import { type AnswerCode, type Media, mediaOf, type Operation, type Operations } from "./operation";
import { SERVICE_OPERATIONS } from "./service";

export const OPERATIONS: Operations = {
	...SERVICE_OPERATIONS,
	...INSTANCE_OPERATIONS,
	...DEFINITION_OPERATIONS,
};

export type JsonSchema = Readonly<Record<string, unknown>>;
export type JsonMedia = Record<string, { schema: JsonSchema }>;

export interface Parameter {
	name: string;
	in: "path" | "query" | "header";
	required: boolean;
	description?: string;
	schema: JsonSchema;
}

export interface DocumentedResponse {
	description: string;
	content?: JsonMedia;
}

export interface DocumentedOperation {
	operationId: string;
	tags: [string];
	summary: string;
	description: string;
	parameters?: Parameter[];
	requestBody?: { required: boolean; content: JsonMedia };
	responses: Record<string, DocumentedResponse | { $ref: string }>;
	security?: [];
	/** The role that a token needs; null: no token. */
	"x-role": AccessRole | null;
}

export interface OpenApiDocument {
	openapi: string;
	info: { title: string; version: string; description: string };
	servers: { url: string }[];
	security: Record<string, string[]>[];
	tags: { name: string }[];
	paths: Record<string, Record<string, DocumentedOperation>>;
	components: {
		schemas: Record<string, JsonSchema>;
		responses: Record<string, DocumentedResponse>;
		securitySchemes: Record<string, JsonSchema>;
	};
}

/** As in package.json. */
export const API_VERSION = "0.1.0";

const TAGS: Readonly<Record<string, string>> = {
	workflows: "Instances",
	bulk: "Bulk jobs",
	schedules: "Schedules",
	types: "Types",
	stream: "Types",
	definitions: "Definitions",
	nodes: "Definitions",
	executions: "Executions",
	admin: "Admin",
};
const REASONS: Readonly<Record<number, string>> = {
	200: "OK",
	201: "Created",
	202: "Accepted",
	204: "No content: there is no more to come",
};
const OTHER_TAG = "Service";

/** What stands in a path; by the path's first word where that matters. */
const PATH_PARAMETERS: Readonly<Record<string, string>> = {
	id: "The instance's id.",
	"schedules/id": "The schedule's id: <type>:<name>.",
	"bulk/id": "The job's id: a UUID.",
	type: "The type's name.",
	event: "The event's name, percent-encoded.",
	name: "The step's name, percent-encoded.",
	version: "The definition's version.",
};

const AUDIT_HEADERS = [
	header("X-Actor", "Who asks, for the audit. Default: the name of the token."),
	header("Idempotency-Key", "The same request with the same key again changes nothing more."),
];
const STREAM_HEADERS = [header("Last-Event-ID", "The id of the last event that was read.")];

/** `routes` as Hono has them: those with a method of their own are described. */
export function openApiDocument(
	routes: readonly { method: string; path: string }[],
): OpenApiDocument {
	const schemas = new Schemas();
	const paths: OpenApiDocument["paths"] = {};
	const there = new Set(routes.map(({ method, path }) => `${method} ${path}`));
	for (const [route, operation] of Object.entries(OPERATIONS)) {
		if (!there.has(route)) continue;
		const [method = "", path = ""] = route.split(" ");
		const template = path.replace(/:(\w+)/g, "{$1}");
		paths[template] ??= {};
		paths[template][method.toLowerCase()] = documented(method, path, { operation, schemas });
	}
	return {
		openapi: "3.1.1",
		info: {
			title: "durable-workflows",
			version: API_VERSION,
			description:
				"Durable workflows on Cloudflare. Times are ms since 1970, durations text as `30s` or ms. A request that is refused changes nothing.",
		},
		servers: [{ url: "/" }],
		security: [{ token: [] }],
		tags: [...new Set([...Object.values(TAGS), OTHER_TAG])].map((name) => ({ name })),
		paths,
		components: {
			schemas: schemas.named,
			responses: schemas.refusals,
			securitySchemes: { token: { type: "http", scheme: "bearer" } },
		},
	};
}

function documented(
	method: string,
	path: string,
	{ operation, schemas }: { operation: Operation; schemas: Schemas },
): DocumentedOperation {
	const { id, summary, description, body, bodyIsOptional, answers } = operation;
	const role = roleOf(method, operation);
	const needs = role === null ? "Needs no token." : `Needs the role \`${role}\`.`;
	const parameters = parametersOf(path, operation, schemas);
	return {
		operationId: id,
		tags: [TAGS[path.split("/")[1] ?? ""] ?? OTHER_TAG],
		summary,
		description: description === undefined ? needs : `${description}\n\n${needs}`,
		...(parameters.length === 0 ? {} : { parameters }),
		...(body === undefined
			? {}
			: {
					requestBody: {
						required: bodyIsOptional !== true,
						content: {
							"application/json": { schema: bodySchema(body, operation.otherBody, schemas) },
						},
					},
				}),
		responses: {
			...Object.fromEntries(
				Object.entries(answers).map(([status, answer]) => [
					status,
					answerOf(Number(status), mediaOf(answer), schemas),
				]),
			),
			...refusals(method, operation, schemas),
		},
		...(role === null ? { security: [] as [] } : {}),
		"x-role": role,
	};
}

export function roleOf(method: string, { role }: Operation): AccessRole | null {
	return role === undefined ? (isRead(method) ? "viewer" : "operator") : role;
}

function parametersOf(
	path: string,
	{ query, isAudited, isFollowed }: Operation,
	schemas: Schemas,
): Parameter[] {
	const first = path.split("/")[1] ?? "";
	const inPath = Array.from(path.matchAll(/:(\w+)/g), ([, name = ""]): Parameter => {
		const description = PATH_PARAMETERS[`${first}/${name}`] ?? PATH_PARAMETERS[name] ?? "";
		return { name, in: "path", required: true, description, schema: { type: "string" } };
	});
	const { properties = {}, required = [] } = (query === undefined ? {} : schemas.of(query)) as {
		properties?: Record<string, JsonSchema>;
		required?: string[];
	};
	const inQuery = Object.entries(properties).map(([name, schema]): Parameter => {
		return { name, in: "query", required: required.includes(name), schema };
	});
	return [
		...inPath,
		...inQuery,
		...(isAudited ? AUDIT_HEADERS : []),
		...(isFollowed ? STREAM_HEADERS : []),
	];
}

function bodySchema(body: z.ZodType, other: z.ZodType | undefined, schemas: Schemas): JsonSchema {
	const first = schemas.of(body);
	return other === undefined ? first : { anyOf: [first, schemas.of(other)] };
}

function answerOf(status: number, media: Media, schemas: Schemas): DocumentedResponse {
	const content = Object.fromEntries(
		Object.entries(media).map(([type, schema]) => [type, { schema: schemas.of(schema) }]),
	);
	const description = REASONS[status] ?? "Done";
	return Object.keys(content).length === 0 ? { description } : { description, content };
}

/** What a route may be refused with, by status: its own errors, and those that all have. */
export function errorsOf(method: string, operation: Operation): Map<number, string[]> {
	const { body, query, errors = [] } = operation;
	const codes: AnswerCode[] = [...errors, "INTERNAL_ERROR"];
	if (roleOf(method, operation) !== null) {
		codes.push("UNAUTHORIZED", "FORBIDDEN", "ACCESS_NOT_CONFIGURED", "VALIDATION_ERROR");
	}
	if (query !== undefined) codes.push("VALIDATION_ERROR");
	if (body !== undefined) {
		codes.push("VALIDATION_ERROR", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
	}
	const byStatus = new Map<number, string[]>();
	for (const each of new Set(codes)) {
		const [status, code] = parted(each);
		byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
	}
	return byStatus;
}

function parted(code: AnswerCode): [status: number, code: string] {
	const [, status, name] = /^(\d+) (.*)$/.exec(code) ?? [];
	if (name !== undefined) return [Number(status), name];
	const all: Record<string, number> = { ...STATUS_OF_CODE, ...HTTP_CODES };
	return [all[code] ?? 500, code];
}

function refusals(
	method: string,
	operation: Operation,
	schemas: Schemas,
): DocumentedOperation["responses"] {
	const answers: DocumentedOperation["responses"] = {};
	for (const [status, codes] of errorsOf(method, operation)) {
		answers[status] = schemas.refusal(status, codes);
	}
	return answers;
}

function header(name: string, description: string): Parameter {
	return { name, in: "header", required: false, description, schema: { type: "string" } };
}

/** JSON Schema of zod's schemas; those with an id stand in the components, once. */
class Schemas {
	readonly named: Record<string, JsonSchema> = {};
	/** Those that are alike for many routes. */
	readonly refusals: Record<string, DocumentedResponse> = {};

	readonly #made = new Map<z.ZodType, JsonSchema>();

	/** Of what comes in, as it comes in; answers are the same both ways. */
	of(schema: z.ZodType): JsonSchema {
		const made = this.#made.get(schema) ?? this.#make(schema);
		this.#made.set(schema, made);
		return made;
	}

	/** An error with one of these codes. */
	refusal(status: number, codes: readonly string[]): { $ref: string } {
		const name = `${status}_${codes.join("-")}`;
		const code = { type: "string", enum: codes };
		const schema = {
			allOf: [
				this.of(errorAnswer),
				{ type: "object", properties: { error: { type: "object", properties: { code } } } },
			],
		};
		this.refusals[name] ??= {
			description: codes.map((each) => `\`${each}\``).join(", "),
			content: { "application/json": { schema } },
		};
		return { $ref: `#/components/responses/${name}` };
	}

	#make(schema: z.ZodType): JsonSchema {
		const { $schema: _, $defs = {}, ...own } = tidy(toJson(schema)) as Record<string, unknown>;
		for (const [name, definition] of Object.entries($defs as Record<string, JsonSchema>)) {
			const { id: _, ...rest } = definition;
			this.named[name] = rest;
		}
		const { id, ...rest } = own;
		if (typeof id !== "string") return own;
		this.named[id] = rest;
		return { $ref: `#/components/schemas/${id}` };
	}
}

function toJson(schema: z.ZodType): unknown {
	return z.toJSONSchema(schema, { io: "input", target: "draft-2020-12", unrepresentable: "any" });
}

/** References go to the components; what follows from the type or format anyway is left out. */
function tidy(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(tidy);
	if (typeof value !== "object" || value === null) return value;
	const { type, format } = value as { type?: unknown; format?: unknown };
	const fields = Object.entries(value).filter(([name, field]) => {
		if (name === "pattern") return type === "string" && format === undefined;
		if (name === "propertyNames") return false;
		return Math.abs(field) !== Number.MAX_SAFE_INTEGER;
	});
	return Object.fromEntries(
		fields.map(([name, field]) => [
			name,
			name === "$ref" ? String(field).replace("#/$defs/", "#/components/schemas/") : tidy(field),
		]),
	);
}
