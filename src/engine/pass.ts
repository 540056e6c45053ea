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
 * - P4 A replay does nothing new before it has asked for every row that was there when it began,
 *   and has been given every outcome: until then new steps and attempts are held. So a replay that
 *   differs from the journal (G7) stops without having run or recorded anything, and a program that
 *   learns from an outcome what not to do any more has learnt it before it is asked to.
 * - P5 A pass goes live in the turn after it is told to, so that what was written with that is
 *   committed before user code moves, even if that code ends the isolate (G17).
 */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import type { NonDeterminismError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { StepKind } from "../model/rpc";
import { type Call, never, openCall, settle } from "./call";
import type { RunningAttempt } from "./describe";
import { enclosure, outside } from "./enclosure";
import { nestedInFunction, otherKind, stepLimit, stepNameTaken } from "./faults";
import type { Handling } from "./handling";
import type { History } from "./history";
import type { Journal } from "./journal";
import { OpenCalls } from "./open-calls";
import type { Panic } from "./panics";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { Reach } from "./reach";
import { RunLog } from "./run-log";
import { StepApi } from "./step-api";
import { type DoSettings, DoStep } from "./step-kinds/do-step";
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
	/** As it is stored now. */
	readonly metadata: Encoded | null;
	/** @throws {WorkflowError} for too many, or too large. */
	passSets(pass: Pass, setting: Setting): void;
}

