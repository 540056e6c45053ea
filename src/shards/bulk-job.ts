/**
 * The third role of the object class: a bulk job. It works through what its filter means in the
 * order of creation, a page for each alarm, up to what was created before the job.
 *
 * - B1 The ids of a page are written before any of them is asked, and what came of them before the
 *   next page is read. So a page is asked again after a death in its middle, the same one; and an
 *   instance ignores a change whose key, the job's id, it has seen.
 * - B2 While a job runs an alarm is set, in the same write as the state that needs it (G4).
 */
import type { JobRow, JobStore } from "../db/job-store";
import {
	type BulkAction,
	type BulkError,
	type BulkJob,
	type InstanceChange,
	type InstancePage,
	type JobRequest,
	type JobRpc,
	type JobStatus,
	jobNotFound,
	parseJob,
	type ReadPage,
} from "../model/bulk";
import { WorkflowError } from "../model/errors";
import type { InstanceFilter, Position } from "../model/index-rpc";
import { LIMITS } from "../model/limits";
import { inPool } from "../model/pool";
import type { Clock } from "../model/ports";
import { shortened } from "../model/printable";
import type { Handlers } from "../model/rpc";
import { inTime } from "./in-time";
import type { ShardAlarm } from "./index-shard";

export interface JobSettings {
	store: JobStore;
	readPage: ReadPage;
	/** Asks the instance for the change; throws as it does. */
	change(id: string, change: InstanceChange): Promise<unknown>;
	clock: Clock;
	alarm: ShardAlarm;
	/** Empties the object. */
	empty(): Promise<void>;
	report(message: string, error: unknown): void;
}

const AT_A_TIME = 10;
/** How often an instance is asked that gives no answer, and how far apart. */
const TRIES = 3;
const TRY_AGAIN_MS = 100;
/** After a page that could not be read, later each time. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** When a page is looked after that is worked on: the object may have died. */
const PAGE_MS = 5_000;
/** So far an index may be behind: what was created before the job is in it by then. */
const START_AFTER_MS = 500;
const KEPT_MS = 30 * 86_400_000;
const MESSAGE_LENGTH = 400;

/** The change is not for the instance: its status does not allow it. */
const SKIPPED: readonly string[] = ["ILLEGAL_STATUS_CHANGE", "INSTANCE_FINISHED"];

type Outcome = "succeeded" | "skipped" | BulkError;

export class Job {
	readonly rpc: Handlers<JobRpc> = {
		jobStart: (request) => this.#start(request),
		jobDescribe: () => this.#view(this.#row),
		jobStop: () => this.#stop(),
	};
	readonly #settings: JobSettings;
	/** The page that is worked on. */
	#work: Promise<void> | undefined;
	#isStopping = false;

	constructor(settings: JobSettings) {
		this.#settings = settings;
	}

	/** Those that it works through; none, where there is no job. */
	get types(): string[] {
		const job = this.#settings.store.read();
		return job === undefined ? [] : JSON.parse(job.types); // Written by this class.
	}

	/** The alarm. It does not throw: the runtime drops one that failed some six times. */
	async wake(): Promise<void> {
		const { store, clock, alarm, report } = this.#settings;
		try {
			const job = store.read();
			if (job === undefined) return;
			if (job.completedAt === null) await this.#workOn();
			else if (job.completedAt + KEPT_MS <= clock.now()) await this.#settings.empty();
			else alarm.set(job.completedAt + KEPT_MS);
		} catch (error) {
			report("an alarm of a bulk job failed; it is set again", error);
			alarm.set(clock.now() + RETRY_MAX_MS);
		}
	}

