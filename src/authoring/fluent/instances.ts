/** Creating, steering and listing instances of this style, as any style can. */
import { type CreateResult, createEach } from "../../client/create-each";
import { type CreateOptions, createInstance } from "../../client/create-instance";
import { listType } from "../../client/listing";
import {
	controlInstance,
	sendEvent as deliverEvent,
	describeInstance,
	type RepairInput,
	readLogs,
	removeInstance,
	repairStep,
} from "../../client/runner-client";
import {
	createSchedule,
	deleteSchedule,
	listSchedules,
	type ScheduleInput,
} from "../../client/schedules";
import {
	type LogPageInfo,
	logPageInfo,
	statusResponse,
	type WorkflowStatusResponse,
} from "../../model/http";
import type { IndexRow } from "../../model/index-rpc";
import type { ListOptions } from "../../model/list-options";
import type { LogRequest } from "../../model/log";
import type { By, CreateReceipt, Include, StatusReceipt } from "../../model/rpc";
import type { ScheduleDetails, ScheduleInfo } from "../../model/schedule";
import { environment, WORKER, type WorkflowEnv } from "../environment";
import { type AnyNamed, type Named, nameOf } from "./named";
import { type StepErrorEntry, stepErrorHistory } from "./step-errors";

/** What `create` takes. */
export interface CreateInput<Input, Events extends object> extends CreateOptions {
	input?: Input;
	/** Delivered to the instance, new or there already. */
	event?: {
		[Name in keyof Events & string]: { name: Name; payload: Events[Name] };
	}[keyof Events & string];
}

/** Creates an instance, and does not wait for it. */
export function create<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	{ input, by = WORKER, ...options }: CreateInput<Input, Events> = {},
	env?: WorkflowEnv,
): Promise<CreateReceipt> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return createInstance(runners, { ...options, type: nameOf(workflow), payload: input, by });
}

/** Creates up to 100 instances, each for itself: receipts or errors, in the order of the items. */
export async function createMany<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	items: readonly CreateInput<Input, Events>[],
	env?: WorkflowEnv,
): Promise<CreateResult[]> {
	return createEach(items, (item) => create(workflow, item, env));
}

/** All that is known of an instance, as `GET /workflows/:id` has it. */
export async function status(
	executionId: string,
	options: { steps?: boolean; include?: readonly Include[] } = {},
	env?: WorkflowEnv,
): Promise<WorkflowStatusResponse> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return statusResponse(await describeInstance(runners, executionId, options));
}

/** Failed attempts of a step, the latest first. */
export async function getStepErrorHistory(
	executionId: string,
	stepId: string,
	env?: WorkflowEnv,
): Promise<StepErrorEntry[]> {
	const { errors = [] } = await status(executionId, { steps: false, include: ["errors"] }, env);
	return stepErrorHistory(errors, stepId);
}

/** Steps in flight finish, nothing new starts. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE`. */
export function pause(executionId: string, env?: WorkflowEnv): Promise<StatusReceipt> {
	return controlInstance(environment(env).WORKFLOW_RUNNER, executionId, "pause", WORKER);
}

/** Aborts the signals of steps in flight and ends the instance. */
export function terminate(executionId: string, env?: WorkflowEnv): Promise<StatusReceipt> {
	return controlInstance(environment(env).WORKFLOW_RUNNER, executionId, "terminate", WORKER);
}

/**
 * Delivers an event; it is kept until the instance waits for it.
 *
 * @throws {WorkflowError} `INSTANCE_NOT_FOUND`, `INSTANCE_FINISHED`, `UNKNOWN_EVENT`.
 */
export function sendEvent(
	{ by = WORKER, ...event }: { id: string; event: string; payload?: unknown; by?: By },
	env?: WorkflowEnv,
): Promise<void> {
	return deliverEvent(environment(env).WORKFLOW_RUNNER, { payload: undefined, ...event, by });
}

/** A page of a workflow's instances, the newest first; see `ListOptions`. */
export function list(
	workflow: AnyNamed,
	options: ListOptions = {},
	env?: WorkflowEnv,
): Promise<{ instances: IndexRow[]; nextCursor: string | null }> {
	return listType(environment(env), nameOf(workflow), options);
}

/** A page of an instance's log, oldest first. */
export async function logs(
	executionId: string,
	request: LogRequest = {},
	env?: WorkflowEnv,
): Promise<LogPageInfo> {
	return logPageInfo(await readLogs(environment(env).WORKFLOW_RUNNER, executionId, request));
}

/** Gives a failed or waiting step a result, or wakes one that sleeps or is to be tried again. */
export function repair(
	executionId: string,
	repair: RepairInput,
	env?: WorkflowEnv,
): Promise<StatusReceipt> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return repairStep(runners, executionId, { ...repair, by: repair.by ?? WORKER });
}

/** Forgets an ended instance. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE` while it has not. */
export function remove(executionId: string, env?: WorkflowEnv): Promise<void> {
	return removeInstance(environment(env).WORKFLOW_RUNNER, executionId, WORKER);
}

/** Starts instances at the times of a cron expression, until `unschedule`. */
export function schedule<Input, Result, Events extends object>(
	workflow: Named<Input, Result, Events>,
	{ input, ...schedule }: Omit<ScheduleInput, "payload"> & { input?: Input },
	env?: WorkflowEnv,
): Promise<ScheduleDetails> {
	const { WORKFLOW_RUNNER: runners } = environment(env);
	return createSchedule(runners, nameOf(workflow), { ...schedule, payload: input });
}

/** The schedules of a workflow, by name. */
export function schedules(workflow: AnyNamed, env?: WorkflowEnv): Promise<ScheduleInfo[]> {
	return listSchedules(environment(env).WORKFLOW_RUNNER, [nameOf(workflow)]);
}

/** Takes a schedule away; its instances stay. @throws {WorkflowError} `SCHEDULE_NOT_FOUND`. */
export function unschedule(id: string, env?: WorkflowEnv): Promise<void> {
	return deleteSchedule(environment(env).WORKFLOW_RUNNER, id);
}
