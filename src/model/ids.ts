/**
 * The forms of ids and names, and the one way to make an id.
 *
 * No id or type name starts with `_`, so no caller can reach a shard's object (`__index:<type>`).
 */
import { ValidationError } from "./errors";
import { hash32 } from "./hash";
import { LIMITS } from "./limits";
import { shortened } from "./printable";

const INSTANCE_ID = /^(?![_.-])[A-Za-z0-9._:-]+$/;
const TYPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const JOB_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OCCURRENCE = /#\d+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Returns `id` when it has the form of an instance id; throws `ValidationError` otherwise. */
export function parseInstanceId(id: unknown, path = "id"): string {
	if (isInstanceId(id)) return id;
	throw new ValidationError(
		`An instance id is 1 to ${LIMITS.instanceIdLength} letters, digits, ".", "_", "-" or ":", and does not start with "_", "." or "-"; received ${quote(id)}.`,
		{ path },
	);
}

/** Whether it has the form of an instance id, and so of what one may begin with. */
export function isInstanceId(id: unknown): id is string {
	return typeof id === "string" && id.length <= LIMITS.instanceIdLength && INSTANCE_ID.test(id);
}

/** Returns `type` when it has the form of a type's name; throws `ValidationError` otherwise. */
export function parseTypeName(type: unknown): string {
	if (typeof type === "string" && type.length <= LIMITS.typeNameLength && TYPE_NAME.test(type)) {
		return type;
	}
	throw new ValidationError(
		`A type's name is 1 to ${LIMITS.typeNameLength} letters, digits, ".", "_" or "-", and starts with a letter or digit; received ${quote(type)}.`,
		{ path: "type" },
	);
}

/** Returns `name` when it can name a step; a trailing `#2` is the journal's own mark. */
export function parseStepName(name: unknown): string {
	// SQLite would store half a surrogate pair as another character, and the replay miss the row.
	const fits =
		typeof name === "string" &&
		name.length > 0 &&
		name.length <= LIMITS.stepNameLength &&
		name.isWellFormed();
	if (!fits) {
		throw new ValidationError(
			`A step's name is a well-formed string of 1 to ${LIMITS.stepNameLength} characters; received ${quote(name)}.`,
			{ path: "name" },
		);
	}
	if (OCCURRENCE.test(name)) {
		throw new ValidationError(
			`The step name ${quote(name)} ends in "#" and a number, which the journal uses for repeated names. Choose another ending.`,
			{ path: "name" },
		);
	}
	return name;
}

/** Returns `name` when it can name an event. */
export function parseEventName(name: unknown): string {
	const fits =
		typeof name === "string" &&
		name.length > 0 &&
		name.length <= LIMITS.eventNameLength &&
		name.isWellFormed() &&
		!CONTROL.test(name);
	if (fits) return name;
	throw new ValidationError(
		`An event's name is 1 to ${LIMITS.eventNameLength} characters without control characters; received ${quote(name)}.`,
		{ path: "event" },
	);
}

/** No type's name has a colon. */
const SHARD_NAME = /^__index:([^:]+)(?::(\d+))?$/;
const JOB_PREFIX = "__job:";

/** Which shard of which type an object is; the first one is number 0. */
export interface ShardId {
	type: string;
	shard: number;
}

/** The name of the object that lists a type's instances, or its share of them. */
export function shardName(type: string, shard = 0): string {
	return shard === 0 ? `__index:${type}` : `__index:${type}:${shard}`;
}

/** Undefined for an object that is no shard. */
export function parseShardName(name: string): ShardId | undefined {
	const [, type, shard = "0"] = SHARD_NAME.exec(name) ?? [];
	return type === undefined ? undefined : { type, shard: Number(shard) };
}

/** The shard that lists a new instance when its type has `shards` of them. */
export function shardOf(id: string, shards: number): number {
	return shards === 1 ? 0 : hash32(id) % shards;
}

/** Returns `id` when it has the form of a bulk job's id, as `timeOrderedId` makes it. */
export function parseJobId(id: string): string {
	if (JOB_ID.test(id)) return id;
	throw new ValidationError(
		`A bulk job's id is the UUID that its start was answered with; received ${quote(id)}.`,
		{ path: "id" },
	);
}

/** The name of the object that works off a bulk job. */
export function jobName(id: string): string {
	return `${JOB_PREFIX}${id}`;
}

export function isJobName(name: string): boolean {
	return name.startsWith(JOB_PREFIX);
}

/** The journal key of the `occurrence`th (from 1) call of a step name in a pass. */
export function stepKey(name: string, occurrence: number): string {
	return occurrence === 1 ? name : `${name}#${occurrence}`;
}

/** The step name of a journal key. */
export function stepNameOf(key: string): string {
	return key.replace(OCCURRENCE, "");
}

/** Which call of its step's name a journal key is, from 1. */
export function stepCallOf(key: string): number {
	return Number(OCCURRENCE.exec(key)?.[0].slice(1) ?? 1);
}

/**
 * A new id whose text sorts by time: a UUID of version 7 (RFC 9562, section 5.7).
 * `random` is ten fresh random bytes.
 */
export function timeOrderedId(nowMs: number, random: Uint8Array): string {
	const time = nowMs.toString(16).padStart(12, "0");
	const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
	const variant = ((Number.parseInt(hex.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
	return [
		time.slice(0, 8),
		time.slice(8),
		`7${hex.slice(0, 3)}`,
		`${variant}${hex.slice(4, 7)}`,
		hex.slice(7, 19),
	].join("-");
}

function quote(value: unknown): string {
	if (typeof value !== "string") return value === null ? "null" : `a value of type ${typeof value}`;
	return JSON.stringify(shortened(value));
}
