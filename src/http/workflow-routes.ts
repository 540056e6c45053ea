/** `/workflows`: create, look at, steer and signal instances. */
import { Hono } from "hono";
import {
	type ControlAction,
	controlInstance,
	createInstance,
	describeInstance,
	sendEvent,
} from "../client/runner-client";
import type { Catalogue } from "../model/catalogue";
import { statusJson, statusResponse } from "../model/http";
import { parseInstanceId } from "../model/ids";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import {
	createBody,
	jsonBody,
	limitBody,
	parseInput,
	queryOf,
	requireDecodable,
	requireType,
	statusQuery,
} from "./input";

const CONTROL_ACTIONS: readonly ControlAction[] = ["pause", "resume", "terminate"];

export function workflowRoutes(types: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const { type, id, payload } = parseInput(createBody, await jsonBody(c), "body");
		c.set("executionId", id);
		requireType(types, type);
		const created = await createInstance(c.env.WORKFLOW_RUNNER, { type, id, payload });
		return c.json(created, 201);
	});

	routes.all("/", methodNotAllowed("GET, POST"));

	routes.get("/:id", async (c) => {
		const options = parseInput(statusQuery, queryOf(c), "query");
		const view = await describeInstance(c.env.WORKFLOW_RUNNER, c.req.param("id"), options);
		return c.json(statusJson(statusResponse(view)));
	});
	routes.all("/:id", methodNotAllowed("GET"));

	for (const action of CONTROL_ACTIONS) {
		routes.post(`/:id/${action}`, async (c) => {
			const id = c.req.param("id");
			const { status } = await controlInstance(c.env.WORKFLOW_RUNNER, id, action);
			return c.json({ id, status });
		});
		routes.all(`/:id/${action}`, methodNotAllowed("POST"));
	}

	routes.post("/:id/events/:event", limitBody, async (c) => {
		const { id, event } = c.req.param();
		parseInstanceId(id);
		requireDecodable(c.req.path);
		const payload = await jsonBody(c, { optional: true });
		await sendEvent(c.env.WORKFLOW_RUNNER, { id, event, payload });
		return c.json({ id, event, status: "delivered" });
	});
	routes.all("/:id/events/:event", methodNotAllowed("POST"));

	return routes;
}
