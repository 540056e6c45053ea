/**
 * Who waits for a slot, who has one, and who is next: the guard's order, in memory. Pure; what is
 * stored and who is told is the guard's.
 *
 * Next is the largest priority, then the oldest creation, then the smaller id, among those whose
 * key is not at its limit. A grant is O(log n), however many wait: each key has a queue of its own,
 * and only the keys that have room stand in the queue of queues.
 *
 * Instances that have not started yet queue apart from those that go on, since a start rate may
 * hold up the first kind only.
 */
import { Heap } from "./heap";

export interface Waiting {
	readonly id: string;
	/** Instances of one key share a limit; null: no key, no limit of it. */
	readonly key: string | null;
	readonly priority: number;
	readonly createdAt: number;
	/** It has not started yet. */
	readonly isStart: boolean;
}

export interface SlotLimits {
	/** Of all together; null: none. */
	readonly limit: number | null;
	/** Of each key; null: none. */
	readonly keyLimit: number | null;
}

/** How many of a key wait and work. */
export interface KeyCount {
	key: string | null;
	queued: number;
	held: number;
}

/** Those of one key. */
class Group<E extends Waiting> {
	held = 0;
	readonly starts = new Heap<E>(isBefore);
	readonly others = new Heap<E>(isBefore);

	constructor(readonly key: string | null) {}

	get queued(): number {
		return this.starts.size + this.others.size;
	}
}

export class SlotQueue<E extends Waiting> {
	readonly #groups = new Map<string | null, Group<E>>();
	/** The groups whose key has room, by the first of each. */
	readonly #starts = new Heap<Group<E>>((a, b) => isBefore(a.starts.first, b.starts.first));
	readonly #others = new Heap<Group<E>>((a, b) => isBefore(a.others.first, b.others.first));
	#limits: SlotLimits;
	#queued = 0;
	#held = 0;

	constructor(limits: SlotLimits) {
		this.#limits = limits;
	}

	get queued(): number {
		return this.#queued;
	}

	get held(): number {
		return this.#held;
	}

	/** Who has a slot keeps it, also where there are fewer now. */
	set limits(limits: SlotLimits) {
		const isSame = limits.limit === this.#limits.limit && limits.keyLimit === this.#limits.keyLimit;
		this.#limits = limits;
		if (!isSame) for (const group of this.#groups.values()) this.#place(group);
	}

	/** `entry` waits. */
	queue(entry: E): void {
		const group = this.#group(entry.key);
		laneOf(group, entry).put(entry);
		this.#queued++;
		this.#place(group);
	}

	/** `entry` has a slot, whatever the limits say. */
	hold(entry: E): void {
		const group = this.#group(entry.key);
		group.held++;
		this.#held++;
		this.#place(group);
	}

	/** `entry` waits no longer. */
	leave(entry: E): void {
		const group = this.#group(entry.key);
		laneOf(group, entry).remove(entry);
		this.#queued--;
		this.#place(group);
	}

	/** `entry` gives its slot back. */
	release(entry: E): void {
		const group = this.#group(entry.key);
		group.held--;
		this.#held--;
		this.#place(group);
	}

	/** Who would be granted a slot now; undefined: nobody can be. */
	next({ mayStart }: { mayStart: boolean }): E | undefined {
		const { limit } = this.#limits;
		if (limit !== null && this.#held >= limit) return undefined;
		const other = this.#others.first?.others.first;
		const start = mayStart ? this.#starts.first?.starts.first : undefined;
		return isBefore(start, other) ? start : other;
	}

	/** The place in the order, from 1, of one that waits. It looks at all that do. */
	position(entry: E): number {
		let before = 0;
		for (const { starts, others } of this.#groups.values()) {
			for (const { items } of [starts, others]) {
				for (const each of items) if (isBefore(each, entry)) before++;
			}
		}
		return before + 1;
	}

	/** The keys with the most waiting, at most `count` of them. */
	longest(count: number): KeyCount[] {
		return Array.from(this.#groups.values(), ({ key, queued, held }) => ({ key, queued, held }))
			.sort((a, b) => b.queued - a.queued || b.held - a.held)
			.slice(0, count);
	}

	#group(key: string | null): Group<E> {
		const known = this.#groups.get(key);
		if (known !== undefined) return known;
		const group = new Group<E>(key);
		this.#groups.set(key, group);
		return group;
	}

	/** Puts a group where it belongs after it or the limits changed. */
	#place(group: Group<E>): void {
		const { key, held } = group;
		const { keyLimit } = this.#limits;
		const hasRoom = key === null || keyLimit === null || held < keyLimit;
		if (hasRoom && group.starts.size > 0) this.#starts.put(group);
		else this.#starts.remove(group);
		if (hasRoom && group.others.size > 0) this.#others.put(group);
		else this.#others.remove(group);
		// Keys may be as many as customers.
		if (held === 0 && group.queued === 0) this.#groups.delete(key);
	}
}

function laneOf<E extends Waiting>(group: Group<E>, { isStart }: E): Heap<E> {
	return isStart ? group.starts : group.others;
}

/** Nobody comes after everybody. */
function isBefore(a: Waiting | undefined, b: Waiting | undefined): boolean {
	if (a === undefined || b === undefined) return a !== undefined;
	if (a.priority !== b.priority) return a.priority > b.priority;
	if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt;
	return a.id < b.id;
}
