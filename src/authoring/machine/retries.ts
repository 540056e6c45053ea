/** Retries as this style writes them, and what the engine calls them. */
import { requireKnown } from "../../model/options";
import type { RetryOn, RetryOptions } from "../../model/retry";
import type { RetryConfig } from "./options";

const KNOWN = ["maxAttempts", "intervalMs", "backoffRate", "maxIntervalMs", "retryOn"];

/** Of steps whose machine says nothing of retries. */
export const TRIED_ONCE: RetryOptions = { limit: 1, delay: 1_000, factor: 2, maxDelay: 30_000 };

const MAX_ATTEMPTS = 3;

/** @throws {ValidationError} for options that are none; their values are the engine's to check. */
export function retryOptionsOf(config: RetryConfig, where: string): RetryOptions {
	requireKnown(config, KNOWN, `retry of ${where}`);
	const { maxAttempts = MAX_ATTEMPTS, intervalMs, backoffRate, maxIntervalMs, retryOn } = config;
	return {
		limit: maxAttempts,
		...(intervalMs === undefined ? {} : { delay: intervalMs }),
		...(backoffRate === undefined ? {} : { factor: backoffRate }),
		...(maxIntervalMs === undefined ? {} : { maxDelay: maxIntervalMs }),
		...(retryOn === undefined ? {} : { retryOn: retryOnOf(retryOn) }),
	};
}

/** A text is an error's name or code, or a part of its message. */
function retryOnOf(retryOn: NonNullable<RetryConfig["retryOn"]>): RetryOn {
	// What is no list of texts is the engine's to refuse.
	if (!Array.isArray(retryOn)) return retryOn as RetryOn;
	if (!retryOn.every((text) => typeof text === "string")) return retryOn;
	return ({ name, code, message }) =>
		retryOn.some((text) => text === name || text === code || message.includes(text));
}
