/** Who is told of an instance's events: the handlers of its service, the webhooks of its type. */
import type { DeliveryPolicy, EventHandler, WorkflowEvent } from "../model/delivery";
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
	ports: Pick<Ports, "post">,
): Receiver[] {
	return [
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
