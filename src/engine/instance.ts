/**
 * One instance: what callers may ask of it, and when. Each request is checked here, against the
 * input and the instance's status, and then carried out by its `Lifecycle`.
 *
 * Invariants:
 * - I3 After each `await`, what was read before it is read again, since an RPC may have come
 *   between.
 * - I4 A change that was asked for before with the same idempotency key is not made again; its
 *   record is written in the same synchronous stretch as the change.
 */
import type { WorkflowRow } from "../db/instance-store";
import { requireWithin } from "../model/access";
import { parseBy } from "../model/by";
import { parseEventChoice, parsePlace } from "../model/chronicle";
import { decode } from "../model/codec";
import { idempotencyConflict, unknownType } from "../model/errors";
import type { Graph } from "../model/graph";
import type { SlotOffer, SlotUse } from "../model/guard-rpc";
import { hash53 } from "../model/hash";
import { parseInstanceId, parseTypeName } from "../model/ids";
import { LIMITS } from "../model/limits";
import { type LogPage, type LogRequest, parseLogRequest } from "../model/log";
import { encodeMetadataChanges } from "../model/metadata";
import { wholeNumber } from "../model/options";
import type {
	Announcement,
	AuditAction,
	By,
	ChangeRequest,
	CreateReceipt,
	CreateRequest,
	DescribeRequest,
	EventRequest,
	InspectionView,
	InstanceView,
	MetadataReceipt,
	MetadataRequest,
	ProgressView,
	RedeliverRequest,
	RepairRequest,
	RestartRequest,
	RestRequest,
	StatusReceipt,
	StreamRequest,
} from "../model/rpc";
import { assertStatusChange, illegalStatusChange, isTerminal } from "../model/status";
import type { TypeState } from "../model/type-state";
import { EventStreams } from "../streams/event-streams";
import type { Compile, Programs } from "./carried-programs";
import { ChronicleFeed } from "./chronicle-feed";
import { type Creation, checkArrival, checkCreation, newRow } from "./creation";
import { describe } from "./describe";
import type { Arrival } from "./event-buffer";
import {
	instanceExists,
	instanceFinished,
	instanceNotEnded,
	instanceNotFound,
	stepIsRunning,
	stepNotFound,
	typeInactive,
	typeNotRegistered,
} from "./faults";
import type { Detail } from "./history";
import { inspected } from "./inspected";
import { type InstanceSettings, Lifecycle } from "./lifecycle";
import { panickedStep } from "./panics";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { progressOf } from "./progress";
import { outputDetail, planRepair } from "./repair";
import { rowWith } from "./step-kinds/setting-step";

/** When an alarm that failed is tried again. */
const ALARM_RETRY_MS = 60_000;
/** How long a removal is waited for; it goes on by itself in any case. */
const REMOVAL_PATIENCE_MS = 10_000;

export class Instance {
	readonly #registry: Programs;
	readonly #compile: Compile;
	readonly #ports: Ports;
	readonly #life: Lifecycle;
	readonly #streams: EventStreams;
	#lastProgress: { row: WorkflowRow; progress: ProgressView } | undefined;
	/** Ends with the latest creation that was asked for. */
	#creation = Promise.resolve();

	constructor(settings: InstanceSettings) {
		this.#registry = settings.programs;
		this.#compile = settings.compile;
		this.#ports = settings.ports;
		this.#life = new Lifecycle(settings);
		this.#streams = new EventStreams(this.#ports.clock);
	}

	/** Its type; none, where there is no instance. */
	get types(): string[] {
		const { record } = this.#life;
		record.open();
		return record.exists ? [record.row.type] : [];
	}

	/**
	 * One creation at a time: the guard of a type is not to hear of two that it cannot tell apart, and
	 * what it asks meanwhile is answered when it is known whether there is an instance.
	 */
	async create(request: CreateRequest): Promise<CreateReceipt> {
		const before = this.#creation;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#creation = promise;
		try {
			await before;
			return await this.#create(request);
		} finally {
			resolve();
		}
	}

