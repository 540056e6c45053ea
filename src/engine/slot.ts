/**
 * An instance's slot: whether it needs one and has it, and what the guard of its type is told
 * (`model/guard-rpc.ts`). Where it stands is in its row, so that a change of it is part of the write
 * that makes it necessary, and nothing of it is lost with the isolate (G4).
 *
 * `slot` is null where none was needed when the instance was created; such an instance is never
 * held up. `slotSeq` grows with each change that the guard is to hear of; what it has acknowledged
 * is `slotAckedSeq`.
 */
import type { WorkflowRow } from "../db/instance-store";
import { decode, type Encoded } from "../model/codec";
import { encodeThrown } from "../model/error-record";
import { WorkflowError } from "../model/errors";
import { type GuardLimits, isGuarded } from "../model/guard-limits";
import type { SlotAnswer, SlotMessage, SlotOffer, SlotUse } from "../model/guard-rpc";
import { LIMITS } from "../model/limits";
import type { Outbox, SlotSource } from "../model/ports";
import { reason } from "../model/reason";
import type { TypeState } from "../model/type-state";
import type { Programs } from "./carried-programs";
import type { InstanceRecord } from "./instance-record";
import type { Ports } from "./ports";
import type { Program } from "./program";

export interface SlotSettings {
	record: InstanceRecord;
	programs: Programs;
	ports: Ports;
	/** The slot that it waited for is there. */
	granted(): void;
	/** The guard has acknowledged something, or is to be told again later. */
	deliveryChanged(): void;
}

export class Slot implements SlotSource {
	readonly #settings: SlotSettings;
	/** Made when there is something to tell: most instances never have. */
	#outbox: Outbox | undefined;

	constructor(settings: SlotSettings) {
		this.#settings = settings;
	}

	/** Whether a pass may start or go on: it has a slot, or needs none. */
	get isOpen(): boolean {
		const { slot } = this.#row;
		return slot === null || slot === "held";
	}

