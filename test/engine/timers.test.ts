/** Sleeps and alarms: absolute times (G9), and an alarm for everything that is due (G4). */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { gate, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

describe("a sleep", () => {
	it("ends at its time, not before, and not later by a replay", async () => {
		const type = define(async (step) => {
			await step.sleep("nap", "1h");
			return clock.now();
		});
		const instance = await TestInstance.create(type);
		const startedAt = clock.now();
		const status = await instance.until("sleeping");
		expect(status.wakeAt).toBe(startedAt + 3_600_000);
		// At first it may stand earlier: the lease looks after the index, too.
		await expect.poll(() => instance.alarmAt()).toBe(startedAt + 3_600_000);
		await instance.advance(1_800_000);
		await instance.evict();
		// An alarm that comes early, or twice, changes nothing.
		await instance.fireAlarm();
		expect((await instance.status()).status).toBe("sleeping");
		// At first it may stand earlier: the lease looks after the index, too.
		await expect.poll(() => instance.alarmAt()).toBe(startedAt + 3_600_000);
		await instance.advance(1_800_000);
		expect((await instance.until("completed")).result).toBe(startedAt + 3_600_000);
	});

	it("of zero, or until a moment that has passed, does not park", async () => {
		const type = define(async (step) => {
			await step.sleep("none", 0);
			await step.sleepUntil("past", new Date(0));
			await step.sleepUntil("now", clock.now());
			return "awake";
		});
		expect((await (await TestInstance.create(type)).until("completed")).result).toBe("awake");
	});

	it("until a moment ends at that moment", async () => {
		const type = define(async (step) => step.sleepUntil("until", clock.now() + 5_000));
		const instance = await TestInstance.create(type);
		expect((await instance.until("sleeping")).wakeAt).toBe(clock.now() + 5_000);
		await instance.advance(4_999);
		expect((await instance.status()).status).toBe("sleeping");
		await instance.advance(1);
		await instance.until("completed");
	});

	it("that is overdue by days when the object comes back ends at once", async () => {
		const type = define(async (step) => step.sleep("nap", "1m"));
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(10 * 86_400_000);
		await instance.until("completed");
	});

	it("ends in place while a step of the same pass is still running (G5)", async () => {
		const order: string[] = [];
		const slow = gate();
		let passes = 0;
		const type = define(async (step) => {
			passes++;
			await Promise.all([
				step.do("slow", () => slow.promise).then(() => order.push("slow")),
				step.sleep("nap", "10s").then(() => order.push("nap")),
			]);
		});
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps.length === 2);
		await instance.advance(10_000);
		await instance.until((status) =>
			status.steps.some((step) => step.name === "nap" && step.status === "completed"),
		);
		slow.resolve();
		await instance.until("completed");
		expect(order).toEqual(["nap", "slow"]);
		expect(passes).toBe(1);
	});

	it("one of many ends in the order of due times, whatever the order of the calls", async () => {
		const order: number[] = [];
		const type = define(async (step) => {
			order.length = 0;
			await Promise.all(
				[3, 1, 2].map((n) => step.sleep(`nap ${n}`, `${n}s`).then(() => order.push(n))),
			);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("completed");
		expect(order).toEqual([1, 2, 3]);
	});
});

describe("the alarm", () => {
	it("stands from the moment of creation, in the same write", async () => {
		const hang = gate();
		const type = define(async (step) => step.do("hang", () => hang.promise));
		const instance = await TestInstance.create(type);
		expect(await instance.alarmAt()).not.toBeNull();
	});

	it("wakes an instance whose object died before its first step", async () => {
		const type = define(async (step) => step.do("a", () => 1));
		const instance = await TestInstance.create(type);
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe(1);
	});

	it("is gone once nothing is left to do", async () => {
		const type = define(async (step) => step.do("a", () => 1));
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});

	it("is gone for a wait without a timeout once the index knows, and an event still wakes it", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
		await instance.evict();
		await instance.event("go", "gone");
		expect((await instance.until("completed")).result).toBe("gone");
	});

	it("stays with a live pass and is set ahead of it", async () => {
		const hang = gate<string>();
		const type = define(async (step) => step.do("slow", () => hang.promise));
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		for (let minute = 0; minute < 3; minute++) {
			await instance.advance(61_000);
			expect(await instance.alarmAt()).toBeGreaterThan(clock.now() - 61_000);
		}
		hang.resolve("done");
		expect((await instance.until("completed")).result).toBe("done");
		expect((await instance.status()).steps[0]?.attempts).toBe(1);
	});
});

describe("an alarm that stays with a live pass", () => {
	it("makes way for a timer that is set meanwhile", async () => {
		const held = gate();
		const type = define(async (step) => {
			await step.sleep("first", "1s");
			return Promise.all([step.sleep("nap", "10s"), step.do("hold", () => held.promise)]);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		clock.advance(1_000);
		const staying = runDurableObjectAlarm(instance.stub);
		await instance.until(({ steps }) => steps[1]?.status === "sleeping");
		clock.advance(10_000);
		await staying;
		await instance.fireAlarm();
		await instance.until(({ steps }) => steps[1]?.status === "completed");
		held.resolve();
		await instance.until("completed");
	});
});

describe("an instance's timeout", () => {
	it("ends it as timed_out, aborts what runs and drops what comes late", async () => {
		const late = gate<string>();
		const aborted: boolean[] = [];
		const type = define(
			async (step) =>
				step.do("slow", ({ signal }) => {
					signal.addEventListener("abort", () => aborted.push(true));
					return late.promise;
				}),
			{ timeoutMs: 60_000 },
		);
		const instance = await TestInstance.create(type);
		await instance.until((status) => status.steps[0]?.status === "running");
		await instance.advance(60_000);
		const status = await instance.until("timed_out");
		expect(status.errorDetails).toMatchObject({ code: "INSTANCE_TIMEOUT" });
		expect(aborted).toEqual([true]);
		late.resolve("late");
		await clock.turn();
		expect((await instance.status()).status).toBe("timed_out");
	});

	it("counts while it sleeps, waits or is evicted", async () => {
		const type = define(async (step) => step.waitForEvent("never"), { timeoutMs: 60_000 });
		const instance = await TestInstance.create(type);
		expect((await instance.until("waiting")).wakeAt).toBe(clock.now() + 60_000);
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("timed_out");
	});

	it("that passed during a pause ends the instance when it is resumed", async () => {
		const type = define(async (step) => step.sleep("nap", "1h"), { timeoutMs: 60_000 });
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.advance(120_000);
		expect((await instance.status()).status).toBe("paused");
		expect(await instance.control("resume")).toBe("timed_out");
	});
});