	async #create(request: CreateRequest): Promise<CreateReceipt> {
		const { id, type } = request;
		parseInstanceId(id);
		parseTypeName(type);
		const state = await this.#ports.types.stateOf(type);
		const made = this.#registry.get(type);
		const begins = made
			? { program: made, definition: undefined }
			: await this.#stored(request, state);
		const { program, definition } = begins;
		const creation = await checkCreation(request, begins);
		const { record } = this.#life;
		record.open();
		if (record.exists) return this.#existing(request, creation);
		if (state.status !== "active") throw typeInactive(type, state.status);
		const fresh = newRow(creation, this.#ports.clock.now());
		const row = { ...fresh, ...(await this.#life.course.slot.take(fresh, program, state)) };
		this.#life.course.begin(row, program, definition?.text);
		if (creation.event !== undefined) this.#life.take(creation.event);
		const receipt = { id, type, status: row.status, created: true };
		return program.isInline ? { ...receipt, isInline: true } : receipt;
	}

	/** What an instance of a stored definition begins with: the one asked for, or the current one. */
	async #stored(
		{ type, definition }: CreateRequest,
		state: TypeState,
	): Promise<Pick<Creation, "program" | "definition">> {
		const hash = definition ?? state.definition;
		if (hash === null) throw unknownType(type, this.#registry.keys());
		const text = this.#carried(hash) ?? (await this.#ports.definitions.text(type, hash));
		return { program: this.#compile({ hash, text }), definition: { hash, text } };
	}

	/** An instance that is there has its own: a repeat of its creation may come when it is stored no more. */
	#carried(hash: string): string | undefined {
		const { record, course } = this.#life;
		record.open();
		return record.exists && record.row.definition === hash ? course.definition : undefined;
	}

	async deliverEvent(request: EventRequest): Promise<null> {
		const by = parseBy(request.by);
		const { type } = this.#row;
		const arrival = await checkArrival(request, this.#life.course.programs.get(type), by);
		if (this.#row.type !== type) throw instanceNotFound(); // Another has the id by now (I3).
		this.#take(arrival);
		return null;
	}

	pause({ by }: ChangeRequest): StatusReceipt {
		return this.#change("pause", by, null, () => {
			assertStatusChange(this.#row.status, "paused");
			this.#life.pause();
		});
	}

	resume({ by }: ChangeRequest): StatusReceipt {
		return this.#change("resume", by, null, () => {
			const { status, type } = this.#row;
			if (status !== "paused") {
				const hint =
					status === "panicked"
						? "it goes on by a restart, which is due by itself or asked for"
						: "only a paused instance can be resumed";
				throw illegalStatusChange(status, "running", hint);
			}
			this.#registered(type);
			this.#life.course.resume();
		});
	}

	terminate({ by }: ChangeRequest): StatusReceipt {
		return this.#change("terminate", by, null, () => {
			assertStatusChange(this.#row.status, "terminated");
			this.#life.course.finish("terminated", {});
		});
	}

