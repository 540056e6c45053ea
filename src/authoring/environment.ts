/** The bindings that a style's helpers call objects through: given, or the Worker's own. */
import type { RunnerNamespace } from "../client/runner-client";
import { workerEnv } from "../client/worker-env";
import { ValidationError } from "../model/errors";
import type { By } from "../model/rpc";

/** The bindings that helpers need. */
export interface WorkflowEnv {
	WORKFLOW_RUNNER: RunnerNamespace;
	/** Where it is the service's, its cursors and those of `list` are good for each other. */
	API_TOKEN?: string;
}

/** Who asks, where the caller does not say. */
export const WORKER: By = { actor: "worker" };

/** The bindings to use: those given, or else the global `env` of the Worker. */
export function environment(given: WorkflowEnv | undefined): WorkflowEnv {
	const { WORKFLOW_RUNNER: runners, API_TOKEN: token } = given ?? workerEnv();
	if (typeof (runners as Partial<RunnerNamespace> | undefined)?.getByName !== "function") {
		throw new ValidationError(
			"The bindings have no WORKFLOW_RUNNER. Bind the Durable Object class of the workflow service under that name in wrangler.jsonc, or give the bindings as the last argument.",
			{ path: "env" },
		);
	}
	const env = { WORKFLOW_RUNNER: runners as RunnerNamespace };
	return typeof token === "string" ? { ...env, API_TOKEN: token } : env;
}
