/**
 * What is done to an instance at the word of a caller, once `Instance` has found that it may be:
 * events, pause, restart, the repair of a step. What becomes of it by itself is `Course`'s.
 */
import type { EventRow, InstanceStore, StepRow, WorkflowRow } from "../db/instance-store";
import type { Encoded } from "../model/codec";
import type { SlotOffer, SlotUse } from "../model/guard-rpc";
import { Course, type CourseSettings } from "./course";
import type { Arrival } from "./event-buffer";
import type { History } from "./history";
import type { InstanceRecord } from "./instance-record";
import { cutAfter } from "./nesting";
import type { Ports } from "./ports";
import type { Program } from "./program";

export type InstanceSettings = CourseSettings;

export class Lifecycle {
	readonly course: Course;
	readonly #store: InstanceStore;
	readonly #ports: Ports;

	constructor(settings: InstanceSettings) {
		this.#store = settings.store;
		this.#ports = settings.ports;
		this.course = new Course(settings);
	}

	get record(): InstanceRecord {
		return this.course.record;
	}

	get history(): History {
		return this.course.history;
	}

	/** Completes the first wait for the event, or keeps it for a later one (G8). */
	take(arrival: Omit<Arrival, "receivedAt">): void {
		const taken = this.course.journal.receive({ ...arrival, receivedAt: this.#now() });
		if (taken === "taken") this.course.goOn();
		this.course.arm();
	}

	/** Steps in flight finish and record, nothing new starts (G11). */
	pause(): void {
		const { startedAt, notBefore, status, reason } = this.#row;
		// A delayed start stays delayed; a pass that was backed off is tried as soon as it is resumed.
		const wait = startedAt === null ? notBefore : null;
		const why = status === "panicked" ? reason : null;
		const change = { status: "paused", reason: why, notBefore: wait } as const;
		this.record.write({ ...change, ...this.course.slot.left() });
		this.course.freeze();
	}

	/** Ends the rest of a panicked instance: it goes on from its journal. */
	restartNow(): void {
		this.course.recovery.hurry();
		this.course.advance();
	}

	/**
	 * Begins another run, whose journal has the first `keep` outcomes of this one, and then the
	 * `preset` one, if there is one.
	 */
	restart(
		keep: number,
		program: Program,
		preset?: { row: StepRow; result: Encoded | undefined },
	): void {
		const now = this.#now();
		this.#store.transaction(() => {
			this.course.deliverer.keepRest();
			const { cut, moved } = cutAfter(this.course.journal.rows, keep, preset?.row.key);
			this.history.closeRun(cut);
			for (const { seq } of cut) this.#store.deleteStep(seq);
			for (const row of moved) this.#store.updateStep(row);
			this.record.beginRun({
				version: program.version,
				deadlineAt: program.timeoutMs === null ? null : now + program.timeoutMs,
				// It queues anew, as one that starts.
				...this.course.slot.left(),
			});
		});
		this.course.dropPass(new Error("the instance is restarted"), 0);
		if (preset !== undefined) this.course.journal.complete(preset.row, now, preset.result);
		this.course.move();
		this.course.arm();
	}

	/** Ends an open step from outside, as a timer would. */
	settleStep(row: StepRow, result: Encoded | undefined): void {
		this.course.journal.complete(row, this.#now(), result);
		this.course.goOn();
		this.course.arm();
	}

	/** Starts the next attempt of a step that waits for one. */
	retryNow(key: string): void {
		this.course.journal.hurry(key, this.#now());
		if (this.#row.status !== "paused" && this.course.settleDue(this.#now())) this.course.move();
		this.course.arm();
	}

	/** Whether a function of the step is being called right now. */
	isInFlight(key: string): boolean {
		return this.course.running.some((attempt) => attempt.key === key);
	}

	step(key: string): StepRow | undefined {
		return this.course.journal.get(key);
	}

	events(): EventRow[] {
		return this.#store.readEvents();
	}

	/** The event that was delivered with an idempotency key. */
	eventOf(key: string): EventRow | undefined {
		return this.#store.eventOf(key);
	}

	/** The guard of its type asks about its slot, or offers it. */
	slotOffered(offer: SlotOffer): SlotUse {
		// What was due before comes first (G9): the deadline may end it.
		this.course.advance();
		const answer = this.course.slot.answer(offer);
		this.course.arm();
		return answer;
	}

	get #row(): WorkflowRow {
		return this.record.row;
	}

	#now(): number {
		return this.#ports.clock.now();
	}
}
