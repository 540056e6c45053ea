/**
 * Handlers of failed attempts over crashes, evictions, restarts and deploys: until a handler has
 * decided it is replayed like the program, afterwards never called again (G2, G6, G7).
 */
import { describe, expect, it } from "vitest";
import { repairStep, restartInstance } from "../../src/client/runner-client";
import type { Program } from "../../src/engine/program";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

/** Calls of functions and handlers, in their order. */
function log() {
	const calls: string[] = [];
	return {
		calls,
		/** A function that notes its call and gives its name, with the attempt after the first. */
		note: (name: string) => () => {
			calls.push(name);
			return name;
		},
		fail: (name: string) => () => {
			calls.push(name);
			throw new Error(`${name} failed`);
		},
	};
}

describe("an object that dies", () => {
	it("while a handler waits calls it again, with the same error, and not the function", async () => {
		const { calls, note, fail } = log();
		const messages: unknown[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>("x", fail("fn"), {
				onFailure: async ({ error, attempt }) => {
					const { name, message, stack } = error as Error;
					messages.push([name, message, stack, attempt]);
					await step.do("first", note("first"));
					await step.sleep("nap", "1h");
					return { value: await step.do("second", note("second")) };
				},
			}),
		);
		const instance = await TestInstance.create(type);
		for (const die of [() => instance.evict(), () => instance.crash()]) {
			await instance.until("sleeping");
			await die();
			await instance.advance(5_000);
		}
		await instance.until("sleeping");
		await instance.advance(3_600_000);
		const { result } = await instance.until("completed");
		expect(result).toBe("second");
		expect(calls).toEqual(["fn", "first", "second"]);
		expect(messages.length).toBeGreaterThan(1);
		expect(new Set(messages.map((each) => JSON.stringify(each))).size).toBe(1);
	});

	it("in a function of a handler's step calls that again, in the same attempt of the outer one", async () => {
		const { calls, fail } = log();
		const hang = gate();
		const type = define(async (step) =>
			step.doHandled<unknown>("x", fail("fn"), {
				onFailure: async () => ({
					value: await step.do("inner", async ({ attempt }) => {
						calls.push(`inner ${attempt}`);
						if (calls.length === 2) await hang.promise;
						return "mended";
					}),
				}),
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[1]?.status === "running");
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe("mended");
		expect(calls).toEqual(["fn", "inner 1", "inner 1"]);
	});

	it("after the verdict calls neither function nor handler: a value, an error, another attempt", async () => {
		const { calls, note, fail } = log();
		const type = define(async (step) => {
			const options = (verdict: () => { value: unknown } | { retry: true }) => ({
				retries: { limit: 2, delay: "1h" },
				onFailure: async () => {
					await step.do("inner", note("inner"));
					calls.push("handler");
					return verdict();
				},
			});
			const mended = await step.doHandled<unknown>(
				"mended",
				fail("mended"),
				options(() => ({ value: "m" })),
			);
			const broken = await step
				.doHandled<unknown>(
					"broken",
					fail("broken"),
					options(() => {
						throw new RangeError("worse");
					}),
				)
				.catch((error: Error) => `${error.name}: ${error.message}`);
			const spent = await step
				.doHandled<unknown>(
					"spent",
					fail("spent"),
					options(() => ({ retry: true })),
				)
				.catch((error: Error) => error.message);
			await step.sleep("nap", "1h");
			return [mended, broken, spent];
		});
		const instance = await TestInstance.create(type);
		const once = (name: string) => [name, "inner", "handler"];
		const all = ["mended", "broken", "spent", "spent"].flatMap(once);
		await instance.until("sleeping");
		expect(calls).toEqual(all.slice(0, 9));
		await instance.crash();
		await instance.advance(3_600_000);
		await instance.until(({ steps }) => steps.at(-1)?.key === "nap");
		expect(calls).toEqual(all);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		const status = await instance.until("completed");
		expect(status.result).toEqual(["m", "RangeError: worse", "spent failed"]);
		expect(calls).toEqual(all);
	});

	it("between attempts goes on with the names where the earlier handler left them", async () => {
		const keys: string[] = [];
		const type = define(async (step) =>
			step.doHandled<unknown>(
				"x",
				({ attempt }) => {
					throw new Error(`failure ${attempt}`);
				},
				{
					retries: { limit: 3, delay: "1h", backoff: "fixed" },
					onFailure: async ({ attempt, canRetry }) => {
						const name = await step.do("note", ({ key }) => {
							keys.push(key);
							return `${key} of ${attempt}`;
						});
						await step.sleep("nap", "1m");
						return canRetry ? { retry: true } : { value: name };
					},
				},
			),
		);
		const instance = await TestInstance.create(type);
		for (let turn = 0; turn < 5; turn++) {
			await instance.until("sleeping");
			await instance.evict();
			await instance.advance(3_600_000);
			await instance.until(({ status }) => status !== "running");
		}
		const status = await instance.until("completed");
		expect(status.result).toBe("x/note#3 of 3");
		expect(keys).toEqual(["x/note", "x/note#2", "x/note#3"]);
	});
});

describe("the order of outcomes", () => {
	it("holds between a handler's steps and others: races keep their winners on every replay", async () => {
		const type = define(async (step) => {
			const order: string[] = [];
			const outer = step.waitForEvent("outer").then(() => order.push("outer"));
			const handled = step
				.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
					onFailure: async () => {
						const value = await Promise.race([
							step.waitForEvent("a").then(() => "a"),
							step.waitForEvent("b").then(() => "b"),
						]);
						return { value };
					},
				})
				.then((value) => order.push(`x by ${value}`));
			await Promise.all([outer, handled]);
			await step.sleep("nap", "1s");
			return order;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("b");
		await instance.until(({ steps }) =>
			steps.some(({ key, status }) => key === "x" && status === "completed"),
		);
		await instance.event("outer");
		await instance.until("sleeping");
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toEqual(["x by b", "outer"]);
	});

	it("holds when a handler's outcomes stand between those of the program", async () => {
		const type = define(async (step) => {
			const order: string[] = [];
			await Promise.all([
				step
					.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
						onFailure: async () => {
							for (const name of ["one", "two"]) await step.waitForEvent(name);
							return { value: null };
						},
					})
					.then(() => order.push("x")),
				step.waitForEvent("p").then(() => order.push("p")),
				step.waitForEvent("q").then(() => order.push("q")),
			]);
			await step.sleep("nap", "1s");
			return order;
		});
		const instance = await TestInstance.create(type);
		for (const event of ["one", "q", "two", "p"]) {
			await instance.until("waiting");
			await instance.evict();
			await instance.event(event);
		}
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toEqual(["q", "x", "p"]);
	});
});

