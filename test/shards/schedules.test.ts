/** Schedules: instances at their times, once each, by the rule for overlaps. */
import { describe, expect, it } from "vitest";
import {
	createSchedule,
	deleteSchedule,
	describeSchedule,
	listSchedules,
	pauseSchedule,
	resumeSchedule,
} from "../../src/client/schedules";
import { changeType } from "../../src/client/shard-client";
import { LIMITS } from "../../src/model/limits";
import { concurrencyPolicy } from "../../src/model/type-policy";
import { runners, TestInstance } from "../support/instance";
import { clock, define, EPOCH } from "../support/lab";
import { DAY, HOUR, MINUTE, nextHour, stamp, TestSchedule } from "./support-schedule";

const done = () => define(async (_, payload) => payload);
/** Ends when it is told to. */
const waits = () => define(async (step) => step.waitForEvent("end"));
const end = (id: string) => new TestInstance(id).event("end");

describe("a schedule", () => {
	it("starts an instance at each of its times, with its payload, its attributes and a telling id", async () => {
		const type = done();
		const schedule = await TestSchedule.create(type, {
			name: "hourly",
			cron: "0 * * * *",
			payload: { at: new Date(0) },
			attributes: { team: "billing" },
		});
		const first = nextHour();
		expect(await schedule.shard.alarmAt()).toBe(first);
		await schedule.pass(2 * HOUR);
		const { runs, nextAt, nextRuns } = await schedule.show();
		expect(runs).toEqual(
			[first + HOUR, first].map((scheduledAt) => ({
				scheduledAt,
				instanceId: `${type}:hourly:${stamp(scheduledAt)}`,
				outcome: "started",
				reason: null,
				triggeredBy: null,
			})),
		);
		expect(nextAt).toBe(first + 2 * HOUR);
		expect(nextRuns).toEqual(Array.from({ length: 10 }, (_, n) => first + (n + 2) * HOUR));
		const instance = new TestInstance(`${type}:hourly:${stamp(first)}`);
		expect(await instance.until("completed")).toMatchObject({
			createdAt: first,
			result: { at: new Date(0) },
		});
		expect(await instance.sql("SELECT attributes, created_by FROM workflow")).toEqual([
			{ attributes: '{"team":"billing"}', created_by: `schedule:${schedule.id}` },
		]);
	});

	it("is shown as it was made, defaults filled in", async () => {
		const type = done();
		const made = await createSchedule(runners, type, { name: "a", cron: "30 2 * * *" });
		const nextAt = Math.floor(clock.now() / DAY) * DAY + 2.5 * HOUR;
		expect(made).toEqual({
			id: `${type}:a`,
			type,
			name: "a",
			cron: "30 2 * * *",
			timezone: "UTC",
			payload: undefined,
			attributes: {},
			overlap: "skip",
			catchUp: 1,
			paused: false,
			nextAt: expect.any(Number),
			nextRuns: expect.any(Array),
			queued: 0,
			missed: 0,
			runs: [],
			createdAt: clock.now(),
			updatedAt: clock.now(),
		});
		expect((made.nextAt ?? 0) % DAY).toBe(nextAt % DAY);
		expect(await describeSchedule(runners, made.id)).toEqual(made);
	});

	it("without a name is given one", async () => {
		const type = done();
		const { id, name } = await createSchedule(runners, type, { cron: "0 0 * * *" });
		expect(id).toBe(`${type}:${name}`);
		expect(name).toMatch(/^[0-9a-f]{10}$/);
	});

	it("keeps its last twenty runs", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "* * * * *", overlap: "allow" });
		await schedule.pass(25 * MINUTE);
		const { runs } = await schedule.show();
		expect(runs.map(({ scheduledAt }) => clock.now() - scheduledAt)).toEqual(
			Array.from({ length: 20 }, (_, n) => n * MINUTE),
		);
		expect(await schedule.shard.sql("SELECT count(*) AS n FROM schedule_runs")).toEqual([
			{ n: 20 },
		]);
	});

	it("writes nothing when nothing is due, and stands still without an alarm when paused", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 0 1 1 *" });
		await schedule.wake();
		expect(await schedule.shard.alarmAt()).toBe((await schedule.show()).nextAt);
		expect((await schedule.show()).runs).toEqual([]);
	});

	it("of a type that is inactive creates nothing, says so, and goes on when it is active again", async () => {
		const type = done();
		const schedule = await TestSchedule.create(type, { cron: "0 * * * *" });
		await changeType(runners, type, { status: "inactive" });
		await schedule.pass(HOUR);
		await changeType(runners, type, { status: "active" });
		await schedule.pass(HOUR);
		const { runs } = await schedule.show();
		expect(runs).toMatchObject([
			{ outcome: "started" },
			{ outcome: "failed", reason: expect.stringMatching(/^TYPE_INACTIVE: /) },
		]);
		const object = new TestInstance(runs[1]?.instanceId ?? "");
		expect(await object.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("whose type refuses the payload at its time records why, and goes on", async () => {
		let refuses = false;
		const type = define(async () => null, {
			payload: {
				"~standard": {
					version: 1,
					vendor: "test",
					validate: (value: unknown) =>
						refuses ? { issues: [{ message: "not today" }] } : { value },
				},
			},
		});
		const schedule = await TestSchedule.create(type, { cron: "0 * * * *" });
		refuses = true;
		await schedule.pass(HOUR);
		refuses = false;
		await schedule.pass(HOUR);
		const { runs } = await schedule.show();
		expect(runs).toMatchObject([
			{ outcome: "started" },
			{ outcome: "failed", reason: expect.stringMatching(/^VALIDATION_ERROR: .*not today/) },
		]);
	});
});

describe("overlap", () => {
	it("skip drops a run while the instance before has not ended", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "0 * * * *", overlap: "skip" });
		await schedule.pass(2 * HOUR);
		const { runs } = await schedule.show();
		expect(runs).toMatchObject([
			{
				outcome: "skipped",
				instanceId: null,
				reason: `The instance "${runs[1]?.instanceId}" has not ended.`,
			},
			{ outcome: "started" },
		]);
		await end(runs[1]?.instanceId ?? "");
		await schedule.pass(HOUR);
		expect(await schedule.outcomes()).toEqual(["started", "skipped", "started"]);
	});

	it("skip keeps its last twenty runs, too, while none ends", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "* * * * *", overlap: "skip" });
		await schedule.pass(30 * MINUTE);
		expect((await schedule.show()).runs.length).toBe(20);
		expect(await schedule.shard.sql("SELECT count(*) AS n FROM schedule_runs")).toEqual([
			{ n: 20 },
		]);
	});

	it("queue starts the next one as soon as the shard hears that the one before has ended", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "* * * * *", overlap: "queue" });
		await schedule.pass(3 * MINUTE);
		const { runs, queued } = await schedule.show();
		expect(runs.map(({ outcome }) => outcome)).toEqual(["queued", "queued", "started"]);
		expect(queued).toBe(2);
		await end(runs[2]?.instanceId ?? "");
		await expect.poll(() => schedule.shard.alarmAt()).toBe(clock.now());
		await schedule.wake();
		expect(await schedule.outcomes()).toEqual(["queued", "started", "started"]);
	});

	it("queue looks every five seconds, in case the shard does not hear", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "* * * * *", overlap: "queue" });
		await schedule.pass(2 * MINUTE);
		const { runs } = await schedule.show();
		const lookAt = await schedule.shard.alarmAt();
		expect((lookAt ?? 0) - clock.now()).toBeLessThanOrEqual(5_000);
		// As if the update had gone to another shard.
		await end(runs[1]?.instanceId ?? "");
		await new TestInstance(runs[1]?.instanceId ?? "").until("completed");
		await schedule.shard.sql(`UPDATE schedules SET active_id = '${runs[1]?.instanceId}'`);
		await schedule.fire();
		expect(clock.now()).toBeLessThanOrEqual(lookAt ?? 0);
		expect(await schedule.outcomes()).toEqual(["started", "started"]);
	});

	it("queue takes as many as its limit, and skips one past it", async () => {
		const schedule = await TestSchedule.create(waits(), {
			cron: "* * * * *",
			overlap: "queue",
			catchUp: LIMITS.scheduleCatchUp,
		});
		await schedule.pass(MINUTE);
		await schedule.away(LIMITS.scheduleWaiting * MINUTE);
		expect((await schedule.show()).queued).toBe(LIMITS.scheduleWaiting);
		await schedule.pass(MINUTE);
		const { queued, runs } = await schedule.show();
		expect(queued).toBe(LIMITS.scheduleWaiting);
		expect(runs[0]).toMatchObject({ outcome: "skipped", reason: "100 runs wait already." });
	});

	it("allow starts the next one all the same", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "0 * * * *", overlap: "allow" });
		await schedule.pass(3 * HOUR);
		const { runs } = await schedule.show();
		for (const { instanceId } of runs) {
			expect((await new TestInstance(instanceId ?? "").until("waiting")).status).toBe("waiting");
		}
		expect(runs.length).toBe(3);
	});

	it("allow starts what its type's guard then lets wait, and records why one is refused", async () => {
		const concurrency = concurrencyPolicy({ limit: 1, maxQueued: 1 });
		const type = define(async (step) => step.waitForEvent("end"), { concurrency });
		const schedule = await TestSchedule.create(type, { cron: "0 * * * *", overlap: "allow" });
		await schedule.pass(3 * HOUR);
		const { runs } = await schedule.show();
		expect(runs).toMatchObject([
			{ outcome: "failed", reason: expect.stringMatching(/^QUEUE_FULL: /) },
			{ outcome: "started" },
			{ outcome: "started" },
		]);
		await new TestInstance(runs[2]?.instanceId ?? "").until("waiting");
		expect((await new TestInstance(runs[1]?.instanceId ?? "").status()).status).toBe("created");
	});

	it("replace terminates the one before, and says so", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "0 * * * *", overlap: "replace" });
		await schedule.pass(2 * HOUR);
		const [second, first] = (await schedule.show()).runs;
		await new TestInstance(first?.instanceId ?? "").until("terminated");
		await new TestInstance(second?.instanceId ?? "").until("waiting");
		const audit = await new TestInstance(first?.instanceId ?? "").sql("SELECT * FROM audit");
		expect(audit).toMatchObject([
			{ action: "terminate", actor: `schedule:${schedule.id}`, reason: expect.any(String) },
		]);
	});

	it("replace starts the next one when the one before has ended or is gone", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 * * * *", overlap: "replace" });
		await schedule.pass(2 * HOUR);
		await schedule.shard.sql("UPDATE schedules SET active_id = 'never-was'");
		await schedule.pass(HOUR);
		expect(await schedule.outcomes()).toEqual(["started", "started", "started"]);
	});
});

