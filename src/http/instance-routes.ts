/** `/workflows/:id`: look at, steer, repair, signal and forget one instance. */
import { Hono } from "hono";
import {
	type ControlAction,
	changeMetadata,
	controlInstance,
	describeInstance,
	followInstance,
	readLogs,
	redeliverEvents,
	removeInstance,
	repairStep,
	restartInstance,
	sendEvent,
} from "../client/runner-client";
import { logPageInfo, logPageJson, statusJson, statusResponse, toJson } from "../model/http";
import { parseInstanceId } from "../model/ids";
import type { MetadataChanges } from "../model/metadata";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import {
	byOf,
	changeBody,
	jsonBody,
	limitBody,
	logsQuery,
	metadataBody,
	optionalBody,
	parseInput,
	queryOf,
	redeliverBody,
	repairBody,
	requireDecodable,
	restartBody,
	STREAM_HEADERS,
	statusQuery,
	streamQuery,
} from "./input";

const CONTROL_ACTIONS: readonly ControlAction[] = ["pause", "resume", "terminate"];

export function instanceRoutes(): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/:id", async (c) => {
		const options = parseInput(statusQuery, queryOf(c), "query");
		const view = await describeInstance(c.env.WORKFLOW_RUNNER, c.req.param("id"), options);
		return c.json(statusJson(statusResponse(view)));
	});
	routes.delete("/:id", limitBody, async (c) => {
		const { reason } = parseInput(changeBody, await optionalBody(c), "body");
		const id = c.req.param("id");
		await removeInstance(c.env.WORKFLOW_RUNNER, id, byOf(c, reason));
		return c.json({ id, status: "deleted" });
	});
	routes.all("/:id", methodNotAllowed("GET, DELETE"));

	routes.get("/:id/logs", async (c) => {
		const request = parseInput(logsQuery, queryOf(c), "query");
		const page = await readLogs(c.env.WORKFLOW_RUNNER, c.req.param("id"), request);
		return c.json(logPageJson(logPageInfo(page)));
	});
	routes.all("/:id/logs", methodNotAllowed("GET"));

	routes.get("/:id/stream", async (c) => {
		const { events } = parseInput(streamQuery, queryOf(c), "query");
		const from = c.req.header("Last-Event-ID") ?? undefined;
		const id = c.req.param("id");
		const stream = await followInstance(c.env.WORKFLOW_RUNNER, id, { from, events });
		// A client that is answered 204 does not come back (HTML, 9.2.3).
		return stream === null ? c.body(null, 204) : c.body(stream, 200, STREAM_HEADERS);
	});
	routes.all("/:id/stream", methodNotAllowed("GET"));

	addChanges(routes);

	routes.post("/:id/events/:event", limitBody, async (c) => {
		const { id, event } = c.req.param();
		parseInstanceId(id);
		requireDecodable(c.req.path);
		const payload = await jsonBody(c, { optional: true });
		await sendEvent(c.env.WORKFLOW_RUNNER, { id, event, payload, by: byOf(c) });
		return c.json({ id, event, status: "delivered" });
	});
	routes.all("/:id/events/:event", methodNotAllowed("POST"));

	return routes;
}

/** What is done to an instance once for its `Idempotency-Key`, and shows in its audit. */
function addChanges(routes: Hono<AppContext>): void {
	for (const action of CONTROL_ACTIONS) {
		routes.post(`/:id/${action}`, limitBody, async (c) => {
			const { reason } = parseInput(changeBody, await optionalBody(c), "body");
			const id = c.req.param("id");
			const by = byOf(c, reason);
			const { status } = await controlInstance(c.env.WORKFLOW_RUNNER, id, action, by);
			return c.json({ id, status });
		});
		routes.all(`/:id/${action}`, methodNotAllowed("POST"));
	}

	addRepairs(routes);
}

/** What an operator does about one that went wrong. */
function addRepairs(routes: Hono<AppContext>): void {
	routes.post("/:id/restart", limitBody, async (c) => {
		const { from, reason } = parseInput(restartBody, await optionalBody(c), "body");
		const id = c.req.param("id");
		const request = { from, by: byOf(c, reason) };
		const { status } = await restartInstance(c.env.WORKFLOW_RUNNER, id, request);
		return c.json({ id, status });
	});
	routes.all("/:id/restart", methodNotAllowed("POST"));

	routes.post("/:id/repair", limitBody, async (c) => {
		const { reason, ...repair } = parseInput(repairBody, await jsonBody(c), "body");
		const id = c.req.param("id");
		const request = { ...repair, by: byOf(c, reason) };
		const { status } = await repairStep(c.env.WORKFLOW_RUNNER, id, request);
		return c.json({ id, status });
	});
	routes.all("/:id/repair", methodNotAllowed("POST"));

	routes.patch("/:id/metadata", limitBody, async (c) => {
		const { metadata: changes, reason } = parseInput(metadataBody, await jsonBody(c), "body");
		const id = c.req.param("id");
		const given = changes as MetadataChanges; // It is checked there.
		const changed = await changeMetadata(c.env.WORKFLOW_RUNNER, id, given, byOf(c, reason));
		return c.json({ id, status: changed.status, metadata: toJson(changed.metadata) });
	});
	routes.all("/:id/metadata", methodNotAllowed("PATCH"));

	routes.post("/:id/redeliver", limitBody, async (c) => {
		const { receiver, reason } = parseInput(redeliverBody, await optionalBody(c), "body");
		const id = c.req.param("id");
		const request = { receiver, by: byOf(c, reason) };
		const { status } = await redeliverEvents(c.env.WORKFLOW_RUNNER, id, request);
		return c.json({ id, status });
	});
	routes.all("/:id/redeliver", methodNotAllowed("POST"));
}
