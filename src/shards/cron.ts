/**
 * What a cron expression means: when it comes due next, and when it last did. The only file that
 * names croner.
 *
 * Where the clocks of the time zone change: an expression that names its seconds, minutes and hours
 * (`30 2 * * *`) comes due once on each of its days, at the end of the hour that is skipped, and in
 * the first of two hours of the same name. One with a `*` or a step in them comes due as often as
 * it matches: never in the hour that is skipped, twice in the one that comes twice.
 */
import { Cron } from "croner";
import { ValidationError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { printable, shortened } from "../model/printable";

export class CronTimes {
	readonly #cron: Cron;

	private constructor(cron: Cron) {
		this.#cron = cron;
	}

	/** @throws {ValidationError} for what is no cron of five or six fields, or no time zone. */
	static parse(cron: string, timezone: string): CronTimes {
		parseTimezone(timezone);
		const shown = JSON.stringify(shortened(printable(cron)));
		if (typeof cron !== "string" || cron.length > LIMITS.cronLength) {
			const received = typeof cron === "string" ? `${cron.length}` : typeof cron;
			throw invalid(`is a text of at most ${LIMITS.cronLength} characters; received ${received}`);
		}
		const fields = cron.trim().split(/\s+/);
		// croner would take a date, a nickname, or a year as well.
		if (fields.length !== 5 && fields.length !== 6) {
			throw invalid(
				`has 5 fields (minute, hour, day, month, weekday), or 6 with the second in front; received ${shown}`,
			);
		}
		try {
			return new CronTimes(
				new Cron(fields.join(" "), { timezone, paused: true, fixedTimeRule: "no-wildcard" }),
			);
		} catch (error) {
			const why = (error as Error).message.replace(/^CronPattern: /, "").replace(/\.$/, "");
			throw invalid(`cannot be read: ${shortened(why)}; received ${shown}`);
		}
	}

	/** The first time after `atMs`; null: it never comes due again. */
	next(atMs: number): number | null {
		return this.#cron.nextRun(new Date(atMs))?.getTime() ?? null;
	}

	/** The first `count` times after `atMs`. */
	upcoming(atMs: number, count: number): number[] {
		return this.#cron.nextRuns(count, new Date(atMs)).map(Number);
	}

	/** The latest `count` times up to and including `untilMs`, the earliest first. */
	latest(untilMs: number, count: number): number[] {
		return this.#cron
			.previousRuns(count, new Date(untilMs + 1))
			.map(Number)
			.reverse();
	}
}

/** The first time after `atMs`; @throws {ValidationError} when there is none. */
export function firstTime(times: CronTimes, atMs: number): number {
	const first = times.next(atMs);
	if (first !== null) return first;
	throw invalid("never comes due. Choose days that its months have");
}

function parseTimezone(timezone: string): void {
	try {
		// An offset ("+02:00") is none of the names that know when clocks change.
		if (/^[A-Za-z]/.test(timezone))
			return void new Intl.DateTimeFormat("en", { timeZone: timezone });
	} catch {
		// Said below.
	}
	throw new ValidationError(
		`timezone is an IANA name such as "Europe/Berlin"; received ${JSON.stringify(shortened(printable(timezone)))}.`,
		{ path: "timezone" },
	);
}

function invalid(what: string): ValidationError {
	return new ValidationError(`cron ${what}.`, { path: "cron" });
}
