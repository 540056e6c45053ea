/**
 * An instance's row: read once per life of the object, written in one place, and the source from
 * which its status is delivered to the index (G12).
 */
import type { InstanceStore, WorkflowRow } from "../db/instance-store";
import { WorkflowError } from "../model/errors";
import type { Clock, Outbox, StatusMessage, StatusSource } from "../model/ports";
import { assertStatusChange } from "../model/status";
import type { Ports } from "./ports";

export class InstanceRecord implements StatusSource {
	readonly outbox: Outbox;
	readonly #store: InstanceStore;
	readonly #clock: Clock;
	readonly #deliveryChanged: () => void;
	#isOpen = false;
	#row: WorkflowRow | undefined;

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

	/** Drops what memory has, so that the next `open` reads again. */
	forget(): void {
		this.#isOpen = false;
		this.#row = undefined;
	}

	get exists(): boolean {
		return this.#row !== undefined;
	}

	/** @throws {WorkflowError} `INSTANCE_NOT_FOUND` */
	get row(): WorkflowRow {
		if (this.#row !== undefined) return this.#row;
		throw new WorkflowError("INSTANCE_NOT_FOUND", "There is no instance of this id.");
	}

	create(row: WorkflowRow): void {
		this.#store.create(row);
		this.#row = row;
		this.outbox.kick();
	}

	/** The one place that changes the row; a change of status goes through the table. */
	write(changes: Partial<WorkflowRow>): void {
		const before = this.row;
		const row = { ...before, ...changes };
		const changed = row.status !== before.status;
		if (changed) {
			assertStatusChange(before.status, row.status);
			row.statusSeq++;
			row.updatedAt = this.#clock.now();
		}
		this.#store.updateWorkflow(row);
		this.#row = row;
		if (changed) this.outbox.kick();
	}

	pending(): StatusMessage | null {
		const row = this.#row;
		if (row === undefined || row.indexedSeq >= row.statusSeq) return null;
		const { id, type, status, statusSeq: seq, createdAt, updatedAt } = row;
		return { type, update: { id, seq, status, createdAt, updatedAt } };
	}

	/**
	 * In memory only, and stored with the next change of the row: an object that comes back without
	 * it delivers once more, and the shard ignores what it has. That costs less than a write each time.
	 */
	acknowledge({ update: { seq } }: StatusMessage): void {
		if (this.#row === undefined || this.#row.indexedSeq >= seq) return;
		this.#row = { ...this.#row, indexedSeq: seq };
		this.#deliveryChanged();
	}

	/** As `acknowledge`, for the guard of the type. */
	acknowledgeSlot(seq: number): void {
		if (this.#row === undefined || this.#row.slotAckedSeq >= seq) return;
		this.#row = { ...this.#row, slotAckedSeq: seq };
	}

	deliveryRescheduled(): void {
		if (this.exists) this.#deliveryChanged();
	}
}
