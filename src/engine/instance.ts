/**
 * One instance: what callers may ask of it, and when. Each request is checked here, against the
 * input and the instance's status, and then carried out by its `Lifecycle`.
 *
 * Invariant I3: after each `await`, what was read before it is read again, since an RPC may have
 * come between.
 */
import type { WorkflowRow } from "../db/instance-store";
import { unknownType } from "../model/errors";
import { parseEventName, parseInstanceId, parseTypeName, shardOf } from "../model/ids";
import type {
	Announcement,
	CreateReceipt,
	CreateRequest,
	DescribeRequest,
	EventRequest,
	InstanceView,
	StatusReceipt,
} from "../model/rpc";
import { assertStatusChange, illegalStatusChange, isTerminal } from "../model/status";
import { describe } from "./describe";
import { instanceExists, instanceFinished, typeInactive, typeNotRegistered } from "./faults";
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

	constructor(settings: InstanceSettings) {
		this.#programs = settings.programs;
		this.#ports = settings.ports;
		this.#life = new Lifecycle(settings);
	}

	async create({ type, id, payload }: CreateRequest): Promise<CreateReceipt> {
		parseInstanceId(id);
		parseTypeName(type);
		const program = this.#programs.get(type);
		if (program === undefined) throw unknownType(type, this.#programs.keys());
		const { status } = await this.#ports.types.stateOf(type);
		if (status !== "active") throw typeInactive(type, status);
		const checked = await checkPayload(program, payload);
		this.#life.record.open();
		if (this.#life.record.exists) throw instanceExists(id, this.#row);
		const now = this.#now();
		this.#life.begin(
			{
				id,
				type,
				version: program.version,
				status: "running",
				reason: null,
				payload: checked,
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
				run: 1,
				startedAt: now,
				attributes: null,
				priority: 0,
				shard: shardOf(id, program.shards),
				slot: null,
				slotKey: null,
				slotSeq: 0,
				slotAckedSeq: 0,
				removing: 0,
				historySchema: 0,
				createdBy: null,
				createReason: null,
				createKey: null,
			},
			program,
		);
		return { id, type, status: "running", created: true };
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

	describe({ steps }: DescribeRequest): InstanceView {
		this.#life.record.open();
		const row = this.#row;
		// When it wakes next is in the steps.
		const isParked = row.status === "sleeping" || row.status === "waiting";
		const rows = steps || isParked ? this.#life.steps() : [];
		const view = describe(row, rows, this.#life.running);
		return steps ? view : { ...view, steps: [] };
	}

	announce(): Announcement {
		this.#life.record.open();
		return this.#life.record.announcement();
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
