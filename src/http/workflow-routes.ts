/** `/workflows`: create and list instances. */
import { Hono } from "hono";
import { createInstance } from "../client/create-instance";
import { listInstances } from "../client/runner-client";
import { unknownType } from "../model/errors";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { byOf, createBody, jsonBody, limitBody, listQuery, parseInput, singleQuery } from "./input";
import { instanceRoutes } from "./instance-routes";

export function workflowRoutes(types: readonly string[]): Hono<AppContext> {
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

	routes.get("/", async (c) => {
		const { type, ...filter } = parseInput(listQuery, singleQuery(c), "query");
		if (type !== undefined) {
			requireType(types, type);
			const instances = await listInstances(c.env.WORKFLOW_RUNNER, type, filter);
			return c.json({ type, instances });
		}
		const workflows = await Promise.all(
			types.map(async (each) => ({
				type: each,
				instances: await listInstances(c.env.WORKFLOW_RUNNER, each, filter),
			})),
		);
		return c.json({ workflows });
	});
	routes.all("/", methodNotAllowed("GET, POST"));

	routes.route("/", instanceRoutes());
	return routes;
}

function requireType(types: readonly string[], type: string): void {
	if (!types.includes(type)) throw unknownType(type, types);
}
