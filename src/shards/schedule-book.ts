/**
 * What is written of the schedules of a type, and when there is something to do for them: each
 * write sets the shard's alarm in the same stretch.
 */
import type { NewRun, RunRow, ScheduleRow, ScheduleStore } from "../db/schedule-store";
import type { Attributes } from "../model/attributes";
import type { Encoded } from "../model/codec";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import { instanceIdAt, type ScheduleInfo, scheduleId, scheduleNotFound } from "../model/schedule";
import type { Missed } from "./due-runs";

export interface BookSettings {
	/** Of the schedules. */
	type: string;
	store: ScheduleStore;
	clock: Clock;
	/** Says that `dueAt` may be another. */
	rearm(): void;
}

/** A time that has come, by the clock or by request. */
export interface Call {
	how: "scheduled" | "triggered";
	at: number;
	/** Of a request. */
	by?: { actor: string; key: string | null };
}

/** How often a run that waits is looked after. */
const LOOK_MS = 5_000;
/** A call that failed is made again, later each time. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** What is kept of the runs: the latest, and those of an idempotency key. */
const RUNS_KEPT = 20;
const KEYS_KEPT = 1_000;
const KEYS_KEPT_MS = 86_400_000;

export class ScheduleBook {
	readonly type: string;
	readonly #settings: BookSettings;
	/** Undefined: not read yet. */
	#dueAt: number | null | undefined;

	constructor(settings: BookSettings) {
		this.#settings = settings;
		this.type = settings.type;
	}

	get now(): number {
		return this.#settings.clock.now();
	}

	// ── Reading ───────────────────────────────────────────────────────────────

