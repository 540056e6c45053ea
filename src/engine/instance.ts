/**
 * The life of one instance: create, events, pause, resume, terminate, alarms, and the statuses in
 * between. It owns the instance's row and its one pass; what happens inside a pass is `Pass`'s.
 *
 * Invariants:
 * - I1 A stored status of `running` means that a pass is open. With none in memory, the pass was
 *   lost with its isolate (G17).
 * - I2 Whatever changes what is due sets the alarm in the same synchronous stretch (G4).
 * - I3 After each `await`, what was read before it is read again: an RPC may have come between.
 */
import type { InstanceStore, StepRow, WorkflowRow } from "../db/instance-store";
import { decode, type Encoded, encode, encodedBytes } from "../model/codec";
import { encodeThrown } from "../model/error-record";
import { type NonDeterminismError, WorkflowError } from "../model/errors";
import { parseEventName, parseInstanceId, parseTypeName } from "../model/ids";
import { LIMITS } from "../model/limits";
import type { StatusOutbox, StatusSource } from "../model/ports";
import { reason, reasonIs } from "../model/reason";
import type {
	CreateReceipt,
	CreateRequest,
	EventRequest,
	IndexUpdate,
	InstanceView,
	StatusReceipt,
} from "../model/rpc";
import { parseWith, type Schema } from "../model/standard-schema";
import {
	assertStatusChange,
	illegalStatusChange,
	isTerminal,
	type WorkflowStatus,
} from "../model/status";
import { planAlarm } from "./alarm-plan";
import { describe } from "./describe";
import {
	instanceTimeout,
	missedStep,
	passesLost,
	typeNotRegistered,
	unknownEvent,
	unknownType,
} from "./faults";
import { Journal } from "./journal";
import { Pass, type PassObserver, type RunEnd } from "./pass";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { timeOutWait } from "./step-kinds/wait-step";
import { judgeLostPass } from "./strikes";

export interface InstanceSettings {
	store: InstanceStore;
	programs: ReadonlyMap<string, Program>;
	ports: Ports;
}

/** How far ahead of a live pass the alarm stands, so that a lost one is missed soon. */
const LEASE_MS = 5_000;
/** How long one alarm stays with a live pass; the object is not evicted meanwhile. */
const LINGER_MS = 60_000;
/** How long a replay may take to ask for a recorded step once all else rests (G7). */
const REACH_GRACE_MS = 2_000;
/** How often an instance of a type that is gone looks whether it is back. */
const RECHECK_MS = 60_000;

export class Instance implements PassObserver, StatusSource {
	readonly #store: InstanceStore;
	readonly #programs: ReadonlyMap<string, Program>;
	readonly #ports: Ports;
	readonly #outbox: StatusOutbox;
	#opening: Promise<void> | undefined;
	#stored: WorkflowRow | undefined;
	#journal: Journal | undefined;
	#pass: Pass | undefined;
	/** The frozen pass cannot be thawed: it took another way than the journal. */
	#diverged = false;
	/** Where the alarm stands; undefined: not known, since another isolate set it. */
	#alarmAt: number | null | undefined;
	/** Until when the pass at work is trusted to be. */
	#leaseAt: number | null = null;
	#alarmMoved = Promise.withResolvers<void>();

	constructor({ store, programs, ports }: InstanceSettings) {
		this.#store = store;
		this.#programs = programs;
		this.#ports = ports;
		this.#outbox = ports.outbox(this);
	}

	// ── Requests ──────────────────────────────────────────────────────────────

