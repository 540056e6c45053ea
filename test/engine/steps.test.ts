/** `step.do`: outcomes are recorded once (G1, G2), values survive (G16), bad calls are refused. */
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/engine/program";
import { LIMITS } from "../../src/model/limits";
import { gate, TestInstance } from "../support/instance";
import { define } from "../support/lab";

describe("a step's outcome", () => {
	it("is returned, in the order of the steps", async () => {
		const type = define(async (step) => {
			const a = await step.do("a", () => 1);
			const b = await step.do("b", async () => a + 1);
			return { a, b };
		});
		const instance = await TestInstance.create(type);
		const status = await instance.until("completed");
		expect(status.result).toEqual({ a: 1, b: 2 });
		expect(status.steps.map((step) => [step.name, step.status, step.result])).toEqual([
			["a", "completed", 1],
			["b", "completed", 2],
		]);
	});

	it("is not computed again after an eviction (G2)", async () => {
		let calls = 0;
		const type = define(async (step) => {
			const n = await step.do("once", () => ++calls);
			await step.sleep("nap", "1h");
			return n;
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe(1);
		expect(calls).toBe(1);
	});

	it("is computed again when the object died before the row was written", async () => {
		let calls = 0;
		const hang = gate<number>();
		const type = define(async (step) =>
			step.do("effect", ({ attempt }) => (++calls === 1 ? hang.promise : attempt)),
		);
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		await instance.crash();
		await instance.advance(10_000);
		await instance.until("completed");
		expect(calls).toBe(2);
	});

	it("is kept of the steps that were done when the object dies in a later one", async () => {
		const calls: string[] = [];
		const hang = gate<number>();
		const type = define(async (step) => {
			await step.do("first", () => void calls.push("first"));
			await step.do("second", () => {
				calls.push("second");
				return calls.length === 2 ? hang.promise : 0;
			});
		});
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[1]?.status === "running");
		await instance.crash();
		await instance.advance(10_000);
		await instance.until("completed");
		expect(calls).toEqual(["first", "second", "second"]);
	});

	it("may come from a name used before: the journal numbers the calls", async () => {
		const type = define(async (step) => {
			const sum = { total: 0 };
			for (let turn = 1; turn <= 3; turn++) sum.total += await step.do("turn", () => turn);
			return sum.total;
		});
		const status = await (await TestInstance.create(type)).until("completed");
		expect(status.result).toBe(6);
		expect(status.steps.map((step) => step.key)).toEqual(["turn", "turn#2", "turn#3"]);
		expect(new Set(status.steps.map((step) => step.name))).toEqual(new Set(["turn"]));
	});

	it("is a fresh copy: changing it does not change the journal", async () => {
		const type = define(async (step) => {
			const list = await step.do("list", () => [1]);
			list.push(2);
			await step.sleep("nap", "1s");
			return list;
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		const status = await instance.until("completed");
		expect(status.result).toEqual([1, 2]);
		expect(status.steps[0]?.result).toEqual([1]);
	});

	it("keeps Date, Map, Set, BigInt, undefined, RegExp, URL and typed arrays, live and on replay (G16)", async () => {
		const value = {
			date: new Date(0),
			map: new Map([["k", new Set([1n])]]),
			none: undefined,
			pattern: /a+/gi,
			url: new URL("https://example.com/a?b"),
			bytes: new Uint8Array([1, 2, 3]),
			zero: -0,
		};
		const seen: unknown[] = [];
		const type = define(async (step, payload) => {
			seen.push(payload, await step.do("make", () => value));
			await step.sleep("nap", "1s");
			return value;
		});
		const instance = await TestInstance.create(type, value);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		const status = await instance.until("completed");
		expect(seen).toHaveLength(4);
		for (const each of [...seen, status.result, status.payload]) expect(each).toEqual(value);
	});

	it("takes options before or after the function", async () => {
		const type = define(async (step) => {
			const a = await step.do("a", { timeout: "1m" }, () => "a");
			const b = await step.do("b", () => "b", { retries: { limit: 1 } });
			return a + b;
		});
		expect((await (await TestInstance.create(type)).until("completed")).result).toBe("ab");
	});

	it("comes from a function that knows attempt, key and idempotency key", async () => {
		const type = define(async (step) => {
			await step.do("charge", () => 0);
			return step.do("charge", ({ attempt, key, idempotencyKey }) => ({
				attempt,
				key,
				idempotencyKey,
			}));
		});
		const instance = await TestInstance.create(type);
		expect((await instance.until("completed")).result).toEqual({
			attempt: 1,
			key: "charge#2",
			idempotencyKey: `${instance.id}/charge#2`,
		});
	});
});

describe("a result that cannot be stored", () => {
	const cycle: { self?: unknown } = {};
	cycle.self = cycle;

	it.each([
		["a function", { inner: { fn: () => 1 } }, ".inner.fn"],
		["a class instance", { list: [new (class Money {})()] }, ".list[0]"],
		["a cycle", cycle, ".self"],
	])("fails the step with its name and path, and is not retried: %s", async (_, value, path) => {
		let calls = 0;
		const type = define(async (step) =>
			step.do("make", () => {
				calls++;
				return value;
			}),
		);
		const status = await (await TestInstance.create(type)).until("errored");
		expect(status.error).toContain('step "make"');
		expect(status.error).toContain(path);
		expect(calls).toBe(1);
	});

	it("fails by its size with size and limit, and is not retried; one byte less passes", async () => {
		let calls = 0;
		const fits = LIMITS.valueBytes - '=""'.length;
		const type = define(async (step, size) => {
			const text = await step.do("make", () => {
				calls++;
				return "x".repeat(size as number);
			});
			return text.length;
		});
		expect((await (await TestInstance.create(type, fits)).until("completed")).result).toBe(fits);
		const status = await (await TestInstance.create(type, fits + 1)).until("errored");
		expect(status.error).toContain('step "make"');
		expect(status.error).toContain(String(LIMITS.valueBytes));
		expect(status.error).toContain(String(LIMITS.valueBytes + 1));
		expect(status.errorDetails).toMatchObject({ code: "VALUE_TOO_LARGE" });
		expect(calls).toBe(2);
	});
});

describe("a call that is refused", () => {
	const refusals: [string, (step: Step) => Promise<unknown>, string][] = [
		["an empty name", (step) => step.do("", () => 1), "1 to 256 characters"],
		["a name that looks numbered", (step) => step.do("a#2", () => 1), "repeated names"],
		["no function", (step) => step.do("a", {} as never), "expects a function"],
		["an unknown option", (step) => step.do("a", () => 1, { retry: 1 } as never), '"retry"'],
		["a bad limit", (step) => step.do("a", () => 1, { retries: { limit: 0 } }), "retries.limit"],
		["a bad duration", (step) => step.sleep("a", "soon" as never), '"500ms", "30s"'],
		["an invalid date", (step) => step.sleepUntil("a", new Date("x")), "valid Date"],
		["a bad wait option", (step) => step.waitForEvent("a", { time: 1 } as never), '"time"'],
		[
			"a step inside a step",
			(step) => step.do("outer", () => step.do("inner", () => 1), { retries: { limit: 1 } }),
			'inside the function of step "outer"',
		],
	];

	it.each(refusals)("says what was expected and records nothing: %s", async (_, call, message) => {
		const type = define(async (step) => call(step).catch((error: Error) => error.message));
		const status = await (await TestInstance.create(type)).until("completed");
		expect(status.result).toContain(message);
		expect(status.steps.filter((step) => step.status === "completed")).toEqual([]);
	});
});
