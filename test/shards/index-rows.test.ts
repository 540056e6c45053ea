/** The rows of a shard: which update counts (G12), what a removal leaves, what a death takes. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { shardName } from "../../src/model/ids";
import type { IndexUpdate } from "../../src/model/index-rpc";
import { listed, runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { rowOf, tell, update } from "../support/updates";

let types = 0;
const newType = () => `rows-${++types}`;
const shardOf = (type: string) => new TestInstance(shardName(type));

/** How many rows `work` writes in a shard, as Cloudflare bills them. */
async function rowsWritten(type: string, work: () => Promise<unknown>): Promise<number> {
	let written = 0;
	const { stub } = shardOf(type);
	const exec = await runInDurableObject(stub, (_, { storage: { sql } }) => {
		const exec = sql.exec;
		sql.exec = (...args: Parameters<typeof exec>) => {
			const cursor = exec.apply(sql, args);
			written += cursor.rowsWritten;
			return cursor as never;
		};
		return exec;
	});
	await work();
	await runInDurableObject(stub, (_, { storage: { sql } }) => {
		sql.exec = exec;
	});
	return written;
}

describe("an update of an instance", () => {
	it.each<[string, Partial<IndexUpdate>, Partial<IndexUpdate>]>([
		["a larger seq", { seq: 2 }, { seq: 3, status: "completed", updatedAt: 30 }],
		["a later creation", { seq: 9 }, { seq: 1, createdAt: 11, updatedAt: 11 }],
	])("of %s counts, in whichever order they arrive", async (_, older, newer) => {
		for (const inOrder of [true, false]) {
			const type = newType();
			const updates = [update(older), update(newer)];
			for (const each of inOrder ? updates : updates.toReversed()) await tell(type, [each]);
			await tell(type, [update(newer)]);
			expect(await listed(type)).toEqual([rowOf(update(newer))]);
		}
	});

	it("counts once among those that are written together, the newest last", async () => {
		const type = newType();
		const seqs = [3, 1, 2, 3];
		await tell(
			type,
			seqs.map((seq) => update({ seq, updatedAt: seq })),
		);
		expect(await listed(type)).toEqual([rowOf(update({ seq: 3, updatedAt: 3 }))]);
	});

	it("carries its attributes, which take the place of those before", async () => {
		const type = newType();
		const asked = { attributes: { customer: "c-17" } };
		await tell(type, [update({ attributes: { customer: "c-17", tier: 3 } })]);
		expect(await listed(type, asked)).toEqual([
			rowOf(update({ attributes: { customer: "c-17", tier: 3 } })),
		]);
		await tell(type, [update({ seq: 2, attributes: { customer: "c-18" } })]);
		expect(await listed(type, asked)).toEqual([]);
		expect(await listed(type, { attributes: { customer: null } })).toHaveLength(1);
		expect(await listed(type, { attributes: { tier: null } })).toEqual([]);
		await tell(type, [update({ seq: 3 })]);
		expect(await listed(type)).toEqual([rowOf(update())]);
		expect(await shardOf(type).sql("SELECT * FROM tags")).toEqual([]);
	});

	it("is there after an eviction and a crash, and newer ones go on from it", async () => {
		const type = newType();
		const shard = shardOf(type);
		await tell(type, [update({ attributes: { vip: 1 } })]);
		await shard.evict();
		await tell(type, [update({ seq: 2, status: "sleeping", attributes: { vip: 1 } })]);
		await shard.crash();
		await tell(type, [update({ seq: 1, status: "running" })]);
		expect(await listed(type, { attributes: { vip: 1 } })).toEqual([
			rowOf(update({ status: "sleeping", attributes: { vip: 1 } })),
		]);
	});

	it("that its shard died with is not acknowledged", async () => {
		const type = newType();
		const told = tell(type, [update()]).then(
			() => "told",
			() => "lost",
		);
		await shardOf(type).crash();
		expect(await told).toBe("lost");
		expect(await listed(type)).toEqual([]);
	});
});

describe("what is written", () => {
	it("is four rows for a short instance alone, one more in a second, and three among others", async () => {
		const type = newType();
		await tell(type, [update()]);
		const short = (id: string) => update({ id, status: "completed" });
		expect(await rowsWritten(type, () => tell(type, [short("b")]))).toBe(4);
		const ids = Array.from({ length: 50 }, (_, n) => `c-${n}`);
		const written = await rowsWritten(type, () => tell(type, ids.map(short)));
		// And one for each commit, of which a busy machine may need some.
		expect(written - 3 * 50).toBeGreaterThan(0);
		expect(written - 3 * 50).toBeLessThan(10);
	});

	it("is two rows and the shard's own for another status, one for the same again", async () => {
		const type = newType();
		await tell(type, [update()]);
		const changed = (changes: Partial<IndexUpdate>) =>
			rowsWritten(type, () => tell(type, [update({ status: "sleeping", ...changes })]));
		expect(await changed({ seq: 2 })).toBe(3);
		expect(await changed({ seq: 3 })).toBe(2);
		// And two for each attribute.
		expect(await changed({ seq: 4, attributes: { vip: 1 } })).toBe(4);
		expect(await changed({ seq: 5, attributes: { vip: 1, tier: 3 } })).toBe(4);
	});

	it("is two rows and the shard's own for a removal, and one when it is forgotten", async () => {
		const type = newType();
		await tell(type, [update({ status: "completed" })]);
		const removal = [update({ seq: 2, removed: true })];
		expect(await rowsWritten(type, () => tell(type, removal))).toBe(3);
		clock.advance(90_000);
		expect(await rowsWritten(type, () => shardOf(type).fireAlarm())).toBe(1);
	});

	it("is nothing for an update that is old, or came before", async () => {
		const type = newType();
		await tell(type, [update({ seq: 5 })]);
		const again = () => tell(type, [update({ seq: 4 }), update({ seq: 5 })]);
		expect(await rowsWritten(type, again)).toBe(0);
	});
});

