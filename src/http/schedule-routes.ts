/** `/schedules`: instances that the clock starts. */
import { Hono } from "hono";
import {
	createSchedule,
	deleteSchedule,
	describeSchedule,
	listSchedules,
	pauseSchedule,
	resumeSchedule,
	triggerSchedule,
} from "../client/schedules";
import type { Catalogue } from "../model/catalogue";
import { toJson } from "../model/http";
import type { ScheduleDetails } from "../model/schedule";
import type { AppContext } from "./app";
import { methodNotAllowed } from "./errors";
import {
	byOf,
	jsonBody,
	limitBody,
	parseInput,
	queryOf,
	requireType,
	scheduleBody,
	schedulesQuery,
	typesOf,
} from "./input";

const CHANGES = { pause: pauseSchedule, resume: resumeSchedule };

export function scheduleRoutes(types: Catalogue): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.post("/", limitBody, async (c) => {
		const { type, ...input } = parseInput(scheduleBody, await jsonBody(c), "body");
		requireType(c, types, type);
		return c.json(scheduleJson(await createSchedule(c.env.WORKFLOW_RUNNER, type, input)), 201);
	});

	routes.get("/", async (c) => {
		const { type } = parseInput(schedulesQuery, queryOf(c), "query");
		const asked = typesOf(c, types, type === undefined ? undefined : [type]);
		return c.json({ schedules: await listSchedules(c.env.WORKFLOW_RUNNER, asked) });
	});
	routes.all("/", methodNotAllowed("GET, POST"));

	// A schedule of a type that a deploy has taken away can be looked at and deleted, too.
	routes.get("/:id", async (c) =>
		c.json(scheduleJson(await describeSchedule(c.env.WORKFLOW_RUNNER, c.req.param("id")))),
	);
	routes.delete("/:id", async (c) => {
		const id = c.req.param("id");
		await deleteSchedule(c.env.WORKFLOW_RUNNER, id);
		return c.json({ id, status: "deleted" });
	});
	routes.all("/:id", methodNotAllowed("GET, DELETE"));

	for (const [change, ask] of Object.entries(CHANGES)) {
		routes.post(`/:id/${change}`, async (c) =>
			c.json(await ask(c.env.WORKFLOW_RUNNER, c.req.param("id"))),
		);
		routes.all(`/:id/${change}`, methodNotAllowed("POST"));
	}
	routes.post("/:id/trigger", async (c) =>
		c.json(await triggerSchedule(c.env.WORKFLOW_RUNNER, c.req.param("id"), byOf(c))),
	);
	routes.all("/:id/trigger", methodNotAllowed("POST"));

	return routes;
}

function scheduleJson(schedule: ScheduleDetails): unknown {
	return { ...schedule, payload: toJson(schedule.payload) };
}
