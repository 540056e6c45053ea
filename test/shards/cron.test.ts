/** What a cron expression means, in workerd as it will run: time zones, clock changes, refusals. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { CronTimes, firstTime } from "../../src/shards/cron";

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const upcoming = (cron: string, timezone: string, from: string, count: number) =>
	CronTimes.parse(cron, timezone).upcoming(Date.parse(from), count).map(iso);

describe("a cron expression", () => {
	it.each([
		["*/15 * * * *", "2026-11-20T10:07:00Z", "2026-11-20T10:15:00.000Z"],
		["*/20 * * * * *", "2026-11-20T10:07:00Z", "2026-11-20T10:07:20.000Z"],
		["0 9 * * MON-FRI", "2026-11-20T10:00:00Z", "2026-11-23T09:00:00.000Z"],
		["0 0 29 2 *", "2026-11-20T10:00:00Z", "2028-02-29T00:00:00.000Z"],
		["0 12 1 JAN,JUL *", "2026-11-20T10:00:00Z", "2027-01-01T12:00:00.000Z"],
		["  0   0 * *  SUN ", "2026-11-20T10:00:00Z", "2026-11-22T00:00:00.000Z"],
	])("%s after %s comes due at %s", (cron, from, wanted) => {
		expect(iso(CronTimes.parse(cron, "UTC").next(Date.parse(from)))).toBe(wanted);
	});

	it("comes due after a moment, not at it", () => {
		const noon = Date.parse("2026-11-20T12:00:00Z");
		const times = CronTimes.parse("0 * * * *", "UTC");
		expect(times.next(noon)).toBe(noon + 3_600_000);
		expect(times.next(noon - 1)).toBe(noon);
	});

	it("is of its time zone, in summer and in winter", () => {
		expect(upcoming("0 9 15 1,7 *", "Europe/Berlin", "2026-01-01T00:00:00Z", 2)).toEqual([
			"2026-01-15T08:00:00.000Z",
			"2026-07-15T07:00:00.000Z",
		]);
		expect(upcoming("0 9 15 1,7 *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", 1)).toEqual([
			"2026-01-15T03:15:00.000Z",
		]);
	});

	// In Berlin, 02:00 becomes 03:00 on 29 March 2026, and 03:00 becomes 02:00 on 25 October.
	it("that names a time in the hour that is skipped comes due at the end of that hour", () => {
		expect(upcoming("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3)).toEqual([
			"2026-03-28T01:30:00.000Z",
			"2026-03-29T01:00:00.000Z",
			"2026-03-30T00:30:00.000Z",
		]);
		expect(upcoming("30 2,14 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2)).toEqual([
			"2026-03-29T01:00:00.000Z",
			"2026-03-29T12:30:00.000Z",
		]);
	});

	it("that names a time in the hour that comes twice comes due in the first of them", () => {
		expect(upcoming("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
			"2026-10-25T00:30:00.000Z",
			"2026-10-26T01:30:00.000Z",
		]);
	});

	it("with a step comes due in both of two hours of one name, and not in the skipped one", () => {
		expect(upcoming("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 4)).toEqual([
			"2026-10-25T00:00:00.000Z",
			"2026-10-25T00:30:00.000Z",
			"2026-10-25T01:00:00.000Z",
			"2026-10-25T01:30:00.000Z",
		]);
		expect(upcoming("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1)).toEqual([
			"2026-03-30T00:00:00.000Z",
		]);
	});

	it.each([
		"UTC",
		"Europe/Berlin",
		"America/New_York",
		"Australia/Lord_Howe",
		"America/Havana",
		"Africa/Casablanca",
	])("has the same times backward as forward, in %s", (timezone) => {
		for (const cron of ["30 2 * * *", "*/20 0-3 * * *", "45 1,2,3 * * 0", "0 0 L * *"]) {
			const times = CronTimes.parse(cron, timezone);
			for (const month of ["03-01", "03-28", "04-03", "10-03", "10-24", "10-31"]) {
				const since = Date.parse(`2026-${month}T00:00:00Z`);
				const forward = times.upcoming(since, 60);
				const last = forward.at(-1) ?? 0;
				expect(times.latest(last, 60)).toEqual(forward);
				expect(times.latest(last - 1, 59)).toEqual(forward.slice(0, -1));
			}
		}
	});

	it.each([
		["0 0 30 2 *", "never comes due"],
		["0 0 31 4,6 *", "never comes due"],
	])("%s is refused: it %s", (cron, why) => {
		expect(() => firstTime(CronTimes.parse(cron, "UTC"), 0)).toThrow(why);
	});

	it.each([
		["* * * *", "5 fields"],
		["0 0 0 1 1 * 2020", "5 fields"],
		["2020-01-01T00:00:00Z", "5 fields"],
		["@daily", "5 fields"],
		["", "5 fields"],
		["61 * * * *", "minute: 61"],
		["* * * * 8", "dayOfWeek: 8"],
		["*/0 * * * *", "stepping: 0"],
		["often * * * *", "often"],
		["5-1 * * * *", "larger"],
	])("%j is refused: %s", (cron, why) => {
		expect(() => CronTimes.parse(cron, "UTC")).toThrow(
			expect.objectContaining({
				code: "VALIDATION_ERROR",
				message: expect.stringContaining(why),
				details: { path: "cron" },
			}),
		);
	});

	it("may have as many characters as its limit, and not one more", () => {
		const minutes = Array.from({ length: 60 }, (_, minute) => minute).join();
		const padded = (length: number) => `${minutes} * * * *`.padEnd(length);
		expect(CronTimes.parse(padded(LIMITS.cronLength), "UTC").next(0)).toBe(60_000);
		expect(() => CronTimes.parse(padded(LIMITS.cronLength + 1), "UTC")).toThrow("201");
	});

	it.each(["Nowhere/Land", "", "+02:00", "Europe", "Europe/Berlin; DROP", 7, null])(
		"in the time zone %j is refused",
		(timezone) => {
			expect(() => CronTimes.parse("* * * * *", timezone as string)).toThrow(
				expect.objectContaining({ code: "VALIDATION_ERROR", details: { path: "timezone" } }),
			);
		},
	);
});
