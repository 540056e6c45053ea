/**
 * A pass: one run of the program from the top, until it ends or parks.
 *
 * It owns the calls that user code has open; in which order they settle is `Replay`'s matter, what
 * a call records its step kind's, when the instance changes status `Course`'s.
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
import type { StepRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import { LIMITS } from "../model/limits";
import type { StepKind } from "../model/rpc";
import { type Call, never, openCall } from "./call";
import type { RunningAttempt } from "./describe";
import { enclosure, outside } from "./enclosure";
import { nestedInFunction, otherKind, stepLimit, stepNameTaken } from "./faults";
import type { Handling } from "./handling";
import type { Journal } from "./journal";
import { OpenCalls } from "./open-calls";
import type { Panic } from "./panics";
import type { PassObserver, PassSettings, RunEnd } from "./pass-observer";
import type { Ports } from "./ports";
import { Replay, type ReplayHost } from "./replay";
import { RunLog } from "./run-log";
import { StepApi } from "./step-api";
import { type DoSettings, DoStep } from "./step-kinds/do-step";
import { openSetting, type Setting } from "./step-kinds/setting-step";
import { openSleep } from "./step-kinds/sleep-step";
import type { Failure, StepHost } from "./step-kinds/step-host";
import { openWait, type WaitSettings } from "./step-kinds/wait-step";

/** `waking`: live from the next turn on (P5). */
type PassState = "waking" | "live" | "parked" | "frozen" | "over";

export class Pass implements StepHost, ReplayHost {
	/** What the idempotency keys of its steps begin with. */
	readonly scope: string;
	readonly type: string;
	readonly journal: Journal;
	readonly ports: Ports;
	readonly #settings: PassSettings;
	readonly #observer: PassObserver;
	readonly #open = new OpenCalls();
	readonly #replay: Replay;
	readonly #log: RunLog;
	#asked = 0;
	#state: PassState = "waking";
	#started = false;
	#end: RunEnd | undefined;
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
		const { journal, ports } = settings;
		this.#replay = new Replay({ journal, open: this.#open, clock: ports.clock }, this);
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
		return this.#replay.ownReleased;
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
		this.#replay.pump();
		this.#checkQuiet();
	}

	/** The time of a step's next attempt has come. */
	retryDue(key: string): void {
		const step = this.#open.stepOf(key);
		if (step !== undefined) this.begin(() => step.start());
	}

	/** The first row from before this pass that it has not asked for, if there is one (G7). */
	unreached(): StepRow | undefined {
		return this.#replay.unreached();
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
		const key = (caller?.names ?? this.#replay.names).next(name);
		const row = this.journal.get(key);
		const holder = row ?? this.#open.get(key);
		if (holder !== undefined && holder.parent !== (caller?.key ?? null)) {
			return Promise.reject(stepNameTaken(key, holder.parent));
		}
		this.#activity++;
		if (row !== undefined) {
			if (row.kind !== kind) return this.#diverge(row, kind);
			this.#replay.reached(row);
		} else if (caller !== undefined) {
			this.journal.belongs(key, caller.belonging);
		}
		const call = openCall(key, this.#replay.released, caller);
		this.#open.add(call);
		if (row === undefined || row.outcome === null) this.#enter(call, prepare(key, caller));
		if (row !== undefined) this.#log.flush();
		this.#replay.pump();
		this.#checkQuiet();
		return call.promise;
	}

	#enter({ key, within }: Call, begin: () => void): void {
		// A handler goes on before the replay has caught up: its steps are part of what is replayed.
		if (this.journal.get(key)?.status === "handling") this.#open.stepOf(key)?.handle();
		else if (within === undefined) this.#replay.beginInTurn(begin);
		else this.begin(() => within.isOver || begin());
	}

	/** It is live, and has asked for all that was there. */
	get hasCaughtUp(): boolean {
		return this.#replay.hasCaughtUp;
	}

	/** It has also been given every outcome that was there (P4). */
	get mayBegin(): boolean {
		return this.#replay.mayBegin;
	}

	begin(begin: () => void): void {
		this.#replay.begin(begin);
	}

	/** It is live, and not only about to be. */
	get isReleasing(): boolean {
		return this.#state === "live";
	}

	moved(): void {
		this.#activity++;
	}

	toldAll(): void {
		this.#log.flush();
	}

	rested(): void {
		this.#checkQuiet();
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
		} while (this.#state === "live" && (seen !== this.#activity || this.#replay.isUnderWay));
		this.#watching = false;
		if (this.#state !== "live") return;
		// An end that came before a recorded step was asked for is looked at again.
		if (this.#end === undefined) this.#observer.passQuiet(this);
		else this.#observer.passEnded(this, this.#end);
	}
}
