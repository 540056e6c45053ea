/**
 * Who is told of an instance's events: the handlers of its service, the webhooks of its type, and
 * the instance that waits for its end.
 */
import type { WorkflowRow } from "../db/instance-store";
import { decode } from "../model/codec";
import {
	DEFAULT_DELIVERY_POLICY,
	type DeliveryPolicy,
	type EventHandler,
	type WorkflowEvent,
} from "../model/delivery";
import { decodeThrown, thrownMessage } from "../model/error-record";
import { LIMITS } from "../model/limits";
import type { ChildEnd } from "../model/rpc";
import { shownUrl, type Webhook } from "../model/webhook";
import type { Ports } from "./ports";
import type { Program } from "./program";

export interface Receiver {
	/** Of its own, in its type: under it, how far it is is kept. */
	readonly name: string;
	/** As it may be shown; null: it has none. */
	readonly url: string | null;
	/** What it is told of; null: all. */
	readonly events: ReadonlySet<string> | null;
	readonly policy: DeliveryPolicy;
	/** Resolves when it has the event; rejects when it is to be told again. */
	deliver(event: WorkflowEvent, signal: AbortSignal): Promise<unknown>;
}

export function receiversOf(
	{ handlers, webhooks }: Pick<Program, "handlers" | "webhooks">,
	ports: Pick<Ports, "post" | "tellParent">,
	row: () => WorkflowRow,
): Receiver[] {
	return [
		...parentReceivers(row, ports),
		...handlers.map(handlerReceiver),
		...(webhooks ?? []).map((each) => webhookReceiver(each, ports)),
	];
}

function handlerReceiver({ name, events, policy, handle }: EventHandler): Receiver {
	return { name, url: null, events, policy, deliver: async (event) => handle(event) };
}

function webhookReceiver(webhook: Webhook, { post }: Pick<Ports, "post">): Receiver {
	const { name, events, policy } = webhook;
	const deliver = (event: WorkflowEvent, signal: AbortSignal) => post(webhook, event, signal);
	return { name, url: shownUrl(webhook.url), events, policy, deliver };
}

/** The events by which an instance ends. */
const ENDS = new Set(["workflow.completed", "workflow.failed", "workflow.cancelled"]);
/** A parent waits for good: it is told until it answers. */
const PARENT_POLICY = {
	...DEFAULT_DELIVERY_POLICY,
	retry: { ...DEFAULT_DELIVERY_POLICY.retry, limit: LIMITS.deliveryAttempts },
};

/** How the instance has ended is read from its row: it keeps more than JSON does (G16). */
function parentReceivers(
	row: () => WorkflowRow,
	{ tellParent }: Pick<Ports, "tellParent">,
): Receiver[] {
	const { parent } = row();
	if (parent === null) return [];
	const deliver = async ({ id: key }: WorkflowEvent) => {
		const { id } = row();
		const end = endOf(row());
		// It was restarted meanwhile: its parent is told of that run.
		if (end === undefined) return;
		await tellParent(JSON.parse(parent), end, { actor: `instance:${id}`, key });
	};
	return [{ name: "parent", url: null, events: ENDS, policy: PARENT_POLICY, deliver }];
}

function endOf({ status, result, error }: WorkflowRow): ChildEnd | undefined {
	if (status === "completed") {
		return { status, result: result === null ? undefined : decode(result) };
	}
	if (status !== "errored" && status !== "timed_out" && status !== "terminated") return undefined;
	if (error === null) return { status };
	const record = decodeThrown(error);
	const message = thrownMessage(record);
	if ("value" in record) return { status, error: { name: "Error", message } };
	const { name, code } = record;
	return { status, error: { name, message, ...(code === undefined ? {} : { code }) } };
}
