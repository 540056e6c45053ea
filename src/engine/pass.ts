/**
 * A pass: one run of the program from the top, until it ends or parks.
 *
 * It owns the calls that user code has open and the order in which they settle. What a call
 * records is its step kind's matter; when the instance changes status is `Instance`'s.
 *
 * Invariants:
 * - P1 Outcomes are released one at a time in journal order, live and on replay alike, and what
 *   one sets in motion comes to rest before the next is released (G6). That is what makes the
 *   winner of a race the same each time.
 * - P2 A call that has no outcome is a promise that does not settle: no error is thrown into user
 *   code to stop it (G10).
 * - P3 A frozen pass records what was in flight, and starts and releases nothing (G11). A pass
 *   that is over does nothing at all.
 * - P4 A replay does nothing new before it has asked for every row that was there when it began:
 *   until then new steps and attempts are held. So a replay that differs from the journal (G7)
 *   stops without having run or recorded anything.
 * - P5 A pass goes live in the turn after it is told to, so that what was written with that is
 *   committed before user code moves, even if that code ends the isolate (G17).
 */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { decode } from "../model/codec";
import { decodeThrown, fromThrownRecord } from "../model/error-record";
import { NonDeterminismError, ValidationError, WorkflowError } from "../model/errors";
import { stepKey } from "../model/ids";
import { LIMITS } from "../model/limits";
import type { StepKind } from "../model/rpc";
import type { RunningAttempt } from "./describe";
import type { History } from "./history";
import type { Journal } from "./journal";
import type { Panic } from "./panics";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { RunLog } from "./run-log";
import { StepApi } from "./step-api";
import { type DoSettings, DoStep, enclosingAttempt } from "./step-kinds/do-step";
import { openSetting, type Setting } from "./step-kinds/setting-step";
import { openSleep } from "./step-kinds/sleep-step";
import type { Failure, StepHost } from "./step-kinds/step-host";
import { openWait, type WaitSettings } from "./step-kinds/wait-step";

/** How `run()` ended. */
export type RunEnd = { ok: true; value: unknown } | { ok: false; thrown: unknown };

/** What a pass tells its instance. */
export interface PassObserver {
	/** Nothing moves by itself any more: time to park, or to look at the timers. */
	passQuiet(pass: Pass): void;
	/** A parked pass asks for a step, by something that is none: it is to be woken. */
	passStirred(pass: Pass): void;
	passEnded(pass: Pass, end: RunEnd): void;
	/** The program asked for something else than the journal records (G7). */
	passDiverged(pass: Pass, error: NonDeterminismError): void;
	/** The last step function in flight of a frozen pass has ended. */
	passDrained(pass: Pass): void;
	passBroken(pass: Pass, error: unknown): void;
	passPanicked(pass: Pass, panic: Panic): void;
	/** @throws {WorkflowError} for too many, or too large. */
	passSets(pass: Pass, setting: Setting): void;
}

export interface PassSettings {
	/** What the idempotency keys of its steps begin with. */
	scope: string;
	program: Program;
	row: Pick<WorkflowRow, "id" | "type" | "restarts" | "payload">;
	journal: Journal;
	history: History;
	ports: Ports;
	observer: PassObserver;
}

