/** Bulk jobs: starting, watching and stopping them, and what they ask of instances. */
import type { BulkAction, BulkJob, InstanceChange, JobRequest, JobRpc } from "../model/bulk";
import { encode } from "../model/codec";
import { jobName, parseEventName, parseJobId, timeOrderedId } from "../model/ids";
import type { InstanceFilter } from "../model/index-rpc";
import { type By, unwrap } from "../model/rpc";
import type { RunnerNamespace } from "./runner-client";
import { withinTypes } from "./within-types";

export interface BulkInput {
	action: BulkAction;
	types: readonly string[];
	filter: InstanceFilter;
	/** Last changed longer ago than this. */
	olderThanMs?: number | undefined;
	/** For `send-event`. */
	event?: { name: string; payload?: unknown } | undefined;
	dryRun?: boolean | undefined;
	by: By;
}

export async function startBulk(
	runners: RunnerNamespace,
	{ event, dryRun = false, ...given }: BulkInput,
): Promise<BulkJob> {
	const request: JobRequest = {
		...given,
		id: timeOrderedId(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
		event: event && {
			event: parseEventName(event.name),
			payload: encode(event.payload, "the event"),
		},
		dryRun,
	};
	return unwrap(await job(runners, request.id).jobStart(request));
}

/** @throws {WorkflowError} `JOB_NOT_FOUND` */
export async function describeBulk(runners: RunnerNamespace, id: string): Promise<BulkJob> {
	return unwrap(await job(runners, id).jobDescribe());
}

/** What is under way is done first; a job that has ended stays as it is. */
export async function stopBulk(runners: RunnerNamespace, id: string): Promise<BulkJob> {
	return unwrap(await job(runners, id).jobStop());
}

/** What a job asks of one instance. */
export async function changeInstance(
	runners: RunnerNamespace,
	id: string,
	{ types, action, event, by }: InstanceChange,
): Promise<void> {
	const instance = withinTypes(runners, types).getByName(id);
	switch (action) {
		case "pause":
		case "resume":
		case "terminate":
		case "restart":
			unwrap(await instance[action]({ by }));
			break;
		case "delete":
			unwrap(await instance.remove({ by }));
			break;
		case "send-event":
			if (event !== undefined) unwrap(await instance.deliverEvent({ ...event, by }));
	}
}

function job(runners: RunnerNamespace, id: string): JobRpc {
	return runners.getByName(jobName(parseJobId(id)));
}
