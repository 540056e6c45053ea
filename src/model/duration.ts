/**
 * Durations as people write them: `"500ms"`, `"30s"`, `"5m"`, `"24h"`, `"7d"`, `"2 hours"`, or a
 * number of milliseconds.
 */
import { ValidationError } from "./errors";
import { LIMITS } from "./limits";
import { printable } from "./printable";

type Unit =
	| "ms"
	| "s"
	| "m"
	| "h"
	| "d"
	| "w"
	| `millisecond${"" | "s"}`
	| `second${"" | "s"}`
	| `minute${"" | "s"}`
	| `hour${"" | "s"}`
	| `day${"" | "s"}`
	| `week${"" | "s"}`;

/** A length of time: a number of milliseconds, or a number with a unit. */
export type Duration = number | `${number}${"" | " "}${Unit}`;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNIT_MS: Record<string, number> = {
	ms: 1,
	millisecond: 1,
	s: SECOND,
	second: SECOND,
	m: MINUTE,
	minute: MINUTE,
	h: HOUR,
	hour: HOUR,
	d: DAY,
	day: DAY,
	w: 7 * DAY,
	week: 7 * DAY,
};

const FORM = /^(\d+(?:\.\d+)?) ?([a-z]+)$/;
const ACCEPTED =
	'"500ms", "30s", "5m", "24h", "7d", "2w", "2 hours" or a number of milliseconds (0 or more)';

/**
 * The milliseconds of a duration, rounded up to a whole number.
 *
 * @throws {ValidationError} for any other form, and past `LIMITS.durationMs`.
 * @example
 * durationMs("1.5s"); // 1500
 */
export function durationMs(duration: unknown, what = "duration"): number {
	const ms = typeof duration === "number" ? duration : parse(duration);
	if (ms === undefined || !(ms >= 0)) {
		throw new ValidationError(
			`The ${what} ${describe(duration)} is not a duration. Expected ${ACCEPTED}.`,
			{ path: what },
		);
	}
	if (ms > LIMITS.durationMs) {
		throw new ValidationError(
			`The ${what} ${describe(duration)} is longer than the limit of ${LIMITS.durationMs / DAY} days.`,
			{ path: what },
		);
	}
	return Math.ceil(ms) || 0; // No -0.
}

function parse(duration: unknown): number | undefined {
	if (typeof duration !== "string") return undefined;
	const [, amount, unit] = FORM.exec(duration.trim().toLowerCase()) ?? [];
	if (amount === undefined || unit === undefined) return undefined;
	const unitMs = UNIT_MS[unit] ?? UNIT_MS[/^([a-z]{3,})s$/.exec(unit)?.[1] ?? ""];
	if (unitMs === undefined) return undefined;
	// Less what floating point adds: 2.007 s are 2,007 ms, not 2,008. It keeps 15 digits at any size.
	return Number((Number(amount) * unitMs).toPrecision(15));
}

function describe(value: unknown): string {
	return typeof value === "string" ? JSON.stringify(value) : printable(value);
}
