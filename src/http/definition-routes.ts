/** `/definitions`: workflows that are data. Storing one makes it a type, without a deploy. */
import type { Context } from "hono";
import { Hono } from "hono";
import * as z from "zod";
import {
	auditDefinitions,
	deleteDefinition,
	getDefinition,
	listDefinitions,
	putDefinition,
	useDefinition,
} from "../client/definitions";
import {
	type Definition,
	DefinitionFaults,
	type DefinitionFormat,
	type DefinitionPut,
	type DefinitionReceipt,
	type StoredDefinition,
} from "../model/definition";
import { inPool } from "../model/pool";
import type { By } from "../model/rpc";
import { requireRole } from "./access";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import {
	bodyText,
	byOf,
	changeBody,
	jsonBody,
	limitBody,
	nothing,
	optionalBody,
	parseInput,
	parseJson,
	queryOf,
	visibleTypes,
} from "./input";
import type { ServiceTypes } from "./service-types";

export const putQuery = z.strictObject({
	replace: z
		.enum(["true", "false"])
		.transform((replace) => replace === "true")
		.default(false),
	reason: z.string().optional().describe("Why, for the audit: the body is the definition."),
});

export const useBody = z
	.strictObject({
		version: z.string().optional(),
		hash: z.string().optional(),
		reason: z.string().optional(),
	})
	.refine(({ version, hash }) => (version === undefined) !== (hash === undefined), {
		error: "expected a version or a hash",
	});

/** Types that a listing asks at a time. */
const AT_A_TIME = 20;

export function definitionRoutes(types: ServiceTypes, format: DefinitionFormat): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const { definition, created } = await storeDefinition(c, format, { action: "store" });
		return c.json(definition, created ? 201 : 200);
	});
	routes.get("/", async (c) => {
		parseInput(nothing, queryOf(c), "query");
		const { WORKFLOW_RUNNER: runners } = c.env;
		const names = (await visibleTypes(c, types)).filter((type) => !types.registry.has(type));
		const each = await inPool(names, AT_A_TIME, async (type) => {
			const all = await listDefinitions(runners, type);
			return all.filter(({ isCurrent }) => isCurrent);
		});
		return c.json({ definitions: each.flat() });
	});
	routes.all("/", methodNotAllowed("GET, POST"));

	routes.post("/validate", limitBody, async (c) => {
		const text = await bodyText(c);
		try {
			const { text: _, ...definition } = await format.read(text);
			return c.json({ valid: true, definition, faults: [] });
		} catch (error) {
			if (!(error instanceof DefinitionFaults)) throw error;
			return c.json({ valid: false, definition: null, faults: error.faults });
		}
	});
	routes.all("/validate", methodNotAllowed("POST"));

	routes.get("/schema.json", (c) => {
		c.header("Content-Type", "application/schema+json");
		return c.body(JSON.stringify(format.schema()));
	});
	routes.all("/schema.json", methodNotAllowed("GET"));

	routes.get("/:type", async (c) => {
		parseInput(nothing, queryOf(c), "query");
		const type = typeIn(c);
		const { WORKFLOW_RUNNER: runners } = c.env;
		const [current, versions] = await Promise.all([
			getDefinition(runners, type),
			listDefinitions(runners, type),
		]);
		return c.json({ ...definitionJson(current), versions });
	});
	routes.delete("/:type", requireRole("author"), limitBody, async (c) => {
		const type = typeIn(c);
		const { reason } = parseInput(changeBody, await optionalBody(c), "body");
		await deleteDefinition(c.env.WORKFLOW_RUNNER, type, byOf(c, reason));
		return c.json({ type, status: "deleted" });
	});
	routes.all("/:type", methodNotAllowed("GET, DELETE"));

	routes.get("/:type/audit", async (c) => {
		parseInput(nothing, queryOf(c), "query");
		const type = typeIn(c);
		return c.json({ type, audit: await auditDefinitions(c.env.WORKFLOW_RUNNER, type) });
	});
	routes.all("/:type/audit", methodNotAllowed("GET"));

	routes.get("/:type/versions/:version", async (c) => {
		parseInput(nothing, queryOf(c), "query");
		const { version } = c.req.param();
		const { WORKFLOW_RUNNER: runners } = c.env;
		return c.json(definitionJson(await getDefinition(runners, typeIn(c), { version })));
	});
	routes.all("/:type/versions/:version", methodNotAllowed("GET"));

	routes.put("/:type/current", requireRole("author"), limitBody, async (c) => {
		const { reason, ...choice } = parseInput(useBody, await jsonBody(c), "body");
		const request = { ...choice, by: byOf(c, reason) };
		return c.json(await useDefinition(c.env.WORKFLOW_RUNNER, typeIn(c), request));
	});
	routes.all("/:type/current", methodNotAllowed("PUT"));

	return routes;
}

/** @throws {WorkflowError} `FORBIDDEN` for a type that is not the caller's. */
function typeIn(c: Context<AppContext>): string {
	const type = c.req.param("type") ?? "";
	c.var.caller.requireType(type);
	return type;
}

/** Stores the definition that the body is, or that `text` is. */
export async function storeDefinition(
	c: Context<AppContext>,
	format: DefinitionFormat,
	{ action, text }: { action: DefinitionPut["action"]; text?: string },
): Promise<DefinitionReceipt & { by: By }> {
	const { caller } = c.var;
	caller.requireRole("author");
	const { replace, reason } = parseInput(putQuery, queryOf(c), "query");
	const by = byOf(c, reason);
	const definition: Definition = await format.read(text ?? (await bodyText(c)));
	caller.requireType(definition.type);
	caller.requireNodes(format.nodesOf(definition.text));
	// A type that is known as it runs only is nobody's whose token is for some types.
	for (const type of format.startsOf(definition.text)) caller.requireType(type);
	const request = { ...definition, action, replace, by };
	return { ...(await putDefinition(c.env.WORKFLOW_RUNNER, request)), by };
}

function definitionJson({ text, ...about }: StoredDefinition) {
	return { ...about, content: parseJson(text) };
}
