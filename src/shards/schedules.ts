/**
 * The schedules of a type: a part of its first shard. When a time comes due it is first decided and
 * written what becomes of it, then it is done.
 *
 * Why a death at any line neither loses a run nor starts it twice:
 * - S1 One transaction moves `nextAt` on and writes a row for each time that it passes. Before it,
 *   nothing has happened and the time is still due; after it, the row is there.
 * - S2 A row stays `queued` until its start has been answered. Until then it is tried again, by the
 *   alarm that was set in the same write; and as the instance's id is a function of the time, a start
 *   that was carried out before the death is found to be so, and not made twice.
 * - S3 What is to be done for one schedule is done one thing after the other, and after each await
 *   its rows are read again.
 */
import type { ScheduleRow } from "../db/schedule-store";
import { parseBy } from "../model/by";
import { inPool } from "../model/pool";
import type { ChangeRequest, Handlers } from "../model/rpc";
import {
	type NamedSchedule,
	parseSchedule,
	type ScheduleInfo,
	type ScheduleRequest,
	type ScheduleRpc,
	type ScheduleRun,
	type ScheduleView,
} from "../model/schedule";
import { CronTimes, firstTime } from "./cron";
import { type BookSettings, ScheduleBook } from "./schedule-book";
import { ScheduleStarts, type StartSettings } from "./schedule-starts";
import type { ShardPart } from "./shard-part";

export type ScheduleSettings = BookSettings & StartSettings;

/** Schedules that one alarm sees to, and how many at a time. */
const WAKE_MAX = 100;
const AT_A_TIME = 10;
const NEXT_SHOWN = 10;

export class Schedules implements ShardPart {
	readonly rpc: Handlers<ScheduleRpc> = {
		scheduleCreate: (request) => this.#create(request),
		scheduleList: () => this.#book.all(),
		scheduleDescribe: ({ name }) => this.#describe(name),
		schedulePause: ({ name }) => this.#change(name, () => ({ paused: 1, nextAt: null })),
		scheduleResume: ({ name }) => this.#resume(name),
		scheduleTrigger: (request) => this.#trigger(request),
		scheduleDelete: ({ name }) => this.#delete(name),
	};
	readonly #settings: ScheduleSettings;
	readonly #book: ScheduleBook;
	readonly #starts: ScheduleStarts;
	/** Resolves when the last thing that is to be done for a schedule is done; by its name. */
	readonly #turns = new Map<string, Promise<void>>();

	constructor(settings: ScheduleSettings) {
		this.#settings = settings;
		this.#book = new ScheduleBook(settings);
		this.#starts = new ScheduleStarts(this.#book, settings);
	}

	dueAt(): number | null {
		return this.#book.dueAt();
	}

	async wake(now: number): Promise<void> {
		const names = this.#book.due(now, WAKE_MAX);
		await inPool(names, AT_A_TIME, (name) => this.#inTurn(name, () => this.#starts.proceed(name)));
	}

	/** An instance of the type has ended: a run may have waited for that. */
	ended(id: string): void {
		const [type, name = ""] = id.split(":");
		if (type === this.#book.type) this.#book.ended(name, id);
	}

	async #create(request: ScheduleRequest): Promise<ScheduleView> {
		const { attributes, paused, ...given } = parseSchedule(this.#book.type, request);
		const times = CronTimes.parse(given.cron, given.timezone);
		firstTime(times, this.#book.now);
		await this.#settings.scheduled.check(given.payload);
		const { now } = this.#book;
		const nextAt = paused ? null : times.next(now);
		this.#book.add({
			...given,
			attributes: JSON.stringify(attributes),
			paused: paused ? 1 : 0,
			nextAt,
			activeId: null,
			failures: 0,
			wakeAt: nextAt,
			triggeredAt: 0,
			missed: 0,
			createdAt: now,
			updatedAt: now,
		});
		return this.#describe(given.name);
	}

	#describe(name: string): ScheduleView {
		const schedule = this.#book.get(name);
		const { nextAt, cron, timezone } = schedule;
		const later = (atMs: number) => CronTimes.parse(cron, timezone).upcoming(atMs, NEXT_SHOWN - 1);
		return {
			...this.#book.info(schedule),
			payload: this.#book.payload(name),
			nextRuns: nextAt === null ? [] : [nextAt, ...later(nextAt)],
			runs: this.#book.runs(name).map(runView),
		};
	}

	/** What would have come due meanwhile does not. */
	#resume(name: string): ScheduleInfo {
		return this.#change(name, ({ cron, timezone, paused, nextAt }, now) => ({
			paused: 0,
			nextAt: paused === 0 ? nextAt : CronTimes.parse(cron, timezone).next(now),
		}));
	}

	#change(
		name: string,
		changes: (schedule: ScheduleRow, now: number) => Partial<ScheduleRow>,
	): ScheduleInfo {
		const book = this.#book;
		const { now } = book;
		const before = book.get(name);
		book.commit(() => book.save({ ...before, ...changes(before, now), updatedAt: now }));
		return book.info(book.get(name));
	}

	#delete(name: string): null {
		this.#book.get(name);
		this.#book.delete(name);
		return null;
	}

	/** By the rule for overlaps, as at a time of its own. */
	#trigger({ name, by: given }: NamedSchedule & ChangeRequest): Promise<ScheduleRun> {
		const { actor, key = null } = parseBy(given) ?? { actor: "api" };
		const book = this.#book;
		book.get(name);
		return this.#inTurn(name, async () => {
			const known = key === null ? undefined : book.runOfKey(name, key);
			if (known !== undefined) return runView(known);
			if (book.get(name).overlap === "skip") await this.#starts.isActive(name);
			const run = book.commit(() => {
				const schedule = book.get(name);
				// No two at the same time: their instances would be the same.
				const at = Math.max(book.now, schedule.triggeredAt + 1);
				const decided = book.decide(schedule, { how: "triggered", at, by: { actor, key } });
				book.save({ ...schedule, triggeredAt: at });
				return decided;
			});
			await this.#starts.proceed(name);
			const { instanceId } = run;
			return runView((instanceId && book.runOfInstance(name, instanceId)) || run);
		});
	}

	/** Runs `work` when what was to be done for the schedule before is done (S3). */
	async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
		const before = this.#turns.get(name);
		const { promise: turn, resolve: end } = Promise.withResolvers<void>();
		this.#turns.set(name, turn);
		await before;
		try {
			return await work();
		} finally {
			end();
			if (this.#turns.get(name) === turn) this.#turns.delete(name);
		}
	}
}

function runView(run: ScheduleRun): ScheduleRun {
	const { scheduledAt, instanceId, outcome, reason, triggeredBy } = run;
	return { scheduledAt, instanceId, outcome, reason, triggeredBy };
}
