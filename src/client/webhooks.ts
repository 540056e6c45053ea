/**
 * Posts an event to a webhook, signed as Standard Webhooks has it (standardwebhooks.com): the
 * receiver knows by the signature who sent it, and by its id what it has had before.
 *
 * What goes wrong is said without the secret, and without what the URL has behind a "?".
 */
import { Webhook as Signer } from "standardwebhooks";
import type { WorkflowEvent } from "../model/delivery";
import { thrownMessage, toThrownRecord } from "../model/error-record";
import { ValidationError } from "../model/errors";
import { bindingOf } from "../model/type-config";
import { shownUrl, type Webhook } from "../model/webhook";
import { secretOf } from "./type-config";

/** Resolves when the receiver has answered with a status of 2xx. */
export async function postEvent(
	webhook: Webhook,
	{ id, name, at, data }: WorkflowEvent,
	{ nowMs, signal }: { nowMs: number; signal: AbortSignal },
): Promise<void> {
	const body = JSON.stringify({ type: name, timestamp: new Date(at).toISOString(), data });
	const now = new Date(nowMs);
	const headers = {
		"Content-Type": "application/json",
		"User-Agent": "durable-workflows",
		"webhook-id": id,
		"webhook-timestamp": String(Math.floor(nowMs / 1000)),
		"webhook-signature": signerOf(webhook).sign(id, now, body),
	};
	const response = await request(webhook, { method: "POST", headers, body, signal });
	// What it says is not read: it may be long, and no business of ours.
	await response.body?.cancel();
	if (response.ok) return;
	const hint =
		response.status >= 300 && response.status < 400 ? " Redirects are not followed." : "";
	throw new Error(`The receiver answered ${response.status}; expected 2xx.${hint}`);
}

async function request({ url }: Webhook, init: RequestInit): Promise<Response> {
	try {
		return await fetch(url, { ...init, redirect: "manual" });
	} catch (error) {
		const text = thrownMessage(toThrownRecord(error)).replaceAll(url, shownUrl(url));
		const { search } = new URL(url);
		throw new Error(`The request failed: ${search === "" ? text : text.replaceAll(search, "?…")}`);
	}
}

function signerOf({ secret, url }: Webhook): Signer {
	const binding = bindingOf(secret);
	const value = secretOf(`the webhook ${shownUrl(url)}`, "secret", binding);
	try {
		return new Signer(value);
	} catch {
		// What the library says of it may have it in it.
		throw new ValidationError(
			`The binding ${binding} expects a secret of Standard Webhooks: \`whsec_\` and base64 of 24 to 64 bytes; received a text of another form.`,
			{ path: binding },
		);
	}
}
