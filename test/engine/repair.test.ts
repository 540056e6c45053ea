/** An operator's word on one step: what it does, what it is refused for, and that it is audited. */
import { describe, expect, it } from "vitest";
import { describeInstance, type RepairInput, repairStep } from "../../src/client/runner-client";
import { NonRetryableError } from "../../src/model/errors";
import { gate, runners, TestInstance } from "../support/instance";
import { define } from "../support/lab";

const BY = { actor: "ada", reason: "ticket 7" };
const repair = (instance: TestInstance, input: RepairInput) =>
	repairStep(runners, instance.id, { by: BY, ...input });

const broken = () => {
	const calls: string[] = [];
	const type = define(async (step) => {
		await step.do("before", () => calls.push("before"));
		const rate = await step.do<number>("rate", () => {
			throw new NonRetryableError("no rate today");
		});
		return step.do("after", () => `rate ${rate}`);
	});
	return { type, calls };
};

describe("set-output", () => {
	it("gives a failed step a result, with which the instance goes on, also after a crash", async () => {
		const { type, calls } = broken();
		const instance = await TestInstance.create(type);
		await instance.until("errored");
		await repair(instance, { step: "rate", action: "set-output", output: 7 });
		await instance.crash();
		await instance.advance(10_000);
		const status = await instance.until("completed");
		expect(status).toMatchObject({ result: "rate 7", run: 2, error: null });
		expect(calls).toEqual(["before"]);
		expect(status.steps.find(({ key }) => key === "rate")).toMatchObject({
			status: "completed",
			result: 7,
			attempts: 1,
		});
	});

	it("is refused for a step that has not failed, and changes nothing", async () => {
		const { type } = broken();
		const instance = await TestInstance.create(type);
		const before = await instance.until("errored");
		await expect(
			repair(instance, { step: "before", action: "set-output", output: 1 }),
		).rejects.toMatchObject({
			code: "STEP_NOT_REPAIRABLE",
			message: expect.stringContaining("a step that has failed"),
		});
		expect(await instance.status()).toEqual(before);
	});
});

describe("skip", () => {
	it.each<[string, unknown]>([
		["with a result", { ok: true }],
		["with none", undefined],
	])("ends a wait %s", async (_how, output) => {
		const type = define(async (step) => ({ got: await step.waitForEvent("approval") }));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		await repair(instance, { step: "approval", action: "skip", output });
		expect((await instance.until("completed")).result).toEqual({ got: output });
	});

	it("ends a step that waits for a retry; its function is not called again", async () => {
		let calls = 0;
		const type = define(async (step) =>
			step.do(
				"flaky",
				() => {
					calls++;
					throw new Error("again");
				},
				{ retries: { limit: 5, delay: "1h" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await repair(instance, { step: "flaky", action: "skip", output: "by hand" });
		expect((await instance.until("completed")).result).toBe("by hand");
		expect(calls).toBe(1);
	});

	it("is refused while the step's function runs", async () => {
		const open = gate<string>();
		const type = define(async (step) => step.do("long", () => open.promise));
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		const request = repair(instance, { step: "long", action: "skip" });
		await expect(request).rejects.toMatchObject({
			code: "STEP_NOT_REPAIRABLE",
			message: expect.stringContaining("is running"),
		});
		open.resolve("done");
		expect((await instance.until("completed")).result).toBe("done");
	});

	it("in a paused instance is recorded, and moves it once it is resumed", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.control("pause");
		await repair(instance, { step: "go", action: "skip", output: 1 });
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe(1);
	});
});

describe("fire-sleep", () => {
	it("ends a sleep now, also in an instance that was evicted", async () => {
		const type = define(async (step) => {
			await step.sleep("a year", "365d");
			return "awake";
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await repair(instance, { step: "a year", action: "fire-sleep" });
		expect((await instance.until("completed")).result).toBe("awake");
	});

	it("is refused for what is no sleep, or has ended", async () => {
		const type = define(async (step) => {
			await step.sleep("nap", "1s");
			return step.waitForEvent("go");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until("waiting");
		for (const step of ["nap", "go"]) {
			await expect(repair(instance, { step, action: "fire-sleep" })).rejects.toMatchObject({
				code: "STEP_NOT_REPAIRABLE",
			});
		}
	});
});

describe("retry-now", () => {
	it("starts the next attempt at once, and after a crash all the same", async () => {
		const attempts: number[] = [];
		const type = define(async (step) =>
			step.do(
				"flaky",
				({ attempt }) => {
					attempts.push(attempt);
					if (attempt < 3) throw new Error("again");
					return attempt;
				},
				{ retries: { limit: 5, delay: "1h", backoff: "fixed" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await repair(instance, { step: "flaky", action: "retry-now" });
		await instance.until(({ steps, status }) => steps[0]?.attempts === 2 && status === "sleeping");
		await instance.evict();
		await repair(instance, { step: "flaky", action: "retry-now" });
		await instance.crash();
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe(3);
		expect(attempts.at(-1)).toBe(3);
	});
});

describe("a repair", () => {
	it("is in the audit: who, what, why, and about which step", async () => {
		const { type } = broken();
		const instance = await TestInstance.create(type);
		await instance.until("errored");
		await repair(instance, { step: "rate", action: "skip" });
		await instance.until("completed");
		const { audit } = await describeInstance(runners, instance.id, { include: ["audit"] });
		expect(audit?.at(-1)).toMatchObject({ ...BY, action: "skip", detail: { step: "rate" } });
	});

	it("asked for twice with one key is made once", async () => {
		const type = define(async (step) => {
			const first = await step.waitForEvent("go");
			return [first, await step.waitForEvent("go")];
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		const request = { step: "go", action: "skip", output: 1, by: { ...BY, key: "k" } } as const;
		await repair(instance, request);
		await instance.until(({ steps, status }) => steps.length === 2 && status === "waiting");
		await repair(instance, request);
		await expect(repair(instance, { ...request, output: 2 })).rejects.toMatchObject({
			code: "IDEMPOTENCY_CONFLICT",
		});
		expect((await instance.status()).steps.map(({ status }) => status)).toEqual([
			"completed",
			"waiting",
		]);
	});
});

describe("a repair that is refused", () => {
	it("leaves the alarm where a lost pass, found by it, is looked at next", async () => {
		const open = gate();
		const type = define(async (step) => step.do("long", () => open.promise));
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		// Two passes lost with nothing recorded: the second is backed off.
		await instance.crash();
		await instance.advance(10_000);
		await instance.until(({ status }) => status === "running");
		await instance.crash();
		await expect(repair(instance, { step: "long", action: "skip" })).rejects.toMatchObject({
			code: "STEP_NOT_FOUND",
		});
		const { status, wakeAt } = await instance.status();
		expect(status).toBe("sleeping");
		expect(await instance.alarmAt()).toBeLessThanOrEqual(wakeAt ?? 0);
	});
});
