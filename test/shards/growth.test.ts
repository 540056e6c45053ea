/** A type of several shards: rows are where they were put, and listed once, whatever the number becomes. */
import { describe, expect, it } from "vitest";
import { listAfter } from "../../src/client/listing";
import { typeStats } from "../../src/client/shard-client";
import { shardName, shardOf } from "../../src/model/ids";
import type { Position } from "../../src/model/index-rpc";
import { unwrap } from "../../src/model/rpc";
import { ShardCount } from "../../src/shards/shard-count";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { tell, update } from "../support/updates";
import { failingOnce } from "./faults";

let types = 0;
const newType = () => `growing-${++types}`;

/** Registers the type with so many shards, be it new or not. */
function declare(type: string, shards: number): void {
	define(async (step) => step.waitForEvent("go"), { type, shards });
}

/** Creates so many instances, each waiting and a millisecond younger than the one before. */
async function createMany(type: string, prefix: string, count: number): Promise<string[]> {
	const ids = Array.from({ length: count }, (_, n) => `${type}-${prefix}-${n}`);
	for (const id of ids) {
		await TestInstance.create(type, null, id);
		clock.advance(1);
	}
	return ids;
}

async function idsIn(type: string, shard: number): Promise<string[]> {
	const { stub } = new TestInstance(shardName(type, shard));
	const rows = await new TestInstance(stub.name ?? "").sql<{ id: string }>(
		"SELECT id FROM instances ORDER BY created_at",
	);
	return rows.map(({ id }) => id);
}

const listedIds = async (type: string) => (await listed(type)).map(({ id }) => id);
const shardsOf = async (type: string) =>
	unwrap(await runners.getByName(shardName(type)).indexStats()).shards;

describe("a type of three shards", () => {
	it("has each instance in the shard that its id says, and lists all in order", async () => {
		const type = newType();
		declare(type, 3);
		const ids = await createMany(type, "x", 12);
		await expect.poll(() => listedIds(type)).toEqual(ids.toReversed());
		for (const shard of [0, 1, 2]) {
			const own = ids.filter((id) => shardOf(id, 3) === shard);
			expect(own.length).toBeGreaterThan(0);
			expect(await idsIn(type, shard)).toEqual(own);
		}
		expect(await typeStats(runners, type)).toMatchObject({
			executionCount: 12,
			lastHour: { created: 12 },
		});
	});

	it("is asked in its first shard alone until another one has a row", async () => {
		const type = newType();
		await tell(type, [update()]);
		expect(await shardsOf(type)).toBe(1);
		await tell(type, [update({ id: "b" })], 2);
		expect(await shardsOf(type)).toBe(3);
		expect(await listedIds(type)).toEqual(["b", "a"]);
	});
});

describe("the number of shards", () => {
	it("is raised on a live service: rows are neither lost nor doubled, and change in place", async () => {
		const type = newType();
		declare(type, 1);
		const before = await createMany(type, "old", 8);
		await expect.poll(() => listedIds(type)).toEqual(before.toReversed());
		declare(type, 4);
		const after = await createMany(type, "new", 8);
		await expect.poll(() => listedIds(type)).toEqual([...before, ...after].toReversed());
		// An instance of before goes on, also from storage alone.
		const old = new TestInstance(before[0] ?? "");
		await old.evict();
		await old.control("terminate");
		const terminated = { status: "terminated" } as const;
		await expect.poll(() => listed(type, terminated)).toMatchObject([{ id: old.id }]);
		expect(await idsIn(type, 0)).toEqual([
			...before,
			...after.filter((id) => shardOf(id, 4) === 0),
		]);
		expect(await listedIds(type)).toEqual([...before, ...after].toReversed());
	});

	it("is lowered: the rows of the shards that get no more are still listed, and change", async () => {
		const type = newType();
		declare(type, 4);
		const before = await createMany(type, "old", 8);
		await expect.poll(() => listedIds(type)).toEqual(before.toReversed());
		declare(type, 2);
		const after = await createMany(type, "new", 4);
		await expect.poll(() => listedIds(type)).toEqual([...before, ...after].toReversed());
		const far = before.find((id) => shardOf(id, 4) === 3) ?? "";
		await new TestInstance(far).control("terminate");
		const terminated = { status: "terminated" } as const;
		await expect.poll(() => listed(type, terminated)).toMatchObject([{ id: far }]);
		expect(await typeStats(runners, type)).toMatchObject({ executionCount: 12 });
	});
});