	/** From where it stands, if it has panicked; else another run. */
	restart({ from, by }: RestartRequest): StatusReceipt {
		return this.#change("restart", by, from === undefined ? null : { from }, () => {
			const { status, type } = this.#row;
			const program = this.#registered(type);
			if (status === "panicked" && from === undefined) this.#life.restartNow();
			else this.#life.restart(from === undefined ? 0 : this.#outcomesBefore(from), program);
		});
	}

	repair(request: RepairRequest): StatusReceipt {
		const { action, step, by } = request;
		const detail = { step, ...outputDetail("output" in request ? request.output : undefined) };
		return this.#change(action, by, detail, () => {
			const program = this.#registered(this.#row.type);
			this.#life.course.advance();
			const isInFlight = this.#life.isInFlight(step);
			const row = this.#life.step(step);
			if (row === undefined) {
				throw isInFlight ? stepIsRunning(step) : stepNotFound(step, this.#life.course.steps());
			}
			const isPast = this.#life.course.journal.isPast(row);
			const repair = planRepair(request, row, { status: this.#row.status, isInFlight, isPast });
			switch (repair.how) {
				case "retry":
					return this.#life.retryNow(step);
				case "settle":
					return this.#life.settleStep(row, repair.result);
				case "replace":
					return this.#life.restart(repair.keep, program, { row, result: repair.result });
			}
		});
	}

	/** In any status: dead letters are delivered once more. @throws {ValidationError} */
	redeliver({ receiver, by }: RedeliverRequest): StatusReceipt {
		const detail = receiver === undefined ? null : { receiver };
		return this.#change("redeliver", by, detail, () => {
			this.#life.course.deliverer.redeliver(receiver);
			this.#life.course.arm();
		});
	}

	/** In any status: metadata is for people, and for steps to come. */
	changeMetadata({ changes, by }: MetadataRequest): MetadataReceipt {
		const given = encodeMetadataChanges(decode(changes));
		const receipt = this.#change("set-metadata", by, { changesHash: hash53(given) }, () => {
			const { record } = this.#life;
			record.write(rowWith(record.row, { kind: "set_metadata", changes: given }));
		});
		return { ...receipt, metadata: this.#row.metadata };
	}

	/** Answers when nothing is left, or goes on by itself when that takes long. */
	async remove({ by }: ChangeRequest): Promise<null> {
		parseBy(by);
		const { status } = this.#row;
		if (!isTerminal(status)) throw instanceNotEnded(status);
		const { clock } = this.#ports;
		const { promise, resolve } = Promise.withResolvers<void>();
		const cancel = clock.after(REMOVAL_PATIENCE_MS, resolve);
		await Promise.race([this.#life.course.remove(), promise]);
		cancel();
		return null;
	}

	describe({ steps, include = [] }: DescribeRequest): InstanceView {
		const row = this.#row;
		// When it wakes next is in the steps.
		const isParked = row.status === "sleeping" || row.status === "waiting";
		const graph = this.#life.course.programs.get(row.type)?.graph ?? null;
		const { running } = this.#life.course;
		const view = describe(row, steps || isParked ? this.#life.course.steps() : [], running, graph);
		if (graph !== null) view.progress = this.#progressOf(graph, row);
		const { history } = this.#life;
		if (!steps) view.steps = [];
		if (include.includes("audit")) view.audit = history.audit(this.#life.events());
		if (include.includes("runs")) view.runs = history.runs();
		if (include.includes("errors")) view.errors = history.errors();
		if (include.includes("logs")) view.logs = history.logs({});
		if (include.includes("deliveries")) view.deliveries = this.#life.course.deliverer.view();
		return view;
	}

	/** Of an instance that has ended it stays as it is, and its steps are in the table only. */
	#progressOf(graph: Graph, row: WorkflowRow): ProgressView {
		const { status } = row;
		if (this.#lastProgress?.row === row) return this.#lastProgress.progress;
		const { course } = this.#life;
		const progress = progressOf(graph, status, { rows: course.steps(), running: course.running });
		if (isTerminal(status)) this.#lastProgress = { row, progress };
		return progress;
	}

	/** What its style reads in its journal. */
	inspect(): InspectionView {
		const row = this.#row;
		const { course } = this.#life;
		const program = course.programs.get(row.type);
		const found = program?.inspect?.(inspected(row, course.steps(), course.running)) ?? null;
		return { view: this.describe({ steps: false }), definition: row.definition, found };
	}

	/** Answers once no pass is open or to begin at once, or when it has waited long enough. */
	async rest({ patienceMs = LIMITS.restMs, ...request }: RestRequest): Promise<InstanceView> {
		const most = { min: 0, max: LIMITS.restMs };
		const patience = Promise.withResolvers<void>();
		let waits = true;
		const cancel = this.#ports.clock.after(wholeNumber(patienceMs, "patienceMs", most), () => {
			waits = false;
			patience.resolve();
		});
		try {
			while (waits && this.#isBusy) {
				await Promise.race([this.#life.record.changed, patience.promise]);
			}
		} finally {
			cancel();
		}
		requireWithin(request, () => this.types); // Another may have the id by now (I3).
		return this.describe(request);
	}

	logs({ level, after, limit }: LogRequest): LogPage {
		// For an id that is unknown, this throws.
		void this.#row;
		return this.#life.history.logs(parseLogRequest({ level, after, limit }));
	}

	/**
	 * What happened and happens, as server-sent events; null: there is no more to come.
	 *
	 * @throws {WorkflowError} `STREAM_LIMIT`
	 */
	stream({ from, events = [] }: StreamRequest): ReadableStream<Uint8Array> | null {
		const chosen = parseEventChoice(events);
		const place = from === undefined ? null : parsePlace(from);
		// For an id that is unknown, this throws.
		void this.#row;
		const { course } = this.#life;
		if (place?.told === 2 && course.chronicle(place)?.length === 0) return null;
		return this.#streams.open(new ChronicleFeed(course, place, this.#ports), chosen);
	}

	/** The guard of its type asks about its slot, or offers it. */
	async slot(offer: SlotOffer): Promise<SlotUse> {
		await this.#creation;
		// For an id that is unknown, this throws.
		void this.#row;
		return this.#life.slotOffered(offer);
	}

	/** What the index should say of it. */
	announce(): Announcement {
		const { type, shard } = this.#row;
		return { type, shard, update: this.#life.record.update };
	}

	/**
	 * The alarm: brings the instance up to date, then stays with a live pass for a while. It does not
	 * throw: the runtime drops an alarm that failed some six times, and a wake-up with it (G4).
	 */
	async wake(): Promise<void> {
		try {
			const { record } = this.#life;
			record.open();
			if (!record.exists) return;
			this.#life.course.catchUp();
			await this.#life.course.linger();
		} catch (error) {
			const { report, alarm, clock } = this.#ports;
			report("an alarm failed; it is set again", error);
			alarm.set(clock.now() + ALARM_RETRY_MS);
		}
	}

	/** A pass is open, or begins as soon as there is a slot. */
	get #isBusy(): boolean {
		const { status, notBefore } = this.#row;
		return status === "running" || (status === "created" && notBefore === null);
	}

	/** @throws {WorkflowError} `INSTANCE_NOT_FOUND` */
	get #row(): WorkflowRow {
		const { record } = this.#life;
		record.open();
		return record.present;
	}

	/** Carries out a change and enters it into the audit, once for each idempotency key (I4). */
	#change(
		action: AuditAction,
		given: By | undefined,
		detail: Detail | null,
		change: () => void,
	): StatusReceipt {
		const by = parseBy(given);
		const { history } = this.#life;
		// For an id that is unknown, this throws.
		if (this.#row !== undefined && !history.isRepeat(action, by, detail)) {
			change();
			history.note(action, by, detail);
		}
		return { status: this.#row.status };
	}

	/** The answer to a create whose id is taken. */
	#existing(request: CreateRequest, creation: Creation): CreateReceipt {
		const { type, onConflict, by } = request;
		const { record } = this.#life;
		const row = record.row;
		const inline = this.#life.course.programs.get(type)?.isInline
			? { isInline: true as const }
			: {};
		const receipt = () => ({
			id: row.id,
			type,
			status: this.#row.status,
			created: false,
			...inline,
		});
		requireWithin(request, () => [row.type]);
		if (record.isRemoved || row.type !== type) throw instanceExists(row.id, row);
		if (by?.key !== undefined && by.key === row.createKey) {
			if (creation.fingerprint === row.createFingerprint) return receipt();
			throw idempotencyConflict(by.key, "to create this instance");
		}
		if (creation.event !== undefined) {
			this.#take(creation.event);
			return receipt();
		}
		if (onConflict === "return") return receipt();
		throw instanceExists(row.id, row);
	}

	#take(arrival: Omit<Arrival, "receivedAt">): void {
		const { event, key, fingerprint } = arrival;
		if (key !== null) {
			const before = this.#life.eventOf(key);
			if (before?.fingerprint === fingerprint) return;
			if (before !== undefined) throw idempotencyConflict(key, `for the event "${before.event}"`);
		}
		this.#requireUnfinished(event);
		// What was due before the event comes first (G9); its deadline may even end it.
		this.#life.course.advance();
		this.#requireUnfinished(event);
		this.#life.take(arrival);
	}

	#requireUnfinished(event: string): void {
		const { status } = this.#row;
		if (isTerminal(status)) throw instanceFinished(status, event);
	}

	#registered(type: string): Program {
		const program = this.#life.course.programs.get(type);
		if (program === undefined) throw typeNotRegistered(type);
		return program;
	}

	/** How many outcomes a run keeps that starts again from this step: those recorded before its own. */
	#outcomesBefore(from: string): number {
		const begin = this.#life.course.programs.get(this.#row.type)?.beginOf?.(from) ?? from;
		const key = this.#life.step(begin) === undefined ? from : begin;
		const row = this.#life.step(key);
		if (row === undefined && !this.#life.isInFlight(key) && key !== panickedStep(this.#row)) {
			throw stepNotFound(key, this.#life.course.steps());
		}
		const outcome = row?.outcome ?? null;
		return outcome === null ? Number.POSITIVE_INFINITY : outcome - 1;
	}
}
