/** The history of failed attempts: each once, in the write that ends it, bounded, kept over runs. */
import { describe, expect, it } from "vitest";
import { describeInstance, restartInstance } from "../../src/client/runner-client";
import { statusResponse } from "../../src/model/http";
import { LIMITS } from "../../src/model/limits";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const historyOf = async ({ id }: TestInstance) => {
	const view = await describeInstance(runners, id, { include: ["errors"] });
	const { errors, errorsOmitted } = statusResponse(view);
	return { errors, errorsOmitted };
};

describe("the history of failed attempts", () => {
	it("has each with its error, attempt and time, over evictions, though the step completed", async () => {
		const startedAt = clock.now();
		const type = define(async (step) =>
			step.do(
				"a",
				({ attempt }) => {
					if (attempt < 3) throw Object.assign(new TypeError(`no ${attempt}`), { code: "BUSY" });
					return "done";
				},
				{ retries: { delay: "1m", backoff: "fixed" } },
			),
		);
		const instance = await TestInstance.create(type);
		for (let attempt = 1; attempt < 3; attempt++) {
			await instance.until(
				({ status, steps }) => status === "sleeping" && steps[0]?.attempts === attempt,
			);
			await instance.crash();
			await instance.advance(60_000);
		}
		await instance.until("completed");
		const { errors, errorsOmitted } = await historyOf(instance);
		expect(errorsOmitted).toBe(0);
		expect(errors).toEqual(
			[1, 2].map((attempt) => ({
				at: startedAt + (attempt - 1) * 60_000,
				run: 1,
				step: "a",
				attempt,
				isPanic: false,
				error: `no ${attempt}`,
				errorDetails: {
					name: "TypeError",
					message: `no ${attempt}`,
					code: "BUSY",
					stack: expect.stringContaining(`no ${attempt}`),
				},
			})),
		);
	});

	it("has the last attempt, timeouts, results that cannot be stored, and what a predicate threw", async () => {
		const once = { retries: { limit: 1 } };
		const type = define(async (step) => {
			await step.do("fails", () => Promise.reject("no"), once).catch(() => {});
			await step
				.do("slow", () => new Promise(() => {}), { ...once, timeout: "1s" })
				.catch(() => {});
			await step.do("odd", () => () => 1).catch(() => {});
			const retryOn = () => {
				throw new Error("a bug");
			};
			const fails = () => Promise.reject(new Error("hidden"));
			await step.do("judged", fails, { retries: { retryOn } }).catch(() => {});
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 2);
		clock.advance(1_000);
		await instance.until("completed");
		const { errors = [] } = await historyOf(instance);
		const seen = errors.map(({ step, attempt, errorDetails }) => [step, attempt, errorDetails]);
		expect(seen).toMatchObject([
			["fails", 1, { value: "no" }],
			["slow", 1, { code: "STEP_TIMEOUT" }],
			["odd", 1, { code: "VALUE_NOT_STORABLE" }],
			["judged", 1, { message: "a bug" }],
		]);
	});

	it("has nothing, and no table, where nothing failed", async () => {
		const instance = await TestInstance.create(define(async (step) => step.do("a", () => 1)));
		await instance.until("completed");
		expect(await historyOf(instance)).toEqual({ errors: [], errorsOmitted: 0 });
		const tables = await instance.sql("SELECT name FROM sqlite_master WHERE name = 'step_errors'");
		expect(tables).toEqual([]);
	});

	it("keeps what failed in earlier runs", async () => {
		const type = define(async (step) =>
			step.do("a", () => Promise.reject(new Error("no")), { retries: { limit: 1 } }),
		);
		const instance = await TestInstance.create(type);
		await instance.until("errored");
		await restartInstance(runners, instance.id);
		await instance.until(({ status, run }) => status === "errored" && run === 2);
		const { errors = [] } = await historyOf(instance);
		expect(errors.map(({ run, step }) => [run, step])).toEqual([
			[1, "a"],
			[2, "a"],
		]);
	});

	const failing = (times: number) =>
		define(async (step) => {
			const retries = { limit: times, delay: 0 };
			await step.do("a", ({ attempt }) => Promise.reject(new Error(`${attempt}`)), { retries });
		});

	it("has the latest, and says how many older ones there were", async () => {
		const times = LIMITS.stepErrors + 2;
		const instance = await TestInstance.create(failing(times));
		await instance.until(({ status, steps }) => {
			clock.advance(1);
			if (status === "sleeping") void instance.advance(0).catch(() => {});
			return steps[0]?.attempts === times && status === "errored";
		});
		const { errors = [], errorsOmitted } = await historyOf(instance);
		expect(errors).toHaveLength(LIMITS.stepErrors);
		expect(errors.map(({ attempt }) => attempt).slice(0, 2)).toEqual([3, 4]);
		expect(errorsOmitted).toBe(2);
	}, 60_000);
});
