/**
 * An instance's row: read once per life of the object, written in one place, and the source from
 * which its status is delivered to the index (G12).
 */
import type { InstanceStore, WorkflowRow } from "../db/instance-store";
import { attributesOf } from "../model/attributes";
import type { IndexUpdate } from "../model/index-rpc";
import type { Clock, Outbox, StatusSource } from "../model/ports";
import type { Announcement } from "../model/rpc";
import { assertStatusChange } from "../model/status";
import { instanceNotFound } from "./faults";
import type { Ports } from "./ports";

/** What the index shows: a change of these is for it. */
const INDEXED = ["status", "attributes", "removing"] as const satisfies (keyof WorkflowRow)[];

/** A run that has not begun. */
const NOT_BEGUN = {
	status: "created",
	reason: null,
	result: null,
	error: null,
	notBefore: null,
	restarts: 0,
	strikes: 0,
	progress: 0,
	lostPasses: null,
	startedAt: null,
	completedAt: null,
} as const satisfies Partial<WorkflowRow>;

export class InstanceRecord implements StatusSource {
	readonly outbox: Outbox;
	readonly #store: InstanceStore;
	readonly #clock: Clock;
	readonly #deliveryChanged: () => void;
	#isOpen = false;
	#row: WorkflowRow | undefined;
	#change: PromiseWithResolvers<void> | undefined;
	readonly #listeners = new Set<() => void>();

	/** `deliveryChanged`: something was delivered, or is to be tried again later. */
	constructor(store: InstanceStore, ports: Ports, deliveryChanged: () => void) {
		this.#store = store;
		this.#clock = ports.clock;
		this.#deliveryChanged = deliveryChanged;
		this.outbox = ports.outbox(this);
	}

	/** Reads the row, once; upgrades its tables where they are older. */
	open(): void {
		if (this.#isOpen) return;
		this.#row = this.#store.open();
		this.#isOpen = true;
	}

	/** It is on its way out: for callers it is not there. */
	get isRemoved(): boolean {
		return this.#row?.removing === 1;
	}

	/** Resolves at the next change that the index hears of. */
	get changed(): Promise<void> {
		this.#change ??= Promise.withResolvers();
		return this.#change.promise;
	}

	/** Has the listener called with each such change, and by `stir`; returns what ends that. */
	onChange(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Something may have happened that is no such change. */
	stir(): void {
		for (const listener of [...this.#listeners]) listener();
	}

	/** Drops what memory has, so that the next `open` reads again. */
	forget(): void {
		this.#isOpen = false;
		this.#row = undefined;
	}

	get exists(): boolean {
		return this.#row !== undefined;
	}

	/** The row, also of an instance that is being removed. */
	get row(): WorkflowRow {
		if (this.#row !== undefined) return this.#row;
		throw instanceNotFound();
	}

	/** The row as callers may see it. @throws {WorkflowError} `INSTANCE_NOT_FOUND` */
	get present(): WorkflowRow {
		if (this.#row !== undefined && !this.isRemoved) return this.#row;
		throw instanceNotFound();
	}

	/** The hash of the definition that it carries; null: none. */
	get definition(): string | null {
		return this.#row?.definition ?? null;
	}

	create(row: WorkflowRow, definition?: string): void {
		this.#store.create(row, definition);
		this.#row = row;
		this.outbox.kick();
	}

	/** The one place that changes the row; a change of status goes through the table. */
	write(changes: Partial<WorkflowRow>): void {
		const before = this.row;
		const row = { ...before, ...changes };
		if (row.status !== before.status) assertStatusChange(before.status, row.status);
		this.#put(
			row,
			INDEXED.some((column) => row[column] !== before[column]),
		);
	}

	/** The next run: the one change that leaves a terminal status, since that ended a run only. */
	beginRun(changes: Partial<WorkflowRow>): void {
		const { run } = this.row;
		this.#put({ ...this.row, ...NOT_BEGUN, ...changes, run: run + 1 }, true);
	}

	pending(): Announcement | null {
		const row = this.#row;
		if (row === undefined || row.indexedSeq >= row.statusSeq) return null;
		return { type: row.type, shard: row.shard, update: this.update };
	}

	/** What the index should say. */
	get update(): IndexUpdate {
		const { id, status, statusSeq: seq, createdAt, updatedAt, attributes, removing } = this.row;
		const update: IndexUpdate = { id, seq, status, createdAt, updatedAt };
		if (attributes !== null) update.attributes = attributesOf(attributes);
		if (removing === 1) update.removed = true;
		return update;
	}

	/**
	 * In memory only, and stored with the next change of the row: an object that comes back without
	 * it delivers once more, and the shard ignores what it has. That costs less than a write each time.
	 */
	acknowledge({ update: { seq } }: Announcement): void {
		if (this.#row === undefined || this.#row.indexedSeq >= seq) return;
		this.#row = { ...this.#row, indexedSeq: seq };
		this.#deliveryChanged();
	}

	/** As `acknowledge`, for the guard of the type. */
	acknowledgeSlot(seq: number): void {
		if (this.#row === undefined || this.#row.slotAckedSeq >= seq) return;
		this.#row = { ...this.#row, slotAckedSeq: seq };
	}

	/** Whether the shards know all that there is to know. */
	get isDelivered(): boolean {
		const { indexedSeq, statusSeq, slotAckedSeq, slotSeq } = this.row;
		return indexedSeq >= statusSeq && slotAckedSeq >= slotSeq;
	}

	deliveryRescheduled(): void {
		if (this.exists) this.#deliveryChanged();
	}

	#put(row: WorkflowRow, isForIndex: boolean): void {
		const { statusSeq } = row;
		const changed = isForIndex
			? { ...row, statusSeq: statusSeq + 1, updatedAt: this.#clock.now() }
			: row;
		this.#store.updateWorkflow(changed);
		this.#row = changed;
		if (!isForIndex) return;
		this.outbox.kick();
		this.#change?.resolve();
		this.#change = undefined;
		this.stir();
	}
}