	async create({ type, id, payload }: CreateRequest): Promise<CreateReceipt> {
		parseInstanceId(id);
		parseTypeName(type);
		const program = this.#programs.get(type);
		if (program === undefined) {
			throw unknownType(type, this.#programs.keys());
		}
		const stored = await this.#checked(program.payload, payload, "payload");
		await this.#open();
		this.#refuseSecond(id);
		await this.#store.migrate();
		this.#refuseSecond(id);
		const now = this.#now();
		this.#stored = {
			id,
			type,
			version: program.version,
			status: "running",
			reason: null,
			payload: stored,
			result: null,
			error: null,
			notBefore: null,
			deadlineAt: program.timeoutMs === null ? null : now + program.timeoutMs,
			strikes: 0,
			progress: 0,
			statusSeq: 1,
			indexedSeq: 0,
			createdAt: now,
			updatedAt: now,
			completedAt: null,
		};
		this.#store.insertWorkflow(this.#stored);
		this.#runPass(program);
		this.#outbox.kick();
		return { id, type, status: "running" };
	}

	async deliverEvent({ event, payload }: EventRequest): Promise<null> {
		parseEventName(event);
		await this.#open();
		const { type } = this.#unfinished(event);
		const schemas = this.#programs.get(type)?.events ?? null;
		const schema = schemas === null ? null : schemas.get(event);
		if (schema === undefined) throw unknownEvent(type, event, schemas?.keys() ?? []);
		const stored = await this.#checked(schema, payload, "event");
		this.#unfinished(event);
		// What was due before the event comes first (G9); its deadline may even end it.
		this.#advance();
		this.#unfinished(event);
		this.#take(event, stored);
		this.#arm();
		return null;
	}

