import { describe, expect, it } from "vitest";
import { gate, TestInstance } from "../support/instance";
import { define } from "../support/lab";

describe("step.do", () => {
	it("runs steps in order and completes with the return value", async () => {
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

	it("does not call a completed step again after an eviction", async () => {
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
		const status = await instance.until("completed");
		expect(status.result).toBe(1);
		expect(calls).toBe(1);
	});

	it("runs a step again whose object died before its outcome was written", async () => {
		let calls = 0;
		const hang = gate<number>();
		const type = define(async (step) =>
			step.do("effect", ({ attempt }) => {
				calls++;
				return calls === 1 ? hang.promise : attempt;
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		await instance.crash();
		await instance.advance(10_000);
		await instance.until("completed");
		expect(calls).toBe(2);
	});
});