describe("a shard that comes into use", () => {
	it("is known to the first one before it acknowledges a row, and stays known", async () => {
		const type = newType();
		await tell(type, [update()], 1);
		await new TestInstance(shardName(type)).crash();
		await new TestInstance(shardName(type, 1)).crash();
		expect(await listedIds(type)).toEqual(["a"]);
	});

	it("tells the first one once, not with each row or life", async () => {
		const type = newType();
		await tell(type, [update(), update({ id: "b" })], 1);
		await new TestInstance(shardName(type)).sql("UPDATE shard SET shards = 1");
		await tell(type, [update({ id: "c" })], 1);
		await new TestInstance(shardName(type, 1)).evict();
		await tell(type, [update({ id: "d" })], 1);
		expect(await shardsOf(type)).toBe(1);
	});

	it("takes no row while the first one cannot be told, and takes it afterwards", async () => {
		const type = newType();
		const first = new TestInstance(shardName(type));
		await tell(type, [update({ id: "z" })]);
		await first.evict();
		const failed = failingOnce(ShardCount, "add", {});
		await expect(tell(type, [update()], 1)).rejects.toMatchObject({ code: "TRY_AGAIN" });
		expect(failed()).toBe(1);
		expect(
			await new TestInstance(shardName(type, 1)).sql("SELECT name FROM sqlite_master"),
		).toEqual([]);
		await tell(type, [update()], 1);
		expect(await listedIds(type)).toEqual(["z", "a"]);
	});
});

describe("pages over shards and types", () => {
	it("are complete and in order while instances come, change and go between pages", async () => {
		const [one, other] = [newType(), newType()];
		const there = Array.from({ length: 40 }, (_, n) =>
			update({ id: `i-${n}`, createdAt: 100 + (n % 13), updatedAt: n }),
		);
		const tellAll = async (updates: typeof there) => {
			const places = Map.groupBy(updates, ({ id }) => id.length * 3 + shardOf(id, 3));
			const told = Array.from(places, ([place, group]) =>
				tell(Math.floor(place / 3) % 2 === 0 ? one : other, group, place % 3),
			);
			await Promise.all(told);
		};
		await tellAll(there);
		let seq = 1;
		for (const order of ["desc", "asc"] as const) {
			const seen: string[] = [];
			let after: Position | null = null;
			for (let turn = 0; ; turn++) {
				const request = { types: [one, other], filter: {}, order, limit: 7 };
				const page: Awaited<ReturnType<typeof listAfter>> = await listAfter(
					runners,
					request,
					after,
				);
				seen.push(...page.rows.map(({ id }) => id));
				after = page.end;
				if (after === null) break;
				// Newer ones come, and everything else gets another status.
				const changes = { seq: ++seq, status: "sleeping", updatedAt: seq } as const;
				const changed = there.map((each) => ({ ...each, ...changes }));
				await tellAll([...changed, update({ id: `${order}-${turn}`, createdAt: 200 + seq })]);
			}
			const ids = there
				.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
				.map(({ id }) => id);
			const wanted = order === "asc" ? ids : ids.toReversed();
			expect(seen.filter((id) => id.startsWith("i-"))).toEqual(wanted);
			expect(new Set(seen).size).toBe(seen.length);
		}
	});

	it("go on behind many rows that the filter refuses, page by page to the end", async () => {
		const type = newType();
		await tell(type, [update({ id: "first", createdAt: 1, updatedAt: 5 })]);
		await new TestInstance(shardName(type)).sql(`
			WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 250000)
			INSERT INTO instances SELECT 'i-' || n, 'completed', 1, 10 + n, 0, NULL FROM n`);
		await tell(type, [update({ id: "last", createdAt: 900_000, updatedAt: 5 })], 1);
		const request = {
			types: [type],
			filter: { updatedAfter: 5 },
			order: "desc",
			limit: 2,
		} as const;
		const found: string[] = [];
		let pages = 0;
		let after: Position | null = null;
		do {
			const page: Awaited<ReturnType<typeof listAfter>> = await listAfter(runners, request, after);
			found.push(...page.rows.map(({ id }) => id));
			after = page.end;
			pages++;
		} while (after !== null);
		expect(found).toEqual(["last", "first"]);
		// One request looks through no more than it can.
		expect(pages).toBe(3);
	});
});
