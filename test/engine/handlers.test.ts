/**
 * Handlers of failed attempts (`onFailure`): what they decide, and the steps that they call. What
 * becomes of them over crashes and replays is in `handlers-replayed.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { repairStep } from "../../src/client/runner-client";
import type { FailureHandler, HandledStepOptions } from "../../src/engine/program";
import { NonRetryableError } from "../../src/model/errors";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

/** A type with one step `x` that fails each time, and the attempts that were made. */
function failing(onFailure: FailureHandler) {
	const calls: number[] = [];
	const type = define(async (step) =>
		step.doHandled<unknown>(
			"x",
			({ attempt }) => {
				calls.push(attempt);
				throw new TypeError(`failure ${attempt}`);
			},
			{ retries: { limit: 3, delay: "1s", backoff: "fixed" }, onFailure },
		),
	);
	return { type, calls };
}

/** Time for what is to happen in the object meanwhile. */
async function turns(): Promise<void> {
	for (let turn = 0; turn < 20; turn++) await clock.turn();
}

describe("a handler's verdict", () => {
	it("is a value: the step completes with it, and its function is not called again", async () => {
		const { type, calls } = failing(({ attempt }) => ({ value: { mended: attempt } }));
		const status = await (await TestInstance.create(type)).until("completed");
		expect(status.result).toEqual({ mended: 1 });
		expect(status.steps[0]).toMatchObject({ status: "completed", attempts: 1 });
		expect(calls).toEqual([1]);
	});

	it("is another attempt, after the policy's delay, for as long as there is one", async () => {
		const given: boolean[] = [];
		const { type, calls } = failing(({ canRetry }) => {
			given.push(canRetry);
			return { retry: true };
		});
		const instance = await TestInstance.create(type);
		for (const attempt of [1, 2]) {
			const status = await instance.until("sleeping");
			expect(status.steps[0]).toMatchObject({ status: "retrying", attempts: attempt });
			await instance.advance(999);
			expect((await instance.status()).status).toBe("sleeping");
			await instance.advance(1);
		}
		expect((await instance.until("errored")).error).toBe("failure 3");
		expect(calls).toEqual([1, 2, 3]);
		expect(given).toEqual([true, true, false]);
	});

	it("counts the delay of the next attempt from the failure, not from its own end", async () => {
		const release = gate();
		const { type, calls } = failing(async () => {
			await release.promise;
			return { retry: true };
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "handling");
		await instance.advance(5_000);
		expect(calls).toEqual([1]);
		release.resolve();
		await instance.until(({ steps }) => steps[0]?.status === "retrying");
		await instance.advance(0);
		await instance.until(() => calls.length === 2);
	});

	it("is an error: the step fails with that", async () => {
		const { type, calls } = failing(() => {
			throw new RangeError("gave up");
		});
		const status = await (await TestInstance.create(type)).until("errored");
		expect(status.errorDetails).toMatchObject({ name: "RangeError", message: "gave up" });
		expect(calls).toEqual([1]);
	});

	it("that cannot be stored fails the step, with the path of what cannot", async () => {
		const { type } = failing(() => ({ value: { f: () => 1 } }));
		const status = await (await TestInstance.create(type)).until("errored");
		expect(status.errorDetails).toMatchObject({ code: "VALUE_NOT_STORABLE" });
		expect(status.error).toMatch(/step "x".*f/);
	});
});

describe("a handler", () => {
	it("is told of the error as it is journaled, with the names of the classes that it had", async () => {
		class ApiError extends TypeError {
			readonly status = 503;
		}
		class Unreachable extends ApiError {}
		const told: unknown[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>(
				"x",
				() => {
					throw new Unreachable("down");
				},
				{
					onFailure: ({ error, classes, attempt }) => {
						const { name, message, status } = error as ApiError;
						told.push({ name, message, status, classes, attempt });
						return { value: null };
					},
				},
			),
		);
		await (await TestInstance.create(type)).until("completed");
		expect(told).toEqual([
			{
				name: "TypeError",
				message: "down",
				status: 503,
				classes: ["Unreachable", "ApiError", "TypeError", "Error"],
				attempt: 1,
			},
		]);
	});

	it.each<[string, unknown, string[]]>([
		["an Error", new Error("e"), ["Error"]],
		["a TypeError", new TypeError("e"), ["TypeError", "Error"]],
		["one of ours", new NonRetryableError("e"), ["NonRetryableError", "Error"]],
		["no error", "text", []],
	])("sees the classes of %s", async (_what, thrown, expected) => {
		let classes: readonly string[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(thrown), {
				onFailure: (failure) => {
					classes = failure.classes;
					return { value: failure.error instanceof Error };
				},
			}),
		);
		const { result } = await (await TestInstance.create(type)).until("completed");
		expect(classes).toEqual(expected);
		expect(result).toBe(thrown instanceof Error);
	});

	it("has no attempt left for what is not retried: NonRetryableError, retryOn, no storable result", async () => {
		const canRetry: boolean[] = [];
		const type = define(async (step) => {
			const handled = (name: string, fn: () => unknown, options: HandledStepOptions = {}) =>
				step.doHandled(name, fn, {
					...options,
					onFailure: (failure) => {
						canRetry.push(failure.canRetry);
						return { value: null };
					},
				});
			await handled("a", () => Promise.reject(new NonRetryableError("no")));
			await handled("b", () => Promise.reject(new Error("no")), {
				retries: { retryOn: ["TypeError"] },
			});
			await handled("c", () => () => {});
			await handled("d", () => Promise.reject(new Error("no")));
		});
		await (await TestInstance.create(type)).until("completed");
		expect(canRetry).toEqual([false, false, false, true]);
	});

	it("is called for an attempt that took too long", async () => {
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => new Promise(() => {}), {
				timeout: "1s",
				onFailure: ({ error }) => ({ value: (error as Error).name }),
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("StepTimeoutError");
	});

	it("that waits for something that is no step keeps the instance at work", async () => {
		const release = gate();
		const { type } = failing(async () => {
			await release.promise;
			return { value: "mended" };
		});
		const instance = await TestInstance.create(type);
		const status = await instance.until(({ steps }) => steps[0]?.status === "handling");
		await instance.advance(10_000);
		expect(status.wakeAt).toBeNull();
		expect((await instance.status()).status).toBe("running");
		release.resolve();
		expect((await instance.until("completed")).result).toBe("mended");
	});

	it("that ends while the instance sleeps for another step is heard", async () => {
		const release = gate();
		const type = define(async (step) =>
			Promise.race([
				step.sleep("long", "1h"),
				step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
					onFailure: async () => {
						await release.promise;
						return { value: "mended" };
					},
				}),
			]),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		release.resolve();
		expect((await instance.until("completed")).result).toBe("mended");
	});
});

