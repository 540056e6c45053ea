/**
 * What was asked of an instance from outside, how its earlier runs went, which attempts failed, and
 * its log. The tables come into being with the first entry.
 */
import type { HistoryStore, LogRow, RetryRow } from "../db/history-store";
import type { EventRow, StepRow } from "../db/instance-store";
import { idempotencyConflict } from "../model/errors";
import { LIMITS } from "../model/limits";
import { LOG_LEVELS, type LogEntry, type LogPage, type LogRequest } from "../model/log";
import type { Clock } from "../model/ports";
import type {
	AuditAction,
	AuditView,
	By,
	InstanceView,
	RunView,
	StepErrorView,
} from "../model/rpc";
import type { InstanceRecord } from "./instance-record";

/** What an action was about: plain JSON. */
export type Detail = Readonly<Record<string, unknown>>;

/** Where in a run the program writes a line: after so many outcomes, so many lines; (0, 0): nowhere yet. */
export interface LinePlace {
	readonly position: number;
	readonly nth: number;
}

/** When a failed attempt is made again, and how many a step may have in all. */
export interface RetryAhead {
	readonly retryAt: number | null;
	readonly attemptsMax: number | null;
}

export const NO_RETRY: RetryAhead = { retryAt: null, attemptsMax: null };

export type ChronicleRetry = RetryRow;
export type ChronicleLine = LogRow;

export class History {
	readonly #record: InstanceRecord;
	readonly #store: HistoryStore;
	readonly #clock: Clock;
	readonly #lineAdded: () => void;

	/** `lineAdded`: there is a line more to tell of. */
	constructor(record: InstanceRecord, store: HistoryStore, clock: Clock, lineAdded: () => void) {
		this.#record = record;
		this.#store = store;
		this.#clock = clock;
		this.#lineAdded = lineAdded;
	}

	/**
	 * Whether this change was made before under the same idempotency key.
	 *
	 * @throws {WorkflowError} `IDEMPOTENCY_CONFLICT` when the key was used for another change.
	 */
	isRepeat(action: AuditAction, by: By | undefined, detail: Detail | null): boolean {
		if (by?.key === undefined || this.#record.row.historySchema === 0) return false;
		const before = this.#store.auditOf(by.key);
		if (before === undefined) return false;
		if (before.action === action && before.detail === textOf(detail)) return true;
		throw idempotencyConflict(by.key, `to ${before.action}`);
	}

	note(action: AuditAction, by: By | undefined, detail: Detail | null): void {
		this.#open();
		const { actor = UNKNOWN_ACTOR, reason = null, key = null } = by ?? {};
		this.#store.addAudit(
			{ at: this.#clock.now(), actor, action, reason, key, detail: textOf(detail) },
			LIMITS.auditRows,
		);
	}

	/** Keeps how the run ended or stood, with those of its steps that the next does not have. */
	closeRun(steps: readonly StepRow[]): void {
		this.#open();
		const { run, status, reason, result, error, startedAt, completedAt } = this.#record.row;
		this.#store.addRun(
			{ run, status, reason, result, error, startedAt, completedAt },
			steps.map((step) => ({ ...step, run })),
		);
	}

	/** All that was asked from outside, oldest first. */
	audit(events: readonly EventRow[]): AuditView[] {
		const { createdAt, createdBy, createReason, createKey, historySchema } = this.#record.row;
		const views: AuditView[] = [
			{
				at: createdAt,
				actor: createdBy ?? UNKNOWN_ACTOR,
				action: "create",
				reason: createReason,
				key: createKey,
				detail: null,
			},
		];
		for (const { receivedAt, actor, reason, key, event, step } of events) {
			const detail = { event, step };
			views.push({
				at: receivedAt,
				actor: actor ?? UNKNOWN_ACTOR,
				action: "event",
				reason,
				key,
				detail,
			});
		}
		if (historySchema > 0) {
			for (const { at, actor, action, reason, key, detail } of this.#store.readAudit()) {
				views.push({ at, actor, action, reason, key, detail: detailOf(detail) });
			}
		}
		return views.sort((a, b) => a.at - b.at);
	}

