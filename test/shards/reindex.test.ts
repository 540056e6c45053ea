/** Rebuilding an index from what the instances say, while the service runs and dies. */
import { describe, expect, it } from "vitest";
import {
	reindexProgress,
	startReindex,
	startShardReindex,
	typeStats,
} from "../../src/client/shard-client";
import { Instance } from "../../src/engine/instance";
import { shardName, shardOf } from "../../src/model/ids";
import { isRunning, type ReindexProgress } from "../../src/model/reindex-rpc";
import { Reindex } from "../../src/shards/reindex";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { tell, update } from "../support/updates";
import { failingOnce } from "./faults";

let types = 0;

/** A type of so many shards, of which some instances wait and one has ended. */
async function typeWith(waiting: number, shards = 1): Promise<{ type: string; ids: string[] }> {
	const type = `reindexed-${++types}`;
	define(async (step) => step.waitForEvent("go"), { type, shards });
	const ids = Array.from({ length: waiting + 1 }, (_, n) => `${type}-${n}`);
	for (const id of ids) await TestInstance.create(type, null, id);
	await new TestInstance(ids.at(-1) ?? "").control("terminate");
	await expect.poll(() => statuses(type)).toEqual(truth(ids));
	return { type, ids };
}

const truth = (ids: string[]) =>
	Object.fromEntries(
		ids.map((id, at) => [id, at === ids.length - 1 ? "terminated" : "waiting"] as const),
	);

async function statuses(type: string): Promise<Record<string, string>> {
	return Object.fromEntries((await listed(type)).map(({ id, status }) => [id, status]));
}

const shardOfType = (type: string, shard = 0) => new TestInstance(shardName(type, shard));

/** Fires the alarms of the shards until the run is over. */
async function finish(type: string, shards = 1): Promise<ReindexProgress> {
	for (let round = 0; round < 50; round++) {
		const progress = await reindexProgress(runners, type);
		if (!isRunning(progress)) return progress;
		for (let shard = 0; shard < shards; shard++) await shardOfType(type, shard).fireAlarm();
	}
	throw new Error("it does not end");
}

/** Rows of instances that are not there, as a shard would have them that missed their removal. */
function addGhosts(type: string, count: number): Promise<unknown> {
	return shardOfType(type).sql(`
		WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${count})
		INSERT INTO instances SELECT '${type}-ghost-' || n, 'running', 1, 10, 10, NULL FROM n`);
}

