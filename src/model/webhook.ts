/**
 * Webhooks of a type: where its events are posted, and the secret that they are signed with, by
 * reference (`model/type-config.ts`). Requests are made in `client/webhooks.ts`.
 */
import { parseChosenEvent } from "./chronicle-events";
import { type DeliveryOptions, type DeliveryPolicy, deliveryPolicy } from "./delivery";
import { ValidationError } from "./errors";
import { hash53 } from "./hash";
import { LIMITS } from "./limits";
import { requireKnown } from "./options";
import { printable, shortened } from "./printable";
import { isSecretReference } from "./type-config";

export interface WebhookOptions extends DeliveryOptions {
	/** `https:`, or `http:` on this machine. What it has behind a "?" is shown to nobody. */
	url: string;
	/** A reference to a binding of the Worker, `env:<binding>`, whose text is `whsec_` and base64. */
	secret: string;
	/** Default: all. */
	events?: readonly string[];
}

export interface Webhook {
	/** `webhook:<hash of the URL>`: with another URL it is another receiver. */
	readonly name: string;
	readonly url: string;
	/** Null: all. */
	readonly events: ReadonlySet<string> | null;
	/** The reference. */
	readonly secret: string;
	/** What it says itself of how it is tried, and what comes of that. */
	readonly delivery: DeliveryOptions;
	readonly policy: DeliveryPolicy;
}

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * @throws {ValidationError} with the path of what is wrong, and never a secret's text or what a URL
 * has behind a "?".
 */
export function webhooks(options: readonly WebhookOptions[]): Webhook[] {
	if (!Array.isArray(options)) {
		throw invalid("webhooks", `expects a list of webhooks; received ${typeof options}`);
	}
	if (options.length > LIMITS.webhooks) {
		throw invalid(
			"webhooks",
			`has at most ${LIMITS.webhooks} of them; received ${options.length}. Let one receiver hand events on`,
		);
	}
	const all = options.map((each, index) => webhook(each, `webhooks[${index}]`));
	all.forEach(({ name, url }, index) => {
		const first = all.findIndex((other) => other.name === name);
		if (first === index) return;
		throw invalid(
			`webhooks[${index}].url`,
			`is the same as that of webhooks[${first}] (${shownUrl(url)}): make one of the two, with the events of both`,
		);
	});
	return all;
}

/** Tried as a service says, where it says nothing itself. */
export function withPolicy(webhook: Webhook, base: DeliveryPolicy): Webhook {
	return { ...webhook, policy: deliveryPolicy(webhook.delivery, "", base) };
}

function webhook(options: WebhookOptions, path: string): Webhook {
	requireKnown(options, ["url", "secret", "events", "retries", "timeout"], path);
	const { secret, retries, timeout } = options;
	const delivery = {
		...(retries === undefined ? {} : { retries }),
		...(timeout === undefined ? {} : { timeout }),
	};
	const url = parseUrl(options.url, `${path}.url`);
	if (!isSecretReference(secret)) {
		// It may be the secret itself, which is not to be repeated.
		const received = typeof secret === "string" ? "a text of another form" : printable(secret);
		throw invalid(
			`${path}.secret`,
			`is \`env:\` and the name of a binding, as in env:ORDERS_WEBHOOK_SECRET; received ${received}`,
		);
	}
	return {
		name: `webhook:${hash53(url).toString(36)}`,
		url,
		secret,
		events: chosenEvents(options.events, `${path}.events`),
		delivery,
		policy: deliveryPolicy(delivery, `${path}.`),
	};
}

function parseUrl(text: unknown, path: string): string {
	const url = typeof text === "string" ? URL.parse(text) : null;
	if (url === null) {
		throw invalid(
			path,
			`is a URL, as in https://example.com/hooks; received ${typeof text === "string" ? "a text that is none" : printable(text)}`,
		);
	}
	url.hash = "";
	if (url.username !== "" || url.password !== "") {
		throw invalid(path, "has no user name or password: receivers know requests by their signature");
	}
	const isLocal = url.protocol === "http:" && LOCAL.has(url.hostname);
	if (url.protocol !== "https:" && !isLocal) {
		throw invalid(
			path,
			`begins with https: (http: only for localhost); received ${shortened(`${url.protocol}//${url.host}`)}`,
		);
	}
	if (url.href.length > LIMITS.webhookUrlLength) {
		throw invalid(
			path,
			`has at most ${LIMITS.webhookUrlLength} characters; received ${url.href.length}`,
		);
	}
	return url.href;
}

function chosenEvents(events: readonly string[] | undefined, path: string): Set<string> | null {
	if (events === undefined) return null;
	if (!Array.isArray(events) || events.length === 0) {
		throw invalid(path, "is a list of event names; leave it out for all of them");
	}
	return new Set(
		events.map((event, index) => {
			if (event === "*") throw invalid(path, 'has "*": leave events out for all of them');
			return parseChosenEvent(event, `${path}[${index}]`);
		}),
	);
}

/** The URL as it may be shown. */
export function shownUrl(url: string): string {
	const { origin, pathname } = new URL(url);
	return origin + pathname;
}

function invalid(path: string, why: string): ValidationError {
	return new ValidationError(`${path} ${why}.`, { path });
}
