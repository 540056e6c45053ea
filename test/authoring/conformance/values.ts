/** Values: what goes in comes out, live and on replay alike, or is refused (G16). */
import { expect } from "vitest";
import { TestInstance } from "../../support/instance";
import { between, sleep, step, wait } from "./style";
import { type Behaviours, SECOND, sleepOver, witness } from "./subject";

const shared = { city: "Bern" };
const EVERYTHING = {
	date: new Date(1_700_000_000_123),
	map: new Map<unknown, unknown>([
		["set", new Set([1n, "two", undefined])],
		[{ key: 1 }, new Map()],
	]),
	big: -(2n ** 80n),
	none: undefined,
	nothing: null,
	pattern: /a"\/+/giu,
	url: new URL("https://example.com/a%20b?c=d#e"),
	bytes: new Uint8Array([1, 2, 255]),
	part: new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2),
	floats: new Float64Array([-0, Number.NaN]),
	numbers: [-0, Number.NaN, Number.POSITIVE_INFINITY],
	text: "é🙂\u0000\u2028",
	bill: shared,
	ship: shared,
};

export const values: Behaviours = {
	"a payload and the result keep every kind of value, live and on replay": async (subject) => {
		const seen: unknown[] = [];
		const see = between((value) => {
			seen.push(value);
			return value;
		});
		const instance = await subject.start([see, sleep("nap", "1s"), see], EVERYTHING);
		await sleepOver(instance, SECOND);
		const { payload, result } = await instance.until("completed");
		expect(seen).toHaveLength(subject.timesCalled({ replays: 1 }) + 1);
		for (const value of [...seen, payload, result]) expect(value).toStrictEqual(EVERYTHING);
	},

	"a step's result keeps every kind of value, live and on replay": async (subject) => {
		const seen: unknown[] = [];
		const see = between((value) => {
			seen.push(value);
			return value;
		});
		const flow = [step("make", () => EVERYTHING), see, sleep("nap", "1s"), see];
		const instance = await subject.start(flow);
		await sleepOver(instance, SECOND);
		const { steps } = await instance.until("completed");
		expect(seen).toHaveLength(subject.timesCalled({ replays: 1 }) + 1);
		for (const value of [...seen, steps[0]?.result]) expect(value).toStrictEqual(EVERYTHING);
	},

	"an event's payload keeps every kind of value, live and on replay": async (subject) => {
		const seen: unknown[] = [];
		const see = between((value) => {
			seen.push(value);
			return value;
		});
		const instance = await subject.start([wait("go"), see, sleep("nap", "1s"), see]);
		await instance.until("waiting");
		await instance.event("go", EVERYTHING);
		await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect(seen).toHaveLength(subject.timesCalled({ replays: 1 }) + 1);
		for (const value of seen) expect(value).toStrictEqual(EVERYTHING);
	},

	"a result is a copy: what the program does to it does not reach the journal": async (subject) => {
		const list = [1];
		const flow = [
			step("list", () => list),
			between((copy: number[]) => [copy.push(2), copy]),
			sleep("nap", "1s"),
		];
		const instance = await subject.start(flow);
		await sleepOver(instance, SECOND);
		const { result, steps } = await instance.until("completed");
		expect(result).toEqual([2, [1, 2]]);
		expect([list, steps[0]?.result]).toEqual([[1], [1]]);
	},

	"a step's result that cannot be stored fails it by name and path, without a retry": async (
		subject,
	) => {
		const { calls, step } = witness();
		const instance = await subject.start([step("make", () => ({ list: [1, { fn: () => 1 }] }))]);
		const { error, errorDetails } = await instance.until("errored");
		expect(error).toMatch(/step "make" cannot be stored at \.list\[1\]\.fn: it is a function/);
		expect(errorDetails).toMatchObject({ code: "VALUE_NOT_STORABLE" });
		expect(calls).toEqual(["make"]);
	},

	"a final result that cannot be stored errors the instance": async (subject) => {
		const instance = await subject.start([between(() => ({ at: Symbol("x") }))]);
		const { error, errorDetails, result } = await instance.until("errored");
		expect(error).toContain("at .at: it is a symbol");
		expect(errorDetails).toMatchObject({ code: "VALUE_NOT_STORABLE" });
		expect(result).toBeNull();
	},

	"a payload or event that cannot be stored changes nothing": async (subject) => {
		const type = subject.deploy([wait("go")]);
		const refusal = { code: "VALUE_NOT_STORABLE", details: { path: ".by" } };
		const value = { by: new (class Person {})() };
		await expect(TestInstance.create(type, value, "not-stored")).rejects.toMatchObject(refusal);
		const instance = await TestInstance.create(type, null, "not-stored");
		await instance.until("waiting");
		await expect(instance.event("go", value)).rejects.toMatchObject(refusal);
		await instance.event("go", "taken");
		expect((await instance.until("completed")).result).toBe("taken");
	},
};
