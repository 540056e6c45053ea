/**
 * The session of seed 002's Task 9 over HTTP, with the real service: once as it is written, and
 * once per pair of its steps with kill -9 and a restart between the two.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkflowStatusResponse } from "../../src/library";
import { Service } from "./service";

const RESULT = { message: "World was approved", greeting: "Hello, World!" };

/** By what the one kill comes after in their session. */
const KILLED = {
	create: "killed-after-create",
	sleep: "killed-in-sleep",
	wait: "killed-in-wait",
	event: "killed-after-event",
};

let service: Service;

beforeAll(async () => {
	service = await Service.start({ configs: ["wrangler.jsonc"] });
	// These two are through their sleep when the seed's session is.
	await Promise.all([create(KILLED.wait), create(KILLED.event)]);
});

afterAll(() => service?.stop());

const create = (id: string) =>
	service.post("/workflows", { type: "test", id, payload: { name: "World" } });
const approve = (id: string) =>
	service.post(`/workflows/${id}/events/approval`, { approved: true });
const untilIs = (id: string, status: string) => service.until(id, (it) => it.status === status);
const shownSteps = ({ steps }: WorkflowStatusResponse) =>
	steps.map(({ name, status, attempts }) => `${name} ${status} ${attempts}`);

describe("the session of the seed", () => {
	it("is answered as the seed says, from create to listing", async () => {
		const id = "test-1";
		expect(await create(id)).toEqual({
			status: 201,
			body: { id, type: "test", status: "running" },
		});

		const asleep = await untilIs(id, "sleeping");
		expect(shownSteps(asleep)).toEqual(["greet completed 1", "pause sleeping 0"]);
		expect(asleep).toMatchObject({ id, type: "test", payload: { name: "World" }, result: null });

		const waits = await untilIs(id, "waiting");
		expect(shownSteps(waits)).toEqual([
			"greet completed 1",
			"pause completed 0",
			"approval waiting 0",
		]);
		const [, pause] = waits.steps;
		const sleptMs = (pause?.completedAt ?? 0) - (pause?.startedAt ?? 0);
		expect(sleptMs).toBeGreaterThanOrEqual(5_000);
		expect(sleptMs).toBeLessThan(7_000);

		expect(await approve(id)).toEqual({
			status: 200,
			body: { id, event: "approval", status: "delivered" },
		});
		const done = await untilIs(id, "completed");
		expect(done).toMatchObject({ result: RESULT, error: null, wakeAt: null });

		await expect
			.poll(async () => (await service.get("/workflows?type=test")).body)
			.toEqual({
				type: "test",
				instances: expect.arrayContaining([
					{ id, status: "completed", createdAt: done.createdAt, updatedAt: done.updatedAt },
				]),
				nextCursor: null,
			});
	});
});

describe("the session with kill -9 and a restart", () => {
	let readyAt: number;

	beforeAll(async () => {
		await Promise.all([KILLED.wait, KILLED.event].map((id) => untilIs(id, "waiting")));
		await create(KILLED.sleep);
		await untilIs(KILLED.sleep, "sleeping");
		const accepted = await Promise.all([create(KILLED.create), approve(KILLED.event)]);
		const killed = service.kill9();
		expect(accepted.map(({ status }) => status)).toEqual([201, 200]);
		await killed;
		await service.restart();
		readyAt = Date.now();
		const unapproved = [KILLED.create, KILLED.sleep, KILLED.wait];
		await Promise.all(unapproved.map((id) => untilIs(id, "waiting")));
		await Promise.all(unapproved.map(approve));
	});

	it.each(Object.values(KILLED))("%s ends with the seed's result", async (id) => {
		const end = await untilIs(id, "completed");
		expect(end.result).toEqual(RESULT);
		expect(shownSteps(end)).toEqual([
			"greet completed 1",
			"pause completed 0",
			"approval completed 0",
		]);
	});

	it("a sleep keeps its due time over the kill", async () => {
		const { steps } = await service.status(KILLED.sleep);
		const { startedAt, completedAt } = steps.find(({ name }) => name === "pause") ?? {};
		const dueAt = (startedAt ?? 0) + 5_000;
		expect(completedAt).toBeGreaterThanOrEqual(dueAt);
		expect(completedAt).toBeLessThan(Math.max(dueAt, readyAt) + 2_000);
	});
});
