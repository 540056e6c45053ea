/** Events: consumed once, in order, whenever they come (G8). */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { gate, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

/** Waits for `count` events named `tick` and returns their payloads. */
const collect = (count: number) =>
	define(async (step) => {
		const payloads: unknown[] = [];
		for (let n = 0; n < count; n++) payloads.push(await step.waitForEvent("tick"));
		return payloads;
	});

describe("an event", () => {
	it("wakes the wait of its name with its payload", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("go", { at: new Date(0) });
		expect((await instance.until("completed")).result).toEqual({ at: new Date(0) });
	});

	it("may have another name than the step", async () => {
		const type = define(async (step) => step.waitForEvent("approval", { event: "decision" }));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("approval", "not this one");
		await instance.event("decision", "this one");
		expect((await instance.until("completed")).result).toBe("this one");
	});

	it("that comes before its wait is kept for it, over evictions and crashes", async () => {
		const type = define(async (step) => {
			await step.sleep("nap", "1h");
			return step.waitForEvent("early");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.event("early", 1);
		await instance.crash();
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe(1);
	});

	it("of a name is consumed in the order of arrival, each by one wait", async () => {
		const instance = await TestInstance.create(collect(5));
		for (const n of [1, 2]) await instance.event("tick", n);
		await instance.evict();
		for (const n of [3, 4]) await instance.event("tick", n);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("tick", 5);
		expect((await instance.until("completed")).result).toEqual([1, 2, 3, 4, 5]);
	});

	it("wakes the oldest of several open waits for its name", async () => {
		const type = define(async (step) => {
			const order: string[] = [];
			await Promise.all(
				["a", "b"].map(async (name) => {
					order.push(`${name}:${await step.waitForEvent(name, { event: "go" })}`);
				}),
			);
			return order;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("go", 1);
		await instance.event("go", 2);
		expect((await instance.until("completed")).result).toEqual(["a:1", "b:2"]);
	});

	it("reaches a live pass in place, without a second one (G5)", async () => {
		let passes = 0;
		const slow = gate();
		const type = define(async (step) => {
			passes++;
			return Promise.all([step.waitForEvent("go"), step.do("slow", () => slow.promise)]);
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 2);
		await instance.event("go", "now");
		slow.resolve();
		expect((await instance.until("completed")).result).toEqual(["now", undefined]);
		expect(passes).toBe(1);
	});

	it("delivered many times at once is consumed as many times, no more", async () => {
		const instance = await TestInstance.create(collect(20));
		await Promise.all(Array.from({ length: 20 }, (_, n) => instance.event("tick", n)));
		const { result } = await instance.until("completed");
		expect((result as number[]).toSorted((a, b) => a - b)).toEqual(
			Array.from({ length: 20 }, (_, n) => n),
		);
	});

	it("is not lost when the object dies right after it was accepted", async () => {
		const type = define(async (step) => {
			const payload = await step.waitForEvent("go");
			return step.do("use", () => payload);
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.event("go", "kept");
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe("kept");
	});

	it("during a pause is taken, and seen after resume", async () => {
		const instance = await TestInstance.create(collect(2));
		await instance.until("waiting");
		await instance.control("pause");
		await instance.event("tick", 1);
		await instance.event("tick", 2);
		await instance.evict();
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		expect((await instance.until("completed")).result).toEqual([1, 2]);
	});

	it("for an unknown or finished instance is refused", async () => {
		const type = define(async () => "done");
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await expect(instance.event("late")).rejects.toMatchObject({ code: "INSTANCE_FINISHED" });
		const unknown = new TestInstance("nobody");
		await expect(unknown.event("go")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
	});

	it("that the type does not declare, or whose payload its schema refuses, changes nothing", async () => {
		const schema = z.object({ approved: z.boolean(), by: z.string().default("nobody") });
		const type = define(async (step) => step.waitForEvent("approval"), {
			events: new Map([
				["approval", schema],
				["note", null],
			]),
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await expect(instance.event("approve")).rejects.toMatchObject({
			code: "UNKNOWN_EVENT",
			message: expect.stringContaining("approval, note"),
		});
		await expect(instance.event("approval", { approved: "yes" })).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { issues: [{ path: "event.approved" }] },
		});
		expect(await instance.sql("SELECT * FROM events")).toEqual([]);
		await instance.event("note", "any value");
		await instance.event("approval", { approved: true });
		expect((await instance.until("completed")).result).toEqual({ approved: true, by: "nobody" });
	});

	it("one past the buffer's limit is refused, and the buffer still drains", async () => {
		const type = define(async (step) => {
			await step.sleep("nap", "1h");
			for (let n = 0; n < LIMITS.bufferedEvents; n++) await step.waitForEvent("tick");
			return "drained";
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		const numbers = Array.from({ length: LIMITS.bufferedEvents }, (_, n) => n);
		await Promise.all(numbers.map((n) => instance.event("tick", n)));
		await expect(instance.event("tick")).rejects.toMatchObject({ code: "EVENT_BUFFER_FULL" });
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe("drained");
		expect(await instance.sql("SELECT * FROM events WHERE step IS NULL")).toEqual([]);
	});
});

describe("a wait's timeout", () => {
	it("throws a journaled EventTimeoutError at its time", async () => {
		const type = define(async (step) => {
			const caught = await step
				.waitForEvent("go", { timeout: "1m" })
				.catch((error: Error & { code: string }) => `${error.name} ${error.code}`);
			await step.sleep("nap", "1s");
			return caught;
		});
		const instance = await TestInstance.create(type);
		expect((await instance.until("waiting")).wakeAt).toBe(clock.now() + 60_000);
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("sleeping");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("EventTimeoutError EVENT_TIMEOUT");
	});

	it("that passed unnoticed comes before an event that is later (G9)", async () => {
		const type = define(async (step) =>
			step.waitForEvent("go", { timeout: "1m" }).catch(() => "timed out"),
		);
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		clock.advance(60_001);
		await instance.event("go", "too late");
		expect((await instance.until("completed")).result).toBe("timed out");
	});
});
