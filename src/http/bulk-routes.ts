/** `/workflows/bulk`, `/workflows/cleanup` and `/bulk`: one change to many instances, as a job. */
import { Hono } from "hono";
import { describeBulk, startBulk, stopBulk } from "../client/bulk";
import type { Catalogue } from "../model/catalogue";
import { durationMs } from "../model/duration";
import { isTerminal, WORKFLOW_STATUSES } from "../model/status";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { bulkBody, byOf, cleanupBody, jsonBody, limitBody, parseInput, typesOf } from "./input";

/** What begins a job. */
export function bulkStartRoutes(types: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/bulk", limitBody, async (c) => {
		const { reason, filter, ...input } = parseInput(bulkBody, await jsonBody(c), "body");
		const { type, ...rest } = filter;
		const request = { ...input, types: typesOf(c, types, type), filter: rest, by: byOf(c, reason) };
		return c.json(await startBulk(c.env.WORKFLOW_RUNNER, request), 202);
	});

	routes.post("/cleanup", limitBody, async (c) => {
		const input = parseInput(cleanupBody, await jsonBody(c), "body");
		const { type, dryRun, reason, status = WORKFLOW_STATUSES.filter(isTerminal) } = input;
		// Nothing changes an instance that has ended: the last change was its end.
		const job = await startBulk(c.env.WORKFLOW_RUNNER, {
			action: "delete",
			types: typesOf(c, types, type),
			filter: { status },
			olderThanMs: durationMs(input.olderThan, "olderThan"),
			dryRun,
			by: byOf(c, reason),
		});
		return c.json(job, 202);
	});

	return routes;
}

/** Jobs that were begun. */
export function bulkRoutes(): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/:id", async (c) =>
		c.json(await describeBulk(c.env.WORKFLOW_RUNNER, c.req.param("id"))),
	);
	routes.all("/:id", methodNotAllowed("GET"));

	routes.post("/:id/stop", async (c) =>
		c.json(await stopBulk(c.env.WORKFLOW_RUNNER, c.req.param("id"))),
	);
	routes.all("/:id/stop", methodNotAllowed("POST"));

	return routes;
}
