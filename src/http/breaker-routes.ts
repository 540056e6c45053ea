/** `/types/:type/breakers`: the circuit breakers of a type's steps. */
import { Hono } from "hono";
import * as z from "zod";
import { listBreakers, resetBreaker } from "../client/breakers";
import type { Catalogue } from "../model/catalogue";
import { parseStepName } from "../model/ids";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import { limitBody, optionalBody, parseInput, queryOf, requireDecodable } from "./input";
import { entryOf } from "./type-routes";

const nothing = z.strictObject({});

export function breakerRoutes(catalogue: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/:type/breakers", async (c) => {
		const { type } = entryOf(c, catalogue, c.req.param("type"));
		parseInput(nothing, queryOf(c), "query");
		return c.json({ breakers: await listBreakers(c.env.WORKFLOW_RUNNER, type) });
	});
	routes.all("/:type/breakers", methodNotAllowed("GET"));

	routes.post("/:type/breakers/:name/reset", limitBody, async (c) => {
		const { type } = entryOf(c, catalogue, c.req.param("type"));
		requireDecodable(c.req.path, "name");
		const name = parseStepName(c.req.param("name"));
		parseInput(nothing, await optionalBody(c), "body");
		return c.json(await resetBreaker(c.env.WORKFLOW_RUNNER, type, name));
	});
	routes.all("/:type/breakers/:name/reset", methodNotAllowed("POST"));

	return routes;
}
