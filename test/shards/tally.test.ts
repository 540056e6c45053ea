/** A shard's tallies: what a count of its rows says, after any history; and the last day's work. */
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IndexStore } from "../../src/db/index-store";
import { ShardTables } from "../../src/db/shard-tables";
import { TallyStore } from "../../src/db/tally-store";
import { shardName } from "../../src/model/ids";
import type { IndexUpdate } from "../../src/model/index-rpc";
import type { ShardStats } from "../../src/model/index-stats";
import type { Clock } from "../../src/model/ports";
import { unwrap } from "../../src/model/rpc";
import { isTerminal, WORKFLOW_STATUSES, type WorkflowStatus } from "../../src/model/status";
import { InstanceRows, isNewer, removalOf, rowOf } from "../../src/shards/instance-rows";
import { runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { tell, update } from "../support/updates";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2100, 0, 2);

/** The rows of a shard, written without waiting, at times that the test says. */
class Shard {
	now = START;
	readonly #storage: DurableObjectStorage;
	#rows: InstanceRows;
	#store: IndexStore;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.#store = new IndexStore(new ShardTables(storage));
		this.#rows = this.#begin();
	}

	/** Memory is gone; the tables stay. */
	evict(): void {
		this.#store = new IndexStore(new ShardTables(this.#storage));
		this.#rows = this.#begin();
	}

	tell(updates: readonly IndexUpdate[]): void {
		this.#rows.change((put) => {
			for (const told of updates) {
				const before = this.#store.find(told.id);
				if (before !== undefined && !isNewer(told, before)) continue;
				put(told.removed ? removalOf(told, this.now) : rowOf(told), before);
			}
		});
	}

	/** Begins a new count, of tallies that are wrong. */
	beginRecount(): void {
		this.#rows.change((_, tally) => tally.recountBegins());
		this.#storage.sql.exec(`UPDATE shard SET counts = '{"paused":7}'`);
	}

	recount(to: string | null): void {
		this.#rows.change((_, tally) => tally.recount(to));
	}

	stats(): Omit<ShardStats, "shards"> {
		return this.#rows.stats();
	}

	#begin(): InstanceRows {
		const clock: Clock = { now: () => this.now, after: () => () => {}, turn: async () => {} };
		return new InstanceRows({
			store: this.#store,
			tallies: new TallyStore(new ShardTables(this.#storage)),
			clock,
			rescheduled: () => {},
		});
	}
}

/** The same, by keeping everything. */
class Model {
	readonly #rows = new Map<string, IndexUpdate>();
	readonly #gone = new Map<string, IndexUpdate>();
	readonly #events: { at: number; what: "created" | WorkflowStatus }[] = [];
	#removed = 0;
	#latest: number | null = null;

	tell(told: IndexUpdate): void {
		const before = this.#rows.get(told.id) ?? this.#gone.get(told.id);
		if (before !== undefined && !isLater(told, before)) return;
		const was = this.#rows.get(told.id);
		const isNew = was === undefined || was.createdAt !== told.createdAt;
		if (was !== undefined && (isNew || told.removed)) this.#removed++;
		this.#rows.delete(told.id);
		this.#gone.set(told.id, told);
		if (told.removed) return;
		this.#rows.set(told.id, told);
		if (isNew) {
			this.#events.push({ at: told.createdAt, what: "created" });
			this.#latest = Math.max(this.#latest ?? 0, told.createdAt);
		}
		if (!isTerminal(told.status)) return;
		const isSameEnd = !isNew && isTerminal(was.status) && was.updatedAt === told.updatedAt;
		if (!isSameEnd) this.#events.push({ at: told.updatedAt, what: told.status });
	}

	stats(now: number): Omit<ShardStats, "shards"> {
		const counts: Partial<Record<WorkflowStatus, number>> = {};
		for (const { status } of this.#rows.values()) counts[status] = (counts[status] ?? 0) + 1;
		return {
			counts,
			executionCount: this.#rows.size + this.#removed,
			lastExecutionAt: this.#latest,
			lastHour: this.#since(now, HOUR),
			lastDay: this.#since(now, DAY),
		};
	}

	#since(now: number, length: number): ShardStats["lastHour"] {
		const first = Math.floor(now / MINUTE) - length / MINUTE;
		const recent = this.#events.filter(({ at }) => Math.floor(at / MINUTE) > first);
		const ended: Partial<Record<WorkflowStatus, number>> = {};
		for (const { what } of recent) {
			if (what !== "created") ended[what] = (ended[what] ?? 0) + 1;
		}
		return { created: recent.filter(({ what }) => what === "created").length, ended };
	}
}

function isLater(a: IndexUpdate, b: IndexUpdate): boolean {
	if (a.createdAt !== b.createdAt) return a.createdAt > b.createdAt;
	if (a.seq !== b.seq) return a.seq > b.seq;
	return a.removed === true && b.removed !== true;
}