export interface PassSettings {
	/** What the idempotency keys of its steps begin with. */
	scope: string;
	program: Program;
	row: Pick<WorkflowRow, "id" | "type" | "restarts" | "payload" | "createdAt" | "startedAt">;
	journal: Journal;
	history: History;
	ports: Ports;
	observer: PassObserver;
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
	readonly type: string;
	readonly journal: Journal;
	readonly ports: Ports;
	readonly #settings: PassSettings;
	readonly #observer: PassObserver;
	readonly #open = new OpenCalls();
	readonly #reach: Reach;
	/** Starts that came while frozen, or before the replay had caught up. */
	readonly #held: (() => void)[] = [];
	readonly #log: RunLog;
	/** Outcomes that were there when the pass began. */
	readonly #outcomesBefore: number;
	/** What those outcomes set in motion has come to rest. */
	#isInstructed: boolean;
	#asked = 0;
	#released = 0;
	/** Those of the program's own steps: a replay releases no others once they are past. */
	#ownReleased = 0;
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
		this.type = settings.row.type;
		this.journal = settings.journal;
		this.ports = settings.ports;
		this.#reach = new Reach(settings.journal);
		this.#outcomesBefore = settings.journal.outcomes.length;
		this.#isInstructed = this.#outcomesBefore === 0;
		this.#log = new RunLog(settings.row, settings.history, this);
	}

	/** Live, or about to be. */
	get isLive(): boolean {
		return this.#state === "live" || this.#state === "waking";
	}

	/** Live, or frozen with step functions still in flight. */
	get isAtWork(): boolean {
		return this.isLive || (this.#state === "frozen" && this.#open.inFlightCount > 0);
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
		return this.#open.inFlightCount;
	}

	/** The attempts whose outcome can still be recorded. */
	running(): RunningAttempt[] {
		// A function that goes on after its abort counts for nothing: the end is the same each time.
		return this.isOver ? [] : this.#open.running();
	}

	get hasEnded(): boolean {
		return this.#end !== undefined;
	}

	/** How many outcomes of the program's own steps have been released. */
	get released(): number {
		return this.#ownReleased;
	}

	/** Whether user code waits for a step: if not, it waits for something that is none. */
	get hasOpenCalls(): boolean {
		return this.#open.waitForSteps;
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
		this.#open.abort(reason);
		this.#stopped.resolve();
	}

	/** A journaled outcome came from outside the pass: a timer, an event. */
	recorded(): void {
		this.#open.endDecided(this.journal);
		this.#activity++;
		this.#pump();
		this.#checkQuiet();
	}

	/** The time of a step's next attempt has come. */
	retryDue(key: string): void {
		const step = this.#open.stepOf(key);
		if (step !== undefined) this.begin(() => step.start());
	}

	/** The first row from before this pass that it has not asked for, if there is one (G7). */
	unreached(): StepRow | undefined {
		return this.#reach.unreached();
	}

	do(name: string, settings: DoSettings): Promise<unknown> {
		return this.#ask("do", name, (key, within) => {
			const step = new DoStep(this, key, { settings, within });
			this.#open.addStep(step);
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

	get metadata(): Encoded | null {
		return this.#observer.metadata;
	}

	change(setting: Setting): void {
		this.#observer.passSets(this, setting);
	}

	attemptFailed({ retry, ...failure }: Failure): void {
		this.#settings.history.addError({ ...failure, isPanic: false }, retry);
	}

	isPanic(thrown: unknown): boolean {
		return this.#settings.program.panic.isPanic(thrown);
	}

	panicked(panic: Panic): void {
		this.#observer.passPanicked(this, panic);
	}

	attemptStarted(step: DoStep): void {
		this.#open.attemptStarted(step);
		this.#checkQuiet();
	}

	attemptEnded(step: DoStep): void {
		this.#open.attemptEnded(step);
		const drained = this.#open.inFlightCount === 0;
		if (drained && this.#state === "frozen") this.#observer.passDrained(this);
	}

	handlingBegan(handling: Handling): void {
		this.#open.handlingBegan(handling);
		this.#checkQuiet();
	}

	handlingEnded(handling: Handling, conclude: () => void): void {
		if (this.#state === "over") return;
		handling.hasReturned = true;
		this.#activity++;
		if (this.#state === "parked") this.#observer.passStirred(this);
		// Until a replay has caught up, what the handler left unawaited may still ask for its rows.
		this.begin(() => {
			this.#open.endHandling(handling);
			conclude();
		});
		this.#checkQuiet();
	}

	broken(error: unknown): void {
		this.#observer.passBroken(this, error);
	}

	/** Opens a call: one with an outcome waits for its release, any other begins. */
	#ask(
		kind: StepKind,
		name: string,
		prepare: (key: string, within: Handling | undefined) => () => void,
	): Promise<unknown> {
		if (this.#state === "over") return never();
		const caller = enclosure();
		if (caller?.isHandler === false) return Promise.reject(nestedInFunction(name, caller.key));
		if (++this.#asked > LIMITS.steps) return Promise.reject(stepLimit(name));
		if (caller?.isOver) return never();
		if (this.#state === "parked") this.#observer.passStirred(this);
		const key = (caller?.names ?? this.#reach.names).next(name);
		const row = this.journal.get(key);
		const holder = row ?? this.#open.get(key);
		if (holder !== undefined && holder.parent !== (caller?.key ?? null)) {
			return Promise.reject(stepNameTaken(key, holder.parent));
		}
		this.#activity++;
		if (row !== undefined) {
			if (row.kind !== kind) return this.#diverge(row, kind);
			this.#reach.reached(row);
		} else if (caller !== undefined) {
			this.journal.belongs(key, caller.belonging);
		}
		const call = openCall(key, this.#released, caller);
		this.#open.add(call);
		if (row === undefined || row.outcome === null) this.#enter(call, prepare(key, caller));
		if (row !== undefined) this.#log.flush();
		this.#pump();
		this.#checkQuiet();
		return call.promise;
	}

	#enter({ key, within }: Call, begin: () => void): void {
		// A handler goes on before the replay has caught up: its steps are part of what is replayed.
		if (this.journal.get(key)?.status === "handling") this.#open.stepOf(key)?.handle();
		else if (within === undefined) this.#beginInTurn(begin);
		else this.begin(() => within.isOver || begin());
	}

	/** It is live, and has asked for all that was there. */
	get hasCaughtUp(): boolean {
		return this.#state === "live" && this.#reach.hasCaughtUp;
	}

	/** It has also been given every outcome that was there (P4). */
	get mayBegin(): boolean {
		return this.hasCaughtUp && this.#released >= this.#outcomesBefore;
	}

	begin(begin: () => void): void {
		if (!this.mayBegin || this.hasEnded) {
			this.#held.push(begin);
			return;
		}
		try {
			begin();
		} catch (error) {
			this.broken(error);
		}
	}

	/** Steps begin in the order in which they were asked for: behind those that `#release` is about to begin. */
	#beginInTurn(begin: () => void): void {
		if (this.#releasing && this.#held.length > 0 && !this.#isInstructed) this.#held.push(begin);
		else this.begin(begin);
	}

	/** Whether there is something held that may begin. */
	get #isHolding(): boolean {
		return this.#held.length > 0 && this.mayBegin && !this.hasEnded;
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
		this.#log.flush();
		if (this.#end !== undefined) this.#observer.passEnded(this, this.#end);
		this.recorded();
	}

	#diverge(row: StepRow, asked: StepKind): Promise<never> {
		this.#observer.passDiverged(this, otherKind(row, asked));
		return never();
	}

	async #run(): Promise<void> {
		this.#started = true;
		const { program, row } = this.#settings;
		const step = new StepApi(this, program);
		let end: RunEnd;
		try {
			const value = await outside(() => program.run(step, decode(row.payload), this.#log));
			end = { ok: true, value };
		} catch (thrown) {
			end = { ok: false, thrown };
		}
		this.#end = end;
		if (this.#state === "live" || this.#state === "parked") this.#observer.passEnded(this, end);
	}

	#pump(): void {
		if (this.#releasing || (this.#nextRelease() === undefined && !this.#isHolding)) return;
		this.#releasing = true;
		void this.#release();
	}

	/**
	 * Releases outcomes in order for as long as the next one has been asked for (P1); then, once what
	 * the last one sets in motion has come to rest, what was held begins (P4).
	 */
	async #release(): Promise<void> {
		for (;;) {
			const waiting = this.#nextRelease();
			if (waiting === undefined) {
				this.#log.flush();
				if (!this.#isHolding) break;
				if (!this.#isInstructed) await this.ports.clock.turn();
				this.#isInstructed = true;
				if (this.#isHolding) for (const begin of this.#held.splice(0)) this.begin(begin);
				continue;
			}
			if (waiting.era < this.#released) await this.ports.clock.turn();
			else for (let tick = 0; tick < SETTLING_MICROTASKS; tick++) await null;
			const call = this.#nextRelease();
			const row = this.journal.outcomes[this.#released];
			// It was stopped, or what asked for it is over: looked at anew.
			if (call === undefined || row === undefined) continue;
			this.#released++;
			if (row.parent === null) this.#ownReleased++;
			this.#activity++;
			this.#open.close(call);
			settle(call, row);
		}
		this.#releasing = false;
		this.#checkQuiet();
	}

	#nextRelease(): Call | undefined {
		if (this.#state !== "live") return undefined;
		for (;;) {
			const row = this.journal.outcomes[this.#released];
			const call = row && this.#open.get(row.key);
			// What a handling asked for that is over, nobody asks for again.
			if (row === undefined || call !== undefined || !this.journal.isPast(row)) return call;
			this.#released++;
		}
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
