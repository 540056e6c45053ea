/**
 * Which times of a schedule have come due, and which of them are run. Pure.
 *
 * A time is missed when its wake-up was late by more than a minute, or when a later one was due by
 * then, too: the service was away. Of those the latest are made up for, up to `catchUp`.
 */
import { LIMITS } from "../model/limits";
import type { CronTimes } from "./cron";

/** A wake-up that is not later is in time: the platform's alarms may be some seconds late. */
const PUNCTUAL_MS = 60_000;
/** Each costs some 80 µs to count. */
const COUNT_MAX = 1_000;

export interface Due {
	/** The times to run, the earliest first. */
	runs: number[];
	/** The others. */
	missed: Missed | null;
}

export interface Missed {
	count: number;
	/** False: there are more. */
	isExact: boolean;
	first: number;
	last: number;
}

/** Of the times from `since` (included) to `now` (included). */
export function dueRuns(
	times: CronTimes,
	{ since, now, catchUp }: { since: number; now: number; catchUp: number },
): Due {
	const latest = times.latest(now, LIMITS.scheduleCatchUp + 2).filter((at) => at >= since);
	const newest = latest.at(-1);
	if (newest === undefined) return { runs: [], missed: null };
	const wanted = catchUp + (now - newest <= PUNCTUAL_MS ? 1 : 0);
	const cut = Math.max(0, latest.length - wanted);
	const runs = latest.slice(cut);
	const last = latest[cut - 1];
	return { runs, missed: last === undefined ? null : count(times, since, last) };
}

function count(times: CronTimes, since: number, last: number): Missed | null {
	const first = times.next(since - 1);
	if (first === null) return null;
	let counted = 0;
	let at: number | null = first;
	for (; at !== null && at <= last && counted < COUNT_MAX; at = times.next(at)) counted++;
	return { count: counted, isExact: at === null || at > last, first, last };
}
