/** Events that could not be delivered: when they are given up, what follows them, and how they are sent again. */
import { describe, expect, it } from "vitest";
import { describeInstance, redeliverEvents, restartInstance } from "../../src/client/runner-client";
import type { Program } from "../../src/engine/program";
import { LIMITS } from "../../src/model/limits";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { deliveriesOf, Listener, quiet } from "../support/receivers";

const emits =
	(count: number): Program["run"] =>
	async (_step, _payload, run) => {
		for (let n = 1; n <= count; n++) run.emit("tick", { stage: n });
	};

/** Lets all retries come that there are. */
async function settle(instance: TestInstance): Promise<void> {
	for (;;) {
		await quiet(instance, { orWaiting: true });
		const at = await instance.alarmAt();
		if (at === null) return;
		await instance.advance(at - clock.now());
	}
}

async function listened(count: number, limit = 2) {
	const listener = new Listener();
	listener.usual = "fail";
	const handlers = [listener.handler(["tick"], { retries: { limit, delay: "1m" } })];
	const instance = await TestInstance.create(define(emits(count), { handlers }));
	await instance.until("completed");
	await listener.until(1);
	return { listener, instance };
}

describe("an event that cannot be delivered", () => {
	it("is a dead letter after its attempts, and each that follows after one", async () => {
		const { listener, instance } = await listened(3, 3);
		await settle(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 1 (2)", "tick 1 (3)", "tick 2", "tick 3"]);
		const { deadLetters, receivers } = await deliveriesOf(instance);
		expect(deadLetters.map(({ data, attempts }) => [data.stage, attempts])).toEqual([
			[1, 3],
			[2, 1],
			[3, 1],
		]);
		expect(deadLetters[0]).toEqual({
			receiver: "on:tick",
			id: listener.ids[0],
			name: "tick",
			at: listener.heard[0]?.at,
			data: { instanceId: instance.id, workflowName: expect.any(String), stage: 1 },
			attempts: 3,
			error: "not now",
			diedAt: expect.any(Number),
		});
		expect(receivers).toMatchObject([{ isBehind: false, isDown: true, error: "not now" }]);
	});

	it("is followed by one that has all attempts again, once one has arrived", async () => {
		const { listener, instance } = await listened(4, 2);
		listener.reactions = ["fail", "fail", "take", "fail", "take"];
		await settle(instance);
		expect(listener.lines).toEqual([
			"tick 1",
			"tick 1 (2)",
			"tick 2",
			"tick 3",
			"tick 4",
			"tick 4 (2)",
		]);
		const { deadLetters, receivers } = await deliveriesOf(instance);
		expect(deadLetters.map(({ data }) => data.stage)).toEqual([1, 2]);
		expect(receivers).toMatchObject([{ isDown: false, error: null }]);
	});

	it("is one over evictions in between", async () => {
		const { listener, instance } = await listened(2, 2);
		await quiet(instance, { orWaiting: true });
		await instance.evict();
		await settle(instance);
		await instance.evict();
		expect((await deliveriesOf(instance)).deadLetters).toHaveLength(2);
		expect(listener.lines).toEqual(["tick 1", "tick 1 (2)", "tick 2"]);
	});

	it("goes, as the oldest, when there are more than are kept", async () => {
		const { instance } = await listened(LIMITS.deadLetters + 2, 1);
		await settle(instance);
		const { deadLetters } = await deliveriesOf(instance);
		expect(deadLetters).toHaveLength(LIMITS.deadLetters);
		expect(deadLetters[0]?.data.stage).toBe(3);
	});
});

describe("a redelivery", () => {
	it("sends dead letters again, in order and under their ids, and is in the audit", async () => {
		const { listener, instance } = await listened(3);
		await settle(instance);
		const before = [...listener.heard];
		listener.heard.splice(0);
		listener.usual = "take";
		const by = { actor: "ann", reason: "it is up again" };
		await redeliverEvents(runners, instance.id, { receiver: "on:tick", by });
		await quiet(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 2", "tick 3"]);
		expect(listener.ids).toEqual([before[0]?.id, before[2]?.id, before[3]?.id]);
		expect(await deliveriesOf(instance)).toMatchObject({
			deadLetters: [],
			receivers: [{ isBehind: false, isDown: false }],
		});
		const { audit } = await describeInstance(runners, instance.id, { include: ["audit"] });
		expect(audit?.at(-1)).toMatchObject({
			...by,
			action: "redeliver",
			detail: { receiver: "on:tick" },
		});
	});

	it("is carried out by the next isolate where its own dies", async () => {
		const { listener, instance } = await listened(2);
		await settle(instance);
		listener.heard.splice(0);
		listener.usual = "hang";
		await redeliverEvents(runners, instance.id);
		await listener.until(1);
		await instance.crash();
		listener.usual = "take";
		await settle(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 1 (2)", "tick 2"]);
	});

	it("that fails again ends as dead letters again, with all their attempts before", async () => {
		const { listener, instance } = await listened(2, 2);
		await settle(instance);
		listener.heard.splice(0);
		await redeliverEvents(runners, instance.id);
		await settle(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 1 (2)", "tick 2"]);
		expect((await deliveriesOf(instance)).deadLetters).toHaveLength(2);
	});

	it("tries at once what waits for another attempt", async () => {
		const { listener, instance } = await listened(2, 5);
		await quiet(instance, { orWaiting: true });
		listener.usual = "take";
		await redeliverEvents(runners, instance.id);
		await quiet(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 1", "tick 2"]);
	});

	it("asked for twice under one key is one", async () => {
		const { listener, instance } = await listened(1, 1);
		await settle(instance);
		const by = { actor: "ann", key: "again" };
		for (let times = 0; times < 2; times++) {
			await redeliverEvents(runners, instance.id, { by });
			await settle(instance);
		}
		expect(listener.heard).toHaveLength(2);
	});

	it("to a receiver that is none is refused, and names those that there are", async () => {
		const { instance } = await listened(1);
		await expect(
			redeliverEvents(runners, instance.id, { receiver: "on:other" }),
		).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			message: expect.stringContaining("on:tick"),
		});
	});

	it("outlives a restart: dead letters of the former run are still there", async () => {
		const { listener, instance } = await listened(2, 1);
		await settle(instance);
		listener.usual = "take";
		listener.heard.splice(0);
		await restartInstance(runners, instance.id);
		await instance.until("completed");
		await listener.until(2);
		await quiet(instance);
		await redeliverEvents(runners, instance.id);
		await quiet(instance);
		expect(listener.lines).toEqual(["tick 1", "tick 2", "tick 1", "tick 2"]);
		expect(new Set(listener.ids).size).toBe(4);
	});
});