interface Call {
	readonly key: string;
	/** Outcomes released when the call was made. */
	readonly era: number;
	readonly promise: Promise<unknown>;
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

/** `waking`: live from the next turn on (P5). */
type PassState = "waking" | "live" | "parked" | "frozen" | "over";

/**
 * Microtasks that a release gives to what the one before set in motion, where the next call was
 * made after it: enough for any chain of awaits in common code, and a microsecond. A call made
 * before it gets a whole turn of the event loop.
 */
const SETTLING_MICROTASKS = 16;

export class Pass implements StepHost {
	/** What the idempotency keys of its steps begin with. */
	readonly scope: string;
	readonly journal: Journal;
	readonly ports: Ports;
	readonly #settings: PassSettings;
	readonly #observer: PassObserver;
	readonly #calls = new Map<string, Call>();
	readonly #occurrences = new Map<string, number>();
	readonly #inFlight = new Set<DoStep>();
	/** By key, until their outcome is released. */
	readonly #doSteps = new Map<string, DoStep>();
	/** Starts that came while frozen, or before the replay had caught up. */
	readonly #held: (() => void)[] = [];
	readonly #log: RunLog;
	/** Rows that were there when the pass began, and how many of them it has asked for. */
	readonly #rowsBefore: number;
	#rowsReached = 0;
	#asked = 0;
	#released = 0;
	#state: PassState = "waking";
	#started = false;
	#end: RunEnd | undefined;
	#releasing = false;
	#watching = false;
	/** Counts everything that moves; see `#watchQuiet`. */
	#activity = 0;
	#stopped = Promise.withResolvers<void>();

	constructor(settings: PassSettings) {
		this.#settings = settings;
		this.#observer = settings.observer;
		this.scope = settings.scope;
		this.journal = settings.journal;
		this.ports = settings.ports;
		this.#rowsBefore = settings.journal.size;
		this.#log = new RunLog(settings.row, settings.history, this);
	}

	/** Live, or about to be. */
	get isLive(): boolean {
		return this.#state === "live" || this.#state === "waking";
	}

	/** Live, or frozen with step functions still in flight. */
	get isAtWork(): boolean {
		return this.isLive || (this.#state === "frozen" && this.#inFlight.size > 0);
	}

	/** It rests in memory, and can go on from where it is. */
	get isParked(): boolean {
		return this.#state === "parked";
	}

	get isOver(): boolean {
		return this.#state === "over";
	}

	/** How many step functions are in flight. */
	get inFlightCount(): number {
		return this.#inFlight.size;
	}

	/** The attempts whose outcome can still be recorded. */
	running(): RunningAttempt[] {
		// A function that goes on after its abort counts for nothing: the end is the same each time.
		if (this.isOver) return [];
		return Array.from(this.#inFlight, ({ key, running }) => ({
			key,
			attempt: running?.attempt ?? 0,
			startedAt: running?.startedAt ?? 0,
		}));
	}

	/** How many outcomes have been released. */
	get released(): number {
		return this.#released;
	}

	/** Whether user code waits for a step: if not, it waits for something that is none. */
	get hasOpenCalls(): boolean {
		return this.#calls.size > 0;
	}

	get activity(): number {
		return this.#activity;
	}

	/** Resolves when the pass is no longer live: parked, frozen or over. */
	get stopped(): Promise<void> {
		return this.#stopped.promise;
	}

	start(): void {
		void this.#wakeUp();
	}

	/** Rests until `wake`; if the object is evicted before, a new pass replays. */
	park(): void {
		this.#state = "parked";
		this.#stopped.resolve();
	}

	/** Goes on after `park`: something that it waited for is recorded, or due. */
	wake(): void {
		this.#goLive();
	}

	/** Lets step functions in flight finish and record, and nothing else happen (P3). */
	freeze(): void {
		this.#state = "frozen";
		this.#stopped.resolve();
	}

	/** Goes on after `freeze`. */
	thaw(): void {
		this.#goLive();
	}

