/** `/workflows`: create instances, list them, and what there is for each of them. */
import { type Context, Hono } from "hono";
import { createEach } from "../client/create-each";
import { createInstance } from "../client/create-instance";
import type { DefinitionFormat } from "../model/definition";
import { toJson } from "../model/http";
import type { AppContext } from "./app";
import { storeDefinition } from "./definition-routes";
import { methodNotAllowed } from "./errors";
import { executionLinks } from "./execution-routes";
import {
	batchBody,
	bodyText,
	byOf,
	createBody,
	jsonBody,
	limitBody,
	parseInput,
	parseJson,
	requireType,
} from "./input";
import { instanceRoutes } from "./instance-routes";
import { listingRoutes } from "./listing-routes";
import type { ServiceTypes } from "./service-types";

export function workflowRoutes(types: ServiceTypes): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const text = await bodyText(c);
		const body = parseJson(text);
		if (types.format !== null && isDefinition(body)) return submit(c, types.format, text);
		const { reason, ...input } = parseInput(createBody, body, "body");
		c.set("executionId", input.id);
		await requireType(c, types, input.type);
		const by = byOf(c, reason);
		const request = { ...input, payload: input.payload, by };
		const { created, ...receipt } = await createInstance(c.env.WORKFLOW_RUNNER, request);
		return c.json(createdJson(receipt), created ? 201 : 200);
	});

	routes.post("/batch", limitBody, async (c) => {
		const { items } = parseInput(batchBody, await jsonBody(c), "body");
		const results = await createEach(items, async (item, index) => {
			const { reason, ...input } = parseInput(createBody, item, "item");
			await requireType(c, types, input.type);
			const { key, ...by } = byOf(c, reason);
			// A key makes the id of an instance that is given none: each item has its own.
			const own = key === undefined ? undefined : `${key}/${index}`;
			const request = { ...input, payload: input.payload, by: { ...by, key: own } };
			return await createInstance(c.env.WORKFLOW_RUNNER, request);
		});
		return c.json({ results: results.map(createdJson) });
	});

	routes.route("/", listingRoutes(types));
	routes.all("/", methodNotAllowed("GET, POST"));

	routes.route("/", instanceRoutes());
	return routes;
}

/** A definition, and not the type of one: seed 003's and seed 000's forms. */
function isDefinition(body: unknown): boolean {
	if (typeof body !== "object" || body === null || "type" in body) return false;
	return "workflow" in body || "steps" in body;
}

/** Stores a definition, and creates an instance that begins with it. */
async function submit(
	c: Context<AppContext>,
	format: DefinitionFormat,
	text: string,
): Promise<Response> {
	const { definition, by } = await storeDefinition(c, format, { action: "submit", text });
	const { type, hash } = definition;
	const { id, status } = await createInstance(c.env.WORKFLOW_RUNNER, {
		...{ type, definition: hash, payload: null, by },
	});
	c.set("executionId", id);
	const links = executionLinks(id);
	c.header("Location", links.self);
	return c.json({ executionId: id, status, definition: hash, links }, 202);
}

/** With its output, if there is one, as JSON has it; `undefined` is null there. */
function createdJson<T extends object>(created: T): T {
	return "output" in created ? { ...created, output: toJson(created.output) } : created;
}
