/**
 * Calls to the objects of the `WorkflowRunner` class, from Workers and from the objects
 * themselves: name to stub, values to text and back, answers to values or errors.
 *
 * The namespace is typed by its two methods and the RPC shapes, so that a Worker which binds the
 * class by `script_name` and one that defines it use the same functions.
 */
import type { JobRpc } from "../model/bulk";
import { encode } from "../model/codec";
import type { DirectoryRpc } from "../model/definition";
import { type ErrorCode, WorkflowError } from "../model/errors";
import type { LimitChanges } from "../model/guard-limits";
import type {
	GuardState,
	SlotAnswer,
	SlotMessage,
	SlotOffer,
	SlotRequest,
	SlotUse,
} from "../model/guard-rpc";
import { parseEventName, parseInstanceId, parseTypeName, shardName } from "../model/ids";
import type { LogPage, LogRequest } from "../model/log";
import {
	encodeMetadataChanges,
	type Metadata,
	type MetadataChanges,
	metadataOf,
} from "../model/metadata";
import {
	type Announcement,
	type By,
	type DescribeRequest,
	type InspectionView,
	type InstanceRpc,
	type InstanceView,
	type RedeliverRequest,
	type RepairRequest,
	type RestartRequest,
	type RestRequest,
	type ShardRpc,
	type StatusReceipt,
	type StreamRequest,
	unwrap,
} from "../model/rpc";

/** The Durable Object binding `WORKFLOW_RUNNER`. */
export interface RunnerNamespace {
	getByName(name: string): InstanceRpc & ShardRpc & JobRpc & DirectoryRpc;
}

/** The event is kept until the instance waits for it. */
export async function sendEvent(
	runners: RunnerNamespace,
	{ id, event, payload, by }: { id: string; event: string; payload: unknown; by?: By | undefined },
): Promise<void> {
	const request = { event: parseEventName(event), payload: encode(payload, "the event"), by };
	unwrap(await instance(runners, id).deliverEvent(request));
}

export async function describeInstance(
	runners: RunnerNamespace,
	id: string,
	{ steps = true, include }: Partial<DescribeRequest> = {},
): Promise<InstanceView> {
	return unwrap(await instance(runners, id).describe({ steps, include }));
}

/** What an instance's style reads in its journal. @throws {WorkflowError} `INSTANCE_NOT_FOUND` */
export async function inspectInstance(
	runners: RunnerNamespace,
	id: string,
): Promise<InspectionView> {
	return unwrap(await instance(runners, id).inspect());
}

/** The status once the instance rests: it has ended, panicked, been paused, or waits; or after a while. */
export async function restOfInstance(
	runners: RunnerNamespace,
	id: string,
	{ steps = true, ...request }: Partial<RestRequest> = {},
): Promise<InstanceView> {
	return unwrap(await instance(runners, id).rest({ steps, ...request }));
}

/** A page of the log, oldest first. */
export async function readLogs(
	runners: RunnerNamespace,
	id: string,
	request: LogRequest = {},
): Promise<LogPage> {
	return unwrap(await instance(runners, id).logs(request));
}

/** What happened to an instance and happens, as server-sent events; null: there is no more to come. */
export async function followInstance(
	runners: RunnerNamespace,
	id: string,
	request: StreamRequest = {},
): Promise<ReadableStream<Uint8Array> | null> {
	return unwrap(await instance(runners, id).stream(request));
}

export type ControlAction = "pause" | "resume" | "terminate";

export async function controlInstance(
	runners: RunnerNamespace,
	id: string,
	action: ControlAction,
	by?: By,
): Promise<StatusReceipt> {
	return unwrap(await instance(runners, id)[action]({ by }));
}

export async function restartInstance(
	runners: RunnerNamespace,
	id: string,
	request: RestartRequest = {},
): Promise<StatusReceipt> {
	return unwrap(await instance(runners, id).restart(request));
}

/** Delivers the dead letters of an instance once more, of one receiver or all. */
export async function redeliverEvents(
	runners: RunnerNamespace,
	id: string,
	request: RedeliverRequest = {},
): Promise<StatusReceipt> {
	return unwrap(await instance(runners, id).redeliver(request));
}