describe("a rebuilding", () => {
	it("changes nothing where the index is right", async () => {
		const { type, ids } = await typeWith(2);
		const before = await typeStats(runners, type);
		await startReindex(runners, type, []);
		const done = await finish(type);
		expect(done).toMatchObject({ checked: 3, repaired: 0, removed: 0, added: 0, unanswered: 0 });
		expect(await statuses(type)).toEqual(truth(ids));
		expect(await typeStats(runners, type)).toEqual(before);
		// One that was set while it ran finds nothing to do.
		await shardOfType(type).advance(5_000);
		expect(await shardOfType(type).alarmAt()).toBeNull();
	});

	it("mends rows, drops those without an instance and counts the rows anew", async () => {
		const { type, ids } = await typeWith(3);
		const before = await typeStats(runners, type);
		const shard = shardOfType(type);
		await shard.sql(`UPDATE instances SET status = 'completed', seq = 99 WHERE id = '${ids[0]}'`);
		await shard.sql(`UPDATE instances SET updated_at = 5 WHERE id = '${ids[1]}'`);
		await shard.sql(`UPDATE instances SET attributes = '{"vip":1}' WHERE id = '${ids[2]}'`);
		await addGhosts(type, 2);
		await shard.sql(`UPDATE shard SET counts = '{"errored":7}'`);
		await startReindex(runners, type, []);
		expect(await finish(type)).toMatchObject({ checked: 6, repaired: 3, removed: 2 });
		expect(await statuses(type)).toEqual(truth(ids));
		expect(await listed(type, { attributes: { vip: null } })).toEqual([]);
		expect(await typeStats(runners, type)).toEqual({
			...before,
			// The ghosts were here, and are gone.
			executionCount: before.executionCount + 2,
		});
	});

	it("gives rows to the ids that lack one, and no others", async () => {
		const { type, ids } = await typeWith(3);
		const other = await typeWith(0);
		const before = await typeStats(runners, type);
		await shardOfType(type).sql("DELETE FROM instances");
		const given = [...ids, "nobody", ...other.ids];
		await startReindex(runners, type, given);
		expect(await finish(type)).toMatchObject({ added: 4, removed: 0, repaired: 0 });
		expect(await statuses(type)).toEqual(truth(ids));
		const { counts, executionCount } = before;
		expect(await typeStats(runners, type)).toMatchObject({ counts, executionCount });
		expect(await new TestInstance("nobody").sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("leaves the row of an instance that does not answer", async () => {
		const { type, ids } = await typeWith(2);
		failingOnce(Instance, "announce", {});
		await startReindex(runners, type, []);
		expect(await finish(type)).toMatchObject({ checked: 3, unanswered: 1, removed: 0 });
		expect(await statuses(type)).toEqual(truth(ids));
	});

	it("is refused while one runs, and can be had again afterwards", async () => {
		const { type } = await typeWith(0);
		await startReindex(runners, type, []);
		await expect(startReindex(runners, type, [])).rejects.toMatchObject({
			code: "REINDEX_RUNNING",
		});
		// Also in the moment in which two ask at once.
		await expect(startShardReindex(runners, { type, shard: 0 }, { ids: [] })).rejects.toMatchObject(
			{ code: "REINDEX_RUNNING" },
		);
		const first = await finish(type);
		await startReindex(runners, type, []);
		const second = await finish(type);
		expect(second.startedAt).toBeGreaterThan(first.startedAt ?? 0);
		expect(second.checked).toBe(1);
	});
});

describe("a rebuilding of several shards", () => {
	it("mends all of them, and adds each id where its instance says", async () => {
		const { type, ids } = await typeWith(8, 3);
		const before = await typeStats(runners, type);
		const lost = ids.filter((id) => shardOf(id, 3) === 2);
		await shardOfType(type, 2).sql("DELETE FROM instances");
		// A row of another shard's instance.
		const own = ids.find((id) => shardOf(id, 3) === 0) ?? "";
		await tell(type, [update({ id: own })], 1);
		await startReindex(runners, type, lost);
		const progress = await finish(type, 3);
		expect(progress).toMatchObject({ shards: 3, added: lost.length, removed: 1, repaired: 0 });
		expect(await statuses(type)).toEqual(truth(ids));
		expect(await typeStats(runners, type)).toMatchObject({ counts: before.counts });
	});

	it("starts those that it could not start before, after a crash too", async () => {
		const { type, ids } = await typeWith(5, 2);
		const first = shardOfType(type);
		await startReindex(runners, type, []);
		// The next start is that of the other shard.
		failingOnce(Reindex, "start", {});
		await first.fireAlarm();
		expect(await reindexProgress(runners, type)).toMatchObject({ finishedAt: null, checked: 0 });
		await first.crash();
		expect(await first.alarmAt()).toBeGreaterThan(clock.now());
		clock.advance(5_000);
		expect(await finish(type, 2)).toMatchObject({ shards: 2, checked: ids.length });
	});

	it("does not start a shard over that is told of the same run twice", async () => {
		const { type } = await typeWith(5, 2);
		await startReindex(runners, type, []);
		const { startedAt } = await finish(type, 2);
		const other = { type, shard: 1 };
		const again = await startShardReindex(runners, other, { startedAt: startedAt ?? 0 });
		expect(isRunning(again)).toBe(false);
	});
});