describe("a replay that differs inside a handler", () => {
	async function redeploy(before: Program["run"], after: Program["run"]) {
		const type = define(before);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		define(after, { type });
		await instance.advance(1_000);
		return instance.until(({ status }) => {
			clock.advance(100);
			return status === "paused";
		});
	}

	const handled =
		(handler: (step: Parameters<Program["run"]>[0]) => Promise<unknown>): Program["run"] =>
		async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => ({ value: await handler(step) }),
			});
	const original = handled(async (step) => {
		await step.do("first", () => 1);
		await step.sleep("nap", "1s");
	});

	it("pauses: by a step of another kind", async () => {
		const paused = await redeploy(
			original,
			handled((step) => step.sleep("first", "1s")),
		);
		expect(paused.reason).toMatch(/"x\/first".*"do".*"sleep"/);
	});

	it("pauses: by a verdict before a recorded step was asked for", async () => {
		const paused = await redeploy(
			original,
			handled(async () => "at once"),
		);
		expect(paused.reason).toMatch(/"x\/first".*without asking/);
		expect(paused.steps[0]).toMatchObject({ status: "handling" });
	});

	it("goes on by the policy where the handler is gone and has asked for nothing", async () => {
		const hang = gate();
		const type = define(async (step) =>
			step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				retries: { limit: 1 },
				onFailure: async () => {
					await hang.promise;
					return { value: null };
				},
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "handling");
		define(async (step) => step.do("x", () => "not called"), { type });
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("errored")).error).toBe("no");
	});
});