describe("pause and resume", () => {
	it("a paused schedule has no times; those meanwhile are not made up for", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 * * * *", catchUp: 5 });
		expect(await pauseSchedule(runners, schedule.id)).toMatchObject({ paused: true, nextAt: null });
		await schedule.pass(5 * HOUR);
		expect(await schedule.show()).toMatchObject({ runs: [], nextRuns: [], missed: 0 });
		const resumed = await resumeSchedule(runners, schedule.id);
		expect(resumed).toMatchObject({ paused: false, nextAt: nextHour() });
		await schedule.pass(HOUR);
		expect(await schedule.outcomes()).toEqual(["started"]);
	});

	it("asked for twice changes nothing more", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 * * * *", paused: true });
		expect(await schedule.shard.alarmAt()).toBeNull();
		await pauseSchedule(runners, schedule.id);
		await resumeSchedule(runners, schedule.id);
		const { nextAt } = await schedule.show();
		clock.advance(HOUR);
		// It is due now: a second resume does not move on past it.
		expect((await resumeSchedule(runners, schedule.id)).nextAt).toBe(nextAt);
		await schedule.wake();
		expect(await schedule.outcomes()).toEqual(["started"]);
	});
});

describe("a trigger", () => {
	it("starts a run now, with the time of the request in its id, beside the times of the clock", async () => {
		const schedule = await TestSchedule.create(done(), {
			name: "t",
			cron: "0 0 * * *",
			paused: true,
		});
		const at = clock.now();
		const run = await schedule.trigger(undefined, "alice");
		const text = new Date(at).toISOString().replace(/[-:]/g, "");
		expect(run).toEqual({
			scheduledAt: at,
			instanceId: `${schedule.type}:t:${text}`,
			outcome: "started",
			reason: null,
			triggeredBy: "alice",
		});
		expect((await schedule.show()).runs).toEqual([run]);
		await new TestInstance(run.instanceId ?? "").until("completed");
	});

	it("twice at one moment starts two", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 0 1 1 *", overlap: "allow" });
		const [a, b] = await Promise.all([schedule.trigger(), schedule.trigger()]);
		expect((b?.scheduledAt ?? 0) - (a?.scheduledAt ?? 0)).toBe(1);
		expect((await schedule.show()).runs.length).toBe(2);
	});

	it("with a key that was used is the same run, also at the same time and after a crash", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 0 1 1 *", overlap: "allow" });
		const runs = await Promise.all([schedule.trigger("k"), schedule.trigger("k")]);
		clock.advance(HOUR);
		await schedule.shard.crash();
		runs.push(await schedule.trigger("k"));
		expect(new Set(runs.map(({ instanceId }) => instanceId)).size).toBe(1);
		expect((await schedule.show()).runs.length).toBe(1);
		expect((await schedule.trigger("another")).instanceId).not.toBe(runs[0]?.instanceId);
	});

	it("is remembered by its key for a day, however many runs follow", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "* * * * *", overlap: "allow" });
		const run = await schedule.trigger("k");
		await schedule.pass(30 * MINUTE);
		expect(await schedule.trigger("k")).toEqual(run);
		await pauseSchedule(runners, schedule.id);
		clock.advance(DAY);
		await resumeSchedule(runners, schedule.id);
		await schedule.pass(MINUTE);
		expect(await schedule.trigger("k")).not.toEqual(run);
	});

	it("keeps to the rule for overlaps", async () => {
		const skip = await TestSchedule.create(waits(), { cron: "0 0 1 1 *" });
		await skip.trigger();
		expect(await skip.trigger()).toMatchObject({ outcome: "skipped", instanceId: null });
		const queue = await TestSchedule.create(waits(), { cron: "0 0 1 1 *", overlap: "queue" });
		await queue.trigger();
		const queued = await queue.trigger();
		expect(queued).toMatchObject({ outcome: "queued", instanceId: expect.any(String) });
		expect((await queue.show()).runs[0]).toEqual(queued);
	});
});

