/** `/admin`: what operators do to the service itself. */
import { Hono } from "hono";
import * as z from "zod";
import { reindexProgress, startReindex } from "../client/shard-client";
import { isInstanceId } from "../model/ids";
import { LIMITS } from "../model/limits";
import { isRunning, type ReindexProgress } from "../model/reindex-rpc";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { jsonBody, limitBody, parseInput, queryOf, requireType } from "./input";
import type { ServiceTypes } from "./service-types";

export const reindexBody = z.strictObject({
	type: z.string(),
	ids: z
		.array(z.string().refine(isInstanceId, { error: "expected an instance id" }))
		.max(LIMITS.reindexIds)
		.default([]),
});
export const reindexQuery = z.strictObject({ type: z.string() });

export function adminRoutes(types: ServiceTypes): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/reindex", limitBody, async (c) => {
		const { type, ids } = parseInput(reindexBody, await jsonBody(c), "body");
		await requireType(c, types, type);
		const progress = await startReindex(c.env.WORKFLOW_RUNNER, type, [...new Set(ids)]);
		return c.json(reindexView(type, progress), 202);
	});

	routes.get("/reindex", async (c) => {
		const { type } = parseInput(reindexQuery, queryOf(c), "query");
		await requireType(c, types, type);
		return c.json(reindexView(type, await reindexProgress(c.env.WORKFLOW_RUNNER, type)));
	});
	routes.all("/reindex", methodNotAllowed("GET, POST"));

	return routes;
}

function reindexView(type: string, progress: ReindexProgress) {
	const { startedAt } = progress;
	const status = startedAt === null ? "never" : isRunning(progress) ? "running" : "finished";
	return { type, status, ...progress };
}
