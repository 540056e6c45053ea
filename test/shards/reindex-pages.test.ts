/** A rebuilding in many pages: over deaths, and while instances speak for themselves. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { DefinitionStore } from "../../src/db/definition-store";
import { ShardTables } from "../../src/db/shard-tables";
import type { IndexUpdate } from "../../src/model/index-rpc";
import { isRunning, type ReindexProgress } from "../../src/model/reindex-rpc";
import type { Announcement } from "../../src/model/rpc";
import { IndexShard } from "../../src/shards/index-shard";
import { TestInstance } from "../support/instance";
import { update } from "../support/updates";

const START = Date.UTC(2100, 0, 1);

const unused = async () => {
	throw new Error("this type has no schedules");
};

/** A shard, with instances that are only what they say. */
class World {
	now = START;
	alarmAt: number | null = null;
	readonly instances = new Map<string, IndexUpdate>();
	readonly asked: string[] = [];
	/** Called with each question. */
	onAsk: (id: string) => void = () => {};
	readonly #storage: DurableObjectStorage;
	#life = 0;
	shard: IndexShard;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
		this.shard = this.begin();
	}

	/** A new life of the shard; what the one before still tries goes nowhere. */
	begin(): IndexShard {
		const life = ++this.#life;
		const tables = new ShardTables(this.#storage);
		this.shard = new IndexShard({
			id: { type: "t", shard: 0 },
			tables,
			definitions: { store: new DefinitionStore(tables), isRegistered: true, check: unused },
			clock: {
				now: () => this.now,
				after: (_, work) => {
					queueMicrotask(work);
					return () => {};
				},
				turn: async () => {},
			},
			alarm: {
				set: (at) => {
					if (life === this.#life) this.alarmAt = at;
				},
				clear: () => {},
			},
			random: () => 0.5,
			calls: {
				announce: async (id): Promise<Announcement | null> => {
					this.asked.push(id);
					this.onAsk(id);
					if (life !== this.#life) await new Promise(() => {});
					const said = this.instances.get(id);
					return said === undefined ? null : { type: "t", shard: 0, update: said };
				},
				startReindex: async () => {},
				joinShard: async () => {},
				tellDirectory: async () => {},
				askSlot: async () => ({ use: "none" }),
			},
			scheduled: { check: unused, create: unused, status: unused, terminate: unused },
			declared: () => null,
			typeChanged: () => {},
			report: (message, error) => {
				throw new Error(message, { cause: error });
			},
		});
		return this.shard;
	}

	/** The alarm fires; its handler may die, and then the runtime calls it again. */
	async fire(): Promise<void> {
		expect(this.alarmAt).toBeLessThanOrEqual(this.now);
		this.alarmAt = null;
		const { shard } = this;
		const died = new Promise<void>((resolve) => {
			const look = setInterval(() => {
				if (shard !== this.shard) resolve();
				if (shard !== this.shard) clearInterval(look);
			}, 1);
			shard.wake().then(() => {
				clearInterval(look);
				resolve();
			});
		});
		await died;
		if (shard !== this.shard) this.alarmAt = this.now;
	}

	async finish(): Promise<ReindexProgress> {
		for (let alarms = 0; alarms < 20; alarms++) {
			const progress = await this.progress();
			if (!isRunning(progress)) return progress;
			await this.fire();
		}
		throw new Error("it does not end");
	}

	progress(): Promise<ReindexProgress> {
		return Promise.resolve(this.shard.rpc.reindexProgress(undefined));
	}

	/** An instance comes into being or changes, and its shard hears of it. */
	async live(said: IndexUpdate): Promise<void> {
		this.instances.set(said.id, said);
		await this.shard.rpc.indexWrite(said);
	}

	/** A row without an instance. */
	async ghost(id: string): Promise<void> {
		await this.shard.rpc.indexWrite(update({ id }));
	}

	rows(): Record<string, string> {
		const { rows } = this.#list();
		return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
	}

	#list() {
		const page = this.shard.rpc.indexList({ filter: {}, order: "asc", limit: 1_000, after: null });
		if (page instanceof Promise) throw new Error("a listing waits for nothing");
		return page;
	}
}

let objects = 0;

/** 250 rows: of ids `0` to `249`, of which every tenth has an instance. */
function inWorld(work: (world: World) => Promise<void>): Promise<void> {
	const { stub } = new TestInstance(`reindex-${++objects}`);
	return runInDurableObject(stub, async (_, { storage }) => {
		const world = new World(storage);
		await Promise.all(
			Array.from({ length: 250 }, (_, n) =>
				n % 10 === 0 ? world.live(update({ id: `${n}` })) : world.ghost(`${n}`),
			),
		);
		await work(world);
	});
}

const LIVING = Object.fromEntries(
	Array.from({ length: 25 }, (_, n) => [`${10 * n}`, "running"] as const),
);

describe("a rebuilding in three pages", () => {
	it("asks a hundred instances at an alarm, and ends with the truth", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			const asked: number[] = [];
			while (isRunning(await world.progress())) {
				await world.fire();
				asked.push(world.asked.length);
			}
			expect(asked).toEqual([100, 200, 250]);
			expect(await world.progress()).toMatchObject({ checked: 250, removed: 225, repaired: 0 });
			expect(world.rows()).toEqual(LIVING);
			expect(await world.shard.rpc.indexStats(undefined)).toMatchObject({
				counts: { running: 25 },
				executionCount: 250,
			});
		}));

	it("goes on where it was after a death between two pages", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			while (isRunning(await world.progress())) {
				world.begin();
				await world.fire();
			}
			expect(await world.progress()).toMatchObject({ checked: 250, removed: 225 });
			expect(world.asked).toHaveLength(250);
			expect(world.rows()).toEqual(LIVING);
		}));

	it("repeats the page in whose middle it died", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			let deaths = 0;
			world.onAsk = () => {
				if (world.asked.length !== 150) return;
				deaths++;
				world.begin();
			};
			expect(await world.finish()).toMatchObject({ checked: 250, removed: 225 });
			expect(deaths).toBe(1);
			expect(world.asked.length).toBeGreaterThan(250);
			expect(world.rows()).toEqual(LIVING);
		}));

	it("keeps what is created, changed and removed meanwhile", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			await world.fire();
			world.now += 1;
			const bornAt = { createdAt: world.now, updatedAt: world.now };
			// Before and behind the place where it is.
			for (const id of ["00", "999"]) await world.live(update({ id, ...bornAt }));
			await world.live(update({ id: "0", seq: 2, status: "errored" }));
			await world.live(update({ id: "90", seq: 2, status: "errored" }));
			await world.shard.rpc.indexWrite(update({ id: "80", seq: 2, removed: true }));
			world.instances.delete("80");
			await world.finish();
			const { 80: _, ...others } = LIVING;
			const wanted = { ...others, "00": "running", "999": "running", 0: "errored", 90: "errored" };
			expect(world.rows()).toEqual(wanted);
			expect(await world.shard.rpc.indexStats(undefined)).toMatchObject({
				counts: { running: 24, errored: 2 },
			});
		}));

	it("does not overwrite a row that changed while its instance was asked", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			const told: Promise<unknown>[] = [];
			world.onAsk = (id) => {
				// What is said now arrives after what the instance says next.
				if (id !== "10") return;
				const later = update({ id, seq: 7, status: "completed" });
				told.push(Promise.resolve(world.shard.rpc.indexWrite(later)));
			};
			await world.finish();
			await Promise.all(told);
			expect(world.rows()).toEqual({ ...LIVING, 10: "completed" });
		}));

	it("ends while instances keep coming behind it", () =>
		inWorld(async (world) => {
			await world.shard.rpc.startReindex({});
			for (let alarms = 0; isRunning(await world.progress()); alarms++) {
				expect(alarms).toBeLessThan(5);
				world.now += 1;
				const bornAt = { createdAt: world.now, updatedAt: world.now };
				const ids = Array.from({ length: 120 }, (_, n) => `new-${alarms}-${n}`);
				await Promise.all(ids.map((id) => world.live(update({ id, ...bornAt }))));
				await world.fire();
			}
			expect(Object.keys(world.rows())).toHaveLength(25 + 3 * 120);
		}));
});
