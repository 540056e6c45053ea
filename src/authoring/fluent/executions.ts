/** Starting instances and looking at them, in the words of this style: `ExecutionResult`s. */
import { createInstance } from "../../client/create-instance";
import {
	controlInstance,
	describeInstance,
	restartInstance,
	restOfInstance,
} from "../../client/runner-client";
import { WorkflowError } from "../../model/errors";
import type { RestartRequest } from "../../model/rpc";
import type { PanicConfig, RetryConfig } from "../configs";
import { environment, WORKER, type WorkflowEnv } from "../environment";
import { type ExecutionResult, executionResult, successOf } from "./execution";
import type { Named } from "./named";
import { parseStart } from "./start-input";

/**
 * Creates an instance, and waits until it rests: it has ended, sleeps, or waits for something; or
 * for a minute. Without an id, it is given one.
 *
 * @throws {ValidationError} with `details.issues`, for what it cannot be started with.
 * @throws {WorkflowError} `INSTANCE_EXISTS`, `UNKNOWN_TYPE`.
 * @throws {PanicError} {WorkflowError} with `stepId`, `attempt` and `originalError`, when it has
 * panicked or failed.
 */
export async function start<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	executionId?: string,
	input?: NoInfer<Input> | null,
	...[retryConfig, panicConfig, env]: [
		retryConfig?: RetryConfig | undefined,
		panicConfig?: PanicConfig | undefined,
		env?: WorkflowEnv,
	]
): Promise<ExecutionResult<Result>> {
	const request = parseStart({ workflow, executionId, retryConfig, panicConfig });
	const { WORKFLOW_RUNNER: runners } = environment(env);
	const { id } = await createInstance(runners, { ...request, payload: input, by: WORKER });
	return successOf(await restOfInstance(runners, id));
}

/** How an instance stands. @throws {WorkflowError} `INSTANCE_NOT_FOUND`. */
export async function getStatus(executionId: string, env?: WorkflowEnv): Promise<ExecutionResult> {
	return executionResult(await describeInstance(environment(env).WORKFLOW_RUNNER, executionId));
}

/**
 * Lets a paused instance go on, and waits until it rests. One that sleeps, waits or runs goes on by
 * itself and stays as it is.
 *
 * @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE` for one that has ended or panicked; and as `start`.
 */
export async function resume(executionId: string, env?: WorkflowEnv): Promise<ExecutionResult> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	try {
		await controlInstance(runners, executionId, "resume", WORKER);
	} catch (error) {
		if (!goesOnByItself(error)) throw error;
	}
	return successOf(await restOfInstance(runners, executionId));
}

/**
 * Restarts an instance, and waits until it rests: one that has panicked goes on from what is
 * completed, any other begins another run, from the top or from a step.
 *
 * @throws {WorkflowError} `STEP_NOT_FOUND`; and as `start`.
 */
export async function restart(
	executionId: string,
	{ from, by = WORKER }: RestartRequest = {},
	env?: WorkflowEnv,
): Promise<ExecutionResult> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	await restartInstance(runners, executionId, { from, by });
	return successOf(await restOfInstance(runners, executionId));
}

/** A refusal to resume what needs no resuming. */
function goesOnByItself(error: unknown): boolean {
	if (!(error instanceof WorkflowError) || error.code !== "ILLEGAL_STATUS_CHANGE") return false;
	const from = String(error.details?.from);
	return ["created", "running", "sleeping", "waiting"].includes(from);
}
