/**
 * Counts along while a shard's rows change: one for each transaction that changes rows, which
 * writes it at its end.
 *
 * What happened in the newest minute is kept in the shard's own row, which is written anyway; only
 * the minutes before it have rows of their own, which are written once as a rule.
 *
 * A new count of all rows goes by their ids, a stretch for each transaction. What it has is at each
 * moment true of the rows up to where it is: a change of one of those is entered in it, too.
 */
import { REMOVED } from "../db/index-store";
import { BEHIND_ALL, type Tallies, type TallyStore } from "../db/tally-store";
import {
	addCounts,
	addThroughput,
	MINUTE_MS,
	NO_THROUGHPUT,
	type ShardStats,
	type Throughput,
} from "../model/index-stats";
import { isTerminal, type WorkflowStatus } from "../model/status";

/** What of a row is counted; an instance that is gone has a status of its own. */
export interface Counted {
	id: string;
	status: WorkflowStatus | typeof REMOVED;
	createdAt: number;
	updatedAt: number;
}

type Live = Counted & { status: WorkflowStatus };

const HOUR = 60;
const DAY = 24 * HOUR;
/** Minutes that are kept: a day, and what a late update may add to an hour before it. */
const KEPT = DAY + HOUR;

export class Tally {
	readonly #store: TallyStore;
	#tallies: Tallies;
	readonly #minutes = new Map<number, Throughput>();
	#hasChanged = false;

	constructor(store: TallyStore) {
		this.#store = store;
		this.#tallies = store.read();
	}

	/** A row became another; undefined: there was none. */
	count(before: Counted | undefined, after: Counted): void {
		this.#hasChanged = true;
		const was = isLive(before) ? before : undefined;
		const is = isLive(after) ? after : undefined;
		const isNew = is !== undefined && is.createdAt !== was?.createdAt;
		if (was !== undefined) this.#add(was, -1);
		if (was !== undefined && (is === undefined || isNew)) this.#tallies.removed++;
		if (is === undefined) return;
		this.#add(is, 1);
		if (isNew) {
			const { lastExecutionAt } = this.#tallies;
			this.#tallies.lastExecutionAt = Math.max(lastExecutionAt ?? 0, is.createdAt);
			this.#happened(is.createdAt, { created: 1, ended: {} });
		}
		// It may have ended before, and been restarted without a word of that in between.
		const hadEnded = !isNew && was !== undefined && isTerminal(was.status);
		if (isTerminal(is.status) && !(hadEnded && is.updatedAt === was.updatedAt)) {
			this.#happened(is.updatedAt, { created: 0, ended: { [is.status]: 1 } });
		}
	}

	/** Begins a new count, in the place of one that is under way. */
	recountBegins(): void {
		this.#hasChanged = true;
		this.#tallies.recount = { upTo: "", counts: {} };
	}

	/** Counts on, up to an id, which is null at the end: then the new count takes effect. */
	recount(to: string | null): void {
		const { recount } = this.#tallies;
		if (recount === null) throw new Error("no count was begun");
		this.#hasChanged = true;
		const upTo = to ?? BEHIND_ALL;
		const counts = addCounts(recount.counts, this.#store.countRows(recount.upTo, upTo));
		if (to === null) this.#tallies = { ...this.#tallies, counts, recount: null };
		else this.#tallies.recount = { upTo, counts };
	}

	write(now: number): void {
		if (!this.#hasChanged) return;
		for (const minute of [...this.#minutes.keys()].sort((a, b) => a - b)) {
			const happened = this.#minutes.get(minute);
			if (happened !== undefined && minute >= minuteOf(now) - KEPT) this.#keep(minute, happened);
		}
		this.#store.write(this.#tallies);
	}

	#keep(minute: number, happened: Throughput): void {
		const { minute: newest, throughput } = this.#tallies;
		if (newest === minute) {
			this.#tallies.throughput = addThroughput(throughput, happened);
		} else if (newest !== null && minute < newest) {
			const known = this.#store.minutes(minute).get(minute) ?? NO_THROUGHPUT;
			this.#store.writeMinute(minute, addThroughput(known, happened));
		} else {
			if (newest !== null) this.#store.writeMinute(newest, throughput);
			this.#store.deleteMinutes(minute - KEPT);
			this.#tallies = { ...this.#tallies, minute, throughput: happened };
		}
	}

	#add({ id, status }: Live, count: number): void {
		const { counts, recount } = this.#tallies;
		const change = { [status]: count };
		this.#tallies.counts = addCounts(counts, change);
		if (recount !== null && id <= recount.upTo) {
			recount.counts = addCounts(recount.counts, change);
		}
	}

	#happened(at: number, what: Throughput): void {
		const minute = minuteOf(at);
		this.#minutes.set(minute, addThroughput(this.#minutes.get(minute) ?? NO_THROUGHPUT, what));
	}
}

/** What a shard's tallies say at a time. */
export function statsOf(store: TallyStore, now: number): Omit<ShardStats, "shards"> {
	const { counts, removed, lastExecutionAt, minute, throughput } = store.read();
	const minutes = new Map(store.minutes(minuteOf(now) - DAY));
	if (minute !== null) minutes.set(minute, throughput);
	const since = (length: number) =>
		[...minutes]
			.filter(([each]) => each > minuteOf(now) - length)
			.reduce((sum, [, happened]) => addThroughput(sum, happened), NO_THROUGHPUT);
	const present = Object.values(counts).reduce((sum, count) => sum + count, 0);
	return {
		counts,
		executionCount: present + removed,
		lastExecutionAt,
		lastHour: since(HOUR),
		lastDay: since(DAY),
	};
}

function isLive(row: Counted | undefined): row is Live {
	return row !== undefined && row.status !== REMOVED;
}

function minuteOf(at: number): number {
	return Math.floor(at / MINUTE_MS);
}
