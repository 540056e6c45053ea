/** Pause, resume, terminate (G11), and creating once (G13). */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { gate, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

describe("pause", () => {
	it("lets the step in flight finish and record, and starts nothing new", async () => {
		const slow = gate<string>();
		const calls: string[] = [];
		const type = define(async (step) => {
			const first = await step.do("first", () => {
				calls.push("first");
				return slow.promise;
			});
			return step.do("second", () => {
				calls.push("second");
				return `${first}, second`;
			});
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		expect(await instance.control("pause")).toBe("paused");
		slow.resolve("first");
		const paused = await instance.until(({ steps }) => steps[0]?.status === "completed");
		expect(paused.status).toBe("paused");
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		expect(calls).toEqual(["first"]);
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
		expect(await instance.control("resume")).toBe("running");
		expect((await instance.until("completed")).result).toBe("first, second");
		expect(calls).toEqual(["first", "second"]);
	});

	it("holds timers: what came due meanwhile is taken at resume", async () => {
		const type = define(async (step) => {
			await step.sleep("nap", "1m");
			return "awake";
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.advance(120_000);
		await instance.fireAlarm();
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("awake");
	});

	it("survives an eviction and a crash", async () => {
		const type = define(async (step) => step.sleep("nap", "1m"));
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.crash();
		await instance.advance(120_000);
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		await instance.until("completed");
	});

	it("of a step in flight that dies with the object repeats the step after resume", async () => {
		let calls = 0;
		const hang = gate();
		const type = define(async (step) =>
			step.do("slow", () => (++calls === 1 ? hang.promise : undefined)),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		await instance.control("pause");
		await instance.crash();
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		await instance.until("completed");
		expect(calls).toBe(2);
	});

	it("holds a retry that came due, and resume runs it", async () => {
		const attempts: number[] = [];
		const type = define(async (step) =>
			step.do(
				"flaky",
				({ attempt }) => {
					attempts.push(attempt);
					if (attempt === 1) throw new Error("again");
				},
				{ retries: { delay: "1m" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.advance(60_000);
		expect(attempts).toEqual([1]);
		await instance.control("resume");
		await instance.until("completed");
		expect(attempts).toEqual([1, 2]);
	});

	it("and resume in the middle of a step call its function once", async () => {
		let calls = 0;
		const slow = gate();
		const type = define(async (step) =>
			step.do("slow", () => {
				calls++;
				return slow.promise;
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		for (let n = 0; n < 3; n++) {
			await instance.control("pause");
			await instance.control("resume");
		}
		slow.resolve();
		await instance.until("completed");
		expect(calls).toBe(1);
	});

	it("right after creation runs no user code until resume", async () => {
		let calls = 0;
		const type = define(async (step) => step.do("a", () => ++calls));
		const instance = await TestInstance.create(type);
		const paused = instance.control("pause").catch(() => "too late");
		if ((await paused) === "paused") expect(calls).toBeLessThanOrEqual(1);
		await instance.control("resume").catch(() => {});
		await instance.until("completed");
		expect(calls).toBe(1);
	});
});

describe("terminate", () => {
	it("aborts the signal of the step in flight, drops its result, and is final", async () => {
		const late = gate<string>();
		const reasons: string[] = [];
		const type = define(async (step) => {
			await step.do("slow", ({ signal }) => {
				signal.addEventListener("abort", () => {
					reasons.push(signal.reason.message);
				});
				return late.promise;
			});
			await step.do("next", () => reasons.push("started"));
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		expect(await instance.control("terminate")).toBe("terminated");
		expect((await instance.status()).steps).toEqual([]);
		late.resolve("late");
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		const status = await instance.status();
		expect(status.status).toBe("terminated");
		expect(status.steps).toEqual([]);
		expect(reasons).toEqual(["the instance is terminated"]);
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});

	it("shows what was open as cancelled", async () => {
		const type = define(async (step) =>
			Promise.all([step.sleep("nap", "1h"), step.waitForEvent("x")]),
		);
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.control("terminate");
		const { steps, wakeAt } = await instance.status();
		expect(steps.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
		expect(wakeAt).toBeNull();
	});

	it("of a sleeping or paused instance needs no pass", async () => {
		const type = define(async (step) => step.sleep("nap", "1h"));
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.evict();
		await instance.control("terminate");
		await instance.advance(3_600_000);
		expect((await instance.status()).status).toBe("terminated");
	});
});

describe("an illegal change", () => {
	it("names both statuses and changes nothing", async () => {
		const type = define(async (step) => step.sleep("nap", "1h"));
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await expect(instance.control("resume")).rejects.toMatchObject({
			code: "ILLEGAL_STATUS_CHANGE",
			details: { from: "sleeping", to: "running" },
		});
		await instance.control("pause");
		await expect(instance.control("pause")).rejects.toMatchObject({
			details: { from: "paused", to: "paused" },
		});
		await instance.control("terminate");
		const before = await instance.status();
		for (const action of ["pause", "resume", "terminate"] as const) {
			await expect(instance.control(action)).rejects.toMatchObject({
				code: "ILLEGAL_STATUS_CHANGE",
				message: expect.stringContaining("terminated"),
			});
		}
		expect(await instance.status()).toEqual(before);
	});
});

describe("create", () => {
	it("of an id that exists is refused and changes nothing, also when both come at once", async () => {
		const type = define(async (step, payload) => step.do("echo", () => payload));
		const id = "only-once";
		const tries = await Promise.allSettled(
			[1, 2, 3].map((payload) => TestInstance.create(type, payload, id)),
		);
		expect(tries.map(({ status }) => status).toSorted()).toEqual([
			"fulfilled",
			"rejected",
			"rejected",
		]);
		const status = await new TestInstance(id).until("completed");
		await expect(TestInstance.create(type, "other", id)).rejects.toMatchObject({
			code: "INSTANCE_EXISTS",
		});
		await new TestInstance(id).evict();
		await expect(TestInstance.create(type, "other", id)).rejects.toMatchObject({
			code: "INSTANCE_EXISTS",
		});
		expect((await new TestInstance(id).status()).result).toEqual(status.result);
	});

	it("with a payload that the schema refuses stores nothing; a good one is stored as parsed", async () => {
		const type = define(async (_, payload) => payload, {
			payload: z.object({ name: z.string(), times: z.number().default(1) }),
		});
		const id = "bad-then-good";
		await expect(TestInstance.create(type, { name: 1 }, id)).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { issues: [{ path: "payload.name" }] },
		});
		expect(await new TestInstance(id).sql("SELECT name FROM sqlite_master")).toEqual([]);
		const instance = await TestInstance.create(type, { name: "a" }, id);
		expect((await instance.until("completed")).result).toEqual({ name: "a", times: 1 });
	});

	it("takes a payload at the limit and refuses one byte more", async () => {
		const type = define(async (_, payload) => (payload as string).length);
		const fits = LIMITS.payloadBytes - '=""'.length;
		const instance = await TestInstance.create(type, "x".repeat(fits));
		expect((await instance.until("completed")).result).toBe(fits);
		await expect(TestInstance.create(type, "x".repeat(fits + 1))).rejects.toMatchObject({
			code: "VALUE_TOO_LARGE",
		});
	});

	it("remembers the version that the instance began with", async () => {
		const type = define(async (step) => step.sleep("nap", "1s"), { version: "1" });
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		define(async (step) => step.sleep("nap", "1s"), { type, version: "2" });
		await instance.advance(1_000);
		expect((await instance.until("completed")).version).toBe("1");
	});
});

describe("run()", () => {
	it("that returns what cannot be stored, or is too large beside the payload, errors the instance", async () => {
		const fn = define(async () => () => 1);
		expect((await (await TestInstance.create(fn)).until("errored")).error).toContain("run()");
		const large = define(async (_, payload) => [payload, "x".repeat(LIMITS.valueBytes - 500_000)]);
		const status = await (await TestInstance.create(large, "x".repeat(500_000))).until("errored");
		expect(status.errorDetails).toMatchObject({ code: "VALUE_TOO_LARGE" });
	});

	it("that throws errors the instance with all that the error says", async () => {
		const type = define(async () => {
			throw Object.assign(new RangeError("too far", { cause: new Error("why") }), {
				code: 7,
				extra: [1],
			});
		});
		const status = await (await TestInstance.create(type)).until("errored");
		expect(status.error).toBe("too far");
		expect(status.errorDetails).toMatchObject({
			name: "RangeError",
			message: "too far",
			code: 7,
			fields: { extra: [1] },
			cause: { message: "why" },
			stack: expect.stringContaining("too far"),
		});
	});

	it("that ends with a race's loser in flight aborts it and drops its result", async () => {
		const loser = gate();
		const aborted: boolean[] = [];
		const type = define(async (step) =>
			Promise.race([
				step.do("loser", ({ signal }) => {
					signal.addEventListener("abort", () => {
						aborted.push(true);
					});
					return loser.promise;
				}),
				step.do("winner", () => "won"),
			]),
		);
		const instance = await TestInstance.create(type);
		expect((await instance.until("completed")).result).toBe("won");
		expect(aborted).toEqual([true]);
		loser.resolve();
		for (let turn = 0; turn < 10; turn++) await clock.turn();
		expect((await instance.status()).steps.map(({ name }) => name)).toEqual(["winner"]);
	});
});

describe("a pass that goes on after it had stopped", () => {
	it("is stayed with by the alarm without blocking the object", async () => {
		const slow = gate();
		const outside = gate();
		const type = define(async (step) => {
			const branch = async () => {
				await outside.promise;
				await step.do("slow", () => slow.promise);
			};
			await Promise.all([branch(), step.sleep("nap", "1h")]);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		outside.resolve();
		await instance.until(({ steps }) => steps.some(({ status }) => status === "running"));
		await instance.advance(6_000);
		await instance.control("pause");
		await instance.control("resume");
		await instance.advance(6_000);
		slow.resolve();
		await instance.until("sleeping");
		await instance.advance(3_600_000);
		await instance.until("completed");
	});
});
