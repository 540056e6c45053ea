/**
 * One instance: what callers may ask of it, and when. Each request is checked here, against the
 * input and the instance's status, and then carried out by its `Lifecycle`.
 *
 * Invariant I3: after each `await`, what was read before it is read again, since an RPC may have
 * come between.
 */
import type { WorkflowRow } from "../db/instance-store";
import { unknownType } from "../model/errors";
import type { SlotOffer, SlotUse } from "../model/guard-rpc";
import { parseEventName, parseInstanceId, parseTypeName } from "../model/ids";
import { LIMITS } from "../model/limits";
import { wholeNumber } from "../model/options";
import type {
	CreateReceipt,
	CreateRequest,
	DescribeRequest,
	EventRequest,
	InstanceView,
	StatusReceipt,
} from "../model/rpc";
import { assertStatusChange, illegalStatusChange, isTerminal } from "../model/status";
import { describe } from "./describe";
import { instanceExists, instanceFinished, typeNotRegistered } from "./faults";
import { checkEvent, checkPayload } from "./input";
import { type InstanceSettings, Lifecycle } from "./lifecycle";
import type { Ports } from "./ports";
import type { Program } from "./program";

/** When an alarm that failed is tried again. */
const ALARM_RETRY_MS = 60_000;

export class Instance {
	readonly #programs: ReadonlyMap<string, Program>;
	readonly #ports: Ports;
	readonly #life: Lifecycle;
	/** Ends with the latest creation that was asked for. */
	#creation = Promise.resolve();

	constructor(settings: InstanceSettings) {
		this.#programs = settings.programs;
		this.#ports = settings.ports;
		this.#life = new Lifecycle(settings);
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

	async #create({ type, id, payload, priority = 0 }: CreateRequest): Promise<CreateReceipt> {
		parseInstanceId(id);
		parseTypeName(type);
		const program = this.#programs.get(type);
		if (program === undefined) throw unknownType(type, this.#programs.keys());
		parsePriority(priority);
		const checked = await checkPayload(program, payload);
		this.#life.record.open();
		if (this.#life.record.exists) throw instanceExists(id, this.#row);
		const now = this.#now();
		const instance = { id, type, payload: checked, priority, createdAt: now };
		const slot = await this.#life.slot.take(instance, program);
		this.#life.begin(
			{
				...instance,
				...slot,
				version: program.version,
				result: null,
				notBefore: null,
				deadlineAt: program.timeoutMs === null ? null : now + program.timeoutMs,
				strikes: 0,
				progress: 0,
				statusSeq: 1,
				indexedSeq: 0,
				updatedAt: now,
				run: 1,
				attributes: null,
				shard: 0,
				removing: 0,
				historySchema: 0,
				createdBy: null,
				createReason: null,
				createKey: null,
			},
			program,
		);
		return { id, type, status: slot.status, created: true };
	}

	async deliverEvent({ event, payload }: EventRequest): Promise<null> {
		parseEventName(event);
		this.#life.record.open();
		const program = this.#programs.get(this.#unfinished(event).type);
		const checked = await checkEvent(program, event, payload);
		this.#unfinished(event);
		// What was due before the event comes first (G9); its deadline may even end it.
		this.#life.advance();
		this.#unfinished(event);
		this.#life.take(event, checked);
		return null;
	}

	pause(): StatusReceipt {
		this.#life.record.open();
		assertStatusChange(this.#row.status, "paused");
		this.#life.pause();
		return { status: "paused" };
	}

	resume(): StatusReceipt {
		this.#life.record.open();
		const { status, type } = this.#row;
		if (status !== "paused") {
			throw illegalStatusChange(status, "running", "only a paused instance can be resumed");
		}
		if (!this.#programs.has(type)) throw typeNotRegistered(type);
		this.#life.resume();
		return { status: this.#row.status };
	}

	terminate(): StatusReceipt {
		this.#life.record.open();
		assertStatusChange(this.#row.status, "terminated");
		this.#life.finish("terminated", {});
		return { status: "terminated" };
	}

	/** The guard of its type asks about its slot, or offers it. */
	async slot(offer: SlotOffer): Promise<SlotUse> {
		await this.#creation;
		this.#life.record.open();
		return this.#life.slotOffered(offer);
	}

	describe({ steps }: DescribeRequest): InstanceView {
		this.#life.record.open();
		const row = this.#row;
		// When it wakes next is in the steps.
		const isParked = row.status === "sleeping" || row.status === "waiting";
		const rows = steps || isParked ? this.#life.steps() : [];
		const view = describe(row, rows, this.#life.running);
		return steps ? view : { ...view, steps: [] };
	}

	/**
	 * The alarm: brings the instance up to date, then stays with a live pass for a while. It does not
	 * throw: the runtime drops an alarm that failed some six times, and a wake-up with it (G4).
	 */
	async wake(): Promise<void> {
		try {
			this.#life.record.open();
			if (!this.#life.record.exists) return;
			this.#life.catchUp();
			await this.#life.linger();
		} catch (error) {
			this.#ports.report("an alarm failed; it is set again", error);
			this.#ports.alarm.set(this.#now() + ALARM_RETRY_MS);
		}
	}

	get #row(): WorkflowRow {
		return this.#life.record.row;
	}

	#now(): number {
		return this.#ports.clock.now();
	}

	#unfinished(event: string): WorkflowRow {
		const row = this.#row;
		if (isTerminal(row.status)) throw instanceFinished(row.status, event);
		return row;
	}
}

function parsePriority(priority: number): void {
	wholeNumber(priority, "priority", { min: -LIMITS.priority, max: LIMITS.priority });
}
