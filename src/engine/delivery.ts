/**
 * One receiver of an instance's events: how far it is, and what it is told next. Several of them, and
 * what wakes them, are the `Deliverer`'s.
 *
 * Nothing is written for an event. The receiver's row says up to where the chronicle is delivered;
 * what is behind that is read from it. Kept as rows (letters) are only events that could not be
 * delivered, and those of a run that a restart replaced.
 *
 * Invariants:
 * - D1 An event is passed once it was delivered, or in the write that makes it a dead letter: each
 *   comes at least once, one at a time and in order.
 * - D2 An attempt is counted in a write before it begins (G17): one that takes its isolate along is
 *   followed by no more than there may be.
 * - D3 Nothing is told before what it tells of is on disk (G1).
 */
import type { DeliveryStore, ReceiverRow } from "../db/delivery-store";
import { parsePlace } from "../model/chronicle";
import { deliveryId, fittedData, type WorkflowEvent } from "../model/delivery";
import { thrownMessage, toThrownRecord } from "../model/error-record";
import { LIMITS } from "../model/limits";
import { shortened } from "../model/printable";
import { retryDelayMs } from "../model/retry";
import type { ReceiverView } from "../model/rpc";
import type { ChronicleEntry } from "./chronicle";
import type { Ports } from "./ports";
import type { Receiver } from "./receivers";

/** What deliveries share. */
export interface DeliveryHost {
	readonly instance: { id: string; createdAt: number };
	readonly ports: Pick<Ports, "clock" | "random" | "synced">;
	/** For letters: of a receiver with a row. */
	readonly store: DeliveryStore;
	/** Some entries of the chronicle behind a place; none: there are no more for now. */
	read(from: string | null): readonly ChronicleEntry[];
	/** The place from which all is told again that memory alone knows of. */
	durable(place: string): string;
	/** Inserts the row, or updates it if it is saved. */
	save(row: ReceiverRow, isSaved: boolean): void;
	/** An attempt is over. */
	settled(): void;
	broken(error: unknown): void;
}

/** An event that is to be delivered. */
interface Item {
	readonly key: string;
	readonly name: string;
	readonly at: number;
	data(): Readonly<Record<string, unknown>>;
	/** Of the chronicle: its entry, unless it has become a letter. */
	entry: ChronicleEntry | null;
	/** The number of its letter. */
	letter: number | null;
}

/** How many events a receiver may be past its row that are none of its own. */
const PASSED_MAX = 100;
const LOST = "The attempt was lost with its isolate.";

export class Delivery {
	readonly receiver: Receiver;
	readonly #host: DeliveryHost;
	#row: ReceiverRow;
	#isSaved: boolean;
	/** The row is not as it is stored. */
	#isChanged = false;
	/** Entries that are read and not passed, and the place behind them. */
	#ahead: ChronicleEntry[] = [];
	#read: string | null;
	/** The place behind all that is passed, and how many that is since the row says so. */
	#done: string | null;
	#passed = 0;
	#hasLetters: boolean;
	#item: Item | undefined;
	#work: Promise<void> | undefined;
	#aborter: AbortController | undefined;
	/** Memory is not to be trusted any more, or there is no instance. */
	#isOver = false;

	/** `isSaved`: the row is stored. */
	constructor(receiver: Receiver, row: ReceiverRow, isSaved: boolean, host: DeliveryHost) {
		this.receiver = receiver;
		this.#host = host;
		this.#row = row;
		this.#isSaved = isSaved;
		this.#hasLetters = isSaved;
		this.#read = row.place;
		this.#done = row.place;
	}

