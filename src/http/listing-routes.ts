/** `GET /workflows`, `GET /workflows/stats`: instances of one type, some or all of them. */
import { Hono } from "hono";
import * as z from "zod";
import { listInstances } from "../client/listing";
import { typeStats } from "../client/shard-client";
import { activity, type Stats, type StatsResponse } from "../model/catalogue";
import type { Listing, TypeListing } from "../model/http";
import { addStats, allCounts, type IndexStats, NO_STATS } from "../model/index-stats";
import type { AppContext } from "./app";
import { parseInput, queryOf, typesOf } from "./input";
import { listQuery, REPEATABLE, typeList } from "./list-query";
import type { ServiceTypes } from "./service-types";

export const statsQuery = z.strictObject({ type: typeList });

export function listingRoutes(catalogue: ServiceTypes): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/", async (c) => {
		const { types: named, ...request } = parseInput(listQuery, queryOf(c, REPEATABLE), "query");
		const types = await typesOf(c, catalogue, named);
		const { WORKFLOW_RUNNER, API_TOKEN, API_TOKENS } = c.env;
		const secret = API_TOKEN || API_TOKENS;
		const page = await listInstances(WORKFLOW_RUNNER, { types, ...request }, secret);
		const { rows, nextCursor } = page;
		const workflows = types.map((type) => ({
			type,
			instances: rows.filter((row) => row.type === type).map(({ type: _, ...row }) => row),
		}));
		const [only] = workflows;
		if (named?.length === 1 && only !== undefined) {
			return c.json<TypeListing>({ ...only, nextCursor });
		}
		return c.json<Listing>({ workflows, nextCursor });
	});

	routes.get("/stats", async (c) => {
		const { type: named } = parseInput(statsQuery, queryOf(c, ["type"]), "query");
		const types = await typesOf(c, catalogue, named);
		const each = await Promise.all(types.map((type) => typeStats(c.env.WORKFLOW_RUNNER, type)));
		return c.json<StatsResponse>({
			workflows: types.map((type, at) => ({ type, ...statsView(each[at] ?? NO_STATS) })),
			total: statsView(each.reduce(addStats, NO_STATS)),
		});
	});

	return routes;
}

function statsView({ counts, lastHour, lastDay }: IndexStats): Stats {
	return {
		counts: allCounts(counts),
		lastHour: activity(lastHour),
		lastDay: activity(lastDay),
	};
}