describe("a schedule that is deleted", () => {
	it("is gone with its runs and its alarm; its instances stay", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "0 * * * *" });
		const { instanceId } = await schedule.trigger();
		await deleteSchedule(runners, schedule.id);
		const notFound = expect.objectContaining({ code: "SCHEDULE_NOT_FOUND" });
		await expect(schedule.show()).rejects.toEqual(notFound);
		await expect(schedule.trigger()).rejects.toEqual(notFound);
		await expect(deleteSchedule(runners, schedule.id)).rejects.toEqual(notFound);
		await schedule.pass(2 * HOUR);
		expect(await schedule.shard.sql("SELECT * FROM schedule_runs")).toEqual([]);
		await new TestInstance(instanceId ?? "").until("waiting");
	});

	it("and made anew does not start a time twice that was run before", async () => {
		const type = done();
		const input = { name: "again", cron: "0 * * * *", overlap: "allow" } as const;
		const before = await TestSchedule.create(type, input);
		await before.pass(HOUR);
		await deleteSchedule(runners, before.id);
		clock.advance(-2 * MINUTE - (clock.now() % HOUR));
		const after = await TestSchedule.create(type, input);
		await after.pass(5 * MINUTE);
		const [run] = (await after.show()).runs;
		const { createdAt } = await new TestInstance(run?.instanceId ?? "").status();
		expect(run).toMatchObject({ outcome: "started" });
		expect(createdAt).toBe(run?.scheduledAt);
	});
});

describe("the list", () => {
	it("has the schedules of the types, by type and name, without payloads", async () => {
		const [a, b] = [done(), done()];
		for (const name of ["z", "m"]) {
			await createSchedule(runners, a, { name, cron: "0 * * * *", payload: "long" });
		}
		await createSchedule(runners, b, { name: "q", cron: "0 * * * *" });
		const list = await listSchedules(runners, [a, b]);
		expect(list.map(({ id }) => id)).toEqual([`${a}:m`, `${a}:z`, `${b}:q`]);
		expect(list[0]).not.toHaveProperty("payload");
		expect(EPOCH).toBeLessThanOrEqual(list[0]?.createdAt ?? 0);
	});
});
