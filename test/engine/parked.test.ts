/** A pass that parked and is still in memory: it goes on from where it is, and is steered there. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { InstanceRpc } from "../../src/model/rpc";
import { gate, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

describe("a parked pass", () => {
	it("goes on in place after a timer, an event and a retry; after an eviction it is replayed", async () => {
		let entered = 0;
		let failures = 0;
		const type = define(async (step) => {
			entered++;
			await step.sleep("nap", "1s");
			const go = await step.waitForEvent("go");
			await step.do("flaky", () => {
				if (failures++ === 0) throw new Error("not yet");
			});
			await step.sleep("nap", "1s");
			return go;
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until("waiting");
		await instance.event("go", { n: 1 });
		await instance.until(({ steps }) => steps[2]?.status === "retrying");
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until(({ steps }) => steps[3]?.status === "sleeping");
		expect(entered).toBe(1);
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toEqual({ n: 1 });
		expect([entered, failures]).toEqual([2, 2]);
	});

	it("starts what is due with what wakes it: a retry and a sleep of the same moment", async () => {
		const attempts: number[] = [];
		const type = define(async (step) => {
			const flaky = step.do(
				"flaky",
				({ attempt }) => {
					attempts.push(attempt);
					if (attempt === 1) throw new Error("not yet");
					return attempt;
				},
				{ retries: { limit: 2, delay: "1s", backoff: "fixed" } },
			);
			return Promise.all([flaky, step.sleep("nap", "1s"), step.waitForEvent("go")]);
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.advance(1_000);
		await instance.until(({ steps }) => steps[0]?.status === "completed");
		await instance.until("waiting");
		await instance.event("go");
		expect((await instance.until("completed")).result).toEqual([2, undefined, null]);
		expect(attempts).toEqual([1, 2]);
	});

	it("that is paused in the turn in which it wakes starts nothing, and goes on when resumed", async () => {
		let calls = 0;
		const type = define(async (step) => {
			await step.sleep("nap", "1s");
			return step.do("count", () => ++calls);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		clock.advance(1_000);
		await runInDurableObject(instance.stub, async (object) => {
			const runner = object as unknown as InstanceRpc & { alarm(): Promise<void> };
			const alarm = runner.alarm();
			await runner.pause({});
			await alarm;
		});
		expect((await instance.status()).status).toBe("paused");
		expect(calls).toBe(0);
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe(1);
	});

	it("that dies while it wakes is replayed, and calls no completed step again", async () => {
		let calls = 0;
		const held = gate();
		const type = define(async (step) => {
			await step.do("once", () => ++calls);
			await step.waitForEvent("go");
			return step.do("hold", () => held.promise);
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("go");
		await instance.crash();
		held.resolve();
		await instance.fireAlarm();
		await instance.until("completed");
		expect(calls).toBe(1);
	});
});
