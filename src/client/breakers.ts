/**
 * Calls about circuit breakers, to the first shard of their type.
 *
 * A breaker protects what a step calls; it must not lose the step's work. So an attempt that gets
 * no answer, after a few tries, is admitted unasked and reports nothing. A report that cannot be
 * delivered is dropped: a failure is then not counted, and a trial is given to another when its
 * time is up.
 */
import type {
	Admission,
	BreakerAsk,
	BreakerReport,
	BreakerRpc,
	BreakerView,
} from "../model/breaker-rpc";
import { type ErrorCode, WorkflowError } from "../model/errors";
import { parseTypeName, shardName } from "../model/ids";
import type { Clock } from "../model/ports";
import { unwrap } from "../model/rpc";
import type { RunnerNamespace } from "./runner-client";

const TRIES = 3;
const BETWEEN_TRIES_MS = 100;
/** For an answer, in all. */
const PATIENCE_MS = 5_000;
const UNASKED: Admission = { admitted: true, trial: false, period: null };
/** Answers, not the want of one. */
const REFUSALS: readonly ErrorCode[] = ["BREAKER_LIMIT", "VALIDATION_ERROR"];

interface Caller {
	runners: RunnerNamespace;
	clock: Clock;
}

/**
 * Whether an attempt may call its function. Without an answer it may.
 *
 * @throws {WorkflowError} `BREAKER_LIMIT`
 */
export async function admitAttempt(
	{ runners, clock }: Caller,
	type: string,
	ask: BreakerAsk,
): Promise<Admission> {
	const { promise: isLate, resolve } = Promise.withResolvers<Admission>();
	const cancel = clock.after(PATIENCE_MS, () => resolve(UNASKED));
	const answer = insist(clock, async () => unwrap(await breakers(runners, type).breakerAdmit(ask)));
	try {
		return await Promise.race([answer.then((said) => said ?? UNASKED), isLate]);
	} finally {
		cancel();
	}
}

/** Says how an attempt that was admitted has ended; does not throw. */
export async function reportAttempt(
	{ runners, clock }: Caller,
	type: string,
	report: BreakerReport,
): Promise<void> {
	try {
		await insist(clock, async () => unwrap(await breakers(runners, type).breakerReport(report)));
	} catch {}
}

/** By name; one that never failed is not among them. */
export async function listBreakers(runners: RunnerNamespace, type: string): Promise<BreakerView[]> {
	return unwrap(await breakers(runners, type).breakerList());
}

/** Closes a breaker, as if nothing had failed. @throws {WorkflowError} `BREAKER_NOT_FOUND` */
export async function resetBreaker(
	runners: RunnerNamespace,
	type: string,
	breaker: string,
): Promise<BreakerView> {
	return unwrap(await breakers(runners, type).breakerReset({ breaker }));
}

/** The answer to a call, or null after some tries without one. */
async function insist<T>(clock: Clock, call: () => Promise<T>): Promise<T | null> {
	for (let tried = 1; ; tried++) {
		try {
			return await call();
		} catch (error) {
			if (error instanceof WorkflowError && REFUSALS.includes(error.code)) throw error;
			if (tried === TRIES) return null;
		}
		await new Promise<void>((resolve) => {
			clock.after(BETWEEN_TRIES_MS, resolve);
		});
	}
}

function breakers(runners: RunnerNamespace, type: string): BreakerRpc {
	return runners.getByName(shardName(parseTypeName(type)));
}
