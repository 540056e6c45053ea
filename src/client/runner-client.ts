/**
 * Calls to the objects of the `WorkflowRunner` class, from Workers and from the objects
 * themselves: name to stub, values to text and back, answers to values or errors.
 *
 * The namespace is typed by its two methods and the RPC shapes, so that a Worker which binds the
 * class by `script_name` and one that defines it use the same functions.
 */
import { encode } from "../model/codec";
import type { CreateResponse } from "../model/http";
import { parseEventName, parseInstanceId, parseTypeName, timeOrderedId } from "../model/ids";
import { LIMITS } from "../model/limits";
import {
	type Announcement,
	type DescribeRequest,
	type InstanceRpc,
	type InstanceView,
	type ShardRpc,
	type StatusReceipt,
	unwrap,
} from "../model/rpc";

/** The Durable Object binding `WORKFLOW_RUNNER`. */
export interface RunnerNamespace {
	getByName(name: string): InstanceRpc & ShardRpc;
}

export interface CreateInput {
	type: string;
	/** Default: a new time-ordered id. */
	id?: string | undefined;
	payload: unknown;
}

export async function createInstance(
	runners: RunnerNamespace,
	{ type, id, payload }: CreateInput,
): Promise<CreateResponse> {
	parseTypeName(type);
	const chosen = id === undefined ? newId() : parseInstanceId(id);
	const request = {
		type,
		id: chosen,
		payload: encode(payload, "the payload", LIMITS.payloadBytes),
	};
	const { status } = unwrap(await runners.getByName(chosen).create(request));
	return { id: chosen, type, status };
}

export async function sendEvent(
	runners: RunnerNamespace,
	{ id, event, payload }: { id: string; event: string; payload: unknown },
): Promise<void> {
	const request = { event: parseEventName(event), payload: encode(payload, "the event") };
	unwrap(await instance(runners, id).deliverEvent(request));
}

export async function describeInstance(
	runners: RunnerNamespace,
	id: string,
	{ steps = true }: Partial<DescribeRequest> = {},
): Promise<InstanceView> {
	return unwrap(await instance(runners, id).describe({ steps }));
}

export type ControlAction = "pause" | "resume" | "terminate";

export async function controlInstance(
	runners: RunnerNamespace,
	id: string,
	action: ControlAction,
): Promise<StatusReceipt> {
	return unwrap(await instance(runners, id)[action]({}));
}

/** What an instance says of itself to the index; null: there is none. */
export async function announcement(
	runners: RunnerNamespace,
	id: string,
): Promise<Announcement | null> {
	const said = await runners.getByName(id).announce({});
	return !said.ok && said.error.code === "INSTANCE_NOT_FOUND" ? null : unwrap(said);
}

function instance(runners: RunnerNamespace, id: string): InstanceRpc {
	return runners.getByName(parseInstanceId(id));
}

function newId(): string {
	return timeOrderedId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}
