/** An instance that another one waits for: its end comes to the parent as an event, once. */
import { describe, expect, it } from "vitest";
import { createInstance } from "../../src/client/create-instance";
import { WorkflowError } from "../../src/model/errors";
import { runners, TestInstance } from "../support/instance";
import { define } from "../support/lab";

const parents = () =>
	define(async (step) => {
		const end = await step.waitForEvent("done");
		return { end, next: await step.waitForEvent("more") };
	});

async function childOf(parent: TestInstance, type: string): Promise<TestInstance> {
	const input = { type, payload: null, parent: { id: parent.id, event: "done" } };
	return new TestInstance((await createInstance(runners, input)).id);
}

async function told(parent: TestInstance): Promise<unknown> {
	await parent.event("more", "no other end came");
	const { result } = await parent.until("completed");
	expect(result).toMatchObject({ next: "no other end came" });
	return (result as { end: unknown }).end;
}

describe("the parent of an instance", () => {
	it("is told of its result, with all that JSON has no word for", async () => {
		const parent = await TestInstance.create(parents());
		const at = new Date(0);
		await childOf(
			parent,
			define((step) => step.do("a", () => new Map([["at", at]]))),
		);
		expect(await told(parent)).toEqual({ status: "completed", result: new Map([["at", at]]) });
	});

	it("is told of its error", async () => {
		const parent = await TestInstance.create(parents());
		const type = define(() => {
			throw new WorkflowError("EXECUTION_FAILED", "no luck");
		});
		await childOf(parent, type);
		expect(await told(parent)).toEqual({
			status: "errored",
			error: { name: "WorkflowError", message: "no luck", code: "EXECUTION_FAILED" },
		});
	});

	it("is told that it was terminated", async () => {
		const parent = await TestInstance.create(parents());
		const child = await childOf(
			parent,
			define((step) => step.waitForEvent("go")),
		);
		await child.until("waiting");
		await child.control("terminate");
		expect(await told(parent)).toEqual({ status: "terminated" });
	});

	it("is told once, where both crash in the middle", async () => {
		const parent = await TestInstance.create(parents());
		const child = await childOf(
			parent,
			define((step) => step.waitForEvent("go")),
		);
		await child.until("waiting");
		await child.evict();
		await parent.until("waiting");
		await parent.evict();
		await child.event("go", 7);
		await child.until("completed");
		await child.crash();
		await parent.crash();
		await child.fireAlarm();
		await parent.fireAlarm();
		expect(await told(parent)).toEqual({ status: "completed", result: 7 });
	});

	it("is none that is gone: nothing is tried again", async () => {
		const child = await childOf(
			new TestInstance("nobody"),
			define(async () => 1),
		);
		await child.until("completed");
		await expect
			.poll(() => child.sql("SELECT place, attempts, error FROM receivers"))
			.toEqual([{ place: expect.stringMatching(/^1\.2\./), attempts: 0, error: null }]);
		await child.advance(60_000);
		await expect.poll(() => child.alarmAfterLease()).toBeNull();
		expect(await new TestInstance("nobody").sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("is named by an id and an event", async () => {
		const input = { type: define(async () => 1), payload: null };
		for (const parent of [
			{ id: "__index:t", event: "done" },
			{ id: "p", event: "" },
		]) {
			await expect(createInstance(runners, { ...input, parent })).rejects.toMatchObject({
				code: "VALIDATION_ERROR",
			});
		}
	});
});
