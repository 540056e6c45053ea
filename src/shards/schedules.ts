/**
 * The schedules of a type: a part of its first shard. When a time comes due it is first decided, and
 * written with the time that is next, what becomes of it; then it is done.
 *
 * Why a kill at any line neither loses a run nor starts it twice:
 * - S1 One transaction moves `nextAt` on and writes a row for each time that it passes. Before it,
 *   nothing has happened and the time is still due; after it, the row is there.
 * - S2 A row stays `queued` until the start has been answered. Until then it is tried again, by the
 *   alarm that was set in the same write; and as the instance's id is a function of the time, a start
 *   that was carried out before the kill is found to be so, and not made twice.
 * - S3 What is done for one schedule is done one thing after the other (`#inTurn`), and after each
 *   await its rows are read again: an RPC may have paused or deleted it.
 */
import type { NewRun, RunRow, ScheduleRow, ScheduleStore } from "../db/schedule-store";
import type { Attributes } from "../model/attributes";
import { parseBy } from "../model/by";
import type { Encoded } from "../model/codec";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { inPool } from "../model/pool";
import type { Clock } from "../model/ports";
import { reason } from "../model/reason";
import type { By, ChangeRequest, CreateRequest, Handlers } from "../model/rpc";
import {
	instanceIdAt,
	type NamedSchedule,
	parseSchedule,
	type RunOutcome,
	type ScheduleInfo,
	type ScheduleRequest,
	type ScheduleRpc,
	type ScheduleRun,
	type ScheduleView,
	scheduleId,
	scheduleNotFound,
} from "../model/schedule";
import { isTerminal, type WorkflowStatus } from "../model/status";
import { CronTimes, firstTime } from "./cron";
import { dueRuns, type Missed } from "./due-runs";
import { inTime } from "./in-time";
import type { ShardPart } from "./shard-part";

/** What the schedules of a type need of the type and of its instances. */
export interface ScheduledType {
	readonly type: string;
	/** @throws {WorkflowError} for a payload that the type does not take. */
	check(payload: Encoded): Promise<unknown>;
	create(request: CreateRequest): Promise<unknown>;
	/** Null: there is no instance of this id. */
	status(id: string): Promise<WorkflowStatus | null>;
	terminate(id: string, by: By): Promise<unknown>;
}

export interface ScheduleSettings {
	store: ScheduleStore;
	type: ScheduledType;
	clock: Clock;
	/** Says that `dueAt` may be another. */
	rearm(): void;
	report(message: string, error: unknown): void;
}

/** How often a run that waits for the one before looks whether that has ended. */
const LOOK_MS = 5_000;
/** A call that failed is made again, later each time, so often. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const TRIES = 10;
/** Schedules that one alarm sees to, and how many at a time. */
const WAKE_MAX = 100;
const AT_A_TIME = 10;
/** What is kept of the runs: the latest, and those of an idempotency key. */
const KEPT = { kept: 20, keys: 1_000 };
const KEYS_KEPT_MS = 86_400_000;
const NEXT_SHOWN = 10;

export class Schedules implements ShardPart {
	readonly rpc: Handlers<ScheduleRpc> = {
		scheduleCreate: (request) => this.#create(request),
		scheduleList: () => this.#store.all().map((schedule) => this.#info(schedule)),
		scheduleDescribe: ({ name }) => this.#describe(name),
		schedulePause: ({ name }) => this.#change(name, () => ({ paused: 1, nextAt: null })),
		scheduleResume: ({ name }) => this.#resume(name),
		scheduleTrigger: (request) => this.#trigger(request),
		scheduleDelete: ({ name }) => this.#delete(name),
	};
	readonly #settings: ScheduleSettings;
	/** Resolves when the last thing that is to be done for a schedule is done; by its name. */
	readonly #turns = new Map<string, Promise<void>>();
	/** Undefined: not read yet. */
	#wakeAt: number | null | undefined;

	constructor(settings: ScheduleSettings) {
		this.#settings = settings;
	}

