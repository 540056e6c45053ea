/**
 * Which times of a schedule have come due, and which of them are run. Pure.
 *
 * A time is missed when its wake-up was late by more than a minute, or when a later one was due by
 * then, too: the service was away. Of those the latest are made up for, up to `catchUp`.
 */
import type { CronTimes } from "./cron";

/** A wake-up that is not later is in time: the platform's alarms may be some seconds late. */
const PUNCTUAL_MS = 60_000;
/** As many are looked through one by one; each takes some 80 µs. */
const LOOK_MAX = 1_000;

export interface Due {
	/** The times to run, the earliest first. */
	runs: number[];
	/** The others. */
	missed: Missed | null;
	/** The first time that is not due; null: there is none. */
	next: number | null;
}

export interface Missed {
	/** At least. */
	count: number;
	isExact: boolean;
	first: number;
	last: number;
}

/** Of the times from `since` (included) to `now` (included). */
export function dueRuns(
	times: CronTimes,
	{ since, now, catchUp }: { since: number; now: number; catchUp: number },
): Due {
	const looked: number[] = [];
	let next = times.next(since - 1);
	for (; next !== null && next <= now && looked.length < LOOK_MAX; next = times.next(next)) {
		looked.push(next);
	}
	const isExact = next === null || next > now;
	const due = isExact ? looked : times.latest(now, catchUp + 2);
	const isPunctual = now - (due.at(-1) ?? now) <= PUNCTUAL_MS;
	const cut = Math.max(0, due.length - catchUp - (isPunctual ? 1 : 0));
	const runs = due.slice(cut);
	const [first, last] = [looked[0], due[cut - 1]];
	const isMissed = first !== undefined && last !== undefined;
	return {
		runs,
		missed: isMissed ? { count: looked.length - runs.length, isExact, first, last } : null,
		next: isExact ? next : times.next(now),
	};
}
