/**
 * The circuit breakers of a type by themselves, asked over RPC as instances ask them: what each
 * answer writes, and how long it takes.
 */
import { admitAttempt, reportAttempt } from "../../src/client/breakers";
import type { RunnerNamespace } from "../../src/client/runner-client";
import { shardName } from "../../src/model/ids";
import type { Clock } from "../../src/model/ports";
import type { Env } from "./contestant";
import type { CountedRunner } from "./counted";

/** Rows. */
export interface BreakerCounts {
	success: number;
	refused: number;
	failure: number;
	failureOf64: number;
	trial: number;
}

/** Of one attempt, in µs. */
export interface BreakerTimes {
	alone: number;
	crowded: number;
	refused: number;
	failing: number;
}

const AT_ONCE = 64;
const ALONE = 500;
const CROWDED = 6_400;
/** The shortest time that a breaker can stay open. */
const RESET_MS = 1_000;

const clock: Clock = {
	now: () => Date.now(),
	after(delayMs, work) {
		const timer = setTimeout(work, delayMs);
		return () => clearTimeout(timer);
	},
	turn: () => scheduler.wait(0),
};

/** No two attempts are called alike. */
let attempted = 0;

/** The attempts of a type's step, as so many failures in a row would open its breaker. */
class Attempts {
	constructor(
		readonly runners: RunnerNamespace,
		readonly type: string,
		readonly failureThreshold: number,
	) {}

	/** One after the other in each lane; resolves with the µs for each. */
	async make(attempts: number, inFlight: number, outcome: "success" | "failure"): Promise<number> {
		const begin = Date.now();
		const lane = async () => {
			for (let n = 0; n < attempts / inFlight; n++) await this.#one(outcome);
		};
		await Promise.all(Array.from({ length: inFlight }, lane));
		return (1_000 * (Date.now() - begin)) / attempts;
	}

	async #one(outcome: "success" | "failure"): Promise<void> {
		const caller = { runners: this.runners, clock };
		const { type, failureThreshold } = this;
		const policy = { failureThreshold, resetTimeoutMs: RESET_MS };
		const attempt = { breaker: "call", caller: `order-${attempted++}/call/1`, ...policy };
		const admission = await admitAttempt(caller, type, { ...attempt, attemptTimeoutMs: null });
		if (!admission.admitted) return;
		if (admission.period === null) throw new Error("the breaker gave no answer");
		await reportAttempt(caller, type, { ...attempt, period: admission.period, outcome });
	}
}

export async function countBreakers({ COUNTED_RUNNER: runners }: Env): Promise<BreakerCounts> {
	const type = "counted-breakers";
	const rows = async (threshold: number, ...made: Parameters<Attempts["make"]>) => {
		const counted = runners.getByName(shardName(type)) as unknown as CountedRunner;
		const before = await counted.counts();
		await new Attempts(runners, type, threshold).make(...made);
		const after = await counted.counts();
		const alarms = after.alarmWrites - before.alarmWrites;
		return (after.rowsWritten - before.rowsWritten + alarms) / made[0];
	};
	const success = await rows(1_000, 100, 1, "success");
	// The first failure of a type makes the shard's tables, which is not its own doing.
	await rows(1_000, 1, 1, "failure");
	await rows(1_000, 1, 1, "success");
	const failure = await rows(1_000, 10, 1, "failure");
	const failureOf64 = await rows(1_000, 64, 64, "failure");
	await rows(1, 1, 1, "failure");
	const refused = await rows(1, 100, 1, "failure");
	await scheduler.wait(RESET_MS);
	const trial = await rows(1, 1, 1, "success");
	return { success, refused, failure, failureOf64, trial };
}

export async function timeBreakers(
	{ WORKFLOW_RUNNER: runners }: Env,
	name: string,
): Promise<BreakerTimes> {
	const time = (threshold: number, ...made: Parameters<Attempts["make"]>) =>
		new Attempts(runners, name, threshold).make(...made);
	const alone = await time(1_000, ALONE, 1, "success");
	const crowded = await time(1_000, CROWDED, AT_ONCE, "success");
	// Each reports for itself and waits until that is written with the others'.
	const failing = await time(1_000, 10 * AT_ONCE, AT_ONCE, "failure");
	await time(1, 1, 1, "failure");
	const refused = await time(1, 500, AT_ONCE, "failure");
	return { alone, crowded, refused, failing };
}
