/**
 * The HTTP API: routes, and what surrounds each of them (request id, access, errors).
 *
 * @example
 * export default { fetch: createApp({ types: catalogueOf(registry) }).fetch };
 */
import { Hono } from "hono";
import { requestId } from "hono/request-id";
import type { RunnerNamespace } from "../client/runner-client";
import type { Catalogue } from "../model/catalogue";
import type { DefinitionFormat } from "../model/definition";
import { requireAccess, requireRole } from "./access";
import { adminRoutes } from "./admin-routes";
import { breakerRoutes } from "./breaker-routes";
import { bulkRoutes, bulkStartRoutes } from "./bulk-routes";
import type { Caller } from "./caller";
import { definitionRoutes } from "./definition-routes";
import { docsRoutes } from "./docs-routes";
import { answerError, methodNotAllowed, notFound } from "./errors";
import { executionRoutes } from "./execution-routes";
import { scheduleRoutes } from "./schedule-routes";
import { ServiceTypes } from "./service-types";
import { streamRoutes } from "./stream-routes";
import { typeRoutes } from "./type-routes";
import { workflowRoutes } from "./workflow-routes";

/** The Worker's bindings, variables and secrets. */
export interface ServiceEnv {
	WORKFLOW_RUNNER: RunnerNamespace;
	/** Secret: requests carry it as `Authorization: Bearer …`. */
	API_TOKEN?: string;
	/** Secret: further tokens, with roles; a JSON array, see `access-tokens.ts`. */
	API_TOKENS?: string;
	/** Variable: `off` opens the service to everyone. */
	AUTH?: string;
}

export interface AppContext {
	Bindings: ServiceEnv;
	Variables: {
		requestId: string;
		/** Of the instance that the body names, where the path names none. */
		executionId?: string | undefined;
		/** Who asks, and what they may do. */
		caller: Caller;
	};
}

export interface AppSettings {
	/** The registered types. */
	types: Catalogue;
	/** What stored definitions are. Default: the service stores none. */
	definitions?: DefinitionFormat;
}

export function createApp({ types: registry, definitions }: AppSettings): Hono<AppContext> {
	const types = new ServiceTypes(registry, definitions ?? null);
	const app = new Hono<AppContext>();
	app.use(requestId());
	app.get("/", (c) => c.json({ status: "ok", workflows: [...registry.keys()] }));
	app.all("/", methodNotAllowed("GET"));
	app.route(
		"/",
		docsRoutes(() => app.routes),
	);
	app.use(requireAccess);
	app.use("/admin/*", requireRole("admin"));
	app.route("/workflows", bulkStartRoutes(types));
	app.route("/workflows", workflowRoutes(types));
	app.route("/bulk", bulkRoutes());
	app.route("/schedules", scheduleRoutes(types));
	app.route("/types", typeRoutes(types));
	app.route("/types", breakerRoutes(types));
	app.route("/stream", streamRoutes(types));
	if (definitions !== undefined) {
		app.route("/definitions", definitionRoutes(types, definitions));
		app.get("/nodes", (c) => c.json(definitions.nodes()));
		app.all("/nodes", methodNotAllowed("GET"));
	}
	app.route("/executions", executionRoutes());
	app.route("/admin", adminRoutes(types));
	app.notFound(notFound);
	app.onError(answerError);
	return app;
}