	/** The runs before the latest, oldest first. */
	runs(): RunView[] {
		if (this.#record.row.historySchema === 0) return [];
		const steps = Map.groupBy(this.#store.readPastSteps(), ({ run }) => run);
		return this.#store.readRuns().map((run) => ({
			...run,
			steps: (steps.get(run.run) ?? []).map(({ row: _row, run: _run, ...step }) => step),
		}));
	}

	/** A failed attempt. Call it in the stretch that records its end. */
	addError(error: Omit<StepErrorView, "at" | "run">, retry: RetryAhead = NO_RETRY): void {
		this.#open();
		const { isPanic, ...entry } = error;
		const { run } = this.#record.row;
		this.#store.addStepError(
			{ ...entry, ...retry, at: this.#clock.now(), run, panic: isPanic ? 1 : 0 },
			LIMITS.stepErrors,
		);
	}

	/** The latest failed attempts that fit into an answer, oldest first. */
	errors(): NonNullable<InstanceView["errors"]> {
		if (!this.#hasErrorsAndLogs) return { entries: [], omitted: 0 };
		let length = 0;
		const rows = this.#store.readStepErrors().filter(({ error }) => {
			length += error.length;
			return length <= LIMITS.statusErrorsLength;
		});
		const entries = rows.map(({ at, run, step, attempt, panic, error }) => {
			return { at, run, step, attempt, isPanic: panic === 1, error };
		});
		return { entries: entries.reverse(), omitted: (rows.at(-1)?.seq ?? 1) - 1 };
	}

	/** `place`: of the program's latest line, this one included. */
	addLine(
		entry: LogEntry,
		place: LinePlace,
		writer: { step: string | null; attempt: number | null },
	): void {
		this.#open();
		const { run } = this.#record.row;
		this.#store.addLog(
			{ ...entry, ...place, ...writer, at: this.#clock.now(), run },
			LIMITS.logLines,
		);
		this.#lineAdded();
	}

	/** The place of the program's latest line in this run. */
	lastPlace(): LinePlace {
		const last = this.#hasErrorsAndLogs ? this.#store.lastLog() : undefined;
		if (last?.run !== this.#record.row.run) return { position: 0, nth: 0 };
		const { position, nth } = last;
		return { position, nth };
	}

	/** A page of the log, oldest first. */
	logs({ level = "debug", after = 0, limit = LIMITS.listPageDefault }: LogRequest): LogPage {
		if (!this.#hasErrorsAndLogs) return { lines: [], dropped: 0, nextAfter: null };
		const levels = LOG_LEVELS.slice(LOG_LEVELS.indexOf(level));
		const rows = this.#store.readLogs({ after, levels, limit: limit + 1 });
		const lines = rows.slice(0, limit).map(({ position: _, nth: _nth, ...line }) => line);
		return {
			lines,
			dropped: (this.#store.firstLogSeq() ?? 1) - 1,
			nextAfter: rows.length > limit ? (lines.at(-1)?.seq ?? null) : null,
		};
	}

	/** For the chronicle: failed attempts of the run that are tried again. */
	retriesAfter(seq: number, limit: number): ChronicleRetry[] {
		if (!this.#hasErrorsAndLogs) return [];
		return this.#store.readRetries({ after: seq, run: this.#record.row.run, limit });
	}

	/** For the chronicle: lines of the run. */
	linesAfter(seq: number, limit: number): ChronicleLine[] {
		if (!this.#hasErrorsAndLogs) return [];
		return this.#store.readRunLogs({ after: seq, run: this.#record.row.run, limit });
	}

	get #hasErrorsAndLogs(): boolean {
		return this.#store.hasErrorsAndLogs(this.#record.row.historySchema);
	}

	#open(): void {
		const { historySchema } = this.#record.row;
		if (this.#store.isNewest(historySchema)) return;
		this.#record.write({ historySchema: this.#store.migrate(historySchema) });
	}
}

/** Of changes whose sender did not say who asks: older clients. */
const UNKNOWN_ACTOR = "unknown";

function textOf(detail: Detail | null): string | null {
	return detail === null ? null : JSON.stringify(detail);
}

function detailOf(text: string | null): Record<string, unknown> | null {
	return text === null ? null : JSON.parse(text);
}