	#start(request: JobRequest): BulkJob {
		const { id, action, types, filter, olderThanMs, event, dryRun, by } = parseJob(request);
		const { store, clock, alarm } = this.#settings;
		const known = store.read();
		// The same request, come twice.
		if (known !== undefined) return this.#view(known);
		const now = clock.now();
		const updatedBefore = olderThanMs === undefined ? filter.updatedBefore : now - olderThanMs;
		const row: JobRow = {
			id,
			action,
			types: JSON.stringify(types),
			filter: JSON.stringify({ ...filter, updatedBefore }),
			event: event?.event ?? null,
			payload: event?.payload ?? null,
			dryRun: dryRun ? 1 : 0,
			actor: by.actor,
			reason: by.reason ?? null,
			status: "running",
			matched: 0,
			succeeded: 0,
			skipped: 0,
			failed: 0,
			pending: null,
			after: null,
			isLast: 0,
			sample: "[]",
			failures: 0,
			createdAt: now,
			updatedAt: now,
			completedAt: null,
		};
		store.create(row);
		alarm.set(now + START_AFTER_MS);
		return this.#view(row);
	}

	/** Waits for what is under way, so that the counts are true. */
	async #stop(): Promise<BulkJob> {
		if (this.#row.completedAt === null) {
			this.#isStopping = true;
			// What went wrong with the page is the alarm's to tell.
			await this.#work?.catch(() => {});
			const job = this.#row;
			if (job.completedAt === null) this.#end({ ...job, pending: null }, "stopped");
		}
		return this.#view(this.#row);
	}

	/** One at a time: an alarm that comes twice finds the page under way. */
	#workOn(): Promise<void> {
		this.#work ??= this.#workPage().finally(() => {
			this.#work = undefined;
		});
		return this.#work;
	}

	async #workPage(): Promise<void> {
		if (this.#row.pending === null) await this.#findPage();
		const job = this.#row;
		if (job.pending === null) return;
		const ids: string[] = JSON.parse(job.pending);
		const outcomes = await inPool(ids, AT_A_TIME, async (id) =>
			this.#isStopping ? undefined : this.#change(id, job),
		);
		this.#record(ids, outcomes);
	}

	async #findPage(): Promise<void> {
		const { clock, readPage, report } = this.#settings;
		const { types, filter, after, createdAt } = this.#row;
		const wanted: InstanceFilter = JSON.parse(filter);
		const createdBefore = Math.min(wanted.createdBefore ?? createdAt, createdAt);
		const request = {
			types: JSON.parse(types) as string[],
			filter: { ...wanted, createdBefore },
			after: after === null ? null : (JSON.parse(after) as Position),
			limit: LIMITS.bulkPage,
		};
		try {
			this.#take(await inTime(clock, readPage(request)));
		} catch (error) {
			report("a page of a bulk job could not be read; it is tried again", error);
			const job = this.#row;
			const delayMs = Math.min(RETRY_MS * 2 ** job.failures, RETRY_MAX_MS);
			this.#write({ ...job, failures: job.failures + 1 }, delayMs);
		}
	}

	/** Writes down what is to be asked (B1); a dry run asks nobody. */
	#take({ rows, after }: InstancePage): void {
		const ids = rows.map(({ id }) => id);
		const before = this.#row;
		const job = {
			...before,
			after: after === null ? null : JSON.stringify(after),
			isLast: after === null ? 1 : 0,
			failures: 0,
		};
		if (ids.length > 0 && job.dryRun === 0) {
			this.#write({ ...job, pending: JSON.stringify(ids) }, PAGE_MS);
			return;
		}
		const sample = [...(JSON.parse(job.sample) as string[]), ...ids].slice(0, LIMITS.bulkSample);
		this.#goOn({
			...job,
			matched: job.matched + ids.length,
			sample: JSON.stringify(sample),
		});
	}

	/** Counts what came of a page; an outcome that is missing was not asked for. */
	#record(ids: readonly string[], outcomes: readonly (Outcome | undefined)[]): void {
		const { store } = this.#settings;
		const job = this.#row;
		const left = ids.filter((_, index) => outcomes[index] === undefined);
		const count = (outcome: Outcome) => outcomes.filter((each) => each === outcome).length;
		const errors = outcomes.filter((each) => typeof each === "object");
		store.transaction(() => {
			const room = Math.max(0, LIMITS.bulkErrors - job.failed);
			for (const error of errors.slice(0, room)) store.insertError(error);
			this.#goOn({
				...job,
				matched: job.matched + ids.length - left.length,
				succeeded: job.succeeded + count("succeeded"),
				skipped: job.skipped + count("skipped"),
				failed: job.failed + errors.length,
				pending: left.length === 0 ? null : JSON.stringify(left),
			});
		});
	}

	async #change(id: string, row: JobRow): Promise<Outcome> {
		const { id: job, action, event, payload, reason } = row;
		const { clock, change, report } = this.#settings;
		const types: string[] = JSON.parse(row.types);
		const by = { actor: `bulk:${job}`, reason: reason ?? undefined, key: job };
		const sent = event === null || payload === null ? undefined : { event, payload };
		for (let tries = 1; ; tries++) {
			try {
				await inTime(clock, change(id, { types, action, event: sent, by }));
				return "succeeded";
			} catch (error) {
				if (error instanceof WorkflowError) return outcomeOf(error, id, action);
				report(`the instance "${id}" gave a bulk job no answer`, error);
			}
			if (tries === TRIES) return unanswered(id);
			await new Promise<void>((resolve) => {
				clock.after(TRY_AGAIN_MS, resolve);
			});
		}
	}

	#goOn(job: JobRow): void {
		if (job.isLast === 1 && job.pending === null) this.#end(job, "completed");
		else this.#write(job, 0);
	}

	#end(job: JobRow, status: JobStatus): void {
		this.#write({ ...job, status, completedAt: this.#settings.clock.now() }, KEPT_MS);
	}

	/** With the alarm for what comes next (B2). */
	#write(job: JobRow, nextInMs: number): void {
		const { store, clock, alarm } = this.#settings;
		const now = clock.now();
		store.update({ ...job, updatedAt: now });
		alarm.set(now + nextInMs);
	}

	/** @throws {WorkflowError} `JOB_NOT_FOUND` */
	get #row(): JobRow {
		const job = this.#settings.store.read();
		if (job === undefined) throw jobNotFound();
		return job;
	}

	#view(job: JobRow): BulkJob {
		const { id, action, event, actor, reason, status, matched, succeeded, skipped, failed } = job;
		return {
			id,
			action,
			filter: { type: JSON.parse(job.types), ...JSON.parse(job.filter) }, // Written by this class.
			event,
			actor,
			reason,
			dryRun: job.dryRun === 1,
			status,
			matched,
			succeeded,
			skipped,
			failed,
			errors: this.#settings.store.errors(),
			sample: JSON.parse(job.sample),
			createdAt: job.createdAt,
			updatedAt: job.updatedAt,
			completedAt: job.completedAt,
		};
	}
}

function outcomeOf({ code, message }: WorkflowError, id: string, action: BulkAction): Outcome {
	// Gone is what was asked for; by another, or by this job before its object died.
	// It is gone, too, where another type's instance has its id.
	if (code === "INSTANCE_NOT_FOUND" || code === "FORBIDDEN")
		return action === "delete" ? "succeeded" : "skipped";
	if (SKIPPED.includes(code)) return "skipped";
	return { id, code, message: shortened(message, MESSAGE_LENGTH) };
}

function unanswered(id: string): BulkError {
	const message = `The instance gave no answer in ${TRIES} tries: whether it was changed is not known.`;
	return { id, code: "INTERNAL_ERROR", message };
}
