/** What a request to create an instance comes to: checked input, and the row of a new instance. */
import type { WorkflowRow } from "../db/instance-store";
import {
	type Attributes,
	attributesText,
	parseAttributeChanges,
	withAttributes,
} from "../model/attributes";
import { parseBy } from "../model/by";
import type { Encoded } from "../model/codec";
import { ValidationError } from "../model/errors";
import { hash53 } from "../model/hash";
import { parseEventName, parseInstanceId, shardOf } from "../model/ids";
import { LIMITS } from "../model/limits";
import { wholeNumber } from "../model/options";
import { parseOverrides } from "../model/overrides";
import type { By, CreateRequest, ParentRef } from "../model/rpc";
import type { Arrival } from "./event-buffer";
import { checkEvent, checkPayload } from "./input";
import type { Program } from "./program";

export interface Creation {
	readonly id: string;
	readonly program: Program;
	/** The stored definition that it begins with; undefined: its program is the registry's. */
	readonly definition: { readonly hash: string; readonly text: string } | undefined;
	readonly payload: Encoded;
	/** Of the payload as it came (a schema may fill in the time, for one), and the definition asked for. */
	readonly fingerprint: number;
	readonly attributes: Attributes;
	readonly priority: number;
	readonly by: By | undefined;
	readonly event: Omit<Arrival, "receivedAt"> | undefined;
	readonly overrides: string | null;
	/** A `ParentRef` as JSON. */
	readonly parent: string | null;
	startAt(now: number): number | null;
}

/** @throws {ValidationError} with the path of what is wrong. */
export async function checkCreation(
	request: CreateRequest,
	{ program, definition }: Pick<Creation, "program" | "definition">,
): Promise<Creation> {
	const { id, priority = 0, attributes = {}, startAt, delayMs } = request;
	const by = parseBy(request.by);
	const range = { min: -LIMITS.priority, max: LIMITS.priority };
	const start = startOf(startAt, delayMs);
	return {
		id,
		program,
		definition,
		fingerprint: hash53(
			request.definition === undefined
				? request.payload
				: `${request.definition}\n${request.payload}`,
		),
		attributes: withAttributes({}, parseAttributeChanges(attributes)),
		priority: wholeNumber(priority, "priority", range),
		overrides: request.overrides === undefined ? null : parseOverrides(request.overrides),
		parent: request.parent === undefined ? null : parentText(request.parent),
		by,
		startAt: (now) => {
			const at = start(now);
			return at === null || at <= now ? null : at;
		},
		payload: await checkPayload(program, request.payload),
		event: request.event && (await checkArrival(request.event, program, by)),
	};
}

/** An event as it comes in, checked against what the type declares. */
export async function checkArrival(
	{ event, payload }: { event: string; payload: Encoded },
	program: Program | undefined,
	by: By | undefined,
): Promise<Omit<Arrival, "receivedAt">> {
	parseEventName(event);
	return {
		event,
		payload: await checkEvent(program, event, payload),
		actor: by?.actor ?? null,
		reason: by?.reason ?? null,
		key: by?.key ?? null,
		fingerprint: by?.key === undefined ? null : hash53(`${event}\n${payload}`),
	};
}

export function newRow(
	{
		id,
		program,
		definition,
		parent,
		payload,
		attributes,
		priority,
		overrides,
		by,
		fingerprint,
		startAt,
	}: Creation,
	now: number,
): WorkflowRow {
	const { type, version, timeoutMs } = program;
	const notBefore = startAt(now);
	return {
		id,
		type,
		version,
		status: notBefore === null ? "running" : "created",
		reason: null,
		payload,
		result: null,
		error: null,
		notBefore,
		deadlineAt: timeoutMs === null ? null : (notBefore ?? now) + timeoutMs,
		run: 1,
		startedAt: notBefore === null ? now : null,
		attributes: attributesText(attributes),
		priority,
		shard: shardOf(id, program.shards),
		slot: null,
		slotKey: null,
		slotSeq: 0,
		slotAckedSeq: 0,
		removing: 0,
		historySchema: 0,
		deliverySchema: 0,
		overrides,
		definition: definition?.hash ?? null,
		parent,
		restarts: 0,
		metadata: null,
		createdBy: by?.actor ?? null,
		createReason: by?.reason ?? null,
		createKey: by?.key ?? null,
		createFingerprint: by?.key === undefined ? null : fingerprint,
		strikes: 0,
		lostPasses: null,
		progress: 0,
		statusSeq: 1,
		indexedSeq: 0,
		createdAt: now,
		updatedAt: now,
		completedAt: null,
	};
}

function parentText({ id, event }: ParentRef): string {
	const parent: ParentRef = { id: parseInstanceId(id, "parent.id"), event: parseEventName(event) };
	return JSON.stringify(parent);
}

function startOf(
	startAt: number | undefined,
	delayMs: number | undefined,
): (now: number) => number | null {
	if (startAt !== undefined && delayMs !== undefined) {
		throw new ValidationError("Give startAt or delay, not both.", { path: "startAt" });
	}
	if (delayMs !== undefined) {
		const delay = wholeNumber(delayMs, "delay", { min: 0, max: LIMITS.durationMs });
		return (now) => now + delay;
	}
	if (startAt === undefined) return () => null;
	if (!Number.isFinite(startAt)) {
		throw new ValidationError(
			`startAt is a moment, in ms since 1970; received ${String(startAt)}.`,
			{ path: "startAt" },
		);
	}
	const at = Math.ceil(startAt);
	return (now) => {
		if (at - now <= LIMITS.durationMs) return at;
		throw new ValidationError("startAt is at most ten years from now.", { path: "startAt" });
	};
}
