/** Schedules when time does not run evenly: downtime, late alarms, clocks that are set. */
import { describe, expect, it } from "vitest";
import { pauseSchedule, resumeSchedule } from "../../src/client/schedules";
import { runners } from "../support/instance";
import { clock, define } from "../support/lab";
import { DAY, HOUR, MINUTE, nextHour, stamp, TestSchedule } from "./support-schedule";

const done = () => define(async (_, payload) => payload);
const waits = () => define(async (step) => step.waitForEvent("end"));

describe("after downtime", () => {
	const daily = (catchUp?: number) =>
		TestSchedule.create(done(), { cron: "0 12 * * *", overlap: "allow", catchUp });

	it("the latest missed run is made up for, and the others are counted", async () => {
		const schedule = await daily();
		const { nextAt } = await schedule.show();
		const first = nextAt ?? 0;
		await schedule.away(first - clock.now() + 4 * DAY + HOUR);
		const { runs, missed, nextAt: then } = await schedule.show();
		expect(runs).toMatchObject([
			{ scheduledAt: first + 4 * DAY, outcome: "started" },
			{
				scheduledAt: first + 3 * DAY,
				instanceId: null,
				outcome: "missed",
				reason: expect.stringContaining(
					`4 runs from ${new Date(first).toISOString()} to ${new Date(first + 3 * DAY).toISOString()}`,
				),
			},
		]);
		expect(missed).toBe(4);
		expect(then).toBe(first + 5 * DAY);
	});

	it("as many are made up for as catchUp says, the latest ones, in order", async () => {
		const schedule = await daily(3);
		const first = (await schedule.show()).nextAt ?? 0;
		await schedule.away(first - clock.now() + 4 * DAY + HOUR);
		const { runs } = await schedule.show();
		expect(runs.map(({ outcome, scheduledAt }) => [outcome, (scheduledAt - first) / DAY])).toEqual([
			["started", 4],
			["started", 3],
			["started", 2],
			["missed", 1],
		]);
		// Their ids are of their own times, not of the time when they were made up for.
		expect(runs[1]?.instanceId).toBe(`${schedule.id}:${stamp(first + 3 * DAY)}`);
	});

	it("none is made up for with catchUp 0, but one that is not a minute late is in time", async () => {
		const schedule = await daily(0);
		const first = (await schedule.show()).nextAt ?? 0;
		await schedule.away(first - clock.now() + MINUTE);
		await schedule.away(DAY + 1);
		expect(await schedule.outcomes()).toEqual(["missed", "started"]);
	});

	it("a run that is in time is made besides those that are made up for", async () => {
		const schedule = await daily(1);
		const first = (await schedule.show()).nextAt ?? 0;
		await schedule.away(first - clock.now() + 3 * DAY);
		expect(await schedule.outcomes()).toEqual(["started", "started", "missed"]);
	});

	it("by skip, those made up for overlap like others", async () => {
		const schedule = await TestSchedule.create(waits(), { cron: "0 12 * * *", catchUp: 3 });
		const first = (await schedule.show()).nextAt ?? 0;
		await schedule.away(first - clock.now() + 4 * DAY + HOUR);
		expect(await schedule.outcomes()).toEqual(["skipped", "skipped", "started", "missed"]);
	});

	it("of a month, a schedule of every second says that it missed at least so many, and starts one", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "* * * * * *", catchUp: 0 });
		await schedule.away(30 * DAY);
		const { runs, missed } = await schedule.show();
		expect(missed).toBe(999);
		expect(runs).toMatchObject([
			{ outcome: "started" },
			{ outcome: "missed", reason: expect.stringContaining("at least 999 runs") },
		]);
	});
});

describe("the clock", () => {
	it("set back starts nothing twice, and the schedule goes on where it was", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 * * * *", overlap: "allow" });
		await schedule.pass(2 * HOUR);
		const { runs, nextAt } = await schedule.show();
		clock.advance(-3 * HOUR);
		await schedule.wake();
		await schedule.pass(3 * HOUR - 1);
		expect((await schedule.show()).runs).toEqual(runs);
		await schedule.pass(HOUR + 1);
		expect((await schedule.show()).runs[0]).toMatchObject({ scheduledAt: nextAt });
	});

	it("set back for good is taken as it is once the schedule is paused and resumed", async () => {
		const schedule = await TestSchedule.create(done(), { cron: "0 * * * *", overlap: "allow" });
		clock.advance(DAY);
		await schedule.wake();
		clock.advance(-DAY);
		await pauseSchedule(runners, schedule.id);
		expect((await resumeSchedule(runners, schedule.id)).nextAt).toBe(nextHour());
	});

	it("changing for winter has two runs in the two hours of one name, each its own instance", async () => {
		clock.advance(Date.UTC(2101, 9, 29, 12) - clock.now());
		const schedule = await TestSchedule.create(done(), {
			name: "night",
			cron: "*/60 2 * * *".replace("*/60", "0-59/30"),
			timezone: "Europe/Berlin",
			overlap: "allow",
		});
		// In Berlin the clocks go back on Sunday, 30 October 2101, at 01:00 UTC.
		await schedule.pass(DAY);
		const { runs } = await schedule.show();
		expect(runs.map(({ instanceId }) => instanceId?.split(":")[2])).toEqual([
			"21011030T013000Z",
			"21011030T010000Z",
			"21011030T003000Z",
			"21011030T000000Z",
		]);
	});
});
