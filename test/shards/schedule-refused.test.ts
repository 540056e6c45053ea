/** Schedules that are refused, each with a clear error and nothing changed. */
import { describe, expect, it } from "vitest";
import {
	createSchedule,
	deleteSchedule,
	describeSchedule,
	listSchedules,
	pauseSchedule,
	resumeSchedule,
} from "../../src/client/schedules";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { runners, TestInstance } from "../support/instance";
import { define } from "../support/lab";
import { TestSchedule } from "./support-schedule";

const done = () => define(async (_, payload) => payload);

describe("what is refused changes nothing:", () => {
	const nothing = async (type: string) => {
		const shard = new TestInstance(shardName(type));
		expect(await shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await shard.alarmAt()).toBeNull();
	};
	const refused = async (input: object, code: string, path?: string) => {
		const type = done();
		const given = { cron: "0 * * * *", ...input };
		await expect(createSchedule(runners, type, given)).rejects.toEqual(
			expect.objectContaining({ code, ...(path === undefined ? {} : { details: { path } }) }),
		);
		await nothing(type);
	};

	it.each([
		["cron", { cron: "0 0 30 2 *" }],
		["cron", { cron: "nonsense" }],
		["timezone", { timezone: "Mars/Olympus" }],
		["overlap", { overlap: "sometimes" }],
		["catchUp", { catchUp: -1 }],
		["catchUp", { catchUp: LIMITS.scheduleCatchUp + 1 }],
		["catchUp", { catchUp: 0.5 }],
		["name", { name: "a:b" }],
		["name", { name: "_a" }],
		["name", { name: "" }],
		["attributes", { attributes: [] }],
		["attributes.a", { attributes: { a: true } }],
	])("%s of %j", (path, input) => refused(input, "VALIDATION_ERROR", path));

	it("a payload that cannot be stored, or is too large", async () => {
		await refused({ payload: () => {} }, "VALUE_NOT_STORABLE");
		await refused({ payload: "x".repeat(LIMITS.payloadBytes) }, "VALUE_TOO_LARGE");
	});

	it("a payload that the type does not take", async () => {
		const refuse = { issues: [{ message: "no" }] };
		const payload = {
			"~standard": { version: 1 as const, vendor: "test", validate: () => refuse },
		};
		const type = define(async () => null, { payload });
		await expect(createSchedule(runners, type, { cron: "0 * * * *" })).rejects.toEqual(
			expect.objectContaining({ code: "VALIDATION_ERROR" }),
		);
		await nothing(type);
	});

	it("a type that is not registered", async () => {
		await expect(createSchedule(runners, "nobody", { cron: "0 * * * *" })).rejects.toEqual(
			expect.objectContaining({ code: "UNKNOWN_TYPE" }),
		);
		await nothing("nobody");
	});

	it("a name that leaves no room for the ids of its instances; one character less is fine", async () => {
		const type = define(async () => null, { type: "t".repeat(LIMITS.typeNameLength) });
		const fits = "n".repeat(LIMITS.instanceIdLength - type.length - 1 - 21);
		const input = { cron: "0 * * * *", paused: true };
		await expect(createSchedule(runners, type, { ...input, name: `${fits}n` })).rejects.toEqual(
			expect.objectContaining({ code: "VALIDATION_ERROR", details: { path: "name" } }),
		);
		await nothing(type);
		const schedule = await TestSchedule.create(type, { ...input, name: fits });
		expect((await schedule.trigger()).outcome).toBe("started");
	});

	it("a name that is taken", async () => {
		const schedule = await TestSchedule.create(done(), { name: "a", cron: "0 * * * *" });
		const before = await schedule.show();
		await expect(
			TestSchedule.create(schedule.type, { name: "a", cron: "1 * * * *" }),
		).rejects.toEqual(expect.objectContaining({ code: "SCHEDULE_EXISTS" }));
		expect(await schedule.show()).toEqual(before);
	});

	it("more schedules of a type than its limit", async () => {
		const type = done();
		const schedule = await TestSchedule.create(type, { cron: "0 * * * *" });
		const columns =
			"cron, timezone, payload, attributes, overlap, catch_up, paused, next_at, active_id, failures, wake_at, triggered_at, missed, created_at, updated_at";
		await schedule.shard.sql(
			`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${LIMITS.schedules - 2})
			 INSERT INTO schedules (name, ${columns}) SELECT 'n' || i, ${columns} FROM n, schedules`,
		);
		await createSchedule(runners, type, { cron: "0 * * * *" });
		expect((await listSchedules(runners, [type])).length).toBe(LIMITS.schedules);
		await expect(createSchedule(runners, type, { cron: "0 * * * *" })).rejects.toEqual(
			expect.objectContaining({ code: "SCHEDULE_LIMIT" }),
		);
		expect((await listSchedules(runners, [type])).length).toBe(LIMITS.schedules);
	});

	it("asking for what is not there, which writes nothing (G14)", async () => {
		const type = done();
		for (const ask of [describeSchedule, pauseSchedule, resumeSchedule, deleteSchedule]) {
			await expect(ask(runners, `${type}:none`)).rejects.toEqual(
				expect.objectContaining({ code: "SCHEDULE_NOT_FOUND" }),
			);
		}
		expect(await listSchedules(runners, [type])).toEqual([]);
		await nothing(type);
	});
});
