/** Instances of stored definitions: each goes on with the one that it began with. */
import { describe, expect, it } from "vitest";
import { createInstance } from "../../src/client/create-instance";
import { deleteDefinition } from "../../src/client/definitions";
import { createSchedule, triggerSchedule } from "../../src/client/schedules";
import { definedType, store } from "../support/definitions";
import { listed, runners, TestInstance } from "../support/instance";
import { broken, define, programs } from "../support/lab";

describe("an instance of a stored definition", () => {
	it("runs it", async () => {
		const type = definedType();
		await store({ type, steps: ["a", "b"] });
		const instance = await TestInstance.create(type);
		expect(await instance.until("completed")).toMatchObject({
			...{ type, version: "1.0.0", result: ["a", "b"] },
		});
		await expect.poll(async () => (await listed(type)).map(({ id }) => id)).toEqual([instance.id]);
	});

	it("keeps what it began with, while new ones begin with the next, over evictions and crashes", async () => {
		const type = definedType();
		await store({ type, steps: ["a", "go?", "b"] });
		const old = await TestInstance.create(type);
		await old.until("waiting");
		await store({ type, steps: ["go?", "x"], version: "2.0.0" });
		const young = await TestInstance.create(type);
		await young.until("waiting");
		await old.evict();
		await old.event("go", 1);
		await young.crash();
		await young.event("go", 2);
		expect(await old.until("completed")).toMatchObject({ result: ["a", 1, "b"] });
		expect(await young.until("completed")).toMatchObject({ result: [2, "x"] });
	});

	it("begins with the one that is asked for", async () => {
		const type = definedType();
		const { definition } = await store({ type, steps: ["a"] });
		await store({ type, steps: ["b"], version: "2.0.0" });
		const input = { type, payload: null, definition: definition.hash };
		const { id } = await createInstance(runners, input);
		expect(await new TestInstance(id).until("completed")).toMatchObject({ result: ["a"] });
		const none = { ...input, definition: "0".repeat(64) };
		await expect(createInstance(runners, none)).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
	});

	it("goes on when a deploy brings a type of its name", async () => {
		const type = definedType();
		await store({ type, steps: ["a", "go?"] });
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		define(async () => "the registry's", { type });
		await instance.evict();
		await instance.event("go", 1);
		expect(await instance.until("completed")).toMatchObject({ result: ["a", 1] });
		expect(await (await TestInstance.create(type)).until("completed")).toMatchObject({
			result: "the registry's",
		});
		programs.delete(type);
	});

	it("waits for a deploy that can run it again, and loses nothing", async () => {
		const type = definedType();
		const text = JSON.stringify({ type, steps: ["a", "go?", "b"] });
		await store({ type, steps: ["a", "go?", "b"] });
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		broken.add(text);
		await instance.event("go", 1);
		expect(await instance.until("paused")).toMatchObject({
			reason: expect.stringContaining("TYPE_NOT_REGISTERED"),
		});
		broken.delete(text);
		await instance.evict();
		await instance.advance(60_000);
		expect(await instance.until("completed")).toMatchObject({ result: ["a", 1, "b"] });
	});

	it("waits for such a deploy, though this one has a type of its name", async () => {
		const type = definedType();
		const text = JSON.stringify({ type, steps: ["go?", "b"] });
		await store({ type, steps: ["go?", "b"] });
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		broken.add(text);
		define(async (step) => step.waitForEvent("go"), { type });
		await instance.event("go", 1);
		expect(await instance.until("paused")).toMatchObject({
			reason: expect.stringContaining("TYPE_NOT_REGISTERED"),
		});
		broken.delete(text);
		await instance.evict();
		await instance.advance(60_000);
		expect(await instance.until("completed")).toMatchObject({ result: [1, "b"] });
		programs.delete(type);
	});

	it("restarts with it, and ends as any other", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] });
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		const { restartInstance, removeInstance } = await import("../../src/client/runner-client");
		await restartInstance(runners, instance.id, {});
		expect(await instance.until("completed")).toMatchObject({ run: 2, result: ["a"] });
		await removeInstance(runners, instance.id, { actor: "test" });
		expect(
			await instance.sql("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'"),
		).toEqual([]);
		await expect
			.poll(() =>
				deleteDefinition(runners, type).then(
					() => "gone",
					() => "",
				),
			)
			.toBe("gone");
	});

	it("obeys the limits that its definition declares", async () => {
		const type = definedType();
		await store({ type, steps: ["go?"], limit: 1 });
		const first = await TestInstance.create(type);
		await first.until("waiting");
		const second = await TestInstance.create(type);
		expect(await second.status()).toMatchObject({
			status: "created",
			reason: expect.stringContaining("at most 1"),
		});
		await first.event("go");
		await second.until("waiting");
	});

	it("is started by a schedule", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] });
		const schedule = { name: "nightly", cron: "0 0 * * *", payload: null };
		const { id } = await createSchedule(runners, type, schedule);
		const run = await triggerSchedule(runners, id);
		expect(run).toMatchObject({ outcome: "started" });
		await expect.poll(async () => (await listed(type))[0]?.status).toBe("completed");
	});
});
