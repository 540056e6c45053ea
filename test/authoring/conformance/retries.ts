/** Retries and timeouts: durable, counted, and over when they are over (G3, G9). */
import { expect } from "vitest";
import type { StepContext } from "../../../src/engine/program";
import { NonRetryableError } from "../../../src/model/errors";
import { clock } from "../../support/lab";
import { attempt, between, sleep, step, type Work } from "./style";
import { type Behaviours, HOUR, held, inFlight, SECOND, sleepOver, witness } from "./subject";

/** Fails its first attempts, each with its number in the message, then gives the number. */
function failing(times: number): { attempts: number[]; work: Work } {
	const attempts: number[] = [];
	const work = (_: unknown, { attempt }: StepContext) => {
		attempts.push(attempt);
		if (attempt <= times) throw new Error(`failure ${attempt}`);
		return attempt;
	};
	return { attempts, work };
}

export const retries: Behaviours = {
	"a failed step is tried again, and told the number of its attempt": async (subject) => {
		const { attempts, work } = failing(2);
		const instance = await subject.start([
			step("flaky", work, { retries: { limit: 3, delay: 0 } }),
		]);
		for (let retry = 0; retry < 2; retry++) await sleepOver(instance, 0);
		expect((await instance.until("completed")).result).toBe(3);
		expect(attempts).toEqual([1, 2, 3]);
	},

	"the limit counts all attempts; past it the instance fails with the last error": async (
		subject,
	) => {
		const { attempts, work } = failing(9);
		const instance = await subject.start([step("flaky", work, { retries: { limit: 2 } })]);
		await sleepOver(instance, SECOND);
		const status = await instance.until("errored");
		expect(status.error).toBe("failure 2");
		expect(status.steps).toMatchObject([{ status: "failed", attempts: 2, error: "failure 2" }]);
		await instance.advance(HOUR);
		expect(attempts).toEqual([1, 2]);
	},

	"a step that is out of retries fails the same on replay, and is not called": async (subject) => {
		const { attempts, work } = failing(9);
		const seen: string[] = [];
		const flow = [
			attempt([step("flaky", work, { retries: { limit: 1 } })], {
				recover: [between(({ message }: Error) => void seen.push(message))],
			}),
			sleep("nap", "1s"),
		];
		const instance = await subject.start(flow);
		await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect({ attempts, seen }).toEqual({ attempts: [1], seen: ["failure 1", "failure 1"] });
	},

	"the delay is counted from the failure, over an eviction and an early alarm": async (subject) => {
		const { attempts, work } = failing(1);
		const options = { retries: { delay: "1h" } } as const;
		const instance = await subject.start([step("flaky", work, options)]);
		const dueAt = clock.now() + HOUR;
		expect((await instance.until("sleeping")).steps).toMatchObject([
			{ status: "retrying", attempts: 1, error: "failure 1", wakeAt: dueAt },
		]);
		await sleepOver(instance, HOUR / 2);
		await instance.fireAlarm();
		await instance.advance(HOUR / 2 - 1);
		expect((await instance.status()).wakeAt).toBe(dueAt);
		expect(attempts).toEqual([1]);
		await instance.advance(1);
		await instance.until("completed");
		expect(attempts).toEqual([1, 2]);
	},

	"attempts are counted over a crash, and the one that it ended is made again": async (subject) => {
		const attempts: number[] = [];
		const flaky = step("flaky", (_, { attempt }) => {
			attempts.push(attempt);
			if (attempt === 1) throw new Error("again");
			return attempts.length === 2 ? new Promise(() => {}) : "done";
		});
		const instance = await subject.start([flaky]);
		await instance.until("sleeping");
		await instance.crash();
		await instance.advance(SECOND);
		await inFlight(instance, "flaky");
		await instance.crash();
		await instance.advance(10 * SECOND);
		expect((await instance.until("completed")).result).toBe("done");
		expect(attempts).toEqual([1, 2, 2]);
	},

	"delays grow by the factor, up to maxDelay": async (subject) => {
		const times: number[] = [];
		const work = () => {
			times.push(clock.now());
			throw new Error("no");
		};
		const retries = { limit: 4, delay: "1s", factor: 3, maxDelay: "5s" } as const;
		const instance = await subject.start([step("flaky", work, { retries })]);
		for (const delayMs of [1_000, 3_000, 5_000]) {
			await instance.until("sleeping");
			await instance.advance(delayMs - 1);
			await sleepOver(instance, 1);
		}
		await instance.until("errored");
		expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 1_000, 4_000, 9_000]);
	},

	"a NonRetryableError ends the retries": async (subject) => {
		const { calls, step } = witness();
		const expired = () => {
			throw new NonRetryableError("card expired", { cause: "bank said no" });
		};
		const instance = await subject.start([step("pay", expired, { retries: { limit: 5 } })]);
		expect((await instance.until("errored")).errorDetails).toMatchObject({
			name: "NonRetryableError",
			message: "card expired",
			code: "NON_RETRYABLE",
			cause: { value: "bank said no" },
		});
		expect(calls).toEqual(["pay"]);
	},

	"retryOn says which errors are worth another attempt": async (subject) => {
		const { calls, step } = witness();
		const errors = [Object.assign(new Error("busy"), { code: "EAGAIN" }), new RangeError("no")];
		const work = (_: unknown, { attempt }: StepContext) => Promise.reject(errors[attempt - 1]);
		const options = { retries: { limit: 9, delay: 0, retryOn: ["EAGAIN", "TypeError"] } };
		const instance = await subject.start([step("pick", work, options)]);
		await sleepOver(instance, 0);
		expect((await instance.until("errored")).error).toBe("no");
		expect(calls).toHaveLength(2);
	},

	"a timeout aborts the signal, ends the attempt, and drops the late result": async (subject) => {
		const slow = held<string>();
		const work: Work = (value, context) =>
			context.attempt === 1 ? slow.work(value, context) : "second";
		const options = { timeout: "5s", retries: { delay: "1s" } } as const;
		const instance = await subject.start([step("slow", work, options)]);
		await inFlight(instance, "slow");
		clock.advance(5 * SECOND);
		const { steps } = await instance.until("sleeping");
		expect(steps[0]).toMatchObject({
			status: "retrying",
			attempts: 1,
			errorDetails: { name: "StepTimeoutError", code: "STEP_TIMEOUT" },
		});
		expect(slow.aborted).toEqual([expect.stringContaining("StepTimeoutError")]);
		slow.resolve("late");
		await instance.advance(SECOND);
		expect((await instance.until("completed")).result).toBe("second");
	},

	"what the type declares holds for a step that says nothing, and gives way to one that does":
		async (subject) => {
			const [silent, outspoken] = [failing(9), failing(2)];
			const flow = [
				step("outspoken", outspoken.work, { retries: { limit: 3, delay: 0 } }),
				step("silent", silent.work),
			];
			const instance = await subject.start(flow, null, { retries: { limit: 2, delay: "1m" } });
			for (const delayMs of [0, 0, 60 * SECOND]) await sleepOver(instance, delayMs);
			await instance.until("errored");
			expect(outspoken.attempts).toEqual([1, 2, 3]);
			expect(silent.attempts).toEqual([1, 2]);
		},

	"the type's timeout of a step holds for one that names none": async (subject) => {
		const options = { retries: { limit: 1 } };
		const flow = [step("slow", held().work, options)];
		const instance = await subject.start(flow, null, { stepTimeout: "2s" });
		await inFlight(instance, "slow");
		clock.advance(2 * SECOND);
		expect((await instance.until("errored")).errorDetails).toMatchObject({ code: "STEP_TIMEOUT" });
	},
};
