/**
 * `/executions/:id`: an instance of a stored definition as its author looks at it: which nodes it
 * went through and by which edges, its state, how long its nodes took. All of it is read from the
 * instance's journal.
 */
import { type Context, Hono } from "hono";
import { inspectInstance } from "../client/runner-client";
import { statusResponse, toJson } from "../model/http";
import type { InspectionView } from "../model/rpc";
import type { WorkflowStatus } from "../model/status";
import type { AppContext } from "./app";
import { HttpFault, methodNotAllowed } from "./errors";
import { nothing, parseInput, queryOf } from "./input";

/** Seed 003's words for how an execution stands. */
const EXECUTION_STATUS: Record<WorkflowStatus, "running" | "completed" | "failed" | "cancelled"> = {
	created: "running",
	running: "running",
	sleeping: "running",
	waiting: "running",
	paused: "running",
	panicked: "running",
	completed: "completed",
	errored: "failed",
	timed_out: "failed",
	terminated: "cancelled",
};

export function executionRoutes(): Hono<AppContext> {
	const routes = new Hono<AppContext>();

	routes.get("/:id", async (c) => {
		const { view, found, definition } = await inspectionOf(c);
		const {
			id,
			type,
			version,
			status,
			startedAt,
			completedAt,
			createdAt,
			result,
			error,
			errorDetails,
		} = statusResponse(view);
		const { path, currentNode, error: classified } = found;
		return c.json({
			...{ id, workflowId: type, version, definition },
			status: EXECUTION_STATUS[status],
			instanceStatus: status,
			reason: view.reason,
			startTime: iso(startedAt ?? createdAt),
			...(completedAt === null ? {} : { endTime: iso(completedAt) }),
			...(currentNode === undefined ? {} : { currentNode }),
			executionPath: path,
			...(status === "completed" ? { finalState: toJson(result) } : {}),
			...(error === null ? {} : { error: classified ?? { message: error, ...errorDetails } }),
			links: executionLinks(id),
		});
	});
	routes.all("/:id", methodNotAllowed("GET"));

	routes.get("/:id/state", async (c) => {
		const { found } = await inspectionOf(c);
		return c.json(found.state);
	});
	routes.all("/:id/state", methodNotAllowed("GET"));

	routes.get("/:id/metrics", async (c) => {
		const { view, found } = await inspectionOf(c);
		return c.json({ executionId: view.id, ...(found.metrics as object) });
	});
	routes.all("/:id/metrics", methodNotAllowed("GET"));

	return routes;
}

/** Where to look at an execution. */
export function executionLinks(id: string): Record<string, string> {
	const self = `/executions/${id}`;
	return {
		self,
		state: `${self}/state`,
		metrics: `${self}/metrics`,
		instance: `/workflows/${id}`,
		stream: `/workflows/${id}/stream`,
	};
}

/** @throws {HttpFault} 404 for an instance whose program is code. */
async function inspectionOf(
	c: Context<AppContext>,
): Promise<InspectionView & { found: Record<string, unknown> }> {
	parseInput(nothing, queryOf(c), "query");
	const id = c.req.param("id") ?? "";
	const inspection = await inspectInstance(c.env.WORKFLOW_RUNNER, id);
	const { found, view } = inspection;
	if (found !== null) return { ...inspection, found };
	throw new HttpFault(
		404,
		"NO_EXECUTION",
		`The instance is one of "${view.type}", which is no graph: there are no nodes to tell of. See /workflows/${id}.`,
	);
}

function iso(ms: number): string {
	return new Date(ms).toISOString();
}