describe("a removed instance", () => {
	const removal = update({ seq: 4, status: "completed", removed: true });

	it("is in no listing, whatever is asked for", async () => {
		const type = newType();
		await tell(type, [update({ attributes: { vip: 1 } }), update({ id: "b" })]);
		await tell(type, [removal]);
		expect(await listed(type)).toEqual([rowOf(update({ id: "b" }))]);
		for (const options of [
			{ idPrefix: "a" },
			{ attributes: { vip: 1 } },
			{ attributes: { vip: null } },
			{ updatedAfter: 0, createdBefore: 11, idPrefix: "a" },
		]) {
			expect(await listed(type, options)).toEqual([]);
		}
	});

	it("does not come back by an older update, which is refused, nor by the removal again", async () => {
		const type = newType();
		await tell(type, [update({ seq: 3 }), update({ id: "b" })]);
		await tell(type, [removal]);
		for (const late of [{ seq: 3 }, { seq: 4 }, { seq: 9, createdAt: 9 }]) {
			await expect(tell(type, [update(late)])).rejects.toMatchObject({ code: "INSTANCE_REMOVED" });
		}
		await tell(type, [removal, { ...removal, seq: 2 }]);
		expect(await listed(type)).toEqual([rowOf(update({ id: "b" }))]);
	});

	it("that the shard has never heard of does not come either", async () => {
		const type = newType();
		await tell(type, [removal]);
		await expect(tell(type, [update()])).rejects.toMatchObject({ code: "INSTANCE_REMOVED" });
		expect(await listed(type)).toEqual([]);
	});

	it("makes no other update fail that is written with the refused one", async () => {
		const type = newType();
		await tell(type, [removal]);
		const shard = runners.getByName(shardName(type));
		const answers = await Promise.all([
			shard.indexWrite(update()),
			shard.indexWrite(update({ id: "b" })),
		]);
		expect(answers.map(({ ok }) => ok)).toEqual([false, true]);
		expect(await listed(type)).toEqual([rowOf(update({ id: "b" }))]);
	});

	it("may be given anew at once, by a later creation", async () => {
		const type = newType();
		await tell(type, [update(), removal]);
		const anew = update({ createdAt: 11, updatedAt: 11 });
		await tell(type, [anew]);
		await tell(type, [{ ...removal, seq: 9 }]);
		expect(await listed(type)).toEqual([rowOf(anew)]);
	});

	it("is remembered for a minute, over evictions, and forgotten by the shard's alarm", async () => {
		const type = newType();
		const shard = shardOf(type);
		await tell(type, [update(), update({ id: "b" })]);
		expect(await shard.alarmAt()).toBeNull();
		const removedAt = clock.now();
		await tell(type, [removal]);
		const alarmAt = (await shard.alarmAt()) ?? 0;
		expect(alarmAt - removedAt).toBeGreaterThanOrEqual(60_000);
		expect(alarmAt - removedAt).toBeLessThanOrEqual(90_000);
		await shard.evict();
		clock.advance(59_999);
		await shard.fireAlarm();
		await expect(tell(type, [update()])).rejects.toMatchObject({ code: "INSTANCE_REMOVED" });
		expect(await shard.alarmAt()).toBe(alarmAt);
		await shard.advance(alarmAt - clock.now());
		expect(await shard.alarmAt()).toBeNull();
		// Nobody sends it any more by then; a clock that was behind may.
		await tell(type, [update()]);
		expect(await listed(type)).toEqual([rowOf(update({ id: "b" })), rowOf(update())]);
	});

	it("is remembered for as long when another one is forgotten before it", async () => {
		const type = newType();
		const shard = shardOf(type);
		await tell(type, [removal]);
		const firstAt = (await shard.alarmAt()) ?? 0;
		clock.advance(firstAt - clock.now() - 1_000);
		await tell(type, [{ ...removal, id: "b" }]);
		await shard.advance(1_000);
		expect(await shard.alarmAt()).toBeGreaterThanOrEqual(clock.now() + 59_000);
		await expect(tell(type, [update({ id: "b" })])).rejects.toMatchObject({
			code: "INSTANCE_REMOVED",
		});
		await tell(type, [update()]);
	});
});