	dueAt(): number | null {
		if (this.#wakeAt === undefined) this.#wakeAt = this.#store.firstWake();
		return this.#wakeAt;
	}

	async wake(now: number): Promise<void> {
		const names = this.#store.due(now, WAKE_MAX);
		await inPool(names, AT_A_TIME, (name) => this.#inTurn(name, () => this.#proceed(name)));
	}

	/** An instance of the type has ended: a run may have waited for that. */
	ended(id: string): void {
		const [type, name = ""] = id.split(":");
		if (type !== this.#type.type) return;
		const schedule = this.#store.find(name);
		if (schedule?.activeId !== id) return;
		this.#commit(() => {
			const isAwaited = this.#store.waiting(name) > 0;
			const wakeAt = isAwaited ? this.#now() : schedule.wakeAt;
			this.#store.update({ ...schedule, activeId: null, wakeAt });
		});
	}

	// ── What callers ask for ──────────────────────────────────────────────────

	async #create(request: ScheduleRequest): Promise<ScheduleView> {
		const { attributes, paused, ...given } = parseSchedule(this.#type.type, request);
		const times = CronTimes.parse(given.cron, given.timezone);
		firstTime(times, this.#now());
		await this.#type.check(given.payload);
		if (this.#store.find(given.name) !== undefined)
			throw scheduleExists(this.#type.type, given.name);
		if (this.#store.count() >= LIMITS.schedules) throw tooManySchedules(this.#type.type);
		const now = this.#now();
		const nextAt = paused ? null : times.next(now);
		const row = {
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
		};
		this.#commit(() => this.#store.insert(row));
		return this.#describe(given.name);
	}

	#describe(name: string): ScheduleView {
		const schedule = this.#find(name);
		const { nextAt, cron, timezone } = schedule;
		const nextRuns =
			nextAt === null
				? []
				: [nextAt, ...CronTimes.parse(cron, timezone).upcoming(nextAt, NEXT_SHOWN - 1)];
		return {
			...this.#info(schedule),
			payload: this.#payload(name),
			nextRuns,
			runs: this.#store.latestRuns(name, KEPT.kept).map(runView),
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
		const now = this.#now();
		const before = this.#find(name);
		this.#commit(() => this.#save({ ...before, ...changes(before, now), updatedAt: now }));
		return this.#info(this.#find(name));
	}

	#delete(name: string): null {
		this.#find(name);
		this.#commit(() => this.#store.delete(name));
		return null;
	}

	/** By the rule for overlaps, as at a time of its own. */
	#trigger({ name, by: given }: NamedSchedule & ChangeRequest): Promise<ScheduleRun> {
		const by = parseBy(given);
		this.#find(name);
		return this.#inTurn(name, async () => {
			const key = by?.key ?? null;
			const known = key === null ? undefined : this.#store.runOfKey(name, key);
			if (known !== undefined) return runView(known);
			if (this.#find(name).overlap === "skip") await this.#isActive(name);
			const run = this.#commit(() => {
				const schedule = this.#find(name);
				// No two at the same time: their instances would be the same.
				const triggeredAt = Math.max(this.#now(), schedule.triggeredAt + 1);
				const request = { key, triggeredBy: by?.actor ?? "api" };
				const decided = this.#decide(schedule, triggeredAt, "triggered", request);
				this.#save({ ...schedule, triggeredAt });
				return decided;
			});
			await this.#proceed(name);
			const { instanceId } = run;
			return runView((instanceId && this.#store.runOfInstance(name, instanceId)) || run);
		});
	}

	// ── What the clock asks for ───────────────────────────────────────────────

	/** Takes in what is due and starts what may start; what fails is tried again. */
	async #proceed(name: string): Promise<void> {
		try {
			await this.#takeDue(name);
			while (await this.#startFirst(name));
			this.#rest(name);
		} catch (error) {
			this.#postpone(name, error);
		}
	}

	async #takeDue(name: string): Promise<void> {
		if (!this.#isDue(this.#store.find(name))) return;
		if (this.#store.find(name)?.overlap === "skip") await this.#isActive(name);
		this.#commit(() => {
			const schedule = this.#store.find(name);
			if (!this.#isDue(schedule)) return;
			const { cron, timezone, nextAt, catchUp } = schedule;
			const due = { since: nextAt, now: this.#now(), catchUp };
			const { runs, missed, next } = dueRuns(CronTimes.parse(cron, timezone), due);
			if (missed !== null) this.#store.insertRun(missedRun(name, missed));
			for (const at of runs) this.#decide(schedule, at, "scheduled");
			const missedInAll = schedule.missed + (missed?.count ?? 0);
			this.#save({ ...schedule, nextAt: next, missed: missedInAll });
		});
	}

	#isDue(schedule: ScheduleRow | undefined): schedule is ScheduleRow & { nextAt: number } {
		const nextAt = schedule?.nextAt ?? null;
		return nextAt !== null && nextAt <= this.#now();
	}

	/** Writes what becomes of a time of the schedule (S1). */
	#decide(
		{ name, overlap, activeId }: ScheduleRow,
		scheduledAt: number,
		how: "scheduled" | "triggered",
		request: Pick<NewRun, "key" | "triggeredBy"> = { key: null, triggeredBy: null },
	): NewRun {
		const waiting = this.#store.waiting(name);
		const isFull = waiting >= LIMITS.scheduleWaiting;
		const skips = isFull || (overlap === "skip" && (activeId !== null || waiting > 0));
		const before = activeId === null ? "The run before" : `The instance "${activeId}"`;
		const run: NewRun = {
			schedule: name,
			scheduledAt,
			...request,
			...(skips
				? {
						instanceId: null,
						outcome: "skipped",
						reason: isFull ? `${waiting} runs wait already.` : `${before} has not ended.`,
					}
				: {
						instanceId: instanceIdAt(scheduleId(this.#type.type, name), scheduledAt, how),
						outcome: "queued",
						reason: null,
					}),
		};
		this.#store.insertRun(run);
		return run;
	}

	/** Starts the run that has waited longest, if it may; false: none is to be started now. */
	async #startFirst(name: string): Promise<boolean> {
		if (this.#store.firstWaiting(name) === undefined || !(await this.#hasWay(name))) return false;
		const run = this.#store.firstWaiting(name);
		const schedule = this.#store.find(name);
		if (run === undefined || schedule === undefined) return false;
		const end = await this.#start(schedule, run);
		const isActive = end.outcome === "started" && schedule.overlap !== "allow";
		this.#settle(run, end, isActive ? run.instanceId : null);
		return true;
	}

	/** Whether the instance of the run before lets the next one start. */
	async #hasWay(name: string): Promise<boolean> {
		const schedule = this.#store.find(name);
		switch (schedule?.overlap) {
			case "allow":
				return true;
			case "replace":
				await this.#terminate(schedule);
				return true;
			default:
				return !(await this.#isActive(name));
		}
	}

	#settle(run: RunRow, end: Pick<RunRow, "outcome" | "reason">, activeId: string | null): void {
		const name = run.schedule;
		this.#commit(() => {
			this.#store.settleRun(run, end);
			this.#store.forgetRuns(name, { ...KEPT, keysSince: this.#now() - KEYS_KEPT_MS });
			const schedule = this.#store.find(name);
			if (schedule !== undefined) this.#save({ ...schedule, activeId });
		});
	}

	/** A call without an answer is thrown: whether it was carried out is not known. */
	async #start(
		schedule: ScheduleRow,
		{ instanceId, triggeredBy }: RunRow,
	): Promise<{ outcome: RunOutcome; reason: string | null }> {
		const { name, attributes } = schedule;
		const { type } = this.#type;
		try {
			const request = {
				type,
				id: instanceId ?? "", // One that waits has an id.
				payload: this.#payload(name),
				attributes: JSON.parse(attributes) as Attributes,
				onConflict: "return",
				by: { actor: triggeredBy ?? `schedule:${scheduleId(type, name)}` },
			} as const;
			await inTime(this.#settings.clock, this.#type.create(request));
		} catch (error) {
			if (!(error instanceof WorkflowError)) throw error;
			return { outcome: "failed", reason: reason(error.code, error.message) };
		}
		return { outcome: "started", reason: null };
	}

	/** Ends the instance of the run before; one that has ended or is gone will do. */
	async #terminate({ name, activeId }: ScheduleRow): Promise<void> {
		if (activeId === null) return;
		const actor = `schedule:${scheduleId(this.#type.type, name)}`;
		const by = { actor, reason: "The next run replaces it." };
		try {
			await inTime(this.#settings.clock, this.#type.terminate(activeId, by));
		} catch (error) {
			if (!(error instanceof WorkflowError)) throw error;
		}
	}

	/** Asks the instance that was started last; one that has ended is not asked again. */
	async #isActive(name: string): Promise<boolean> {
		const id = this.#store.find(name)?.activeId ?? null;
		if (id === null) return false;
		const status = await inTime(this.#settings.clock, this.#type.status(id));
		if (status !== null && !isTerminal(status)) return true;
		this.ended(id);
		return false;
	}

	/** All is done that can be. */
	#rest(name: string): void {
		const schedule = this.#store.find(name);
		if (schedule === undefined) return;
		const isDone = schedule.failures === 0 && (schedule.wakeAt ?? Infinity) > this.#now();
		if (!isDone) this.#commit(() => this.#save({ ...schedule, failures: 0 }));
	}

