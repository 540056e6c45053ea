/**
 * A type's circuit breakers in memory, of which the rows are a moment behind. It keeps a bounded
 * number of them, and decides which goes when another comes; when rows are written is said by
 * `breakers.ts`. One whose write has failed is not to be trusted any more.
 */
import type { BreakerStore } from "../db/breaker-store";
import type { BreakerRow } from "../db/shard-schema";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { type Breaker, isPassable } from "./breaker-state";

interface Kept {
	readonly row: number;
	breaker: Breaker;
}

export class BreakerMemory {
	readonly #type: string;
	readonly #store: BreakerStore;
	readonly #kept: Map<string, Kept>;
	#nextRow: number;
	/** What the rows are behind by. */
	readonly #changed = new Set<Kept>();
	readonly #removed = new Set<Kept>();

	/** Reads them all. */
	constructor(type: string, store: BreakerStore) {
		this.#type = type;
		this.#store = store;
		const rows = store.all();
		this.#kept = new Map(rows.map((row) => [row.name, { row: row.row, breaker: breakerOf(row) }]));
		this.#nextRow = (rows.at(-1)?.row ?? 0) + 1;
	}

	get(name: string): Breaker | undefined {
		return this.#kept.get(name)?.breaker;
	}

	all(): Breaker[] {
		return Array.from(this.#kept.values(), ({ breaker }) => breaker);
	}

	/** Puts one in the place of that of its name, or of one that has to go. @throws `BREAKER_LIMIT` */
	put(breaker: Breaker, now: number): void {
		let kept = this.#kept.get(breaker.name);
		if (kept === undefined) {
			const gone = this.#requireRoom(now);
			if (gone !== undefined) this.#remove(gone);
			kept = { row: this.#nextRow++, breaker };
			this.#kept.set(breaker.name, kept);
		}
		kept.breaker = breaker;
		this.#changed.add(kept);
	}

	/** @throws `BREAKER_LIMIT` when another could not be kept. */
	requireRoom(now: number): void {
		this.#requireRoom(now);
	}

	/** Brings the rows up to date. */
	write(): void {
		if (this.#changed.size === 0) return;
		this.#store.write({
			changed: Array.from(this.#changed, rowOf),
			removed: Array.from(this.#removed, ({ row }) => row),
		});
		this.#changed.clear();
		this.#removed.clear();
	}

	/** The one that a new one takes the place of; undefined: there is room. */
	#requireRoom(now: number): Kept | undefined {
		if (this.#kept.size < LIMITS.breakers) return undefined;
		let oldest: Kept | undefined;
		for (const each of this.#kept.values()) {
			if (!isPassable(each.breaker, now)) continue;
			const { lastFailureAt } = oldest?.breaker ?? each.breaker;
			if (each.breaker.lastFailureAt <= lastFailureAt) oldest = each;
		}
		if (oldest === undefined) throw tooMany(this.#type);
		return oldest;
	}

	#remove(gone: Kept): void {
		this.#kept.delete(gone.breaker.name);
		this.#changed.delete(gone);
		this.#removed.add(gone);
	}
}

function rowOf({ row, breaker }: Kept): BreakerRow {
	const { trial, counted, ...rest } = breaker;
	return {
		row,
		...rest,
		counted: JSON.stringify(counted),
		trialCaller: trial?.caller ?? null,
		trialSince: trial?.since ?? null,
		trialMs: trial?.lengthMs ?? null,
	};
}

function breakerOf(stored: BreakerRow): Breaker {
	const { row: _, trialCaller, trialSince, trialMs, counted, ...rest } = stored;
	const hasTrial = trialCaller !== null && trialSince !== null && trialMs !== null;
	return {
		...rest,
		counted: JSON.parse(counted),
		trial: hasTrial ? { caller: trialCaller, since: trialSince, lengthMs: trialMs } : null,
	};
}

function tooMany(type: string): WorkflowError {
	return new WorkflowError(
		"BREAKER_LIMIT",
		`${LIMITS.breakers} circuit breakers of "${type}" are open, as many as are kept. A breaker is shared by all calls of a step's name: leave out of the name what varies from instance to instance.`,
		{ limit: LIMITS.breakers },
	);
}
