/** `GET /stream`: what happens to all instances of one type, some or all of them. */
import { Hono } from "hono";
import * as z from "zod";
import { followTypes } from "../client/follow-types";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { parseInput, queryOf, STREAM_HEADERS, streamQuery, typesOf } from "./input";
import { typeList } from "./list-query";
import type { ServiceTypes } from "./service-types";

export const typesStreamQuery = z.strictObject({ ...streamQuery.shape, type: typeList });

export function streamRoutes(types: ServiceTypes): Hono<AppContext> {
	const routes = new Hono<AppContext>();
	routes.get("/", async (c) => {
		const { type: named, events } = parseInput(typesStreamQuery, queryOf(c, ["type"]), "query");
		const from = c.req.header("Last-Event-ID");
		const followed = await typesOf(c, types, named);
		const stream = await followTypes(c.env.WORKFLOW_RUNNER, followed, { from, events });
		return c.body(stream, 200, STREAM_HEADERS);
	});
	routes.all("/", methodNotAllowed("GET"));
	return routes;
}