	/** Tries again, later each time; a run whose start has failed too often is given up. */
	#postpone(name: string, error: unknown): void {
		this.#settings.report(`a call for schedule "${name}" failed; it is made again`, error);
		const failures = (this.#store.find(name)?.failures ?? 0) + 1;
		const run = this.#store.firstWaiting(name);
		const isGivenUp = failures >= TRIES && run !== undefined;
		if (isGivenUp) {
			const why = `${failures} calls in a row failed, the last one with: ${(error as Error).message}`;
			this.#settle(run, { outcome: "failed", reason: why }, null);
		}
		this.#commit(() => {
			const schedule = this.#store.find(name);
			if (schedule !== undefined) this.#save({ ...schedule, failures: isGivenUp ? 0 : failures });
		});
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	get #store(): ScheduleStore {
		return this.#settings.store;
	}

	get #type(): ScheduledType {
		return this.#settings.type;
	}

	#now(): number {
		return this.#settings.clock.now();
	}

	#find(name: string): ScheduleRow {
		const schedule = this.#store.find(name);
		if (schedule === undefined) throw scheduleNotFound(this.#type.type, name);
		return schedule;
	}

	#payload(name: string): Encoded {
		const payload = this.#store.payload(name);
		if (payload === undefined) throw scheduleNotFound(this.#type.type, name);
		return payload;
	}

	/** In a transaction: writes the schedule, with when there is something to do for it next. */
	#save(schedule: ScheduleRow): void {
		const now = this.#now();
		const { name, nextAt, failures } = schedule;
		const lookAt = this.#store.waiting(name) > 0 ? now + LOOK_MS : Infinity;
		const retryMs = Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MAX_MS);
		const wakeAt = failures > 0 ? now + retryMs : Math.min(nextAt ?? Infinity, lookAt);
		this.#store.update({ ...schedule, wakeAt: wakeAt === Infinity ? null : wakeAt });
	}

	/** Writes, and sets the alarm in the same stretch. */
	#commit<T>(work: () => T): T {
		const result = this.#store.transaction(work);
		this.#wakeAt = undefined;
		this.#settings.rearm();
		return result;
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

	#info(schedule: ScheduleRow): ScheduleInfo {
		const { name, cron, timezone, overlap, catchUp, nextAt, missed, createdAt, updatedAt } =
			schedule;
		const { type } = this.#type;
		return {
			id: scheduleId(type, name),
			type,
			name,
			cron,
			timezone,
			attributes: JSON.parse(schedule.attributes) as Attributes, // Written by this class.
			overlap,
			catchUp,
			paused: schedule.paused === 1,
			nextAt,
			queued: this.#store.waiting(name),
			missed,
			createdAt,
			updatedAt,
		};
	}
}

function runView({ scheduledAt, instanceId, outcome, reason, triggeredBy }: NewRun): ScheduleRun {
	return { scheduledAt, instanceId, outcome, reason, triggeredBy };
}

function missedRun(schedule: string, { count, isExact, first, last }: Missed): NewRun {
	const [from, to] = [first, last].map((at) => new Date(at).toISOString());
	const many = `${isExact ? "" : "at least "}${count} ${count === 1 ? "run" : "runs"}`;
	return {
		schedule,
		scheduledAt: last,
		instanceId: null,
		outcome: "missed",
		reason: `The service was away or late: ${many} from ${from} to ${to} did not start.`,
		triggeredBy: null,
		key: null,
	};
}

function scheduleExists(type: string, name: string): WorkflowError {
	return new WorkflowError(
		"SCHEDULE_EXISTS",
		`The type "${type}" has a schedule "${name}" already. Choose another name, or delete it first.`,
	);
}

function tooManySchedules(type: string): WorkflowError {
	return new WorkflowError(
		"SCHEDULE_LIMIT",
		`The type "${type}" has the ${LIMITS.schedules} schedules that it may have. Delete some first.`,
	);
}