	/** When there is something to do for the first of them; null: never. */
	dueAt(): number | null {
		if (this.#dueAt === undefined) this.#dueAt = this.#store.firstWake();
		return this.#dueAt;
	}

	/** The names of those for which there is something to do, the longest overdue first. */
	due(now: number, limit: number): string[] {
		return this.#store.due(now, limit);
	}

	find(name: string): ScheduleRow | undefined {
		return this.#store.find(name);
	}

	/** @throws {WorkflowError} `SCHEDULE_NOT_FOUND` */
	get(name: string): ScheduleRow {
		const schedule = this.#store.find(name);
		if (schedule === undefined) throw scheduleNotFound(this.type, name);
		return schedule;
	}

	/** @throws {WorkflowError} `SCHEDULE_NOT_FOUND` */
	payload(name: string): Encoded {
		const payload = this.#store.payload(name);
		if (payload === undefined) throw scheduleNotFound(this.type, name);
		return payload;
	}

	/** The run that has waited longest. */
	firstWaiting(name: string): RunRow | undefined {
		return this.#store.firstWaiting(name);
	}

	/** The last runs, the latest first. */
	runs(name: string): RunRow[] {
		return this.#store.latestRuns(name, RUNS_KEPT);
	}

	/** The run that a request of this key has triggered. */
	runOfKey(name: string, key: string): RunRow | undefined {
		return this.#store.runOfKey(name, key);
	}

	runOfInstance(name: string, id: string): RunRow | undefined {
		return this.#store.runOfInstance(name, id);
	}

	all(): ScheduleInfo[] {
		return this.#store.all().map((schedule) => this.info(schedule));
	}

	info(schedule: ScheduleRow): ScheduleInfo {
		const { name, cron, timezone, overlap, catchUp, nextAt, missed } = schedule;
		return {
			id: scheduleId(this.type, name),
			type: this.type,
			name,
			cron,
			timezone,
			attributes: JSON.parse(schedule.attributes) as Attributes, // Written by this room.
			overlap,
			catchUp,
			paused: schedule.paused === 1,
			nextAt,
			queued: this.#store.waiting(name),
			missed,
			createdAt: schedule.createdAt,
			updatedAt: schedule.updatedAt,
		};
	}

	// ── Writing ───────────────────────────────────────────────────────────────

	/** @throws {WorkflowError} `SCHEDULE_EXISTS`, `SCHEDULE_LIMIT` */
	add(row: ScheduleRow & { payload: Encoded }): void {
		const { type } = this;
		if (this.find(row.name) !== undefined) throw scheduleExists(type, row.name);
		if (this.#store.count() >= LIMITS.schedules) throw tooManySchedules(type);
		this.commit(() => this.#store.insert(row));
	}

	/** With its runs. */
	delete(name: string): void {
		this.commit(() => this.#store.delete(name));
	}

	/** Everything in `work` or nothing is written; it may not await. */
	commit<T>(work: () => T): T {
		const { store, rearm } = this.#settings;
		const result = store.transaction(work);
		this.#dueAt = undefined;
		rearm();
		return result;
	}

	/** Within `commit`: the schedule, with when there is something to do for it next. */
	save(schedule: ScheduleRow): void {
		const { name, nextAt, failures } = schedule;
		const lookAt = this.#store.waiting(name) > 0 ? this.now + LOOK_MS : Number.POSITIVE_INFINITY;
		const retryMs = Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MAX_MS);
		const next = Math.min(nextAt ?? Number.POSITIVE_INFINITY, lookAt);
		const wakeAt = failures > 0 ? this.now + retryMs : next;
		this.#store.update({ ...schedule, wakeAt: Number.isFinite(wakeAt) ? wakeAt : null });
	}

	/** Within `commit`: decides what becomes of a time, by the rule for overlaps. */
	decide({ name, overlap, activeId }: ScheduleRow, { how, at, by }: Call): NewRun {
		const waiting = this.#store.waiting(name);
		const isFull = waiting >= LIMITS.scheduleWaiting;
		const skips = isFull || (overlap === "skip" && (activeId !== null || waiting > 0));
		const before = activeId === null ? "The run before" : `The instance "${activeId}"`;
		const reason = isFull ? `${waiting} runs wait already.` : `${before} has not ended.`;
		return this.#note({
			schedule: name,
			scheduledAt: at,
			instanceId: skips ? null : instanceIdAt(scheduleId(this.type, name), at, how),
			outcome: skips ? "skipped" : "queued",
			reason: skips ? reason : null,
			triggeredBy: by?.actor ?? null,
			key: by?.key ?? null,
		});
	}

	/** Within `commit`: times that are not made up for. */
	noteMissed(schedule: string, { count, isExact, first, last }: Missed): void {
		const [from, to] = [first, last].map((at) => new Date(at).toISOString());
		const many = `${isExact ? "" : "at least "}${count} ${count === 1 ? "run" : "runs"}`;
		this.#note({
			schedule,
			scheduledAt: last,
			instanceId: null,
			outcome: "missed",
			reason: `The service was away or late: ${many} from ${from} to ${to} did not start.`,
			triggeredBy: null,
			key: null,
		});
	}

	/** Within `commit`: a run waits no longer. */
	settle(
		run: RunRow,
		end: Pick<RunRow, "outcome" | "reason">,
		/** The instance that the next run finds at work. */
		activeId: string | null,
	): void {
		this.#store.settleRun(run, end);
		const schedule = this.find(run.schedule);
		if (schedule !== undefined) this.save({ ...schedule, activeId });
	}

	/** The instance that was started last has ended; a run that waits may start at once. */
	ended(name: string, id: string): void {
		const schedule = this.find(name);
		if (schedule?.activeId !== id) return;
		this.commit(() => {
			const wakeAt = this.#store.waiting(name) > 0 ? this.now : schedule.wakeAt;
			this.#store.update({ ...schedule, activeId: null, wakeAt });
		});
	}

	get #store(): ScheduleStore {
		return this.#settings.store;
	}

	#note(run: NewRun): NewRun {
		this.#store.insertRun(run);
		const keysSince = this.now - KEYS_KEPT_MS;
		this.#store.forgetRuns(run.schedule, { kept: RUNS_KEPT, keys: KEYS_KEPT, keysSince });
		return run;
	}
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