describe("steps of a handler", () => {
	it("are journaled under the step that it is for, each handling going on with the names", async () => {
		const notified: string[] = [];
		const type = define(async (step) => {
			const result = await step.doHandled<unknown>(
				"x",
				({ attempt }) => {
					if (attempt <= 2) throw new Error(`failure ${attempt}`);
					return attempt;
				},
				{
					retries: { delay: 0 },
					onFailure: async ({ attempt }) => {
						await step.do("notify", ({ key, idempotencyKey }) => {
							notified.push(`${attempt} ${key} ${idempotencyKey}`);
						});
						return { retry: true };
					},
				},
			);
			return [result, await step.do("notify", () => "of the program")];
		});
		const instance = await TestInstance.create(type, null, "nested-names");
		for (const attempt of [1, 2]) {
			await instance.until(
				({ status, steps }) => status === "sleeping" && steps[0]?.attempts === attempt,
			);
			await instance.evict();
			await instance.advance(0);
		}
		const status = await instance.until("completed");
		expect(status.result).toEqual([3, "of the program"]);
		expect(notified).toEqual([
			"1 x/notify nested-names/x/notify",
			"2 x/notify#2 nested-names/x/notify#2",
		]);
		expect(status.steps.map(({ key, parent }) => [key, parent])).toEqual([
			["x", undefined],
			["x/notify", "x"],
			["x/notify#2", "x"],
			["notify", undefined],
		]);
	});

	it("may be of every kind, side by side, and have handlers of their own", async () => {
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("outer")), {
				onFailure: async () => {
					const value = await Promise.all([
						step.doHandled<unknown>("y", () => Promise.reject(new Error("inner")), {
							onFailure: async ({ error }) => ({
								value: await step.do("z", () => `z of ${(error as Error).message}`),
							}),
						}),
						step.sleep("nap", "1s"),
						step.waitForEvent("go"),
						step.setAttributes({ stage: "handled" }),
					]);
					return { value };
				},
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("go", "gone");
		await instance.advance(1_000);
		const status = await instance.until("completed");
		expect(status.result).toEqual(["z of inner", undefined, "gone", undefined]);
		expect(status.attributes).toEqual({ stage: "handled" });
		expect(status.steps.map(({ key, parent }) => `${key} of ${parent}`).sort()).toEqual(
			[
				"x of undefined",
				"x/nap of x",
				"x/setAttributes of x",
				"x/go of x",
				"x/y of x",
				"x/y/z of x/y",
			].sort(),
		);
	});

	it("are cancelled when it ends before them: aborted, and no timer or event wakes them", async () => {
		const aborted: string[] = [];
		const type = define(async (step) => {
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => {
					void step.do("hang", ({ signal }) => {
						signal.addEventListener("abort", () => aborted.push(String(signal.reason)));
						return new Promise(() => {});
					});
					void step.sleep("nap", "1s");
					void step.waitForEvent("go");
					await step.do("last", () => null);
					return { value: "left" };
				},
			});
			return [value, await step.waitForEvent("go")];
		});
		const instance = await TestInstance.create(type);
		const status = await instance.until("waiting");
		expect(aborted).toEqual(['Error: the handler of step "x" has ended']);
		expect(status.wakeAt).toBeNull();
		const stands = status.steps.map(({ key, status }) => `${key} ${status}`);
		expect(stands).toEqual(
			expect.arrayContaining(["x completed", "x/nap cancelled", "x/go cancelled", "go waiting"]),
		);
		await instance.evict();
		await instance.event("go", "taken by the program");
		expect((await instance.until("completed")).result).toEqual(["left", "taken by the program"]);
	});

	it("that an ended handler asks for are nowhere, and change nothing", async () => {
		const later = gate();
		const type = define(async (step) => {
			await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => {
					void later.promise.then(() => step.do("late", () => "never"));
					return { value: null };
				},
			});
			later.resolve();
			await step.sleep("nap", "1s");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		const { steps } = await instance.until("completed");
		expect(steps.map(({ key }) => key)).toEqual(["x", "nap"]);
	});

	it("asked for between its end and a resume take no event from the program", async () => {
		const release = gate();
		const later = gate();
		const type = define(async (step) => {
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => {
					await release.promise;
					void later.promise.then(() => step.waitForEvent("go"));
					return { value: "ended" };
				},
			});
			return [value, await step.waitForEvent("go")];
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "handling");
		await instance.control("pause");
		release.resolve();
		await turns();
		later.resolve();
		await turns();
		await instance.event("go", "the program's");
		await instance.control("resume");
		const status = await instance.until("completed");
		expect(status.result).toEqual(["ended", "the program's"]);
		expect(status.steps.map(({ key }) => key)).toEqual(["x", "go"]);
	});

	it("may not have the key of a step of the program, whichever came first", async () => {
		const type = define(async (step, first) => {
			if (first === "program") await step.do("x/y", () => "program");
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => ({ value: await step.do("y", () => "handler") }),
			});
			await step.sleep("nap", "1s");
			return [value, await step.do("x/y", () => "program")];
		});
		for (const first of ["program", "handler"]) {
			const instance = await TestInstance.create(type, first);
			if (first === "handler") {
				await instance.until("sleeping");
				await instance.evict();
				await instance.advance(1_000);
			}
			const status = await instance.until("errored");
			expect(status.errorDetails).toMatchObject({ code: "VALIDATION_ERROR" });
			expect(status.error).toMatch(/key "x\/y" is that of a step of .*another name/);
		}
	});

	it("may not be called inside a function of the handler's steps", async () => {
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => ({
					value: await step.do("y", () => step.do("z", () => 1), { retries: { limit: 1 } }),
				}),
			}),
		);
		const status = await (await TestInstance.create(type)).until("errored");
		expect(status.error).toMatch(/"z" was called inside the function of step "x\/y"/);
	});
});

