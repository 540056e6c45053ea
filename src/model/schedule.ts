/**
 * Schedules: instances that the clock starts. Their shapes, names and ids; what a cron expression
 * means is said in `shards/cron.ts`.
 *
 * A schedule is `<type>:<name>`, and lives in the first shard of its type. The id of an instance
 * that it starts is a function of the scheduled time: so however often a start is tried, at most
 * one instance comes of it.
 */
import {
	type AttributeChanges,
	type Attributes,
	parseAttributeChanges,
	withAttributes,
} from "./attributes";
import { decode, type Encoded } from "./codec";
import { ValidationError, WorkflowError } from "./errors";
import { LIMITS } from "./limits";
import { wholeNumber } from "./options";
import { shortened } from "./printable";
import type { Answer, ChangeRequest } from "./rpc";

/**
 * What becomes of a run that falls due while the instance of the one before has not ended: it is
 * dropped, waits, starts all the same, or terminates the one before and starts.
 */
export const OVERLAPS = ["skip", "queue", "allow", "replace"] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** `queued`: it waits for the instance before, or for an answer to its start. */
export type RunOutcome = "queued" | "started" | "skipped" | "missed" | "failed";

/** What a schedule is made of. */
export interface ScheduleRequest {
	name: string;
	/** Five fields (minute, hour, day, month, weekday), or six with the second in front. */
	cron: string;
	/** IANA name. Default `"UTC"`. */
	timezone?: string | undefined;
	payload: Encoded;
	attributes?: AttributeChanges | undefined;
	/** Default `"skip"`. */
	overlap?: Overlap | undefined;
	/** Of runs that were missed, so many of the latest are made up for. Default 1. */
	catchUp?: number | undefined;
	paused?: boolean | undefined;
}

export interface NamedSchedule {
	name: string;
}

/** One line of `GET /schedules`; times in ms since 1970. */
export interface ScheduleInfo {
	/** `<type>:<name>` */
	id: string;
	type: string;
	name: string;
	cron: string;
	timezone: string;
	attributes: Attributes;
	overlap: Overlap;
	catchUp: number;
	/** No times come due; runs that wait already, and those that are triggered, start. */
	paused: boolean;
	/** Null: paused, or none is left. */
	nextAt: number | null;
	/** Runs that wait. */
	queued: number;
	/** Runs that were missed and not made up for, in all; of each time away, up to 1,000 are counted. */
	missed: number;
	createdAt: number;
	updatedAt: number;
}

export interface ScheduleRun {
	/** Of a triggered run: when it was asked for. */
	scheduledAt: number;
	/** Null where none was to be. */
	instanceId: string | null;
	outcome: RunOutcome;
	/** Why it did not start, or not yet. */
	reason: string | null;
	/** Who triggered it; null: the clock. */
	triggeredBy: string | null;
}

export interface ScheduleView extends ScheduleInfo {
	payload: Encoded;
	/** The next ten times. */
	nextRuns: number[];
	/** The last twenty, the latest first. */
	runs: ScheduleRun[];
}

/** `GET /schedules/:id` */
export interface ScheduleDetails<Payload = unknown> extends Omit<ScheduleView, "payload"> {
	payload: Payload;
}

/** The schedules of a type, as its first shard keeps them. */
export interface ScheduleRpc {
	scheduleCreate(request: ScheduleRequest): Promise<Answer<ScheduleView>>;
	scheduleList(request: ChangeRequest): Promise<Answer<ScheduleInfo[]>>;
	scheduleDescribe(request: NamedSchedule): Promise<Answer<ScheduleView>>;
	schedulePause(request: NamedSchedule): Promise<Answer<ScheduleInfo>>;
	scheduleResume(request: NamedSchedule): Promise<Answer<ScheduleInfo>>;
	scheduleTrigger(request: NamedSchedule & ChangeRequest): Promise<Answer<ScheduleRun>>;
	scheduleDelete(request: NamedSchedule): Promise<Answer<null>>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** `:20261120T141500.123Z`: what a triggered run adds; a scheduled one has no milliseconds. */
const STAMP_LENGTH = 21;

export function scheduleId(type: string, name: string): string {
	return `${type}:${name}`;
}

/** The id of the instance for a time of a schedule. */
export function instanceIdAt(
	schedule: string,
	atMs: number,
	how: "scheduled" | "triggered",
): string {
	const text = new Date(atMs).toISOString().replaceAll(/[-:]/g, "");
	return `${schedule}:${how === "scheduled" ? text.replace(/\.\d+/, "") : text}`;
}

/** The type and the name in a schedule's id. */
export function parseScheduleId(id: string): { type: string; name: string } {
	const [type = "", name = "", ...rest] = id.split(":");
	if (rest.length === 0 && NAME.test(type) && NAME.test(name)) return { type, name };
	throw new ValidationError(
		`A schedule's id is "<type>:<name>"; received ${JSON.stringify(shortened(id))}.`,
		{ path: "id" },
	);
}

/** Returns `name` when a type's schedule can have it, with room for the ids of its instances. */
export function parseScheduleName(type: string, name: unknown): string {
	const lengthMax = LIMITS.instanceIdLength - STAMP_LENGTH - scheduleId(type, "").length;
	if (typeof name === "string" && name.length <= lengthMax && NAME.test(name)) return name;
	throw new ValidationError(
		`The name of a schedule of "${type}" is 1 to ${lengthMax} letters, digits, ".", "_" or "-", and starts with a letter or digit; received ${typeof name === "string" ? `${JSON.stringify(shortened(name))}, ${name.length} characters` : typeof name}.`,
		{ path: "name" },
	);
}

/** The request with its defaults; its cron and its payload are not looked at. */
export function parseSchedule(type: string, request: ScheduleRequest) {
	const {
		cron,
		timezone = "UTC",
		payload,
		overlap = "skip",
		catchUp = 1,
		paused = false,
	} = request;
	if (!OVERLAPS.includes(overlap)) {
		throw new ValidationError(`overlap is one of ${OVERLAPS.join(", ")}; received ${overlap}.`, {
			path: "overlap",
		});
	}
	return {
		name: parseScheduleName(type, request.name),
		cron,
		timezone,
		payload,
		attributes: withAttributes({}, parseAttributeChanges(request.attributes ?? {})),
		overlap,
		catchUp: wholeNumber(catchUp, "catchUp", { min: 0, max: LIMITS.scheduleCatchUp }),
		paused,
	};
}

export function scheduleNotFound(type: string, name: string): WorkflowError {
	return new WorkflowError(
		"SCHEDULE_NOT_FOUND",
		`The type "${type}" has no schedule "${shortened(name)}".`,
	);
}

/** The answer with its payload live. */
export function scheduleDetails<Payload>(view: ScheduleView): ScheduleDetails<Payload> {
	// What the schedule was made with.
	return { ...view, payload: decode(view.payload) as Payload };
}
