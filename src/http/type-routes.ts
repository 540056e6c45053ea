/** `/types`: the catalogue of the registered types, and what an operator decides about them. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { changeLimits, guardState, type RunnerNamespace } from "../client/runner-client";
import { changeType, typeState, typeStats } from "../client/shard-client";
import type { CatalogueEntry, TypeInfo } from "../model/catalogue";
import { unknownType } from "../model/errors";
import { mermaid } from "../model/graph";
import { allCounts } from "../model/index-stats";
import { inPool } from "../model/pool";
import { TYPE_STATUSES } from "../model/type-state";
import type { AppContext } from "./app";
import { HttpFault, methodNotAllowed } from "./errors";
import { jsonBody, limitBody, nothing, parseInput, queryOf, visibleTypes } from "./input";
import { limitFields } from "./limits-input";
import { listOf } from "./list-query";
import type { ServiceTypes } from "./service-types";

/** Archived types are shown when they are asked for. */
export const typesQuery = z.strictObject({
	status: listOf(TYPE_STATUSES).default(["active", "inactive"]),
});

export const graphQuery = z.strictObject({ format: z.enum(["json", "mermaid"]).default("json") });

export const typeChangeBody = z
	.strictObject({ status: z.enum(TYPE_STATUSES).optional(), ...limitFields })
	.refine((change) => Object.keys(change).length > 0, { error: "expected something to change" });

/** Types that the catalogue asks at a time. */
const AT_A_TIME = 20;

export function typeRoutes(types: ServiceTypes): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/", async (c) => {
		const { status } = parseInput(typesQuery, queryOf(c, ["status"]), "query");
		const { WORKFLOW_RUNNER: runners } = c.env;
		const all = await inPool(await visibleTypes(c, types), AT_A_TIME, async (type) => {
			const entry = await types.entry(runners, type);
			return entry === undefined ? [] : [await typeInfo(runners, entry)];
		});
		return c.json({ types: all.flat().filter((info) => status.includes(info.status)) });
	});
	routes.all("/", methodNotAllowed("GET"));

	routes.get("/:type", async (c) => {
		const entry = await entryOf(c, types, c.req.param("type"));
		parseInput(nothing, queryOf(c), "query");
		return c.json(await typeInfo(c.env.WORKFLOW_RUNNER, entry));
	});

	routes.patch("/:type", limitBody, async (c) => {
		const entry = await entryOf(c, types, c.req.param("type"));
		const { status, ...limits } = parseInput(typeChangeBody, await jsonBody(c), "body");
		const runners = c.env.WORKFLOW_RUNNER;
		// Limits first: they may be refused, and then nothing is to have changed.
		if (Object.keys(limits).length > 0) await changeLimits(runners, entry.type, limits);
		if (status !== undefined) await changeType(runners, entry.type, { status });
		return c.json(await typeInfo(c.env.WORKFLOW_RUNNER, entry));
	});
	routes.all("/:type", methodNotAllowed("GET, PATCH"));

	routes.get("/:type/graph", async (c) => {
		const { type, graph } = await entryOf(c, types, c.req.param("type"));
		const { format } = parseInput(graphQuery, queryOf(c), "query");
		if (graph === null) {
			throw new HttpFault(
				404,
				"NO_GRAPH",
				`What the steps of "${type}" are, its code decides as it runs: it has no graph.`,
			);
		}
		return format === "mermaid" ? c.text(mermaid(graph)) : c.json(graph);
	});
	routes.all("/:type/graph", methodNotAllowed("GET"));

	return routes;
}

async function typeInfo(runners: RunnerNamespace, entry: CatalogueEntry): Promise<TypeInfo> {
	const { type, version, about, limits } = entry;
	const [{ status }, { position: _, ...guard }, stats] = await Promise.all([
		typeState(runners, type),
		guardState(runners, type),
		typeStats(runners, type),
	]);
	const { executionCount, lastExecutionAt, counts } = stats;
	return {
		name: type,
		version,
		...about,
		inputSchema: entry.inputSchema(),
		config: entry.config,
		status,
		executionCount,
		lastExecutionAt,
		counts: allCounts(counts),
		limits,
		guard,
	};
}

/** @throws {HttpFault} 404 for a type that there is not, 403 for one that is not the caller's. */
export async function entryOf(
	c: Context<AppContext>,
	types: ServiceTypes,
	type: string,
): Promise<CatalogueEntry> {
	c.var.caller.requireType(type);
	const entry = await types.entry(c.env.WORKFLOW_RUNNER, type);
	if (entry !== undefined) return entry;
	const { code, message } = unknownType(type, await visibleTypes(c, types));
	throw new HttpFault(404, code, message);
}
