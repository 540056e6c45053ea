/**
 * What becomes of an instance by itself: its statuses, its one pass, its alarm. It decides what
 * follows from a timer, the end of a pass or the loss of one; what is asked for from outside is
 * `Lifecycle`'s. What happens inside a pass is `Pass`'s, the row is `InstanceRecord`'s, the alarm
 * `Wakeups`'.
 *
 * Invariants:
 * - I1 A stored status of `running` means that a pass is open. With none in memory, the pass was
 *   lost with its isolate (G17).
 * - I2 Whatever changes what is due sets the alarm in the same synchronous stretch (G4).
 * - I5 A pass starts or goes on with a slot, or where none is needed: `#mayGoOn` is the one gate.
 */
import type { DeliveryStore } from "../db/delivery-store";
import type { HistoryStore } from "../db/history-store";
import type { InstanceStore, StepRow, WorkflowRow } from "../db/instance-store";
import { type ChroniclePlace, parsePlace } from "../model/chronicle";
import { type Encoded, encode, encodedBytes } from "../model/codec";
import { encodeThrown } from "../model/error-record";
import type { NonDeterminismError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { withOverrides } from "../model/overrides";
import { reason, reasonIs } from "../model/reason";
import { isTerminal, type WorkflowStatus } from "../model/status";
import { CarriedPrograms, type Compile, type Programs } from "./carried-programs";
import { type ChronicleEntry, readChronicle } from "./chronicle";
import { Deliverer } from "./deliverer";
import type { RunningAttempt } from "./describe";
import { instanceTimeout } from "./faults";
import { History } from "./history";
import { InstanceRecord } from "./instance-record";
import { Journal } from "./journal";
import { OnePass } from "./one-pass";
import type { Panic } from "./panics";
import type { Pass } from "./pass";
import type { PassObserver, RunEnd } from "./pass-observer";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { Recovery } from "./recovery";
import { Removal } from "./removal";
import { Slot } from "./slot";
import { rowWith, type Setting } from "./step-kinds/setting-step";
import { timeOutWait } from "./step-kinds/wait-step";
import { Wakeups } from "./wakeups";

export interface CourseSettings {
	store: InstanceStore;
	history: HistoryStore;
	deliveries: DeliveryStore;
	/** Of the registry. */
	programs: Programs;
	compile: Compile;
	ports: Ports;
}

/** How often an instance of a type that is gone looks whether it is back. */
const RECHECK_MS = 60_000;

export class Course implements PassObserver {
	readonly record: InstanceRecord;
	readonly programs: Programs;
	readonly slot: Slot;
	readonly history: History;
	readonly recovery: Recovery;
	readonly deliverer: Deliverer;
	readonly #one: OnePass;
	readonly #removal: Removal;
	readonly #store: InstanceStore;
	readonly #ports: Ports;
	readonly #wakeups: Wakeups;
	#journal: Journal | undefined;
	/** The last place in a journal of the run that was dropped. */
	#lastSeq = 0;

	constructor(settings: CourseSettings) {
		const { store, history, deliveries, programs: registry, compile, ports } = settings;
		this.#store = store;
		this.#ports = ports;
		this.record = new InstanceRecord(store, ports, () => this.arm());
		const programs = new CarriedPrograms(
			registry,
			{ compile, report: ports.report },
			{ hash: () => this.record.definition, text: () => store.readDefinition() },
		);
		this.programs = programs;
		// A function at work may write for minutes while nothing else is due.
		this.history = new History(this.record, history, ports.clock, () => this.deliverer.lookSoon());
		this.slot = new Slot({
			record: this.record,
			programs,
			ports,
			granted: () => this.#slotGranted(),
			deliveryChanged: () => this.arm(),
		});
		this.#one = new OnePass({
			...{ record: this.record, history: this.history, programs, ports, observer: this },
			journal: () => this.journal,
			arm: () => this.arm(),
		});
		this.recovery = new Recovery({
			...{ record: this.record, history: this.history, slot: this.slot, ports },
			policy: () => this.#one.program?.panic,
			fail: (cause) => this.finish("errored", cause),
			drop: (reason) => this.dropPass(reason),
		});
		this.deliverer = new Deliverer({
			...{ record: this.record, store: deliveries, programs, ports },
			read: (from) => this.chronicle(from === null ? null : parsePlace(from)) ?? [],
			lastStoredSeq: () => this.journal.lastStoredSeq,
			changed: () => this.arm(),
		});
		this.#removal = new Removal(this.record, ports, () => {
			this.#forget(new Error("the instance was removed"));
			this.#wakeups.fired();
		});
		this.#wakeups = new Wakeups(ports.clock, ports.alarm);
	}

	// ── For the lifecycle ──────────────────────────────────────────────────────

	/** The text of the definition that the instance carries. */
	get definition(): string | undefined {
		return this.#store.readDefinition();
	}

	/** Starts the life of a row that is not stored yet; one that is `created` starts later, if at all. */
	begin(row: WorkflowRow, program: Program, definition?: string): void {
		this.record.create(row, definition);
		this.#lastSeq = 0;
		this.#journal = Journal.empty(this.#store);
		this.deliverer.begin();
		if (row.status === "running") this.#one.run(withOverrides(program, row.overrides));
		else this.arm();
	}

	resume(): void {
		const { deadlineAt, notBefore } = this.#row;
		const now = this.#now();
		if (deadlineAt !== null && deadlineAt <= now) {
			this.#timeOut();
			return;
		}
		if (notBefore !== null && notBefore > now) {
			this.record.write({ status: "created", reason: null });
			this.arm();
			return;
		}
		if (this.#mayGoOn()) this.#one.thaw();
		// After the start: what became due meanwhile reaches a pass that is live.
		this.settleDue(now);
		this.#pass?.recorded();
		this.arm();
	}

	finish(
		status: WorkflowStatus,
		end: Partial<Pick<WorkflowRow, "result" | "error" | "reason" | "strikes">>,
	): void {
		const change = { reason: null, ...end, status, notBefore: null, completedAt: this.#now() };
		this.record.write({ ...change, ...this.slot.ended() });
		this.#pass?.drop(new Error(`the instance is ${status}`));
		// While the journal is in memory.
		this.deliverer.look();
		this.#journal = undefined;
		this.arm();
	}

	/** Takes the instance out of the index and empties its storage; resolves when it is gone. */
	remove(): Promise<void> {
		this.#journal = undefined;
		this.deliverer.forget();
		const gone = this.#removal.begin();
		this.arm();
		return gone;
	}

	/** Steps in flight finish and record, nothing else happens (G11). */
	freeze(): void {
		this.#pass?.freeze();
		this.arm();
	}

	/** Ends the pass, and has the journal read anew; of another run, with a `lastSeq` of 0. */
	dropPass(reason: Error, lastSeq = this.#journal?.lastSeq ?? this.#lastSeq): void {
		this.#one.drop(reason);
		this.#journal = undefined;
		this.#lastSeq = lastSeq;
	}

	get journal(): Journal {
		// Whoever has been told that a step began is not to be told so of another one in its place.
		this.#journal ??= Journal.load(this.#store, this.#lastSeq);
		return this.#journal;
	}

	/** The steps, and the attempts of them that run. */
	steps(): Iterable<StepRow> {
		return this.#journal?.rows ?? this.#store.readSteps();
	}

	get running(): RunningAttempt[] {
		return this.#pass?.running() ?? [];
	}

	/** Whether something may happen that is no change of status. */
	get isAtWork(): boolean {
		return this.#pass?.isAtWork ?? false;
	}

	/** Some events behind a place in the chronicle; undefined: there is no instance. */
	chronicle(from: ChroniclePlace | null): ChronicleEntry[] | undefined {
		this.record.open();
		if (!this.record.exists || this.record.isRemoved) return undefined;
		if (from?.told === 2 && from.run === this.#row.run) return [];
		const { journal, running, history } = this;
		const graph = this.programs.get(this.#row.type)?.graph ?? null;
		return readChronicle({ row: this.#row, journal, running, history, graph }, from);
	}

	/** The alarm has fired. */
	catchUp(): void {
		this.#wakeups.fired();
		this.deliverer.look();
		const { status, reason: why, type } = this.#row;
		const expiresAt = this.#expiresAt();
		if (expiresAt !== null && expiresAt <= this.#now()) void this.remove();
		const typeIsBack =
			reasonIs(why, "TYPE_NOT_REGISTERED") && this.programs.get(type) !== undefined;
		if (status === "paused" && typeIsBack) this.resume();
		else this.#advance();
		if (this.record.pending() !== null) this.record.outbox.kick();
		this.arm();
	}

	/**
	 * Brings the instance up to now: a lost pass, its deadline, its timers. The alarm is set for
	 * what comes next, also when the request that asked for this is then refused (I2).
	 */
	advance(): void {
		this.#advance();
		this.arm();
	}

	#advance(): void {
		const now = this.#now();
		const { status, deadlineAt } = this.#row;
		if (isTerminal(status) || status === "paused" || this.record.isRemoved) return;
		if (deadlineAt !== null && deadlineAt <= now) {
			this.#timeOut();
			return;
		}
		const isLost = status === "running" && this.#pass === undefined;
		if (isLost && this.recovery.passLost(this.journal.progress)) this.#one.start();
		if (isTerminal(this.#row.status) || this.#isHeldBack) return;
		if (this.settleDue(now) || this.#row.notBefore !== null) this.move();
	}

	/** The alarm stays with a live pass, and with what is on its way to shards and receivers. */
	async linger(): Promise<void> {
		const underWay = () =>
			this.record.outbox.underWay ?? this.slot.underWay ?? this.deliverer.underWay;
		await this.#wakeups.linger(() => (this.#pass?.isLive ? this.#pass.stopped : underWay()));
	}

	// ── The pass's word ───────────────────────────────────────────────────────

	passQuiet(pass: Pass): void {
		if (pass !== this.#pass) return;
		const working = pass.inFlightCount > 0 || !pass.hasOpenCalls;
		const unreached = working ? undefined : pass.unreached();
		if (unreached !== undefined) {
			this.#one.allowToReach(unreached, "parked");
		} else if (!working) {
			pass.park();
			const status = this.journal.awaitsEvent ? "waiting" : "sleeping";
			this.record.write({ status, strikes: 0, ...this.slot.parked() });
		}
		this.arm();
	}

	passStirred(pass: Pass): void {
		if (pass !== this.#pass) return;
		this.move();
		this.arm();
	}

	passEnded(pass: Pass, end: RunEnd): void {
		if (pass !== this.#pass || pass.isOver) return;
		const panics = !end.ok && pass.isPanic(end.thrown);
		const unreached = panics ? undefined : pass.unreached();
		if (unreached !== undefined) {
			this.#one.allowToReach(unreached, "ended");
			this.arm();
			return;
		}
		// Something that is no step ended a parked pass.
		if (this.#row.status !== "running") this.record.write({ status: "running" });
		try {
			if (panics) this.passPanicked(pass, { thrown: end.thrown, step: null, attempt: null });
			else if (end.ok) this.#complete(end.value);
			else this.finish("errored", { error: encodeThrown(end.thrown) });
		} catch (error) {
			this.passBroken(pass, error);
		}
	}

	passDiverged(pass: Pass, error: NonDeterminismError): void {
		if (pass !== this.#pass || pass.isOver) return;
		const text = encodeThrown(error);
		if (this.programs.get(this.#row.type)?.onNonDeterminism === "fail") {
			this.finish("errored", { error: text });
			return;
		}
		this.#one.diverged();
		this.record.write({
			status: "paused",
			reason: reason(error.code, error.message),
			error: text,
		});
		this.arm();
	}

	passPanicked(pass: Pass, panic: Panic): void {
		if (pass !== this.#pass || pass.isOver) return;
		this.recovery.panicked(panic);
		this.arm();
	}

	get metadata(): Encoded | null {
		return this.#row.metadata;
	}

	passSets(_pass: Pass, setting: Setting): void {
		this.record.write(rowWith(this.#row, setting));
	}

	passDrained(pass: Pass): void {
		if (pass === this.#pass) this.arm();
	}

	/** Memory can no longer be trusted: the next alarm starts from the tables. */
	passBroken(pass: Pass, error: unknown): void {
		if (pass !== this.#pass) return;
		this.#ports.report("a write of an instance failed; it will be replayed", error);
		this.#forget(new Error("a write of the instance failed"));
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	/** The tables are asked again. */
	#forget(reason: Error): void {
		this.dropPass(reason);
		this.deliverer.forget();
		this.record.forget();
	}

	get #pass(): Pass | undefined {
		return this.#one.current;
	}

	get #row(): WorkflowRow {
		return this.record.row;
	}

	#now(): number {
		return this.#ports.clock.now();
	}

	settleDue(now: number): boolean {
		const journal = this.journal;
		const due = journal.due(now);
		for (const row of due) {
			// A retry has panicked: what else is due is so at the restart.
			if (journal !== this.#journal) break;
			const { key, kind } = row;
			if (kind === "wait_for_event") {
				timeOutWait(journal, row, now);
			} else if (kind === "sleep") {
				journal.complete(row, now);
			} else {
				journal.attemptBegan(key);
				this.#pass?.retryDue(key);
			}
		}
		return due.length > 0;
	}

	goOn(): void {
		if (this.#row.status !== "paused") this.move();
	}

	/** Also of one whose journal a panic has dropped, and that queues for a slot since. */
	#stepsDueAt(): number | null {
		const isQueued = this.#row.status === "waiting" && this.#row.slot === "queued";
		return (isQueued ? this.journal : this.#journal)?.nextDueAt() ?? null;
	}

	/** Lets the pass see what was recorded, or starts one where memory has none (G5). */
	move(): void {
		if (this.#pass?.isLive) this.#pass.recorded();
		else if (isTerminal(this.#row.status) || this.#isHeldBack || !this.#mayGoOn()) return;
		else this.#one.wake();
	}

	/** No pass starts before its time, after the end, nor after a panic until somebody asks for it. */
	get #isHeldBack(): boolean {
		const { status, notBefore } = this.#row;
		if (isTerminal(status)) return true;
		return notBefore === null ? status === "panicked" : notBefore > this.#now();
	}

	/** Whether a pass may start or go on (I5); if not, it does once there is a slot. */
	#mayGoOn(): boolean {
		this.slot.ask();
		return this.slot.isOpen;
	}

	#slotGranted(): void {
		this.advance();
		if (!isTerminal(this.#row.status)) this.move();
	}

	#complete(value: unknown): void {
		let result: Encoded;
		try {
			// Payload and result share a row.
			const limitBytes = LIMITS.valueBytes - encodedBytes(this.#row.payload);
			result = encode(value, "the result of run()", limitBytes);
		} catch (error) {
			this.finish("errored", { error: encodeThrown(error) });
			return;
		}
		this.finish("completed", { result });
	}

	#timeOut(): void {
		const { createdAt, deadlineAt } = this.#row;
		const error = instanceTimeout((deadlineAt ?? 0) - createdAt);
		this.finish("timed_out", { error: encodeThrown(error) });
	}

	/** Sets the alarm for all that is due (I2). */
	arm(): void {
		if (this.isAtWork) this.deliverer.lookSoon();
		else this.deliverer.look();
		// A paused instance takes events, and operators' results, without another status.
		this.record.stir();
		const { status, deadlineAt, notBefore, reason: why } = this.#row;
		const gone = reasonIs(why, "TYPE_NOT_REGISTERED");
		this.#wakeups.arm(this.#pass, {
			status,
			stepsDueAt: this.#stepsDueAt(),
			deadlineAt,
			notBefore,
			undelivered: this.record.pending() === null ? null : { retryAt: this.record.outbox.retryAt },
			slotUndelivered: this.slot.undelivered,
			events: this.deliverer.plan,
			recheckAt: gone || this.record.isRemoved ? this.#now() + RECHECK_MS : null,
			expiresAt: this.#expiresAt(),
		});
		this.slot.deliver();
		this.#removal.proceed();
	}

	/** When an ended instance is to be forgotten; past it, once its receivers have been told. */
	#expiresAt(): number | null {
		const keptMs = this.programs.get(this.#row.type)?.retentionMs ?? LIMITS.retentionMs;
		const dueAt = this.#removal.dueAt(keptMs);
		const waits = dueAt !== null && dueAt <= this.#now() && this.deliverer.isBehind;
		return waits ? null : dueAt;
	}
}