describe("an operator", () => {
	it("ends a step that is handled: the program goes on, and the handler's steps with it end", async () => {
		const type = define(async (step) => {
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => ({ value: await step.waitForEvent("approval") }),
			});
			await step.sleep("nap", "1s");
			return value;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await repairStep(runners, instance.id, { step: "x", action: "skip", output: "by hand" });
		const status = await instance.until("sleeping");
		expect(status.steps.map(({ key, status }) => `${key} ${status}`)).toEqual([
			"x completed",
			"x/approval cancelled",
			"nap sleeping",
		]);
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("by hand");
	});

	it("ends a step whose handler waits for something that is no step: the instance can rest", async () => {
		const type = define(async (step) => {
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: () => new Promise(() => {}),
			});
			await step.sleep("nap", "1s");
			return value;
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "handling");
		await repairStep(runners, instance.id, { step: "x", action: "skip", output: "by hand" });
		await instance.until("sleeping");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("by hand");
	});

	it("pauses: a failure is recorded, its handler waits until the instance goes on", async () => {
		const release = gate();
		const handled: string[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>(
				"x",
				async () => {
					await release.promise;
					throw new Error("no");
				},
				{
					onFailure: () => {
						handled.push("x");
						return { value: "mended" };
					},
				},
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		await instance.control("pause");
		release.resolve();
		await instance.until(({ steps }) => steps[0]?.status === "handling");
		expect(handled).toEqual([]);
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("mended");
		expect(handled).toEqual(["x"]);
	});

	it("terminates it in the middle: it gets no answer, and nothing of it is recorded", async () => {
		const ends: string[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => {
					await step.sleep("nap", "1h");
					ends.push("ended");
					return { value: null };
				},
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("terminate");
		await instance.advance(3_600_000);
		const { steps } = await instance.status();
		expect(steps.map(({ key, status }) => `${key} ${status}`)).toEqual([
			"x cancelled",
			"x/nap cancelled",
		]);
		expect(ends).toEqual([]);
	});
});
