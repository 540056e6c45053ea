/**
 * Takes in the times of a schedule that have come due, and starts their instances: S1 and S2 of
 * `schedules.ts`. It works for one schedule at a time, and reads its rows again after each await:
 * an RPC may have paused or deleted it (S3).
 */
import type { RunRow, ScheduleRow } from "../db/schedule-store";
import type { Attributes } from "../model/attributes";
import type { Encoded } from "../model/codec";
import { WorkflowError } from "../model/errors";
import type { Clock } from "../model/ports";
import { reason } from "../model/reason";
import type { By, CreateRequest } from "../model/rpc";
import { scheduleId } from "../model/schedule";
import { isTerminal, type WorkflowStatus } from "../model/status";
import { CronTimes } from "./cron";
import { dueRuns } from "./due-runs";
import { inTime } from "./in-time";
import type { ScheduleBook } from "./schedule-book";

/** What schedules need of their type and of its instances. */
export interface ScheduledType {
	/** @throws {WorkflowError} for a payload that the type does not take. */
	check(payload: Encoded): Promise<unknown>;
	create(request: CreateRequest): Promise<unknown>;
	/** Null: there is no instance of this id. */
	status(id: string): Promise<WorkflowStatus | null>;
	terminate(id: string, by: By): Promise<unknown>;
}

export interface StartSettings {
	scheduled: ScheduledType;
	clock: Clock;
	report(message: string, error: unknown): void;
}

/** So many calls in a row may fail before the run that waits for them is given up. */
const TRIES = 10;

export class ScheduleStarts {
	readonly #book: ScheduleBook;
	readonly #settings: StartSettings;

	constructor(book: ScheduleBook, settings: StartSettings) {
		this.#book = book;
		this.#settings = settings;
	}

	/** Takes in what is due and starts what may start; what fails is tried again. */
	async proceed(name: string): Promise<void> {
		try {
			await this.#takeDue(name);
			while (await this.#startFirst(name));
			this.#rest(name);
		} catch (error) {
			this.#postpone(name, error);
		}
	}

	/** Asks the instance that was started last; one that has ended is not asked again. */
	async isActive(name: string): Promise<boolean> {
		const id = this.#book.find(name)?.activeId ?? null;
		if (id === null) return false;
		const status = await inTime(this.#settings.clock, this.#settings.scheduled.status(id));
		if (status !== null && !isTerminal(status)) return true;
		this.#book.ended(name, id);
		return false;
	}

	async #takeDue(name: string): Promise<void> {
		const book = this.#book;
		if (!this.#isDue(book.find(name))) return;
		if (book.get(name).overlap === "skip") await this.isActive(name);
		book.commit(() => {
			const schedule = book.find(name);
			if (!this.#isDue(schedule)) return;
			const { cron, timezone, nextAt, catchUp } = schedule;
			const due = { since: nextAt, now: book.now, catchUp };
			const { runs, missed, next } = dueRuns(CronTimes.parse(cron, timezone), due);
			if (missed !== null) book.noteMissed(name, missed);
			for (const at of runs) book.decide(schedule, { how: "scheduled", at });
			const missedInAll = schedule.missed + (missed?.count ?? 0);
			book.save({ ...schedule, nextAt: next, missed: missedInAll });
		});
	}

	#isDue(schedule: ScheduleRow | undefined): schedule is ScheduleRow & { nextAt: number } {
		const nextAt = schedule?.nextAt ?? null;
		return nextAt !== null && nextAt <= this.#book.now;
	}

	/** Starts the run that has waited longest, if it may; false: none is to be started now. */
	async #startFirst(name: string): Promise<boolean> {
		const book = this.#book;
		if (book.firstWaiting(name) === undefined || !(await this.#hasWay(name))) return false;
		const run = book.firstWaiting(name);
		const schedule = book.find(name);
		if (run === undefined || schedule === undefined) return false;
		const end = await this.#start(schedule, run);
		const isActive = end.outcome === "started" && schedule.overlap !== "allow";
		book.commit(() => book.settle(run, end, isActive ? run.instanceId : null));
		return true;
	}

	/** Whether the instance of the run before lets the next one start. */
	async #hasWay(name: string): Promise<boolean> {
		const schedule = this.#book.find(name);
		switch (schedule?.overlap) {
			case "allow":
				return true;
			case "replace":
				await this.#terminate(schedule);
				return true;
			default:
				return !(await this.isActive(name));
		}
	}

	/** Ends the instance of the run before; one that has ended or is gone will do. */
	async #terminate({ name, activeId }: ScheduleRow): Promise<void> {
		if (activeId === null) return;
		const { clock, scheduled } = this.#settings;
		const actor = `schedule:${scheduleId(this.#book.type, name)}`;
		const by = { actor, reason: "The next run replaces it." };
		try {
			await inTime(clock, scheduled.terminate(activeId, by));
		} catch (error) {
			if (!(error instanceof WorkflowError)) throw error;
		}
	}

	/** A call without an answer is thrown: whether it was carried out is not known (S2). */
	async #start(
		{ name, attributes }: ScheduleRow,
		{ instanceId, triggeredBy }: RunRow,
	): Promise<Pick<RunRow, "outcome" | "reason">> {
		const { clock, scheduled } = this.#settings;
		const { type } = this.#book;
		try {
			const request = {
				type,
				id: instanceId ?? "", // One that waits has an id.
				payload: this.#book.payload(name),
				attributes: JSON.parse(attributes) as Attributes,
				onConflict: "return",
				by: { actor: triggeredBy ?? `schedule:${scheduleId(type, name)}` },
			} as const;
			await inTime(clock, scheduled.create(request));
		} catch (error) {
			if (!(error instanceof WorkflowError)) throw error;
			return { outcome: "failed", reason: reason(error.code, error.message) };
		}
		return { outcome: "started", reason: null };
	}

	/** All is done that can be. */
	#rest(name: string): void {
		const book = this.#book;
		const schedule = book.find(name);
		if (schedule === undefined) return;
		const { failures, wakeAt } = schedule;
		if (failures === 0 && (wakeAt === null || wakeAt > book.now)) return;
		book.commit(() => book.save({ ...schedule, failures: 0 }));
	}

	/** Tries again, later each time; a run whose start has failed too often is given up. */
	#postpone(name: string, error: unknown): void {
		const book = this.#book;
		this.#settings.report(`a call for schedule "${name}" failed; it is made again`, error);
		book.commit(() => {
			const failures = (book.find(name)?.failures ?? 0) + 1;
			const run = book.firstWaiting(name);
			const isGivenUp = failures >= TRIES && run !== undefined;
			if (isGivenUp) {
				const why = `${failures} calls in a row failed, the last one with: ${(error as Error).message}`;
				book.settle(run, { outcome: "failed", reason: why }, null);
			}
			const schedule = book.find(name);
			if (schedule !== undefined) book.save({ ...schedule, failures: isGivenUp ? 0 : failures });
		});
	}
}
