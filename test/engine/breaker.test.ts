/** A step's circuit breaker from the instance's side: who is asked, when, and what is journaled. */
import { describe, expect, it } from "vitest";
import { listBreakers, resetBreaker } from "../../src/client/breakers";
import type { HandledStepOptions, StyleStep } from "../../src/engine/program";
import { breakerPolicy } from "../../src/model/breaker";
import { NonRetryableError } from "../../src/model/errors";
import { untilBreaker } from "../support/breakers";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const BREAKER = breakerPolicy({ failureThreshold: 2, resetTimeout: "1m" });

/** A type whose one step is protected, and does what the test says at its time. */
function guarded(options: Partial<HandledStepOptions> = {}) {
	const calls: string[] = [];
	const service = { work: async (_id: unknown): Promise<unknown> => "fine" };
	const type = define(async (step: StyleStep, id) =>
		step.doHandled<unknown>(
			"call",
			({ attempt }) => {
				calls.push(`${id} ${attempt}`);
				return service.work(id);
			},
			{ retries: { limit: 1 }, breaker: BREAKER, ...options },
		),
	);
	const fail = () => Promise.reject(new Error("down"));
	/** Has as many instances fail as open the breaker. */
	const open = async () => {
		service.work = fail;
		for (const id of ["first", "second"])
			await (await TestInstance.create(type, id)).until("errored");
		await untilBreaker(type, "open");
		calls.length = 0;
	};
	return { type, calls, service, open, fail };
}

describe("a step with a circuit breaker", () => {
	it("is called while the breaker is closed, and each failed attempt counts for all of the type", async () => {
		const { type, calls, service, fail } = guarded({ retries: { limit: 2, delay: 0 } });
		service.work = fail;
		const instance = await TestInstance.create(type, "a");
		await instance.until("sleeping");
		await untilBreaker(type, "closed");
		await instance.advance(0);
		await instance.until("errored");
		expect(calls).toEqual(["a 1", "a 2"]);
		await untilBreaker(type, "open");
	});

	it("fails with CIRCUIT_OPEN while it is open, its function not called", async () => {
		const { type, calls, open } = guarded();
		await open();
		const status = await (await TestInstance.create(type, "refused")).until("errored");
		expect(status.errorDetails).toMatchObject({
			name: "CircuitOpenError",
			code: "CIRCUIT_OPEN",
			fields: { details: { breaker: "call", retryAt: clock.now() + 60_000 } },
		});
		expect(status.steps[0]).toMatchObject({ status: "failed", attempts: 1 });
		expect(calls).toEqual([]);
	});

	it("is tried again by its policy: one trial that succeeds closes the breaker", async () => {
		const { type, calls, service } = guarded({ retries: { limit: 2, delay: "1m" } });
		service.work = () => Promise.reject(new NonRetryableError("down"));
		for (const id of ["first", "second"])
			await (await TestInstance.create(type, id)).until("errored");
		await untilBreaker(type, "open");
		calls.length = 0;
		service.work = async () => "fine again";
		const instance = await TestInstance.create(type, "patient");
		await instance.until("sleeping");
		expect(calls).toEqual([]);
		await instance.evict();
		await instance.advance(60_000);
		expect((await instance.until("completed")).result).toBe("fine again");
		expect(calls).toEqual(["patient 2"]);
		await untilBreaker(type, "closed");
	});

	it("keeps a refusal over a replay: the breaker is not asked again, its handler sees the same error", async () => {
		const seen: unknown[] = [];
		const { type, calls, open, service } = guarded();
		await open();
		const handled = define(
			async (step) =>
				step.doHandled<unknown>("call", () => service.work("b"), {
					breaker: BREAKER,
					onFailure: async ({ error, canRetry }) => {
						seen.push([(error as Error).message, canRetry]);
						await step.sleep("think", "10s");
						return { value: "from the cache" };
					},
				}),
			{ type },
		);
		const instance = await TestInstance.create(handled, "b");
		await instance.until("sleeping");
		await resetBreaker(runners, type, "call");
		await instance.evict();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe("from the cache");
		expect(calls).toEqual([]);
		expect(seen.length).toBe(2);
		expect(seen[1]).toEqual(seen[0]);
	});

	it("asks again under the same name when its attempt died: a trial stays that one's", async () => {
		const { type, calls, open, service } = guarded();
		await open();
		clock.advance(60_000);
		const hang = gate();
		service.work = () => hang.promise;
		const trying = await TestInstance.create(type, "trying", "trial-1");
		await trying.until(({ steps }) => steps[0]?.status === "running" && calls.length === 1);
		const during = await TestInstance.create(type, "during");
		await during.until("errored");
		await trying.crash();
		service.work = async () => "recovered";
		await trying.advance(5_000);
		expect((await trying.until("completed")).result).toBe("recovered");
		expect(calls).toEqual(["trying 1", "trying 1"]);
		await untilBreaker(type, "closed");
	});

	it("counts an attempt that took too long; its time begins when it is let through", async () => {
		const { type, service } = guarded({ timeout: "1s" });
		service.work = () => new Promise(() => {});
		for (const id of ["a", "b"]) {
			const instance = await TestInstance.create(type, id);
			await instance.until(({ status }) => {
				clock.advance(100);
				return status === "errored";
			});
		}
		await untilBreaker(type, "open");
	});

	it("of a handler has a breaker of its own name", async () => {
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => ({
					value: await step.doHandled<unknown>("y", () => Promise.reject(new Error("no")), {
						breaker: BREAKER,
						onFailure: () => ({ value: "inner" }),
					}),
				}),
			}),
		);
		await (await TestInstance.create(type)).until("completed");
		await untilBreaker(type, "closed");
		expect(await listBreakers(runners, type)).toMatchObject([{ name: "x/y", failures: 1 }]);
	});

	it("reports nothing for what the breaker refused, nor after the instance was terminated", async () => {
		const { type, open, service, calls } = guarded();
		await open();
		await (await TestInstance.create(type, "refused")).until("errored");
		clock.advance(60_000);
		const hang = gate<unknown>();
		service.work = () => hang.promise;
		const trying = await TestInstance.create(type, "trying");
		await trying.until(() => calls.length === 1);
		await trying.control("terminate");
		hang.resolve("late");
		await clock.turn();
		expect(await listBreakers(runners, type)).toMatchObject([
			{ state: "half-open", trial: { caller: expect.stringContaining("/call/1") } },
		]);
	});
});