	async pause(): Promise<StatusReceipt> {
		await this.#open();
		assertStatusChange(this.#row.status, "paused");
		this.#write({ status: "paused", reason: null, notBefore: null });
		this.#pass?.freeze();
		this.#arm();
		return { status: "paused" };
	}

	async resume(): Promise<StatusReceipt> {
		await this.#open();
		const { status, type } = this.#row;
		if (status !== "paused") {
			throw illegalStatusChange(status, "running", "only a paused instance can be resumed");
		}
		if (!this.#programs.has(type)) throw typeNotRegistered(type);
		this.#resume();
		return { status: this.#row.status };
	}

	async terminate(): Promise<StatusReceipt> {
		await this.#open();
		assertStatusChange(this.#row.status, "terminated");
		this.#finish("terminated", {});
		return { status: "terminated" };
	}

	async describe(): Promise<InstanceView> {
		await this.#open();
		const steps = this.#journal?.rows ?? this.#store.readSteps();
		return describe(this.#row, steps, this.#pass?.running() ?? []);
	}

	/** The alarm: brings the instance up to date, then stays with a live pass for a while. */
	async wake(): Promise<void> {
		await this.#open();
		if (this.#stored === undefined) return;
		this.#alarmAt = null;
		const { status, type } = this.#row;
		const returned = reasonIs(this.#row.reason, "TYPE_NOT_REGISTERED") && this.#programs.has(type);
		if (status === "paused" && returned) this.#resume();
		else this.#advance();
		if (this.pending() !== null) this.#outbox.kick();
		this.#arm();
		await this.#linger();
	}

	// ── The pass's word ───────────────────────────────────────────────────────

	passQuiet(pass: Pass): void {
		if (pass !== this.#pass) return;
		const working = pass.inFlightCount > 0 || !pass.hasOpenCalls;
		const unreached = working ? undefined : pass.unreached();
		if (unreached !== undefined) {
			this.#allowToReach(pass, unreached);
		} else if (!working) {
			pass.park();
			const status = this.#openJournal().awaitsEvent ? "waiting" : "sleeping";
			this.#write({ status, strikes: 0 });
		}
		this.#arm();
	}

	passRevived(pass: Pass): void {
		if (pass !== this.#pass) return;
		this.#write({ status: "running", progress: this.#openJournal().progress });
		this.#arm();
	}

	passEnded(pass: Pass, end: RunEnd): void {
		if (pass !== this.#pass || pass.isOver) return;
		const unreached = pass.unreached();
		if (unreached !== undefined) {
			this.passDiverged(pass, missedStep(unreached, "ended"));
			return;
		}
		// Something that is no step ended a parked pass.
		if (this.#row.status !== "running") this.#write({ status: "running" });
		try {
			if (end.ok) this.#complete(end.value);
			else this.#finish("errored", { error: encodeThrown(end.thrown) });
		} catch (error) {
			this.passBroken(pass, error);
		}
	}

	passDiverged(pass: Pass, error: NonDeterminismError): void {
		if (pass !== this.#pass || pass.isOver) return;
		const text = encodeThrown(error);
		if (this.#programs.get(this.#row.type)?.onNonDeterminism === "fail") {
			this.#finish("errored", { error: text });
			return;
		}
		this.#diverged = true;
		pass.freeze();
		this.#write({ status: "paused", reason: reason(error.code, error.message), error: text });
		this.#arm();
	}

	passDrained(pass: Pass): void {
		if (pass === this.#pass) this.#arm();
	}

	/** Memory can no longer be trusted: the next alarm starts from the tables. */
	passBroken(pass: Pass, error: unknown): void {
		if (pass !== this.#pass) return;
		this.#ports.report("a write of an instance failed; it will be replayed", error);
		pass.drop(new Error("a write of the instance failed"));
		this.#pass = undefined;
		this.#journal = undefined;
		this.#stored = undefined;
		this.#opening = undefined;
	}

	// ── The outbox's source ───────────────────────────────────────────────────

	pending(): { type: string; update: IndexUpdate } | null {
		const row = this.#stored;
		if (row === undefined || row.indexedSeq >= row.statusSeq) return null;
		const { id, type, status, statusSeq: seq, createdAt, updatedAt } = row;
		return { type, update: { id, seq, status, createdAt, updatedAt } };
	}

	acknowledge(seq: number): void {
		if (this.#stored === undefined || this.#stored.indexedSeq >= seq) return;
		this.#write({ indexedSeq: seq });
		this.#arm();
	}

	deliveryRescheduled(): void {
		if (this.#stored !== undefined) this.#arm();
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	get #row(): WorkflowRow {
		if (this.#stored !== undefined) return this.#stored;
		throw new WorkflowError("INSTANCE_NOT_FOUND", "There is no instance of this id.");
	}

	#now(): number {
		return this.#ports.clock.now();
	}

	/** Reads the row, once per life of the object; upgrades its tables where they are older. */
	#open(): Promise<void> {
		this.#opening ??= this.#store.open().then((row) => {
			this.#stored = row;
		});
		return this.#opening;
	}

	#openJournal(): Journal {
		this.#journal ??= new Journal(this.#store);
		return this.#journal;
	}

	#refuseSecond(id: string): void {
		if (this.#stored === undefined) return;
		throw new WorkflowError(
			"INSTANCE_EXISTS",
			`The instance "${id}" exists already, with type "${this.#stored.type}" and status "${this.#stored.status}". Choose another id.`,
		);
	}

	#unfinished(event: string): WorkflowRow {
		const row = this.#row;
		if (!isTerminal(row.status)) return row;
		throw new WorkflowError(
			"INSTANCE_FINISHED",
			`The instance is "${row.status}": nothing can take the event "${event}" any more.`,
			{ status: row.status },
		);
	}

	async #checked(schema: Schema | null, text: Encoded, what: string): Promise<Encoded> {
		const limitBytes = what === "payload" ? LIMITS.payloadBytes : LIMITS.valueBytes;
		const value = decode(text);
		// Encoded again even without a schema: this is where the limits hold for every caller.
		const output = schema === null ? value : await parseWith(schema, value, what);
		return encode(output, `the ${what}`, limitBytes);
	}

	/** Completes the first wait for the event, or keeps it for a later one (G8). */
	#take(event: string, payload: Encoded): void {
		const journal = this.#openJournal();
		const now = this.#now();
		const wait = journal.waitFor(event);
		if (wait === undefined) {
			journal.buffer(event, payload, now);
			return;
		}
		const { key, kind, startedAt } = wait;
		journal.settle({
			key,
			kind,
			status: "completed",
			attempts: 0,
			result: payload,
			startedAt,
			completedAt: now,
		});
		if (this.#row.status !== "paused") this.#move();
	}

	/** Brings the instance up to now: a lost pass, its deadline, its timers. */
	#advance(): void {
		const now = this.#now();
		const { status, deadlineAt } = this.#row;
		if (isTerminal(status) || status === "paused") return;
		if (deadlineAt !== null && deadlineAt <= now) {
			this.#timeOut();
			return;
		}
		if (status === "running" && this.#pass === undefined) this.#recoverLostPass();
		const { notBefore } = this.#row;
		if (isTerminal(this.#row.status) || (notBefore !== null && notBefore > now)) return;
		if (this.#settleDue(now) || notBefore !== null) this.#move();
	}

	#settleDue(now: number): boolean {
		const journal = this.#openJournal();
		const due = journal.due(now);
		for (const row of due) {
			const { key, kind, startedAt } = row;
			if (kind === "wait_for_event") {
				timeOutWait(journal, row, now);
			} else if (kind === "sleep") {
				const end = { key, kind, startedAt, completedAt: now, attempts: 0 };
				journal.settle({ ...end, status: "completed" });
			} else {
				journal.attemptBegan(key);
				this.#pass?.retryDue(key);
			}
		}
		return due.length > 0;
	}

	/** Lets a live pass see what was recorded, or starts one (G5). */
	#move(): void {
		const { notBefore } = this.#row;
		if (this.#pass?.isLive) this.#pass.recorded();
		else if (notBefore === null || notBefore <= this.#now()) this.#startPass();
	}

	#recoverLostPass(): void {
		const verdict = judgeLostPass(this.#row, this.#openJournal().progress, this.#now());
		const { strikes } = verdict;
		const error = passesLost(strikes);
		const why = reason(error.code, error.message);
		switch (verdict.verdict) {
			case "replay":
				this.#write({ strikes });
				this.#startPass();
				break;
			case "back off":
				this.#write({ status: "sleeping", strikes, notBefore: verdict.untilMs, reason: why });
				break;
			case "give up":
				this.#finish("errored", { error: encodeThrown(error), reason: why });
		}
	}

	#startPass(): void {
		const row = this.#row;
		const program = this.#programs.get(row.type);
		if (program === undefined) {
			const { code, message } = typeNotRegistered(row.type);
			this.#write({ status: "paused", reason: reason(code, message) });
			return;
		}
		const change = { reason: null, error: null, notBefore: null };
		this.#write({ ...change, status: "running", progress: this.#openJournal().progress });
		this.#runPass(program);
	}

	#runPass(program: Program): void {
		this.#pass?.drop(new Error("a new pass of the instance began"));
		this.#diverged = false;
		this.#pass = new Pass({
			instanceId: this.#row.id,
			program,
			payload: this.#row.payload,
			journal: this.#openJournal(),
			ports: this.#ports,
			observer: this,
		});
		this.#arm();
		this.#pass.start();
	}

	#resume(): void {
		const { deadlineAt } = this.#row;
		const now = this.#now();
		if (deadlineAt !== null && deadlineAt <= now) {
			this.#timeOut();
			return;
		}
		if (this.#pass === undefined || this.#diverged) {
			this.#startPass();
		} else {
			this.#write({ status: "running", progress: this.#openJournal().progress, reason: null });
			this.#pass.thaw();
		}
		// After the start: what became due meanwhile reaches a pass that is live.
		this.#settleDue(now);
		this.#pass?.recorded();
		this.#arm();
	}

	/** The replay rests without having asked for a recorded step: late, or on another way. */
	#allowToReach(pass: Pass, row: StepRow): void {
		const { activity } = pass;
		this.#ports.clock.after(REACH_GRACE_MS, () => {
			if (pass.isLive && pass.activity === activity)
				this.passDiverged(pass, missedStep(row, "parked"));
		});
	}

	#complete(value: unknown): void {
		let result: Encoded;
		try {
			// Payload and result share a row.
			const limitBytes = LIMITS.valueBytes - encodedBytes(this.#row.payload);
			result = encode(value, "the result of run()", limitBytes);
		} catch (error) {
			this.#finish("errored", { error: encodeThrown(error) });
			return;
		}
		this.#finish("completed", { result });
	}

	#timeOut(): void {
		const { createdAt, deadlineAt } = this.#row;
		const error = instanceTimeout((deadlineAt ?? 0) - createdAt);
		this.#finish("timed_out", { error: encodeThrown(error) });
	}

	#finish(
		status: WorkflowStatus,
		end: Partial<Pick<WorkflowRow, "result" | "error" | "reason">>,
	): void {
		this.#write({ reason: null, ...end, status, notBefore: null, completedAt: this.#now() });
		this.#pass?.drop(new Error(`the instance is ${status}`));
		this.#journal = undefined;
		this.#arm();
	}

	/** The one place that writes the row; a change of status goes through the table. */
	#write(changes: Partial<WorkflowRow>): void {
		const before = this.#row;
		const row = { ...before, ...changes };
		const changed = row.status !== before.status;
		if (changed) {
			assertStatusChange(before.status, row.status);
			row.statusSeq++;
			row.updatedAt = this.#now();
		}
		this.#store.updateWorkflow(row);
		this.#stored = row;
		if (changed) this.#outbox.kick();
	}

	/** Sets the alarm to where the plan has it (I2). */
	#arm(): void {
		const { status, deadlineAt, notBefore, reason } = this.#row;
		const now = this.#now();
		const wanted = planAlarm({
			now,
			status,
			stepsDueAt: this.#journal?.nextDueAt() ?? null,
			deadlineAt,
			notBefore,
			leaseAt: this.#renewLease(now),
			undelivered: this.pending() === null ? null : { retryAt: this.#outbox.retryAt },
			recheckAt: reasonIs(reason, "TYPE_NOT_REGISTERED") ? now + RECHECK_MS : null,
			alarmAt: this.#alarmAt ?? null,
		});
		if (wanted === this.#alarmAt) return;
		this.#alarmAt = wanted;
		if (wanted === null) this.#ports.alarm.clear();
		else this.#ports.alarm.set(wanted);
		this.#alarmMoved.resolve();
		this.#alarmMoved = Promise.withResolvers();
	}

	/** The lease of a pass that is at work; it moves only once it has run out. */
	#renewLease(now: number): number | null {
		const pass = this.#pass;
		const atWork = pass !== undefined && (pass.isLive || (!pass.isOver && pass.inFlightCount > 0));
		if (!atWork) this.#leaseAt = null;
		else if (this.#leaseAt === null || this.#leaseAt <= now) this.#leaseAt = now + LEASE_MS;
		return this.#leaseAt;
	}

	/** Stays with a live pass until it stops, a timer is due, or the alarm has stayed long enough. */
	async #linger(): Promise<void> {
		const patienceAt = this.#now() + LINGER_MS;
		while (this.#pass?.isLive) {
			const dueAt = this.#journal?.nextDueAt() ?? patienceAt;
			const untilAt = Math.min(patienceAt, dueAt, this.#stored?.deadlineAt ?? patienceAt);
			const remainingMs = untilAt - this.#now();
			if (remainingMs <= 0) return;
			const { promise, resolve } = Promise.withResolvers<void>();
			const cancel = this.#ports.clock.after(remainingMs, resolve);
			await Promise.race([promise, this.#pass.stopped, this.#alarmMoved.promise]);
			cancel();
		}
		await this.#outbox.idle();
	}
}
