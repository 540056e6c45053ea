/** What the tables cost and leave behind: nothing for a miss (G14), one row for a step. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { shardName } from "../../src/model/ids";
import { runners, TestInstance } from "../support/instance";
import { define } from "../support/lab";

describe("an object that was only asked", () => {
	it.each(["status", "event", "pause", "resume", "terminate", "alarm"])(
		"keeps no table, no row and no alarm: %s",
		async (question) => {
			const nobody = new TestInstance(`nobody-${question}`);
			const ask = {
				status: () => nobody.status(),
				event: () => nobody.event("go"),
				pause: () => nobody.control("pause"),
				resume: () => nobody.control("resume"),
				terminate: () => nobody.control("terminate"),
				alarm: () =>
					runInDurableObject(nobody.stub, (object) =>
						(object as unknown as DurableObject).alarm?.(),
					),
			}[question];
			if (question === "alarm") await ask?.();
			else await expect(ask?.()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
			expect(await nobody.sql("SELECT name FROM sqlite_master")).toEqual([]);
			expect(await nobody.alarmAt()).toBeNull();
		},
	);
});

describe("rows", () => {
	it("are one per completed step, with a handful per instance beyond that", async () => {
		const steps = 20;
		const type = define(async (step) => {
			for (let n = 0; n < steps; n++) await step.do("work", () => n);
		});
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		const rows = async (table: string) =>
			(await instance.sql<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n;
		expect(await rows("steps")).toBe(steps);
		expect(await rows("workflow")).toBe(1);
		expect(await rows("events")).toBe(0);
	});

	it("of the two roles live in different objects", async () => {
		const type = define(async () => "done");
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		const tables = await instance.sql<{ name: string }>(
			"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
		);
		expect(tables.map(({ name }) => name).toSorted()).toEqual(["events", "steps", "workflow"]);
	});
});

describe("a call for the other role", () => {
	it("is refused: a shard is no instance, an instance no shard", async () => {
		expect(await runners.getByName(shardName("t")).describe({ steps: true })).toMatchObject({
			ok: false,
			error: { code: "INSTANCE_NOT_FOUND" },
		});
		expect(await runners.getByName("plain").indexStats()).toMatchObject({
			ok: false,
			error: { code: "VALIDATION_ERROR" },
		});
	});
});
