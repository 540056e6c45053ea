/**
 * The one pass of an instance in memory (G5): how it starts, rests and goes on, and the status that
 * this gives the row. When it may is `Course`'s matter.
 */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { withOverrides } from "../model/overrides";
import { reason } from "../model/reason";
import type { Programs } from "./carried-programs";
import { missedStep, typeNotRegistered } from "./faults";
import type { History } from "./history";
import type { InstanceRecord } from "./instance-record";
import type { Journal } from "./journal";
import { Pass } from "./pass";
import type { PassObserver } from "./pass-observer";
import type { Ports } from "./ports";
import type { Program } from "./program";

export interface OnePassSettings {
	record: InstanceRecord;
	history: History;
	programs: Programs;
	ports: Ports;
	observer: PassObserver;
	journal(): Journal;
	/** Sets the alarm, before a pass begins. */
	arm(): void;
}

/** How long a replay may take to ask for a recorded step once all else rests (G7). */
const REACH_GRACE_MS = 2_000;

export class OnePass {
	readonly #settings: OnePassSettings;
	#pass: Pass | undefined;
	/** It cannot be thawed: it took another way than the journal. */
	#diverged = false;

	constructor(settings: OnePassSettings) {
		this.#settings = settings;
	}

	/** Undefined: there is none, or it was lost with its isolate. */
	get current(): Pass | undefined {
		return this.#pass;
	}

	/** The instance's program, as it holds for it. */
	get program(): Program | undefined {
		const { type, overrides } = this.#row;
		const program = this.#settings.programs.get(type);
		return program && withOverrides(program, overrides);
	}

	/** Begins from the top. */
	start(): void {
		const { program } = this;
		const { record } = this.#settings;
		const { type, startedAt } = this.#row;
		if (program === undefined) {
			const { code, message } = typeNotRegistered(type);
			record.write({ status: "paused", reason: reason(code, message) });
			return;
		}
		const change = {
			reason: null,
			error: null,
			notBefore: null,
			startedAt: startedAt ?? this.#now,
		};
		record.write({ ...change, ...this.#opening() });
		this.run(program);
	}

	/** Begins where the row is written already. */
	run(program: Program): void {
		const { journal, history, ports, observer, arm } = this.#settings;
		this.#pass?.drop(new Error("a new pass of the instance began"));
		this.#diverged = false;
		const row = this.#row;
		const scope = idempotencyScope(row);
		const about = { scope, program, row, journal: journal() };
		this.#pass = new Pass({ ...about, history, ports, observer });
		arm();
		this.#pass.start();
	}

	/** Goes on after a pause, with what is there if it can. */
	thaw(): void {
		if (this.#pass === undefined || this.#diverged) {
			this.start();
		} else {
			this.#settings.record.write({ ...this.#opening(), reason: null });
			this.#pass.thaw();
		}
	}

	/** Goes on, or begins where memory has none. */
	wake(): void {
		if (this.#pass?.isParked !== true) {
			this.start();
		} else {
			this.#pass.wake();
			this.#settings.record.write(this.#opening());
		}
	}

	diverged(): void {
		this.#diverged = true;
		this.#pass?.freeze();
	}

	/** Ends it for good: the next one begins from the journal. */
	drop(reason: Error): void {
		this.#pass?.drop(reason);
		this.#pass = undefined;
	}

	/** The replay rests, or ended, and has not asked for a recorded step: late, or on another way. */
	allowToReach(row: StepRow, how: "ended" | "parked"): void {
		const { ports, observer } = this.#settings;
		const pass = this.#pass;
		const activity = pass?.activity;
		ports.clock.after(REACH_GRACE_MS, () => {
			if (pass?.isLive && pass.activity === activity) {
				observer.passDiverged(pass, missedStep(row, how));
			}
		});
	}

	/** What was recorded since the last time ends a row of lost passes. */
	#opening(): Partial<WorkflowRow> {
		const { progress } = this.#settings.journal();
		const { strikes, progress: before } = this.#row;
		return { status: "running", progress, strikes: progress > before ? 0 : strikes };
	}

	get #row(): WorkflowRow {
		return this.#settings.record.row;
	}

	get #now(): number {
		return this.#settings.ports.clock.now();
	}
}

/** Unique to instance and run: a step that is run anew is another request to the other side. */
function idempotencyScope({ id, run }: WorkflowRow): string {
	return run === 1 ? id : `${id}~${run}`;
}
