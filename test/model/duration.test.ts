// Owns the forms in which people write a length of time: what is taken, what it comes to, and
// what is refused. Who waits how long is tested with the engine.
import { describe, expect, it } from "vitest";
import { durationMs } from "../../src/model/duration";
import { ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";

const DAY = 86_400_000;
const ACCEPTED = '"500ms", "30s", "5m", "24h", "7d", "2w", "2 hours" or a number of milliseconds';

describe("a duration that is taken", () => {
	it.each([
		["500ms", 500],
		["30s", 30_000],
		["5m", 300_000],
		["24h", DAY],
		["7d", 7 * DAY],
		["2w", 14 * DAY],
		["0s", 0],
		["007s", 7_000],
		["1 millisecond", 1],
		["2 milliseconds", 2],
		["1 second", 1_000],
		["2 seconds", 2_000],
		["1 minute", 60_000],
		["2minutes", 120_000],
		["1 hour", 3_600_000],
		["2 hours", 7_200_000],
		["1 day", DAY],
		["2 days", 2 * DAY],
		["1 week", 7 * DAY],
		["2 weeks", 14 * DAY],
		["1.5 s", 1_500],
		["0.5h", 1_800_000],
		["  5m\n", 300_000],
		["5 Hours", 18_000_000],
		[0, 0],
		[1, 1],
		[86_400_000, DAY],
	])("%j is %d ms", (given, expected) => {
		expect(durationMs(given)).toBe(expected);
	});

	it.each([
		[0.2, 1],
		[1.000001, 2],
		["0.1ms", 1],
		["1.0001s", 1_001],
		["1.9ms", 2],
	])("%j is rounded up to %d ms", (given, expected) => {
		expect(durationMs(given)).toBe(expected);
	});
});

describe("a duration that is refused", () => {
	it.each([
		["a negative number", -1],
		["a negative amount", "-5s"],
		["an amount with a plus", "+5s"],
		["NaN", Number.NaN],
		["minus infinity", Number.NEGATIVE_INFINITY],
		["the empty string", ""],
		["a blank", " "],
		["digits without a unit", "5"],
		["a unit without digits", "ms"],
		["an unknown unit", "5 parsecs"],
		["a unit that is a name of Object.prototype", "5 constructor"],
		["a plural of a one-letter unit", "5ds"],
		["months, which have no fixed length", "1 month"],
		["two units", "1h30m"],
		["two units with a blank", "1h 30m"],
		["two blanks", "5  m"],
		["no digit before the point", ".5s"],
		["no digit after the point", "5.s"],
		["a decimal comma", "1,5s"],
		["an exponent", "1e3s"],
		["a hexadecimal number", "0x10s"],
		["digits of another script", "٥s"],
		["a second line", "5s\n5s"],
		["null", null],
		["undefined", undefined],
		["a boolean", true],
		["a BigInt", 5n],
		["a symbol", Symbol("5s")],
		["an object", { seconds: 5 }],
		["a Date", new Date(0)],
		["an array that prints as a duration", ["5s"]],
		["a boxed number", Object(5)],
		["a function", () => "5s"],
	])("%s is refused with the accepted forms", (_, given) => {
		expect(() => durationMs(given, "timeout")).toThrow(
			expect.objectContaining({
				code: "VALIDATION_ERROR",
				message: expect.stringContaining(ACCEPTED),
				details: { path: "timeout" },
			}),
		);
	});

	it("the message shows what came and what it was for", () => {
		expect(() => durationMs("5 parsecs", "retries.delay")).toThrow(
			'The retries.delay "5 parsecs" is not a duration.',
		);
		expect(() => durationMs("5 parsecs")).toThrow('The duration "5 parsecs" is not a duration.');
	});
});

describe("the longest duration", () => {
	it.each([LIMITS.durationMs, "3650d", `${3_650 * 24} hours`])("%j is taken", (given) => {
		expect(durationMs(given)).toBe(LIMITS.durationMs);
	});

	it.each([LIMITS.durationMs + 1, `${LIMITS.durationMs + 1}ms`, "3650.1d", "522w"])(
		"%j is refused with the limit in days",
		(given) => {
			expect(() => durationMs(given)).toThrow(ValidationError);
			expect(() => durationMs(given)).toThrow("longer than the limit of 3650 days");
		},
	);

	it.each<[string, unknown]>([
		["infinity", Number.POSITIVE_INFINITY],
		["the largest number", Number.MAX_VALUE],
		["400 digits", `${"9".repeat(400)}s`],
	])("%s is refused", (_, given) => {
		expect(() => durationMs(given)).toThrow("longer than the limit of 3650 days");
	});
});
