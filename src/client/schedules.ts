/** Calls about schedules, to the first shard of their type. */
import type { AttributeChanges } from "../model/attributes";
import { encode } from "../model/codec";
import { parseTypeName, shardName } from "../model/ids";
import { LIMITS } from "../model/limits";
import { type By, unwrap } from "../model/rpc";
import {
	type Overlap,
	parseScheduleId,
	type ScheduleDetails,
	type ScheduleInfo,
	type ScheduleRpc,
	type ScheduleRun,
	scheduleDetails,
} from "../model/schedule";
import type { RunnerNamespace } from "./runner-client";

export interface ScheduleInput {
	/** Default: a generated one. */
	name?: string | undefined;
	/**
	 * Minute, hour, day, month and weekday, or these with the second in front.
	 *
	 * @example
	 * "30 2 * * MON-FRI"
	 */
	cron: string;
	/** IANA name. Default `"UTC"`. */
	timezone?: string | undefined;
	payload?: unknown;
	/** Of the instances. */
	attributes?: AttributeChanges | undefined;
	/** What becomes of a run that falls due while the one before has not ended. Default `"skip"`. */
	overlap?: Overlap | undefined;
	/** So many of the latest runs that the service missed are made up for. 0–100, default 1. */
	catchUp?: number | undefined;
	paused?: boolean | undefined;
}

/** @throws {WorkflowError} `SCHEDULE_EXISTS`, `SCHEDULE_LIMIT`, `UNKNOWN_TYPE`; {ValidationError} */
export async function createSchedule(
	runners: RunnerNamespace,
	type: string,
	{ name = newName(), payload, ...given }: ScheduleInput,
): Promise<ScheduleDetails> {
	const request = {
		...given,
		name,
		payload: encode(payload, "the payload", LIMITS.payloadBytes),
	};
	return scheduleDetails(unwrap(await shardOf(runners, type).scheduleCreate(request)));
}

/** Of the types, in their order, by name. */
export async function listSchedules(
	runners: RunnerNamespace,
	types: readonly string[],
): Promise<ScheduleInfo[]> {
	const lists = await Promise.all(
		types.map(async (type) => unwrap(await shardOf(runners, type).scheduleList({}))),
	);
	return lists.flat();
}

export async function describeSchedule(
	runners: RunnerNamespace,
	id: string,
): Promise<ScheduleDetails> {
	const { shard, name } = schedule(runners, id);
	return scheduleDetails(unwrap(await shard.scheduleDescribe({ name })));
}

export async function pauseSchedule(runners: RunnerNamespace, id: string): Promise<ScheduleInfo> {
	const { shard, name } = schedule(runners, id);
	return unwrap(await shard.schedulePause({ name }));
}

export async function resumeSchedule(runners: RunnerNamespace, id: string): Promise<ScheduleInfo> {
	const { shard, name } = schedule(runners, id);
	return unwrap(await shard.scheduleResume({ name }));
}

/** Starts a run now, by the rule for overlaps; the same key of `by` asks for the same run. */
export async function triggerSchedule(
	runners: RunnerNamespace,
	id: string,
	by?: By,
): Promise<ScheduleRun> {
	const { shard, name } = schedule(runners, id);
	return unwrap(await shard.scheduleTrigger({ name, by }));
}

/** Its instances stay. */
export async function deleteSchedule(runners: RunnerNamespace, id: string): Promise<void> {
	const { shard, name } = schedule(runners, id);
	unwrap(await shard.scheduleDelete({ name }));
}

function schedule(runners: RunnerNamespace, id: string): { shard: ScheduleRpc; name: string } {
	const { type, name } = parseScheduleId(id);
	return { shard: shardOf(runners, type), name };
}

function shardOf(runners: RunnerNamespace, type: string): ScheduleRpc {
	return runners.getByName(shardName(parseTypeName(type)));
}

function newName(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(5));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
