/**
 * The receivers of an instance's events: which there are, when they are looked after, and what the
 * alarm has to stand for. How one receiver is told, one event after the other, is `Delivery`'s.
 *
 * It looks when the chronicle may have grown: a moment later while a pass is at work, at once while
 * none is. So whoever sets the alarm after a change knows what is still to be delivered (G4). An
 * instance whose type has no receivers reads and writes nothing here.
 *
 * A receiver is told all of an instance that is created with it. To one that is there already a new
 * receiver is told of what comes; to one that has ended, of nothing before its next run.
 */
import type { DeliveryStore, ReceiverRow } from "../db/delivery-store";
import { beginningOf, parsePlace, placeText } from "../model/chronicle";
import { deliveryId } from "../model/delivery";
import { ValidationError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { DeliveriesView } from "../model/rpc";
import { isTerminal } from "../model/status";
import type { Programs } from "./carried-programs";
import type { ChronicleEntry } from "./chronicle";
import { Delivery, type DeliveryHost } from "./delivery";
import type { InstanceRecord } from "./instance-record";
import type { Ports } from "./ports";
import type { Program } from "./program";
import { type Receiver, receiversOf } from "./receivers";

export interface DelivererSettings {
	record: InstanceRecord;
	store: DeliveryStore;
	programs: Programs;
	ports: Pick<Ports, "clock" | "random" | "synced" | "post" | "tellParent" | "report">;
	/** Some entries of the chronicle behind a place; none: there are no more for now. */
	read(from: string | null): readonly ChronicleEntry[];
	/** Steps behind this one in the order are known to memory alone. */
	lastStoredSeq(): number;
	/** Something was delivered, or is to be tried again later. */
	changed(): void;
}

/** What the alarm has to stand for. */
export interface DeliveryPlan {
	/** Something is being delivered. */
	isUnderWay: boolean;
	/** When something is tried again; null: nothing is. */
	retryAt: number | null;
}

const NOTHING: DeliveryPlan = { isUnderWay: false, retryAt: null };
/** How long after a change it looks while a pass is at work. */
const LOOK_MS = 25;
/** How often an instance of a type that is gone looks whether its receivers are back. */
const RECHECK_MS = 600_000;

export class Deliverer {
	readonly #settings: DelivererSettings;
	/** Undefined: not read. */
	#deliveries: readonly Delivery[] | undefined;
	#looksSoon = false;
	/** Entries behind places, while several receivers look. */
	#seen: Map<string | null, readonly ChronicleEntry[]> | undefined;

	constructor(settings: DelivererSettings) {
		this.#settings = settings;
	}

	/** The instance is created, in this stretch: its receivers are told from the beginning on. */
	begin(): void {
		if (!this.#hasReceivers) return;
		this.#deliveries = this.#receivers.map((receiver, index) => {
			const delivery = this.#delivery(receiver, newRow(receiver, index + 1, null), false);
			delivery.save();
			return delivery;
		});
	}

	/** Begins with what is next of each receiver. */
	look(): void {
		if (!this.#hasReceivers) return;
		this.#seen = new Map();
		try {
			for (const delivery of this.#open()) {
				// One that is new to a live instance begins here: its next life is to know.
				if (!delivery.isSaved && !isTerminal(this.#row.status)) delivery.save();
				delivery.look();
			}
		} finally {
			this.#seen = undefined;
		}
	}

	/** A pass is at work: looks in a moment. */
	lookSoon(): void {
		if (this.#looksSoon || !this.#hasReceivers) return;
		this.#looksSoon = true;
		this.#settings.ports.clock.after(LOOK_MS, () => {
			this.#looksSoon = false;
			try {
				this.look();
			} catch (error) {
				this.#broken(error);
			}
		});
	}

	/** As of the last look. */
	get isBehind(): boolean {
		return this.#deliveries?.some(({ isBehind }) => isBehind) ?? false;
	}

	/** As of the last look. */
	get plan(): DeliveryPlan {
		if (this.#deliveries === undefined && !this.#isAwaited) return NOTHING;
		const deliveries = this.#deliveries ?? [];
		const retries = deliveries.flatMap(({ retryAt }) => retryAt ?? []);
		if (this.#isAwaited) retries.push(this.#settings.ports.clock.now() + RECHECK_MS);
		return {
			isUnderWay: deliveries.some(({ underWay }) => underWay !== undefined),
			retryAt: retries.length === 0 ? null : Math.min(...retries),
		};
	}

	get underWay(): Promise<void> | undefined {
		return this.#deliveries?.find(({ underWay }) => underWay !== undefined)?.underWay;
	}

	/** A restart is to replace the run: what is not delivered of it is kept. In its transaction. */
	keepRest(): void {
		if (this.#hasReceivers) for (const delivery of this.#open()) delivery.keepRest();
	}

	/** Delivers dead letters once more, of one receiver or all. @throws {ValidationError} */
	redeliver(receiver: string | undefined): void {
		const deliveries = this.#hasReceivers ? this.#open() : [];
		const chosen = deliveries.filter(
			({ receiver: { name } }) => receiver === undefined || name === receiver,
		);
		if (chosen.length === 0 && receiver !== undefined) {
			const names = deliveries.map(({ receiver: { name } }) => name);
			throw new ValidationError(
				`receiver expects one of those of the type: ${names.join(", ") || "it has none"}; received another name.`,
				{ path: "receiver" },
			);
		}
		for (const delivery of chosen) {
			// Of one without a row there are no letters.
			if (delivery.isSaved) delivery.redeliver();
		}
		this.look();
	}

	view(): DeliveriesView {
		const receivers = this.#hasReceivers ? this.#open().map((delivery) => delivery.view()) : [];
		const dead = this.#hasTables ? this.#settings.store.readDead() : [];
		let length = 0;
		const entries = dead.filter(({ data }) => {
			length += data.length;
			return length <= LIMITS.statusErrorsLength;
		});
		const instance = this.#row;
		const deadLetters = entries.map(
			({ receiver, key, name, at, data, attempts, error, diedAt }) => {
				const event = { id: deliveryId(instance, key), name, at, data: JSON.parse(data) };
				return { receiver, ...event, attempts, error, diedAt: diedAt ?? 0 };
			},
		);
		const omitted = dead.length - entries.length;
		return { receivers, deadLetters: deadLetters.reverse(), deadLettersOmitted: omitted };
	}

	/** Memory is not to be trusted any more, or there is no instance. */
	forget(): void {
		for (const delivery of this.#deliveries ?? []) delivery.drop();
		this.#deliveries = undefined;
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	get #row() {
		return this.#settings.record.row;
	}

	get #program(): Program | undefined {
		return this.#settings.programs.get(this.#row.type);
	}

	get #hasTables(): boolean {
		return this.#row.deliverySchema > 0;
	}

	get #hasReceivers(): boolean {
		const { record } = this.#settings;
		if (!record.exists || record.isRemoved) return false;
		if (this.#row.parent !== null) return this.#program !== undefined;
		const { handlers = [], webhooks = null } = this.#program ?? {};
		return handlers.length > 0 || (webhooks?.length ?? 0) > 0;
	}

	get #receivers(): Receiver[] {
		const program = this.#program;
		return program === undefined ? [] : receiversOf(program, this.#settings.ports, () => this.#row);
	}

	/** The type is gone, and its receivers have not heard how the instance ended. */
	get #isAwaited(): boolean {
		const { record, store } = this.#settings;
		if (!record.exists || record.isRemoved || !this.#hasTables) return false;
		if (this.#program !== undefined) return false;
		return store.readReceivers().some(({ place }) => place === null || parsePlace(place).told < 2);
	}

	#open(): readonly Delivery[] {
		this.#deliveries ??= this.#load();
		return this.#deliveries;
	}

	#load(): Delivery[] {
		const rows = this.#hasTables ? this.#settings.store.readReceivers() : [];
		let last = rows.at(-1)?.row ?? 0;
		return this.#receivers.map((receiver) => {
			const row = rows.find(({ name }) => name === receiver.name);
			if (row !== undefined) return this.#delivery(receiver, row, true);
			return this.#delivery(receiver, newRow(receiver, ++last, this.#now()), false);
		});
	}

	#delivery(receiver: Receiver, row: ReceiverRow, isSaved: boolean): Delivery {
		const { store, ports, changed } = this.#settings;
		const host: DeliveryHost = {
			instance: this.#row,
			...{ ports, store },
			read: (from) => this.#read(from),
			durable: (place) => this.#durable(place),
			save: (saved, isOld) => this.#save(saved, isOld),
			settled: changed,
			broken: (error) => this.#broken(error),
		};
		return new Delivery(receiver, row, isSaved, host);
	}

	/** The place behind all that there is. */
	#now(): string {
		const { status, run } = this.#row;
		if (isTerminal(status)) return placeText({ ...beginningOf(run), told: 2 });
		let place = placeText(beginningOf(run));
		for (let last = this.#read(null).at(-1); last !== undefined; last = this.#read(place).at(-1)) {
			place = last.id;
		}
		return place;
	}

	#read(from: string | null): readonly ChronicleEntry[] {
		const seen = this.#seen?.get(from);
		if (seen !== undefined) return seen;
		const entries = this.#settings.read(from);
		this.#seen?.set(from, entries);
		return entries;
	}

	/** What began and has no row begins again after a death, and a receiver is told so. */
	#durable(text: string): string {
		const { run, status } = this.#row;
		// Where nothing more begins, the journal need not be read for it.
		if (isTerminal(status)) return text;
		const place = parsePlace(text);
		if (place.run !== run) return text;
		const starts = Math.min(place.starts, this.#settings.lastStoredSeq());
		return placeText({ ...place, starts, begun: [] });
	}

	#save(row: ReceiverRow, isOld: boolean): void {
		const { store, record } = this.#settings;
		const { deliverySchema } = this.#row;
		if (!store.isNewest(deliverySchema)) {
			record.write({ deliverySchema: store.migrate(deliverySchema) });
		}
		if (isOld) store.updateReceiver(row);
		else store.insertReceiver(row);
	}

	/** The next alarm starts from the tables. */
	#broken(error: unknown): void {
		this.#settings.ports.report("a write about receivers failed; it is made again", error);
		this.forget();
	}
}

function newRow({ name }: Receiver, row: number, place: string | null): ReceiverRow {
	return { row, name, place, attempts: 0, retryAt: null, error: null, down: 0 };
}
