/**
 * A step's circuit breaker, as an attempt meets it: it asks before it calls the function, under a
 * name that is the same when it is made anew after a crash, and says how the function ended. What
 * the breaker decides is its own matter, in the first shard of the type.
 */
import type { BreakerPolicy } from "../../model/breaker-rpc";
import { CircuitOpenError } from "../../model/errors";
import { stepNameOf } from "../../model/ids";
import type { BreakerPort } from "../ports";
import type { Attempt } from "./attempt";

export interface BreakerQuestion {
	/** The instance's type. */
	type: string;
	policy: BreakerPolicy;
	timeoutMs: number | null;
}

/**
 * Resolves once the attempt may call its function.
 *
 * @throws {CircuitOpenError} when it may not.
 */
export async function admitted(
	attempt: Attempt,
	port: BreakerPort,
	{ type, policy, timeoutMs }: BreakerQuestion,
): Promise<void> {
	const breaker = stepNameOf(attempt.key);
	const caller = `${attempt.idempotencyKey}/${attempt.attempt}`;
	const ask = { ...policy, breaker, caller };
	const admission = await port.admit(type, { ...ask, attemptTimeoutMs: timeoutMs });
	if (!admission.admitted) throw new CircuitOpenError(breaker, admission.retryAt);
	const { period } = admission;
	if (period === null) return;
	attempt.report = (outcome) => void port.report(type, { ...ask, period, outcome });
}