	/** What the guard has not acknowledged, and when it is told again; null: nothing. */
	get undelivered(): { retryAt: number | null } | null {
		return this.pending() === null ? null : { retryAt: this.#outbox?.retryAt ?? null };
	}

	get underWay(): Promise<void> | undefined {
		return this.#outbox?.underWay;
	}

	/**
	 * Takes a slot for an instance that is about to be created, where it needs one; returns what of
	 * its row is otherwise for it. The row is to be stored in the same stretch as this resolves: until
	 * then the guard has only heard of it.
	 *
	 * @throws {WorkflowError} `QUEUE_FULL`
	 */
	async take(
		row: WorkflowRow,
		program: Program,
		{ guarded }: TypeState,
	): Promise<Partial<WorkflowRow>> {
		const declares = isGuarded({ ...NO_LIMITS, ...program.concurrency, rate: program.rate });
		if (!declares && !guarded) return {};
		const { id, type, createdAt, priority } = row;
		let key: string | null;
		try {
			key = slotKey(program, row.payload);
		} catch (error) {
			const end = { status: "errored", startedAt: null, completedAt: createdAt } as const;
			return { ...end, notBefore: null, error: encodeThrown(error) };
		}
		// One that starts later asks when its time has come.
		if (row.notBefore !== null) return { slot: "returned", slotKey: key };
		const request = { id, createdAt, seq: 1, key, priority, isNew: true, isStart: true };
		const answer = await this.#settings.ports.takeSlot(type, request);
		const taken = { slot: answer.state, slotKey: key, slotSeq: 1, slotAckedSeq: 1 };
		if (answer.state === "held") return taken;
		return { ...taken, status: "created", startedAt: null, reason: waitsFor(answer.limits) };
	}

	/** Asks for a slot, unless it has or waits for one: it starts, or goes on, when that is there. */
	ask(): void {
		const { slot, startedAt } = this.#row;
		if (slot !== "returned") return;
		this.#settings.record.write({
			...this.#next("queued"),
			status: startedAt === null ? "created" : "waiting",
			reason: waitsFor(null),
			notBefore: null,
		});
	}

	/** The change of the row with which an instance ends. */
	ended(): Partial<WorkflowRow> {
		const { slot } = this.#row;
		return slot === "held" || slot === "queued" ? this.#next("returned") : {};
	}

	/** The change of the row with which an instance parks. */
	parked(): Partial<WorkflowRow> {
		const { slot, type } = this.#row;
		const releases = this.#settings.programs.get(type)?.concurrency?.releasesWhileParked;
		return slot === "held" && releases ? this.#next("returned") : {};
	}

	/** The change of the row with which one that waits gives up its place: who rests is in nobody's way. */
	left(): Partial<WorkflowRow> {
		return this.#row.slot === "queued" ? this.#next("returned") : {};
	}

	/** The guard asks about the slot, or offers it. */
	answer({ type, createdAt, seq, granted }: SlotOffer): SlotUse {
		const isThis = (row: WorkflowRow) =>
			row.type === type && row.createdAt === createdAt && row.slotSeq === seq;
		if (granted && isThis(this.#row)) this.#accept();
		// What it goes on to do with the slot may have ended it.
		const row = this.#row;
		if (!isThis(row) || row.slot === null || row.slot === "returned") return { use: "none" };
		return { use: row.slot };
	}

	/** Tells the guard what it has not heard, unless that is to be tried later. */
	deliver(): void {
		const { undelivered } = this;
		const { clock, slotOutbox } = this.#settings.ports;
		if (undelivered === null || (undelivered.retryAt ?? 0) > clock.now()) return;
		this.#outbox ??= slotOutbox(this);
		this.#outbox.kick();
	}

	pending(): SlotMessage | null {
		const { record } = this.#settings;
		if (!record.exists || record.row.slotAckedSeq >= record.row.slotSeq) return null;
		const { id, type, createdAt, slot, slotKey: key, slotSeq: seq, priority } = record.row;
		const request = { id, createdAt, seq };
		if (slot !== "queued") return { type, say: "return", request };
		const isStart = record.row.startedAt === null;
		return { type, say: "take", request: { ...request, key, priority, isNew: false, isStart } };
	}

	/** In memory only, and stored with the next change of the row: see `InstanceRecord.acknowledge`. */
	acknowledge({ request: { seq } }: SlotMessage, reply: SlotAnswer | null): void {
		const { record, deliveryChanged } = this.#settings;
		if (!record.exists) return;
		record.acknowledgeSlot(seq);
		const { slot, slotSeq } = this.#row;
		if (reply !== null && slot === "queued" && slotSeq === seq) {
			if (reply.state === "held") this.#accept();
			else record.write({ reason: waitsFor(reply.limits) });
		}
		deliveryChanged();
	}

	deliveryRescheduled(): void {
		if (this.#settings.record.exists) this.#settings.deliveryChanged();
	}

	get #row(): WorkflowRow {
		return this.#settings.record.row;
	}

	#next(slot: "queued" | "returned"): Pick<WorkflowRow, "slot" | "slotSeq"> {
		return { slot, slotSeq: this.#row.slotSeq + 1 };
	}

	#accept(): void {
		const { record, granted } = this.#settings;
		const { slot, slotSeq } = this.#row;
		if (slot !== "queued") return;
		record.write({ slot: "held", slotAckedSeq: slotSeq, reason: null });
		granted();
	}
}

const NO_LIMITS = { limit: null, keyLimit: null };

/** @throws {WorkflowError} `CONCURRENCY_KEY` */
function slotKey({ concurrency }: Program, payload: Encoded): string | null {
	const keyOf = concurrency?.key ?? null;
	if (keyOf === null) return null;
	let key: unknown;
	try {
		key = keyOf(decode(payload));
	} catch (thrown) {
		const error = new WorkflowError(
			"CONCURRENCY_KEY",
			"The type's concurrency.key threw an error.",
		);
		error.cause = thrown;
		throw error;
	}
	const isText = typeof key === "string" && key.length <= LIMITS.slotKeyLength;
	// As SQLite stores it: half a surrogate pair would come back as another character.
	if (isText || Number.isFinite(key)) return String(key).toWellFormed();
	throw new WorkflowError(
		"CONCURRENCY_KEY",
		`The type's concurrency.key returns a string of at most ${LIMITS.slotKeyLength} characters or a finite number; it returned ${typeof key === "string" ? `${key.length} characters` : typeof key === "number" ? String(key) : key === null ? "null" : `a value of type ${typeof key}`}.`,
	);
}

/** `limits`: those in force when the guard was asked; null: it has not answered yet. */
function waitsFor(limits: GuardLimits | null): string {
	const { limit = null, keyLimit = null, rate = null } = limits ?? {};
	const kept = [
		limit === null ? [] : `at most ${limit} of its type are at work at once`,
		keyLimit === null ? [] : `at most ${keyLimit} of its key are at work at once`,
		rate === null ? [] : `at most ${rate.limit} start in ${rate.perMs} ms`,
	].flat();
	const why = kept.length === 0 ? "" : `: ${kept.join(", ")}`;
	return reason("WAITING_FOR_SLOT", `The instance waits for a slot${why}.`);
}
