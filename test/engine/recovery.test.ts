/**
 * What stops an instance for repair: a replay that differs (G7), passes that end their isolate
 * (G17), a type that is gone.
 */
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/engine/program";
import { LIMITS } from "../../src/model/limits";
import { panicPolicy } from "../../src/model/panic";
import { gate, TestInstance } from "../support/instance";
import { clock, define, programs } from "../support/lab";

describe("a replay that differs from the journal", () => {
	/** Runs `before` until it sleeps, deploys `after`, and wakes the instance. */
	async function redeploy(
		before: Program["run"],
		after: Program["run"],
		overrides: Partial<Program> = {},
	): Promise<TestInstance> {
		const type = define(before, overrides);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		define(after, { ...overrides, type });
		await instance.advance(1_000);
		return instance;
	}

	/** The status once the replay has had its time to reach the recorded step. */
	function pausedInTime(instance: TestInstance) {
		return instance.until(({ status }) => {
			clock.advance(100);
			return status === "paused";
		});
	}

	const original: Program["run"] = async (step) => {
		await step.do("charge", () => "paid");
		await step.sleep("nap", "1s");
		return step.do("ship", () => "shipped");
	};

	it("by another kind pauses, names step and both kinds, and goes on after a repair", async () => {
		const instance = await redeploy(original, async (step) => {
			await step.sleep("charge", "1s");
		});
		const paused = await instance.until("paused");
		expect(paused.reason).toMatch(/^NON_DETERMINISM: .*"charge".*"do".*"sleep"/);
		expect(paused.errorDetails).toMatchObject({ name: "NonDeterminismError" });
		define(original, { type: paused.type });
		await instance.control("resume");
		const status = await instance.until("completed");
		expect(status).toMatchObject({ result: "shipped", reason: null, error: null });
	});

	it("by ending without a recorded step pauses, once it had time to reach it", async () => {
		const instance = await redeploy(original, async () => "nothing to do");
		const paused = await pausedInTime(instance);
		expect(paused.reason).toMatch(/"charge".*ended without asking/);
		expect(paused.result).toBeNull();
	});

	it("by throwing before a recorded step pauses rather than errors", async () => {
		const instance = await redeploy(original, async () => {
			throw new Error("a bug of the new deploy");
		});
		expect((await pausedInTime(instance)).reason).toContain("NON_DETERMINISM");
	});

	it("by parking without a recorded step pauses, once it had time to reach it", async () => {
		const instance = await redeploy(original, async (step) => step.waitForEvent("other"));
		expect((await instance.status()).status).toBe("running");
		expect((await pausedInTime(instance)).reason).toMatch(/"charge".*parked without asking/);
	});

	it("by a new step before the recorded ones pauses, and has not run it", async () => {
		let calls = 0;
		const instance = await redeploy(original, async (step) => {
			await step.do("new", () => ++calls);
			await step.do("charge", () => "paid twice");
			await step.sleep("nap", "1s");
			return "done";
		});
		const paused = await pausedInTime(instance);
		expect(paused.reason).toMatch(/"charge".*parked without asking/);
		expect(paused.steps.map(({ name }) => name)).toEqual(["charge", "nap"]);
		expect(calls).toBe(0);
		define(original, { type: paused.type });
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("shipped");
	});

	it("by a new step after the recorded ones is none", async () => {
		const instance = await redeploy(original, async (step) => {
			await step.do("charge", () => "paid");
			await step.sleep("nap", "1s");
			await step.do("new", () => 1);
			return step.do("ship", () => "shipped too");
		});
		expect((await instance.until("completed")).result).toBe("shipped too");
	});

	it("only by being slow to reach a recorded step is waited for", async () => {
		const slow = gate();
		const instance = await redeploy(
			async (step) => {
				await Promise.all([step.do("a", () => 1), step.sleep("nap", "1s")]);
				return step.do("b", () => "done");
			},
			async (step) => {
				const branch = async () => {
					await slow.promise;
					await step.do("a", () => 1);
				};
				await Promise.all([branch(), step.sleep("nap", "1s"), step.sleep("new", "1ms")]);
				return step.do("b", () => "done");
			},
		);
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		slow.resolve();
		await instance.until(({ steps }) => steps.some(({ name }) => name === "new"));
		await instance.until("sleeping");
		await instance.advance(1);
		expect((await instance.until("completed")).result).toBe("done");
	});

	it("only by ending while a branch is slow to reach a recorded step is waited for", async () => {
		let slow = Promise.resolve();
		const type = define(async (step) => {
			const branch = async () => {
				await slow; // No step: what came first in the other branch is there sooner on replay.
				await step.do("a", () => 1);
				await step.waitForEvent("more");
			};
			await Promise.race([branch(), step.sleep("nap", "1s")]);
			return "done";
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		const { promise, resolve } = gate();
		slow = promise;
		await instance.evict();
		await instance.advance(1_000);
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		expect((await instance.status()).status).toBe("running");
		resolve();
		expect((await instance.until("completed")).result).toBe("done");
	});

	it("errors the instance where the type asks for that", async () => {
		const instance = await redeploy(original, async () => "other", { onNonDeterminism: "fail" });
		await instance.until(({ status }) => {
			clock.advance(100);
			return status === "errored";
		});
		expect((await instance.until("errored")).errorDetails).toMatchObject({
			code: "NON_DETERMINISM",
		});
	});
});

describe("a pass that ends its object", () => {
	/** A program whose step hangs `deaths` times, for the test to kill it there. */
	function mortal(deaths: number, policies: Partial<Program> = {}) {
		const seen = { calls: 0 };
		const type = define(async (step) => {
			await step.do("safe", () => 1);
			return step.do("mortal", () => (++seen.calls > deaths ? "survived" : new Promise(() => {})));
		}, policies);
		return { seen, type };
	}

	it("twice in a row is backed off and goes on", async () => {
		const { seen, type } = mortal(3);
		const instance = await TestInstance.create(type);
		// The first pass recorded "safe", so its death is no strike; the next two are.
		for (const calls of [1, 2, 3]) {
			await expect.poll(() => seen.calls).toBe(calls);
			await instance.crash();
			await instance.advance(5_000);
		}
		const { reason, wakeAt } = await instance.until("sleeping");
		expect(reason).toMatch(/^PASS_LOST: 2 passes/);
		const waitMs = (wakeAt ?? 0) - clock.now();
		expect(waitMs).toBeGreaterThanOrEqual(2_500);
		expect(waitMs).toBeLessThanOrEqual(7_500);
		await instance.advance(waitMs - 1);
		expect(seen.calls).toBe(3);
		await instance.advance(1);
		expect((await instance.until("completed")).result).toBe("survived");
	});

	it("is backed off longer each time, and at the limit ends the instance with that reason", async () => {
		const { seen, type } = mortal(100, { panic: panicPolicy({ maxRestartAttempts: 0 }) });
		const instance = await TestInstance.create(type);
		const waitsMs: number[] = [];
		// One more than the limit: the first pass recorded "safe".
		for (let calls = 1; calls <= LIMITS.strikes + 1; calls++) {
			await expect.poll(() => seen.calls).toBe(calls);
			await instance.crash();
			await instance.advance(5_000);
			const { status, wakeAt } = await instance.status();
			if (status !== "sleeping" || wakeAt === null) continue;
			waitsMs.push(wakeAt - clock.now());
			await instance.advance(wakeAt - clock.now());
		}
		const status = await instance.until("errored");
		expect(status.reason).toMatch(/^PASS_LOST: 8 passes in a row/);
		expect(status.errorDetails).toMatchObject({
			code: "PASS_LOST",
			fields: { details: { strikes: 8 } },
		});
		for (const [index, baseMs] of [5_000, 10_000, 20_000, 40_000, 40_000, 40_000].entries()) {
			expect(Math.abs((waitsMs[index] ?? 0) / baseMs - 1)).toBeLessThanOrEqual(0.5);
		}
		await instance.advance(3_600_000);
		expect(seen.calls).toBe(9);
	});

	it("is backed off from events too: they are kept, and start nothing early", async () => {
		let calls = 0;
		const type = define(async (step) => {
			await step.do("mortal", () => (++calls > 2 ? 1 : new Promise(() => {})));
			return step.waitForEvent("go");
		});
		const instance = await TestInstance.create(type);
		for (const n of [1, 2]) {
			await expect.poll(() => calls).toBe(n);
			await instance.crash();
			await instance.advance(5_000);
		}
		await instance.until("sleeping");
		await instance.event("go", "kept");
		for (let turn = 0; turn < 10; turn++) await clock.turn();
		expect(calls).toBe(2);
		await instance.advance(7_500);
		expect((await instance.until("completed")).result).toBe("kept");
	});

	it("is never stopped while each pass records something", async () => {
		let hangs = 0;
		const type = define(async (step) => {
			for (let n = 0; n < 6; n++) {
				await step.do("work", () => n);
				await step.do("hang", () => (hangs++ % 2 === 1 ? n : new Promise<number>(() => {})));
			}
			return "through";
		});
		const instance = await TestInstance.create(type);
		for (let n = 0; n < 6; n++) {
			await expect.poll(() => hangs).toBe(2 * n + 1);
			await instance.crash();
			await instance.advance(5_000);
		}
		expect((await instance.until("completed")).result).toBe("through");
	});

	it("is counted anew after something else was recorded, as a timer", async () => {
		let calls = 0;
		const type = define(async (step) => {
			const mortal = () => (++calls > 4 ? "survived" : new Promise<string>(() => {}));
			const [end] = await Promise.all([step.do("mortal", mortal), step.sleep("nap", "8s")]);
			return end;
		});
		const instance = await TestInstance.create(type);
		// The first pass recorded the beginning of "nap", so its death is no strike.
		for (const n of [1, 2, 3]) {
			await expect.poll(() => calls).toBe(n);
			await instance.crash();
			await instance.fireAlarm();
		}
		expect((await instance.until("sleeping")).reason).toMatch(/^PASS_LOST: 2 passes/);
		await instance.advance(8_000);
		await expect.poll(() => calls).toBe(4);
		await instance.crash();
		await instance.fireAlarm();
		expect((await instance.until("completed")).result).toBe("survived");
	});

	it("is not counted for an event, a pause or an orderly park in between", async () => {
		const type = define(async (step) => {
			for (let n = 0; n < 5; n++) await step.waitForEvent("go", { timeout: "1d" });
			return "done";
		});
		const instance = await TestInstance.create(type);
		for (let n = 0; n < 5; n++) {
			await instance.until("waiting");
			await instance.crash();
			await instance.event("go", n);
		}
		expect((await instance.until("completed")).result).toBe("done");
	});
});

describe("an instance whose type is gone", () => {
	it("waits as paused with the reason, and goes on by itself when the type is back", async () => {
		const run: Program["run"] = async (step) => {
			await step.sleep("nap", "1s");
			return "back";
		};
		const type = define(run);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		programs.delete(type);
		await instance.advance(1_000);
		const paused = await instance.until("paused");
		expect(paused.reason).toMatch(/^TYPE_NOT_REGISTERED: .*not in the registry/);
		await expect(instance.control("resume")).rejects.toMatchObject({ code: "TYPE_NOT_REGISTERED" });
		await instance.advance(60_000);
		expect((await instance.status()).status).toBe("paused");
		define(run, { type });
		await instance.advance(60_000);
		expect((await instance.until("completed")).result).toBe("back");
	});

	it("stays paused if a user had paused it", async () => {
		const run: Program["run"] = async (step) => step.sleep("nap", "1s");
		const type = define(run);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.advance(600_000);
		expect((await instance.status()).status).toBe("paused");
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});
});