	/** Begins with what is next, if it is time for it. */
	look(): void {
		if (this.#isOver || this.#work !== undefined) return;
		this.#goOn();
		const isFar = this.#passed >= PASSED_MAX || (this.#passed > 0 && this.#isAtEnd);
		if (this.#isChanged || isFar) this.save();
	}

	/** An event is being delivered. */
	get underWay(): Promise<void> | undefined {
		return this.#work;
	}

	/** When the next one is, if there is one that waits; after `look`. */
	get retryAt(): number | null {
		return this.#item === undefined || this.#work !== undefined ? null : this.#row.retryAt;
	}

	/** As of the last look. */
	get isBehind(): boolean {
		return this.#item !== undefined;
	}

	/** Stores the row. */
	save(): void {
		const place = this.#done === null ? null : this.#host.durable(this.#done);
		this.#row = { ...this.#row, place };
		this.#host.save(this.#row, this.#isSaved);
		this.#isSaved = true;
		this.#isChanged = false;
		this.#passed = 0;
	}

	get isSaved(): boolean {
		return this.#isSaved;
	}

	/** Keeps what is not delivered yet as letters: a restart is to replace the run. */
	keepRest(): void {
		if (this.#item?.entry) this.#keep(this.#item);
		for (let entry = this.#nextEntry(); entry !== undefined; entry = this.#nextEntry()) {
			this.#done = entry.id;
			if (this.#wants(entry)) this.#keep(itemOf(entry));
		}
		this.save();
	}

	/** Delivers its dead letters once more, and at once what waits for another attempt. */
	redeliver(): void {
		this.#host.store.reviveDead(this.receiver.name);
		this.#hasLetters = true;
		if (this.#work !== undefined) return;
		if (this.#item?.entry) this.#ahead.unshift(this.#item.entry);
		this.#item = undefined;
		this.#put({ attempts: 0, retryAt: null, down: 0 });
	}

	/** Nothing of what is under way counts any more. */
	drop(): void {
		this.#isOver = true;
		this.#aborter?.abort(new Error("the instance is gone, or is read anew"));
	}

	view(): ReceiverView {
		if (this.#work === undefined) this.#item ??= this.#next();
		const { name, url, events } = this.receiver;
		const { attempts, retryAt, error, down } = this.#row;
		return {
			receiver: name,
			url,
			events: events === null ? null : [...events],
			isBehind: this.isBehind,
			place: this.#done,
			attempts,
			retryAt,
			error,
			isDown: down === 1,
		};
	}

	// ── What is next ──────────────────────────────────────────────────────────

	#next(): Item | undefined {
		if (this.#hasLetters) {
			const letter = this.#host.store.nextLetter(this.receiver.name);
			this.#hasLetters = letter !== undefined;
			if (letter !== undefined) {
				const { seq, key, name, at, data } = letter;
				return { key, name, at, data: () => JSON.parse(data), entry: null, letter: seq };
			}
		}
		for (let entry = this.#nextEntry(); entry !== undefined; entry = this.#nextEntry()) {
			if (this.#wants(entry)) return itemOf(entry);
			this.#done = entry.id;
			this.#passed++;
		}
		return undefined;
	}

	#nextEntry(): ChronicleEntry | undefined {
		if (this.#ahead.length === 0) {
			this.#ahead = [...this.#host.read(this.#read)];
			this.#read = this.#ahead.at(-1)?.id ?? this.#read;
		}
		return this.#ahead.shift();
	}

	#wants({ name }: ChronicleEntry): boolean {
		return this.receiver.events?.has(name) ?? true;
	}

	get #isAtEnd(): boolean {
		return this.#done !== null && parsePlace(this.#done).told === 2;
	}

	// ── An attempt ────────────────────────────────────────────────────────────

	#goOn(): void {
		while (this.#work === undefined) {
			this.#item ??= this.#next();
			const { retryAt, attempts } = this.#row;
			const isEarly = retryAt !== null && retryAt > this.#host.ports.clock.now();
			if (this.#item === undefined || isEarly) return;
			if (attempts < this.#attemptsMax) this.#begin(this.#item);
			else this.#bury(this.#item, this.#row.error ?? LOST);
		}
	}

	/** After a dead letter: one each, until one arrives. */
	get #attemptsMax(): number {
		return this.#row.down === 1 ? 1 : this.receiver.policy.retry.limit;
	}

	/** D2: where this isolate dies, the next one knows of it. Saved before it is asked what is on disk. */
	#begin(item: Item): void {
		const attempts = this.#row.attempts + 1;
		this.#put({ attempts, retryAt: this.#retryAtAfter(attempts) });
		this.save();
		this.#work = this.#attempt(item, attempts);
	}

	async #attempt(item: Item, attempt: number): Promise<void> {
		const { ports, instance } = this.#host;
		let error: string | null = null;
		try {
			await ports.synced(); // D3
			const { name, at, key } = item;
			const data = fittedData(item.data()) as WorkflowEvent["data"];
			await this.#deliver({ id: deliveryId(instance, key), name, at, attempt, data });
		} catch (thrown) {
			error = thrownMessage(toThrownRecord(thrown));
		}
		this.#work = undefined;
		if (this.#isOver) return;
		try {
			this.#settle(item, error === null ? null : shortened(error, LIMITS.deliveryErrorLength));
			// What begins now is in the write of what has ended.
			this.look();
			this.#host.settled();
		} catch (fault) {
			this.#host.broken(fault);
		}
	}

	async #deliver(event: WorkflowEvent): Promise<void> {
		const { clock } = this.#host.ports;
		const { timeoutMs } = this.receiver.policy;
		const aborter = new AbortController();
		this.#aborter = aborter;
		const { promise, reject } = Promise.withResolvers<never>();
		const cancel = clock.after(timeoutMs, () => {
			const error = new Error(`There was no answer within ${timeoutMs} ms.`);
			aborter.abort(error);
			reject(error);
		});
		try {
			await Promise.race([this.receiver.deliver(event, aborter.signal), promise]);
		} finally {
			cancel();
		}
	}

	#settle(item: Item, error: string | null): void {
		const { attempts } = this.#row;
		if (error === null) {
			this.#pass(item);
			this.#put({ attempts: 0, retryAt: null, error, down: 0 });
		} else if (attempts >= this.#attemptsMax) {
			this.#bury(item, error);
		} else {
			this.#put({ error, retryAt: this.#retryAtAfter(attempts) });
		}
	}

	/** D1: the only way past an event of its own. */
	#pass(item: Item): void {
		if (item.entry !== null) this.#done = item.entry.id;
		else if (item.letter !== null) this.#host.store.deleteLetter(item.letter);
		this.#item = undefined;
	}

