/**
 * The instances that have a slot of a type or wait for one, in memory and in step with the tables.
 *
 * Read once per life of the object. Changes are made in memory first and written together, in the
 * same synchronous stretch, before anyone hears of them; if that fails, this memory is thrown away.
 * It keeps order; what is granted, and when, is the guard's.
 */
import type { GuardStore, SlotRow } from "../db/guard-store";
import type { SlotRef, SlotRequest } from "../model/guard-rpc";
import { Heap } from "./heap";
import { RateLog } from "./rate-log";
import { SlotQueue } from "./slot-queue";

/** An instance's newest request. One that comes after it has an entry of its own. */
export interface Entry extends SlotRow {
	/** Questions in a row that had no answer. */
	failures: number;
	/** Answers in a row that it still has its slot. */
	checks: number;
}

export class Crowd {
	readonly queue = new SlotQueue<Entry>({ limit: null, keyLimit: null });
	readonly rate: RateLog;
	readonly #store: GuardStore;
	readonly #entries = new Map<string, Entry>();
	/** Those that are to be asked, the most urgent first. */
	readonly #asks = new Heap<Entry>((a, b) => askTime(a) < askTime(b));
	#lastSlot = 0;
	// What is not written yet.
	readonly #added = new Set<Entry>();
	readonly #changed = new Set<Entry>();
	readonly #removed = new Set<Entry>();
	/** What instances have said that may be written later, or never. */
	readonly #confirmed = new Set<Entry>();
	#starts: number[] = [];
	#forgetUntil: number | null = null;

	constructor(store: GuardStore) {
		this.#store = store;
		this.rate = new RateLog(store.starts());
		for (const row of store.slots()) {
			const entry = { ...row, failures: 0, checks: 0 };
			this.#lastSlot = Math.max(this.#lastSlot, row.slot);
			this.#keep(entry);
		}
	}

	get(id: string): Entry | undefined {
		return this.#entries.get(id);
	}

	/** The first that is to be asked. */
	get nextToAsk(): Entry | undefined {
		return this.#asks.first;
	}

	/** Puts a request at its place in the queue; `askAt`: see `SlotRow`. */
	add(request: SlotRequest, askAt: number): Entry {
		const { id, createdAt, seq, key, priority, isStart } = request;
		const entry: Entry = {
			...{ slot: ++this.#lastSlot, id, createdAt, seq, key, priority, isStart },
			...{ state: "queued", askAt, failures: 0, checks: 0 },
		};
		this.#keep(entry);
		this.#added.add(entry);
		return entry;
	}

	/** Gives a slot to one that waits. */
	grant(entry: Entry, askAt: number): void {
		this.queue.leave(entry);
		entry.state = "held";
		this.queue.hold(entry);
		this.askAgain(entry, askAt);
		this.#change(entry);
	}

	/** Notes that an instance was let start; times from before `forgetUntil` are of no use any more. */
	noteStart(now: number, forgetUntil: number): void {
		this.#starts.push(this.rate.note(now));
		this.rate.forget(forgetUntil);
		this.#forgetUntil = forgetUntil;
	}

	remove(entry: Entry): void {
		this.#entries.delete(entry.id);
		this.#asks.remove(entry);
		if (entry.state === "queued") this.queue.leave(entry);
		else this.queue.release(entry);
		this.#changed.delete(entry);
		this.#confirmed.delete(entry);
		if (!this.#added.delete(entry)) this.#removed.add(entry);
	}

	/** Plans the next question, in memory only: a life that ends before asks a little too early. */
	askAgain(entry: Entry, askAt: number | null): void {
		entry.askAt = askAt;
		if (askAt === null) this.#asks.remove(entry);
		else this.#asks.put(entry);
	}

	/** The instance has said that it is as the guard has it. */
	confirm(entry: Entry, askAt: number | null): void {
		entry.failures = 0;
		this.askAgain(entry, askAt);
		this.#confirmed.add(entry);
	}

	/** What was confirmed is written with what else is. */
	keepConfirmed(): void {
		for (const entry of this.#confirmed) this.#change(entry);
		this.#confirmed.clear();
	}

	write(): void {
		const [added, changed, removed] = [this.#added, this.#changed, this.#removed];
		if (added.size + changed.size + removed.size === 0) return;
		const [starts, forgetUntil] = [this.#starts, this.#forgetUntil];
		this.#store.write({ added, changed, removed, starts, forgetUntil });
		added.clear();
		changed.clear();
		removed.clear();
		this.#starts = [];
		this.#forgetUntil = null;
	}

	#keep(entry: Entry): void {
		this.#entries.set(entry.id, entry);
		if (entry.state === "queued") this.queue.queue(entry);
		else this.queue.hold(entry);
		if (entry.askAt !== null) this.#asks.put(entry);
	}

	#change(entry: Entry): void {
		if (!this.#added.has(entry)) this.#changed.add(entry);
	}
}

/** Below 0: `a` was said before `b`; 0: they are one. */
export function compareRefs(a: SlotRef, b: SlotRef): number {
	return a.createdAt - b.createdAt || a.seq - b.seq;
}

function askTime({ askAt }: Entry): number {
	return askAt ?? Number.POSITIVE_INFINITY;
}
