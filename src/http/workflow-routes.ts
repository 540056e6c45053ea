/** `/workflows`: create instances, list them, and what there is for each of them. */
import { Hono } from "hono";
import { createEach } from "../client/create-each";
import { createInstance } from "../client/create-instance";
import type { Catalogue } from "../model/catalogue";
import { toJson } from "../model/http";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { batchBody, byOf, createBody, jsonBody, limitBody, parseInput, requireType } from "./input";
import { instanceRoutes } from "./instance-routes";
import { listingRoutes } from "./listing-routes";

export function workflowRoutes(types: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const { reason, ...input } = parseInput(createBody, await jsonBody(c), "body");
		c.set("executionId", input.id);
		requireType(c, types, input.type);
		const by = byOf(c, reason);
		const request = { ...input, payload: input.payload, by };
		const { created, ...receipt } = await createInstance(c.env.WORKFLOW_RUNNER, request);
		return c.json(createdJson(receipt), created ? 201 : 200);
	});

	routes.post("/batch", limitBody, async (c) => {
		const { items } = parseInput(batchBody, await jsonBody(c), "body");
		const results = await createEach(items, (item, index) => {
			const { reason, ...input } = parseInput(createBody, item, "item");
			requireType(c, types, input.type);
			const { key, ...by } = byOf(c, reason);
			// A key makes the id of an instance that is given none: each item has its own.
			const own = key === undefined ? undefined : `${key}/${index}`;
			const request = { ...input, payload: input.payload, by: { ...by, key: own } };
			return createInstance(c.env.WORKFLOW_RUNNER, request);
		});
		return c.json({ results: results.map(createdJson) });
	});

	routes.route("/", listingRoutes(types));
	routes.all("/", methodNotAllowed("GET, POST"));

	routes.route("/", instanceRoutes());
	return routes;
}

/** With its output, if there is one, as JSON has it; `undefined` is null there. */
function createdJson<T extends object>(created: T): T {
	return "output" in created ? { ...created, output: toJson(created.output) } : created;
}