	#bury(item: Item, error: string): void {
		const { store, ports } = this.#host;
		const { attempts } = this.#row;
		const end = { attempts, error, diedAt: ports.clock.now() };
		if (item.letter === null) this.#keep(item, end);
		else store.buryLetter({ seq: item.letter, ...end });
		store.pruneDead(LIMITS.deadLetters);
		this.#item = undefined;
		this.#put({ attempts: 0, retryAt: null, error, down: 1 });
	}

	/** Makes a letter of an entry, in the write that passes it; to be delivered, unless it says how it ended. */
	#keep(
		item: Item,
		end: { attempts: number; error: string | null; diedAt: number | null } = TO_DELIVER,
	): void {
		const { key, name, at, entry } = item;
		const data = dataText(item);
		const receiver = this.receiver.name;
		item.letter = this.#host.store.addLetter({ receiver, key, name, at, data, ...end });
		item.entry = null;
		if (entry !== null) this.#done = entry.id;
		if (end.diedAt === null) this.#hasLetters = true;
	}

	// ── The row ───────────────────────────────────────────────────────────────

	#retryAtAfter(attempt: number): number {
		const { clock, random } = this.#host.ports;
		return clock.now() + retryDelayMs(this.receiver.policy.retry, attempt, random());
	}

	#put(changes: Partial<ReceiverRow>): void {
		this.#row = { ...this.#row, ...changes };
		this.#isChanged = true;
	}
}

/** Data that cannot be made are no reason to hold up what follows, nor a restart. */
function dataText(item: Item): string {
	try {
		return JSON.stringify(fittedData(item.data()));
	} catch (error) {
		return JSON.stringify({ unreadable: thrownMessage(toThrownRecord(error)) });
	}
}

const TO_DELIVER = { attempts: 0, error: null, diedAt: null };

function itemOf(entry: ChronicleEntry): Item {
	const { key, name, at } = entry;
	return { key, name, at, data: () => entry.data, entry, letter: null };
}
