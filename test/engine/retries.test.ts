/** Retries and timeouts: durable, counted, and over when they are over (G3, G4). */
import { describe, expect, it } from "vitest";
import { NonRetryableError } from "../../src/model/errors";
import { gate, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

describe("a failing step", () => {
	it("is tried `limit` times in all, with growing delays, and then fails the instance", async () => {
		const at: number[] = [];
		const type = define(async (step) =>
			step.do(
				"flaky",
				() => {
					at.push(clock.now());
					throw new Error(`failure ${at.length}`);
				},
				{ retries: { limit: 4, delay: "1s", backoff: "exponential", factor: 3 } },
			),
		);
		const instance = await TestInstance.create(type);
		for (const [index, delay] of [1_000, 3_000, 9_000].entries()) {
			await instance.until(
				({ status, steps }) => status === "sleeping" && steps[0]?.attempts === index + 1,
			);
			await instance.advance(delay - 1);
			expect((await instance.status()).status).toBe("sleeping");
			await instance.advance(1);
		}
		const status = await instance.until("errored");
		expect(at.map((time) => time - (at[0] ?? 0))).toEqual([0, 1_000, 4_000, 13_000]);
		expect(status.error).toBe("failure 4");
		expect(status.steps[0]).toMatchObject({ status: "failed", attempts: 4, error: "failure 4" });
	});

	it("shows its latest error and due time while it waits", async () => {
		const type = define(async (step) =>
			step.do("flaky", () => Promise.reject(new TypeError("no")), { retries: { delay: "1h" } }),
		);
		const instance = await TestInstance.create(type);
		const status = await instance.until("sleeping");
		expect(status.steps[0]).toMatchObject({ status: "retrying", attempts: 1, error: "no" });
		expect(status.steps[0]?.wakeAt).toBe(clock.now() + 3_600_000);
		expect(status.wakeAt).toBe(clock.now() + 3_600_000);
	});

	it("keeps attempts and due time over an eviction and a crash", async () => {
		const attempts: number[] = [];
		const type = define(async (step) =>
			step.do(
				"flaky",
				({ attempt }) => {
					attempts.push(attempt);
					if (attempt < 3) throw new Error("again");
					return "done";
				},
				{ retries: { limit: 3, delay: "1h", backoff: "fixed" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		await instance.until((status) => status.steps[0]?.attempts === 2 && status.wakeAt !== null);
		await instance.crash();
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe("done");
		expect(attempts).toEqual([1, 2, 3]);
	});

	it("is tried again when the object dies during a second attempt", async () => {
		const attempts: number[] = [];
		const hang = gate();
		const type = define(async (step) =>
			step.do("flaky", async ({ attempt }) => {
				attempts.push(attempt);
				if (attempt === 1) throw new Error("again");
				if (attempts.length === 2) await hang.promise;
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until((status) => status.steps[0]?.status === "running");
		await instance.crash();
		await instance.advance(10_000);
		await instance.until("completed");
		expect(attempts).toEqual([1, 2, 2]);
	});

	it("ends at once with NonRetryableError, or an error of its code", async () => {
		let calls = 0;
		const type = define(async (step, payload) =>
			step.do("pay", () => {
				calls++;
				throw payload === "class"
					? new NonRetryableError("card expired", { cause: new Error("bank said no") })
					: Object.assign(new Error("code only"), { code: "NON_RETRYABLE" });
			}),
		);
		const status = await (await TestInstance.create(type, "class")).until("errored");
		expect(status.error).toBe("card expired");
		expect(status.errorDetails).toMatchObject({
			name: "NonRetryableError",
			cause: { message: "bank said no" },
		});
		await (await TestInstance.create(type, "code")).until("errored");
		expect(calls).toBe(2);
	});

	it("is not tried again when retryOn says no, by name, code or predicate", async () => {
		let calls = 0;
		const type = define(async (step, payload) => {
			const retryOn =
				payload === "predicate"
					? (_: Error, attempt: number) => attempt < 2
					: ["TypeError", "EAGAIN"];
			return step.do(
				"pick",
				() => {
					calls++;
					if (payload === "code") throw Object.assign(new Error("busy"), { code: "EAGAIN" });
					throw new RangeError("no");
				},
				{ retries: { limit: 2, delay: 0, retryOn } },
			);
		});
		const callsOf = async (payload: string) => {
			calls = 0;
			const instance = await TestInstance.create(type, payload);
			const first = await instance.until((status) => status.steps[0]?.error != null);
			if (first.status !== "errored") await instance.advance(0);
			await instance.until("errored");
			return calls;
		};
		expect(await callsOf("name")).toBe(1);
		expect(await callsOf("code")).toBe(2);
		expect(await callsOf("predicate")).toBe(2);
	});

	it("fails with the predicate's own error when retryOn throws", async () => {
		const type = define(async (step) =>
			step.do("pick", () => Promise.reject(new Error("original")), {
				retries: {
					retryOn: () => {
						throw new Error("bad predicate");
					},
				},
			}),
		);
		expect((await (await TestInstance.create(type)).until("errored")).error).toBe("bad predicate");
	});

	it("that was caught is not run again on replay, and throws the same error (G3)", async () => {
		let calls = 0;
		const caught: unknown[] = [];
		class PaymentError extends Error {
			override name = "PaymentError";
			code = "DECLINED";
			details = { at: new Date(0) };
		}
		const type = define(async (step) => {
			try {
				await step.do(
					"pay",
					() => {
						calls++;
						throw new PaymentError("declined", { cause: "limit" });
					},
					{ retries: { limit: 1 } },
				);
			} catch (error) {
				const { name, message, code, cause, details, stack } = error as PaymentError;
				const kind = `${error instanceof Error}/${error instanceof PaymentError}`;
				caught.push({ name, message, code, cause, details, stack, kind });
			}
			await step.sleep("nap", "1s");
			return "went on";
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("went on");
		expect(calls).toBe(1);
		expect(caught).toHaveLength(2);
		expect(caught[1]).toEqual(caught[0]);
		expect(caught[0]).toMatchObject({
			name: "PaymentError",
			message: "declined",
			code: "DECLINED",
			cause: "limit",
			details: { at: new Date(0) },
			kind: "true/false",
		});
	});

	it.each([["a string"], [{ reason: "plain object" }], [undefined], [null], [42]])(
		"may throw a value that is no error: %j",
		async (thrown) => {
			const caught: unknown[] = [];
			const type = define(async (step) => {
				await step
					.do("odd", () => Promise.reject(thrown), { retries: { limit: 1 } })
					.catch((error) => caught.push(error));
				await step.sleep("nap", "1s");
			});
			const instance = await TestInstance.create(type);
			await instance.until("sleeping");
			await instance.evict();
			await instance.advance(1_000);
			await instance.until("completed");
			expect(caught).toEqual([thrown, thrown]);
		},
	);

	it("takes its policy from the type where its own options say nothing", async () => {
		let calls = 0;
		const type = define(
			async (step) =>
				step.do("flaky", () => {
					calls++;
					throw new Error("no");
				}),
			{
				retry: {
					limit: 1,
					delayMs: 0,
					backoff: "fixed",
					factor: 1,
					maxDelayMs: 0,
					jitter: 0,
					retryOn: undefined,
				},
			},
		);
		await (await TestInstance.create(type)).until("errored");
		expect(calls).toBe(1);
	});
});

describe("a timeout", () => {
	it("aborts the signal, fails the attempt, and drops its late result", async () => {
		const late = gate<string>();
		const reasons: unknown[] = [];
		const type = define(async (step) =>
			step.do(
				"slow",
				({ attempt, signal }) => {
					if (attempt === 2) return "second";
					signal.addEventListener("abort", () => reasons.push(signal.reason.name));
					return late.promise;
				},
				{ timeout: "5s", retries: { delay: "1s" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		clock.advance(5_000);
		const waiting = await instance.until("sleeping");
		expect(waiting.steps[0]).toMatchObject({ status: "retrying", attempts: 1 });
		expect(waiting.steps[0]?.errorDetails).toMatchObject({
			name: "StepTimeoutError",
			code: "STEP_TIMEOUT",
		});
		late.resolve("late");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("second");
		expect(reasons).toEqual(["StepTimeoutError"]);
	});

	it("of the type holds for steps that name none", async () => {
		const hang = gate();
		const type = define(
			async (step) => step.do("slow", () => hang.promise, { retries: { limit: 1 } }),
			{ stepTimeoutMs: 2_000 },
		);
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		clock.advance(2_000);
		expect((await instance.until("errored")).errorDetails).toMatchObject({ code: "STEP_TIMEOUT" });
	});
});

it("a retry that falls due while the replay catches up is one attempt", async () => {
	let calls = 0;
	let slow = gate();
	const type = define(async (step) => {
		const charge = () => {
			if (++calls === 1) throw new Error("declined");
			return "paid";
		};
		const late = async () => {
			await slow.promise; // No step: the replay waits here, with "charge" asked for.
			await step.do("late", () => 1);
			await step.do("hang", () => new Promise(() => {}));
		};
		const retries = { limit: 5, delay: "1s" } as const;
		return Promise.race([step.do("charge", charge, { retries }), late()]);
	});
	const instance = await TestInstance.create(type);
	slow.resolve();
	await instance.until(({ steps }) => steps.some(({ name }) => name === "late"));
	slow = gate();
	await instance.crash();
	await instance.event("begin the replay");
	for (let turn = 0; turn < 5; turn++) await clock.turn();
	await instance.advance(1_000);
	slow.resolve();
	expect((await instance.until("completed")).result).toBe("paid");
	expect(calls).toBe(2);
});