/** An operator's word on one step: see `RepairRequest`; the output is a value here. */
export interface RepairInput {
	step: string;
	action: RepairRequest["action"];
	/** For `set-output` and `skip`. */
	output?: unknown;
	by?: By | undefined;
}

export async function repairStep(
	runners: RunnerNamespace,
	id: string,
	{ step, action, output, by }: RepairInput,
): Promise<StatusReceipt> {
	const takesOutput = action === "set-output" || action === "skip";
	const request = takesOutput
		? { step, action, by, output: encode(output, "the output") }
		: { step, action, by };
	return unwrap(await instance(runners, id).repair(request));
}

/** Sets metadata of an instance; what is not named stays, null takes a name away. Returns all of it. */
export async function changeMetadata(
	runners: RunnerNamespace,
	id: string,
	changes: MetadataChanges,
	by?: By,
): Promise<StatusReceipt & { metadata: Metadata }> {
	const request = { changes: encodeMetadataChanges(changes), by };
	const { status, metadata } = unwrap(await instance(runners, id).changeMetadata(request));
	return { status, metadata: metadataOf(metadata) };
}

/** Takes an ended instance out of the index and empties its storage. */
export async function removeInstance(runners: RunnerNamespace, id: string, by?: By): Promise<void> {
	unwrap(await instance(runners, id).remove({ by }));
}

/** What an instance says of itself to the index; null: there is none. */
export async function announcement(
	runners: RunnerNamespace,
	id: string,
): Promise<Announcement | null> {
	const said = await runners.getByName(id).announce();
	return !said.ok && said.error.code === "INSTANCE_NOT_FOUND" ? null : unwrap(said);
}

export async function takeSlot(
	runners: RunnerNamespace,
	type: string,
	request: SlotRequest,
): Promise<SlotAnswer> {
	return unwrap(await runners.getByName(shardName(type)).takeSlot(request));
}

export async function deliverToGuard(
	runners: RunnerNamespace,
	message: SlotMessage,
): Promise<SlotAnswer | null> {
	if (message.say === "take") return takeSlot(runners, message.type, message.request);
	return unwrap(await runners.getByName(shardName(message.type)).returnSlot(message.request));
}

/** One that is not there wants no slot. */
export async function offerSlot(runners: RunnerNamespace, offer: SlotOffer): Promise<SlotUse> {
	try {
		return unwrap(await runners.getByName(offer.id).slot(offer));
	} catch (error) {
		if (error instanceof WorkflowError && error.code === "INSTANCE_NOT_FOUND") {
			return { use: "none" };
		}
		throw error;
	}
}

/** The limits of a type, who works and who waits; with an id, where that one stands in the queue. */
export async function guardState(
	runners: RunnerNamespace,
	type: string,
	question: { id?: string | undefined } = {},
): Promise<GuardState> {
	const guard = runners.getByName(shardName(parseTypeName(type)));
	return unwrap(await guard.guardState(question));
}

/** Sets limits in place of those that the type declares. @throws {ValidationError} */
export async function changeLimits(
	runners: RunnerNamespace,
	type: string,
	changes: LimitChanges,
): Promise<GuardState> {
	const guard = runners.getByName(shardName(parseTypeName(type)));
	return unwrap(await guard.changeLimits(changes));
}

function instance(runners: RunnerNamespace, id: string): InstanceRpc {
	return runners.getByName(parseInstanceId(id));
}

/** As `sendEvent`; one that is gone, or has ended, needs to be told no more. */
export async function tellParent(
	runners: RunnerNamespace,
	event: Parameters<typeof sendEvent>[1],
): Promise<void> {
	try {
		await sendEvent(runners, event);
	} catch (error) {
		if (error instanceof WorkflowError && NEEDLESS.includes(error.code)) return;
		throw error;
	}
}

const NEEDLESS: readonly ErrorCode[] = ["INSTANCE_NOT_FOUND", "INSTANCE_FINISHED", "UNKNOWN_EVENT"];