	/** Ends the pass for good; signals of functions in flight are aborted. */
	drop(reason: Error): void {
		this.#state = "over";
		for (const step of this.#inFlight) step.abort(reason);
		this.#stopped.resolve();
	}

	/** A journaled outcome came from outside the pass: a timer, an event. */
	recorded(): void {
		this.#activity++;
		this.#pump();
		this.#checkQuiet();
	}

	/** The time of a step's next attempt has come. */
	retryDue(key: string): void {
		const step = this.#doSteps.get(key);
		if (step !== undefined) this.#begin(() => step.start());
	}

	/** The first row from before this pass that it has not asked for, if there is one (G7). */
	unreached(): StepRow | undefined {
		if (this.#caughtUp) return undefined;
		for (const row of this.journal.rows) {
			const [, name, nth] = /^(.*?)(?:#(\d+))?$/s.exec(row.key) ?? [];
			if ((this.#occurrences.get(name ?? "") ?? 0) < Number(nth ?? 1)) return row;
		}
		return undefined;
	}

	do(name: string, settings: DoSettings): Promise<unknown> {
		return this.#ask("do", name, (key) => {
			const step = new DoStep(this, key, settings);
			this.#doSteps.set(key, step);
			return () => step.start();
		});
	}

	sleep(name: string, wakeAt: () => number): Promise<unknown> {
		return this.#ask("sleep", name, (key) => () => openSleep(this, key, wakeAt()));
	}

	waitForEvent(name: string, settings: WaitSettings): Promise<unknown> {
		return this.#ask("wait_for_event", name, (key) => () => openWait(this, key, settings));
	}

	set(name: string, setting: Setting): Promise<unknown> {
		return this.#ask(setting.kind, name, (key) => () => openSetting(this, key, setting));
	}

	change(setting: Setting): void {
		this.#observer.passSets(this, setting);
	}

	attemptFailed(failure: Failure): void {
		this.#settings.history.addError({ ...failure, isPanic: false });
	}

	isPanic(thrown: unknown): boolean {
		return this.#settings.program.panic.isPanic(thrown);
	}

	panicked(panic: Panic): void {
		this.#observer.passPanicked(this, panic);
	}

	attemptStarted(step: DoStep): void {
		this.#inFlight.add(step);
		this.#checkQuiet();
	}

	attemptEnded(step: DoStep): void {
		this.#inFlight.delete(step);
		const drained = this.#inFlight.size === 0;
		if (drained && this.#state === "frozen") this.#observer.passDrained(this);
	}

	broken(error: unknown): void {
		this.#observer.passBroken(this, error);
	}

	/** Opens a call: one with an outcome waits for its release, any other begins. */
	#ask(kind: StepKind, name: string, prepare: (key: string) => () => void): Promise<unknown> {
		if (this.#state === "over") return never();
		const refusal = this.#refusal(name);
		if (refusal !== undefined) return Promise.reject(refusal);
		if (this.#state === "parked") this.#observer.passStirred(this);
		const occurrence = (this.#occurrences.get(name) ?? 0) + 1;
		this.#occurrences.set(name, occurrence);
		const key = stepKey(name, occurrence);
		const row = this.journal.get(key);
		this.#activity++;
		if (row !== undefined) {
			if (row.kind !== kind) return this.#diverge(row, kind);
			this.#rowsReached++;
		}
		const { promise, resolve, reject } = Promise.withResolvers<unknown>();
		this.#calls.set(key, { key, era: this.#released, promise, resolve, reject });
		if (row === undefined || row.outcome === null) this.#begin(prepare(key));
		if (row !== undefined) this.#beginHeld();
		this.#pump();
		this.#checkQuiet();
		return promise;
	}

	#refusal(name: string): Error | undefined {
		const outer = enclosingAttempt()?.key;
		if (outer !== undefined) {
			return new ValidationError(
				`The step "${name}" was called inside the function of step "${outer}". Steps cannot be nested: call it beside, and pass its result in.`,
				{ path: name },
			);
		}
		if (++this.#asked <= LIMITS.steps) return undefined;
		return new WorkflowError(
			"STEP_LIMIT",
			`The step "${name}" is one more than the ${LIMITS.steps} that an instance may have. Split the work over several instances.`,
			{ limit: LIMITS.steps },
		);
	}

	/** It is live, and has caught up (P4). */
	get mayBegin(): boolean {
		return this.#state === "live" && this.#caughtUp;
	}

	/** Whether the replay has asked for all that the journal held when it began (P4). */
	get #caughtUp(): boolean {
		return this.#rowsReached === this.#rowsBefore;
	}

	#begin(begin: () => void): void {
		if (!this.mayBegin || this.#end !== undefined) {
			this.#held.push(begin);
			return;
		}
		try {
			begin();
		} catch (error) {
			this.broken(error);
		}
	}

	#beginHeld(): void {
		this.#log.flush();
		if (this.#held.length === 0 || !this.mayBegin) return;
		for (const begin of this.#held.splice(0)) this.#begin(begin);
	}

	#goLive(): void {
		this.#state = "waking";
		this.#stopped = Promise.withResolvers();
		void this.#wakeUp();
	}

	async #wakeUp(): Promise<void> {
		await this.ports.clock.turn();
		if (this.#state !== "waking") return;
		this.#state = "live";
		if (!this.#started) void this.#run();
		this.#beginHeld();
		if (this.#end !== undefined) this.#observer.passEnded(this, this.#end);
		this.recorded();
	}

	#diverge(row: StepRow, asked: StepKind): Promise<never> {
		const error = new NonDeterminismError(
			`The journal records step "${row.key}" as "${row.kind}", but the program now asks for it as "${asked}". Deploy code that takes the recorded way, then resume.`,
			{ step: row.key, recorded: row.kind, asked },
		);
		this.#observer.passDiverged(this, error);
		return never();
	}

	async #run(): Promise<void> {
		this.#started = true;
		const { program, row } = this.#settings;
		const step = new StepApi(this, program);
		let end: RunEnd;
		try {
			end = { ok: true, value: await program.run(step, decode(row.payload), this.#log) };
		} catch (thrown) {
			end = { ok: false, thrown };
		}
		this.#end = end;
		if (this.#state === "live" || this.#state === "parked") this.#observer.passEnded(this, end);
	}

	#pump(): void {
		if (this.#releasing || this.#nextRelease() === undefined) return;
		this.#releasing = true;
		void this.#release();
	}

	/** Releases outcomes in order for as long as the next one has been asked for (P1). */
	async #release(): Promise<void> {
		for (;;) {
			const waiting = this.#nextRelease();
			if (waiting === undefined) break;
			if (waiting.era < this.#released) await this.ports.clock.turn();
			else for (let tick = 0; tick < SETTLING_MICROTASKS; tick++) await null;
			const call = this.#nextRelease();
			const row = this.journal.outcomes[this.#released];
			if (call === undefined || row === undefined) break;
			this.#released++;
			this.#activity++;
			this.#calls.delete(call.key);
			this.#doSteps.delete(call.key);
			settle(call, row);
		}
		this.#releasing = false;
		this.#checkQuiet();
	}

	#nextRelease(): Call | undefined {
		if (this.#state !== "live") return undefined;
		const row = this.journal.outcomes[this.#released];
		return row === undefined ? undefined : this.#calls.get(row.key);
	}

	#checkQuiet(): void {
		if (this.#watching || this.#state !== "live") return;
		this.#watching = true;
		void this.#watchQuiet();
	}

	/** Tells the observer once a whole turn has gone by in which nothing moved. */
	async #watchQuiet(): Promise<void> {
		let seen: number;
		do {
			seen = this.#activity;
			await this.ports.clock.turn();
		} while (this.#state === "live" && (seen !== this.#activity || this.#releasing));
		this.#watching = false;
		if (this.#state !== "live") return;
		// An end that came before a recorded step was asked for is looked at again.
		if (this.#end === undefined) this.#observer.passQuiet(this);
		else this.#observer.passEnded(this, this.#end);
	}
}

/** What a call returns that nothing will answer (P2). Fresh each time, so that it can be collected. */
function never(): Promise<never> {
	return new Promise(() => {});
}

function settle(call: Call, row: StepRow): void {
	if (row.status === "failed" && row.error !== null) {
		// A program may look at a call's promise only later; until then it is not unhandled.
		call.promise.catch(() => {});
		call.reject(fromThrownRecord(decodeThrown(row.error)));
	} else {
		call.resolve(row.result === null ? undefined : decode(row.result));
	}
}
