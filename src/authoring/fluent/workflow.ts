/**
 * `Workflow`: the fluent style (seeds 000 and 001). `define` makes an entry of the registry; the
 * others create and steer instances, from any Worker that binds `WORKFLOW_RUNNER`. They take the
 * Worker's own bindings unless others are given as the last argument.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type CreateResult, createEach } from "../../client/create-each";
import { type CreateOptions, createInstance } from "../../client/create-instance";
import { listInstances } from "../../client/listing";
import {
	controlInstance,
	describeInstance,
	type RepairInput,
	readLogs,
	removeInstance,
	repairStep,
	restartInstance,
	restOfInstance,
	sendEvent,
} from "../../client/runner-client";
import {
	createSchedule,
	deleteSchedule,
	listSchedules,
	type ScheduleInput,
} from "../../client/schedules";
import { WorkflowError } from "../../model/errors";
import {
	type LogPageInfo,
	logPageInfo,
	statusResponse,
	type WorkflowStatusResponse,
} from "../../model/http";
import { parseTypeName } from "../../model/ids";
import type { IndexRow } from "../../model/index-rpc";
import { type ListOptions, parseListOptions } from "../../model/list-options";
import type { LogRequest } from "../../model/log";
import type { By, CreateReceipt, Include, RestartRequest, StatusReceipt } from "../../model/rpc";
import type { ScheduleDetails, ScheduleInfo } from "../../model/schedule";
import type { Schema } from "../../model/standard-schema";
import { environment, WORKER, type WorkflowEnv } from "../environment";
import type { PanicConfig, RetryConfig } from "./configs";
import type { WorkflowContext } from "./context";
import { type ConfigOf, type DefineOptions, type EventsOf, WorkflowDefinition } from "./definition";
import { type ExecutionResult, executionResult, successOf } from "./execution";
import { parseStart } from "./start-input";
import { type StepErrorEntry, stepErrorHistory } from "./step-errors";

/** A workflow, or its name: the service that the bindings lead to knows it. */
type Named<Input, Result, Events extends object> =
	| WorkflowDefinition<Input, Result, Events>
	| string;

type Definition = WorkflowDefinition<never, unknown, never> | string;

/** What `create` takes. */
export interface CreateInput<Input, Events extends object> extends CreateOptions {
	input?: Input;
	/** Delivered to the instance, new or there already. */
	event?: {
		[Name in keyof Events & string]: { name: Name; payload: Events[Name] };
	}[keyof Events & string];
}

function nameOf(workflow: { name: string } | string): string {
	return parseTypeName(typeof workflow === "string" ? workflow : workflow?.name);
}

/**
 * Makes a workflow, to be put into the registry under its name.
 *
 * @throws {ValidationError} that names what is wrong.
 * @example
 * export const greet = Workflow.define("greet", async (ctx: WorkflowContext<{ name: string }>) => {
 *   await ctx.sleep("a-moment", "10s");
 *   return ctx.step("greet", () => `Hello, ${ctx.input.name}!`);
 * });
 */
function define<
	InputSchema extends Schema & StandardSchemaV1,
	Result,
	const Options extends DefineOptions,
>(
	name: string,
	handler: (
		ctx: WorkflowContext<
			StandardSchemaV1.InferOutput<InputSchema>,
			EventsOf<Options>,
			ConfigOf<Options>
		>,
	) => Promise<Result>,
	options: Options & { input: InputSchema },
): WorkflowDefinition<StandardSchemaV1.InferInput<InputSchema>, Result, EventsOf<Options>>;
function define<Result, const Options extends DefineOptions, Input = unknown>(
	name: string,
	handler: (ctx: WorkflowContext<Input, EventsOf<Options>, ConfigOf<Options>>) => Promise<Result>,
	options?: Options & { input?: undefined },
): WorkflowDefinition<Input, Result, EventsOf<Options>>;
function define(
	name: string,
	handler: (ctx: never) => Promise<unknown>,
	options: DefineOptions = {},
): WorkflowDefinition<never, never, never> {
	return new WorkflowDefinition(name, handler, options);
}

/**
 * Creates an instance, and waits until it rests: it has ended, sleeps, or waits for something; or
 * for half a minute. Without an id, it is given one.
 *
 * @throws {ValidationError} with `details.issues`, for what it cannot be started with.
 * @throws {WorkflowError} `INSTANCE_EXISTS`, `UNKNOWN_TYPE`.
 * @throws {PanicError} {WorkflowError} with `stepId`, `attempt` and `originalError`, when it has
 * panicked or failed.
 */
async function start<Input, Result, Events extends object>(
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

/** Creates an instance, and does not wait for it. */
function create<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	{ input, by = WORKER, ...options }: CreateInput<Input, Events> = {},
	env?: WorkflowEnv,
): Promise<CreateReceipt> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return createInstance(runners, { ...options, type: nameOf(workflow), payload: input, by });
}

/** Creates up to 100 instances, each for itself: receipts or errors, in the order of the items. */
async function createMany<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	items: readonly CreateInput<Input, Events>[],
	env?: WorkflowEnv,
): Promise<CreateResult[]> {
	return createEach(items, (item) => create(workflow, item, env));
}

/** How an instance stands. @throws {WorkflowError} `INSTANCE_NOT_FOUND`. */
async function getStatus(executionId: string, env?: WorkflowEnv): Promise<ExecutionResult> {
	return executionResult(await describeInstance(environment(env).WORKFLOW_RUNNER, executionId));
}

