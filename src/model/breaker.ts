/** What users write to protect a step with a circuit breaker, and the policy that it becomes. */
import type { BreakerPolicy } from "./breaker-rpc";
import { type Duration, durationMs } from "./duration";
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";

export interface BreakerOptions {
	/** Failed attempts in a row, over all instances of the type, that open it: 1 to 1,000. */
	failureThreshold: number;
	/** How long it stays open before an attempt is let through to try: at least a second. */
	resetTimeout: Duration | string;
}

const RESET_MS_MIN = 1_000;
/** `where` names the options; `more` are further ones that they may have. */
interface Whereabouts {
	where?: string;
	more?: readonly string[];
}

/**
 * @throws {ValidationError} for anything that no breaker can have.
 * @example
 * breakerPolicy({ failureThreshold: 5, resetTimeout: "30s" });
 */
export function breakerPolicy(
	options: BreakerOptions,
	{ where = "circuitBreaker", more = [] }: Whereabouts = {},
): BreakerPolicy {
	requireKnown(options, ["failureThreshold", "resetTimeout", ...more], where);
	const range = { min: 1, max: LIMITS.breakerFailures };
	const path = `${where}.resetTimeout`;
	const resetTimeoutMs = durationMs(options.resetTimeout, path);
	if (resetTimeoutMs < RESET_MS_MIN) {
		throw new ValidationError(
			`${path} is at least ${RESET_MS_MIN} ms; received ${resetTimeoutMs} ms.`,
			{ path },
		);
	}
	return {
		failureThreshold: wholeNumber(options.failureThreshold, `${where}.failureThreshold`, range),
		resetTimeoutMs,
	};
}
