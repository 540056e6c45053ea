/** A type that an operator has stopped: no new instances, and those that are there go on. */
import { describe, expect, it } from "vitest";
import { changeType, typeState } from "../../src/client/shard-client";
import { shardName } from "../../src/model/ids";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const waiting = () => define(async (step) => step.waitForEvent("go"));

describe.each(["inactive", "archived"] as const)("an %s type", (status) => {
	it("refuses new instances and stores nothing of them", async () => {
		const type = waiting();
		await changeType(runners, type, { status });
		const id = `refused-${status}`;
		await expect(TestInstance.create(type, null, id)).rejects.toMatchObject({
			code: "TYPE_INACTIVE",
			message: expect.stringContaining(status),
			details: { type, status },
		});
		expect(await new TestInstance(id).sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await new TestInstance(id).alarmAt()).toBeNull();
	});

	it("lets instances that are there go on, from storage too", async () => {
		const type = waiting();
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await changeType(runners, type, { status });
		await instance.evict();
		await instance.event("go", 7);
		expect(await instance.until("completed")).toMatchObject({ result: 7 });
	});

	it("takes new ones when it is active again, a second later elsewhere", async () => {
		const type = waiting();
		await changeType(runners, type, { status });
		// As an operator does it through another isolate: this one is not told.
		await new TestInstance(shardName(type)).sql("UPDATE shard SET type_status = 'active'");
		await expect(TestInstance.create(type)).rejects.toMatchObject({ code: "TYPE_INACTIVE" });
		clock.advance(1_000);
		await (await TestInstance.create(type)).until("waiting");
	});

	it("stays so over a crash of its shard", async () => {
		const type = waiting();
		await changeType(runners, type, { status });
		await new TestInstance(shardName(type)).crash();
		expect(await typeState(runners, type)).toEqual({ status, guarded: false, definition: null });
		clock.advance(5_000);
		await expect(TestInstance.create(type)).rejects.toMatchObject({ code: "TYPE_INACTIVE" });
	});
});

describe("the state of a type", () => {
	it("is active where nothing was decided, and asking stores nothing", async () => {
		expect(await typeState(runners, "undecided")).toEqual({
			status: "active",
			guarded: false,
			definition: null,
		});
		const shard = new TestInstance(shardName("undecided"));
		expect(await shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("does not hide that an id is taken", async () => {
		const type = waiting();
		const { id } = await TestInstance.create(type);
		await changeType(runners, type, { status: "inactive" });
		await expect(TestInstance.create(type, null, id)).rejects.toMatchObject({
			code: "INSTANCE_EXISTS",
		});
	});
});