/** All that is known of an instance, as `GET /workflows/:id` has it. */
async function status(
	executionId: string,
	options: { steps?: boolean; include?: readonly Include[] } = {},
	env?: WorkflowEnv,
): Promise<WorkflowStatusResponse> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return statusResponse(await describeInstance(runners, executionId, options));
}

/** Failed attempts of a step, the latest first. */
async function getStepErrorHistory(
	executionId: string,
	stepId: string,
	env?: WorkflowEnv,
): Promise<StepErrorEntry[]> {
	const { errors = [] } = await status(executionId, { steps: false, include: ["errors"] }, env);
	return stepErrorHistory(errors, stepId);
}

/**
 * Lets a paused instance go on, and waits until it rests. One that sleeps, waits or runs goes on by
 * itself and stays as it is.
 *
 * @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE` for one that has ended or panicked; and as `start`.
 */
async function resume(executionId: string, env?: WorkflowEnv): Promise<ExecutionResult> {
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
async function restart(
	executionId: string,
	{ from, by = WORKER }: RestartRequest = {},
	env?: WorkflowEnv,
): Promise<ExecutionResult> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	await restartInstance(runners, executionId, { from, by });
	return successOf(await restOfInstance(runners, executionId));
}

/** Steps in flight finish, nothing new starts. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE`. */
function pause(executionId: string, env?: WorkflowEnv): Promise<StatusReceipt> {
	return controlInstance(environment(env).WORKFLOW_RUNNER, executionId, "pause", WORKER);
}

/** Aborts the signals of steps in flight and ends the instance. */
function terminate(executionId: string, env?: WorkflowEnv): Promise<StatusReceipt> {
	return controlInstance(environment(env).WORKFLOW_RUNNER, executionId, "terminate", WORKER);
}

/**
 * Delivers an event; it is kept until the instance waits for it.
 *
 * @throws {WorkflowError} `INSTANCE_NOT_FOUND`, `INSTANCE_FINISHED`, `UNKNOWN_EVENT`.
 */
function send(
	{ by = WORKER, ...event }: { id: string; event: string; payload?: unknown; by?: By },
	env?: WorkflowEnv,
): Promise<void> {
	return sendEvent(environment(env).WORKFLOW_RUNNER, { payload: undefined, ...event, by });
}

/** A page of a workflow's instances, the newest first; see `ListOptions`. */
async function list(
	workflow: Definition,
	options: ListOptions = {},
	env?: WorkflowEnv,
): Promise<{ instances: IndexRow[]; nextCursor: string | null }> {
	const { WORKFLOW_RUNNER: runners, API_TOKEN: token } = environment(env);
	const request = { types: [nameOf(workflow)], ...parseListOptions(options) };
	const { rows, nextCursor } = await listInstances(runners, request, token);
	return { instances: rows.map(({ type: _, ...row }) => row), nextCursor };
}

/** A page of an instance's log, oldest first. */
async function logs(
	executionId: string,
	request: LogRequest = {},
	env?: WorkflowEnv,
): Promise<LogPageInfo> {
	return logPageInfo(await readLogs(environment(env).WORKFLOW_RUNNER, executionId, request));
}

/** Gives a failed or waiting step a result, or wakes one that sleeps or is to be tried again. */
function repair(
	executionId: string,
	repair: RepairInput,
	env?: WorkflowEnv,
): Promise<StatusReceipt> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return repairStep(runners, executionId, { ...repair, by: repair.by ?? WORKER });
}

/** Forgets an ended instance. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE` while it has not. */
function remove(executionId: string, env?: WorkflowEnv): Promise<void> {
	return removeInstance(environment(env).WORKFLOW_RUNNER, executionId, WORKER);
}

/** Starts instances at the times of a cron expression, until `unschedule`. */
function schedule<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	{ input, ...schedule }: Omit<ScheduleInput, "payload"> & { input?: Input },
	env?: WorkflowEnv,
): Promise<ScheduleDetails> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return createSchedule(runners, nameOf(workflow), { ...schedule, payload: input });
}

/** The schedules of a workflow, by name. */
function schedules(workflow: Definition, env?: WorkflowEnv): Promise<ScheduleInfo[]> {
	return listSchedules(environment(env).WORKFLOW_RUNNER, [nameOf(workflow)]);
}

/** Takes a schedule away; its instances stay. @throws {WorkflowError} `SCHEDULE_NOT_FOUND`. */
function unschedule(id: string, env?: WorkflowEnv): Promise<void> {
	return deleteSchedule(environment(env).WORKFLOW_RUNNER, id);
}

/** A refusal to resume what needs no resuming. */
function goesOnByItself(error: unknown): boolean {
	if (!(error instanceof WorkflowError) || error.code !== "ILLEGAL_STATUS_CHANGE") return false;
	const from = String(error.details?.from);
	return ["created", "running", "sleeping", "waiting"].includes(from);
}

export const Workflow = {
	define,
	start,
	create,
	createMany,
	getStatus,
	status,
	getStepErrorHistory,
	resume,
	restart,
	pause,
	terminate,
	sendEvent: send,
	list,
	logs,
	repair,
	delete: remove,
	schedule,
	schedules,
	unschedule,
};