const told = fc.record({
	id: fc.constantFrom("a", "b", "c", "d"),
	seq: fc.integer({ min: 1, max: 5 }),
	status: fc.constantFrom(...WORKFLOW_STATUSES),
	/** Before the moment at which it arrives. */
	bornAgo: fc.constantFrom(0, MINUTE, HOUR, 3 * HOUR),
	changedAgo: fc.constantFrom(0, 1_000, MINUTE),
	removed: fc.constantFrom(undefined, undefined, undefined, true as const),
});
/** A new count goes on up to an id, or to the end; where none is under way, it begins. */
const STRETCHES = ["recount to b", "recount to c", "recount to the end"] as const;
const happening = fc.oneof(
	{ weight: 8, arbitrary: fc.array(told, { minLength: 1, maxLength: 4 }) },
	{ weight: 3, arbitrary: fc.constantFrom(1_000, MINUTE, 20 * MINUTE, 5 * HOUR) },
	{ weight: 2, arbitrary: fc.constant("evict" as const) },
	{ weight: 4, arbitrary: fc.constantFrom(...STRETCHES) },
);

let objects = 0;

describe("the tallies of a shard", () => {
	it("are what everything kept says, after any history of updates, evictions and new counts", () =>
		fc.assert(
			fc.asyncProperty(fc.array(happening, { maxLength: 25, size: "max" }), async (happenings) => {
				const { stub } = new TestInstance(`tally-${++objects}`);
				await runInDurableObject(stub, (_, { storage }) => {
					const shard = new Shard(storage);
					const model = new Model();
					let countedTo: string | null = null;
					for (const each of [...happenings, "recount to the end" as const]) {
						if (each === "evict") {
							shard.evict();
						} else if (typeof each === "string") {
							if (countedTo === null) shard.beginRecount();
							const to = each === "recount to the end" ? null : (each.at(-1) ?? null);
							// It goes one way.
							if (to === null || to > (countedTo ?? "")) {
								shard.recount(to);
								countedTo = to;
							}
						} else if (typeof each === "number") {
							shard.now += each;
						} else {
							const updates = each.map(({ bornAgo, changedAgo, ...rest }) => ({
								...rest,
								createdAt: shard.now - bornAgo,
								updatedAt: shard.now - changedAgo,
							}));
							shard.tell(updates);
							for (const one of updates) model.tell(one);
						}
						const { counts, executionCount, ...stats } = shard.stats();
						const {
							counts: trueCounts,
							executionCount: all,
							...trueStats
						} = model.stats(shard.now);
						expect(stats).toEqual(trueStats);
						// They are wrong as long as they are counted anew.
						if (countedTo !== null) continue;
						expect({ counts, executionCount }).toEqual({ counts: trueCounts, executionCount: all });
					}
				});
			}),
			{ numRuns: 150 },
		));

	it("keep minutes for a day and an hour, and no longer", () => {
		const { stub } = new TestInstance(`tally-${++objects}`);
		return runInDurableObject(stub, (_, { storage }) => {
			const shard = new Shard(storage);
			for (let n = 0; n < 30; n++, shard.now += HOUR) {
				shard.tell([update({ id: `i-${n}`, createdAt: shard.now })]);
			}
			const kept = storage.sql.exec("SELECT minute FROM minutes").toArray().length;
			expect(kept).toBe(25);
			expect(shard.stats().lastDay.created).toBe(23);
		});
	});

	it("do not count what is older than they are", () => {
		const { stub } = new TestInstance(`tally-${++objects}`);
		return runInDurableObject(stub, (_, { storage }) => {
			const shard = new Shard(storage);
			shard.tell([update({ createdAt: START - 26 * HOUR, updatedAt: START - 26 * HOUR })]);
			expect(storage.sql.exec("SELECT * FROM minutes").toArray()).toEqual([]);
			expect(shard.stats()).toMatchObject({ counts: { running: 1 }, executionCount: 1 });
		});
	});
});

describe("what a shard says of its instances", () => {
	const stats = async (type: string) =>
		unwrap(await runners.getByName(shardName(type)).indexStats());

	it("survives the crash of the shard with the updates that it acknowledged", async () => {
		const now = clock.now();
		await tell("stats-1", [
			update({ createdAt: now, updatedAt: now }),
			update({ id: "b", status: "errored", createdAt: now, updatedAt: now }),
		]);
		await new TestInstance(shardName("stats-1")).crash();
		expect(await stats("stats-1")).toEqual({
			counts: { running: 1, errored: 1 },
			executionCount: 2,
			lastExecutionAt: now,
			lastHour: { created: 2, ended: { errored: 1 } },
			lastDay: { created: 2, ended: { errored: 1 } },
			shards: 1,
		});
	});

	it("is nothing where nothing was ever told, and nothing is written (G14)", async () => {
		expect(await stats("stats-2")).toMatchObject({ counts: {}, executionCount: 0 });
		const shard = new TestInstance(shardName("stats-2"));
		expect(await shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});
});