describe("a restart", () => {
	/** `before`, then `x`, whose handler calls two steps and mends it, then `after`. */
	function handledOnce() {
		const { calls, note, fail } = log();
		const type = define(async (step) => {
			await step.do("before", note("before"));
			const beside = step.do("beside", note("beside"));
			await step.doHandled<unknown>("x", fail("fn"), {
				onFailure: async () => {
					await step.do("one", note("one"));
					await step.do("two", note("two"));
					return { value: "mended" };
				},
			});
			await beside;
			return step.do("after", note("after"));
		});
		return { type, calls };
	}

	it.each<[string, string[]]>([
		["x", ["fn", "one", "two", "after"]],
		["x/two", ["fn", "one", "two", "after"]],
		["x/one", ["fn", "one", "two", "after"]],
		["after", ["after"]],
	])("from %s calls anew what is not kept whole", async (from, anew) => {
		const { type, calls } = handledOnce();
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		calls.length = 0;
		await restartInstance(runners, instance.id, { from });
		const status = await instance.until(({ run, status }) => run === 2 && status === "completed");
		expect(calls).toEqual(anew);
		expect(status.steps.map(({ key }) => key).sort()).toEqual(
			["after", "before", "beside", "x", "x/one", "x/two"].sort(),
		);
		await instance.evict();
		expect((await instance.status()).result).toBe("after");
	});

	it("in the middle of a handling keeps other outcomes, in their order, without a gap", async () => {
		const { calls, note, fail } = log();
		const type = define(async (step) => {
			const handled = step.doHandled<unknown>("x", fail("fn"), {
				onFailure: async () => {
					await step.do("inner", note("inner"));
					await step.waitForEvent("go");
					return { value: "mended" };
				},
			});
			await step.waitForEvent("start");
			await step.do("beside", note("beside"));
			return [await handled, await step.do("after", note("after"))];
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("start");
		await instance.until(({ steps }) => steps.some(({ key }) => key === "beside"));
		await restartInstance(runners, instance.id, { from: "x" });
		await instance.until(({ run, status }) => run === 2 && status === "waiting");
		expect(calls).toEqual(["fn", "inner", "beside", "fn", "inner"]);
		const outcomes = await instance.sql(
			"SELECT key, outcome FROM steps WHERE outcome NOT NULL ORDER BY outcome",
		);
		expect(outcomes).toEqual([
			{ key: "start", outcome: 1 },
			{ key: "beside", outcome: 2 },
			{ key: "x/inner", outcome: 3 },
		]);
		await instance.evict();
		await instance.event("go");
		expect((await instance.until("completed")).result).toEqual(["mended", "after"]);
	});
});

describe("a repair", () => {
	const failed = (inner: boolean) =>
		define(async (step) => {
			const value = await step.doHandled<unknown>("x", () => Promise.reject(new Error("no")), {
				onFailure: async () => {
					await step.do("fine", () => "fine");
					if (inner) {
						await step.do("inner", () => Promise.reject(new Error("inner")), {
							retries: { limit: 1 },
						});
					}
					throw new Error("no mending");
				},
			});
			await step.sleep("nap", "1s");
			return value;
		});

	it("of a step that its handler failed keeps the handler's steps as they are", async () => {
		const instance = await TestInstance.create(failed(false));
		await instance.until("errored");
		await repairStep(runners, instance.id, { step: "x", action: "set-output", output: 7 });
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		const status = await instance.until("completed");
		expect(status.result).toBe(7);
		expect(status.steps.map(({ key }) => key).sort()).toEqual(["nap", "x", "x/fine"]);
	});

	it("of a failed step of a handler is refused, and names the step to repair", async () => {
		const instance = await TestInstance.create(failed(true));
		const before = await instance.until("errored");
		await expect(
			repairStep(runners, instance.id, { step: "x/inner", action: "set-output", output: 7 }),
		).rejects.toMatchObject({
			code: "STEP_NOT_REPAIRABLE",
			message: expect.stringContaining('"x" did'),
		});
		expect(await instance.status()).toEqual(before);
	});
});
