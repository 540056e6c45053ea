/** `/workflows`: create instances, list them, and what there is for each of them. */
import { Hono } from "hono";
import { createInstance } from "../client/create-instance";
import type { Catalogue } from "../model/catalogue";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { byOf, createBody, jsonBody, limitBody, parseInput, requireType } from "./input";
import { instanceRoutes } from "./instance-routes";
import { listingRoutes } from "./listing-routes";

export function workflowRoutes(types: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const { reason, ...input } = parseInput(createBody, await jsonBody(c), "body");
		c.set("executionId", input.id);
		requireType(types, input.type);
		const by = byOf(c, reason);
		const request = { ...input, payload: input.payload, by };
		const { created, ...receipt } = await createInstance(c.env.WORKFLOW_RUNNER, request);
		return c.json(receipt, created ? 201 : 200);
	});

	routes.route("/", listingRoutes(types));
	routes.all("/", methodNotAllowed("GET, POST"));

	routes.route("/", instanceRoutes());
	return routes;
}
