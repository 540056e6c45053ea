/** Nodes as a parser is told of them, for its tests. */
import * as z from "zod";
import type { JsonObject, KnownNodes, NodeShape } from "../../../../src/authoring/graph/definition";

const template = z.string().regex(/\{\{/);
const duration = z.union([z.string(), z.number()]);

interface Row {
	edges?: readonly string[] | null;
	returning?: readonly string[] | "all";
	shorthand?: string;
	config?: z.ZodType;
}

const ROWS: Readonly<Record<string, Row>> = {
	log: {
		edges: ["success"],
		shorthand: "message",
		config: z.strictObject({
			message: z.string(),
			level: z.enum(["debug", "info", "warn", "error"]).optional(),
		}),
	},
	delay: {
		edges: ["success"],
		shorthand: "duration",
		config: z.strictObject({ duration: duration.optional() }),
	},
	http: {
		edges: ["success", "timeout"],
		shorthand: "url",
		config: z.strictObject({
			url: z.string(),
			method: z.enum(["GET", "POST", "PUT", "DELETE"]).optional(),
			headers: z.record(z.string(), z.string()).optional(),
			retries: z.union([z.number(), template]).optional(),
			body: z.unknown().optional(),
		}),
	},
	condition: {
		edges: ["true", "false"],
		shorthand: "if",
		config: z.strictObject({ if: z.string() }),
	},
	switch: { shorthand: "value", config: z.strictObject({ value: z.string() }) },
	loop: {
		edges: ["loop", "done"],
		shorthand: "while",
		config: z.strictObject({
			while: z.string().optional(),
			over: z.union([z.array(z.unknown()), template]).optional(),
		}),
	},
	parallel: { returning: "all", config: z.strictObject({ limit: z.number().optional() }) },
	"wait-event": {
		edges: ["success", "timeout"],
		shorthand: "event",
		config: z.strictObject({ event: z.string(), timeout: duration.optional() }),
	},
	set: { edges: ["success"] },
	fail: { edges: [], config: z.strictObject({ message: z.string().optional() }) },
	mail: {
		edges: ["success"],
		shorthand: "to",
		config: z.strictObject({ to: z.array(z.string()), subject: z.string().optional() }),
	},
	custom: {},
	throws: {
		config: z.unknown().refine(() => {
			throw new Error("no connection");
		}),
	},
};

function shapeOf({ edges = null, returning = [], shorthand, config }: Row): NodeShape {
	return {
		edges,
		returning,
		shorthand,
		schema: config && (z.toJSONSchema(config, { unrepresentable: "any" }) as JsonObject),
		check: (given) =>
			(config?.safeParse(given).error?.issues ?? []).map(({ path, message }) => ({
				path: path.map((segment) => (typeof segment === "number" ? segment : String(segment))),
				message,
			})),
	};
}

const shapes = new Map(Object.entries(ROWS).map(([id, row]) => [id, shapeOf(row)]));

export const nodes: KnownNodes = { ids: [...shapes.keys()], get: (id) => shapes.get(id) };
