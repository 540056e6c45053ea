/** Forgetting an instance: on request, or when its type's retention is over; nothing is left (G14). */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { removeInstance } from "../../src/client/runner-client";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const DAY = 86_400_000;

async function leftovers({ stub }: TestInstance): Promise<unknown> {
	return runInDurableObject(stub, async (_, { storage }) => ({
		tables: storage.sql
			.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
			.toArray(),
		alarm: await storage.getAlarm(),
	}));
}
const NOTHING = { tables: [], alarm: null };

const idsOf = async (type: string) => (await listed(type)).map(({ id }) => id);

async function completed(retentionMs = 0): Promise<{ instance: TestInstance; type: string }> {
	const type = define(async (step) => step.do("a", () => 1), { retentionMs });
	const instance = await TestInstance.create(type);
	await instance.until("completed");
	await expect.poll(() => idsOf(type)).toEqual([instance.id]);
	// The index tells an id that is given anew from this one by its later creation.
	clock.advance(1);
	return { instance, type };
}

describe("a removed instance", () => {
	it("is gone for callers and from the listing, and leaves no table, row or alarm", async () => {
		const { instance, type } = await completed();
		await removeInstance(runners, instance.id);
		await expect(instance.status()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
		expect(await idsOf(type)).toEqual([]);
		expect(await leftovers(instance)).toEqual(NOTHING);
	});

	it("is refused while it has not ended, and changes nothing", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const instance = await TestInstance.create(type);
		const before = await instance.until("waiting");
		await expect(removeInstance(runners, instance.id)).rejects.toMatchObject({
			code: "ILLEGAL_STATUS_CHANGE",
			message: expect.stringContaining("terminate it"),
		});
		expect(await instance.status()).toEqual(before);
	});

	it("that is unknown is not found, also the second time", async () => {
		const { instance } = await completed();
		await removeInstance(runners, instance.id);
		for (const id of [instance.id, "never-was"]) {
			await expect(removeInstance(runners, id)).rejects.toMatchObject({
				code: "INSTANCE_NOT_FOUND",
			});
		}
	});

	it("makes room for another instance of its id, which the index lists", async () => {
		const { instance, type } = await completed();
		await removeInstance(runners, instance.id);
		const again = await TestInstance.create(type, null, instance.id);
		await again.until("completed");
		await expect.poll(() => idsOf(type)).toEqual([instance.id]);
		await again.evict();
		expect(await again.status()).toMatchObject({ status: "completed", run: 1 });
	});

	it("whose object dies in between is removed by the alarm, and is not there meanwhile", async () => {
		const { instance, type } = await completed();
		const shard = new TestInstance(shardName(type));
		// The index is down: the removal cannot be delivered.
		const down = runInDurableObject(shard.stub, (_, state) => {
			state.storage.sql.exec("ALTER TABLE instances RENAME TO away");
		});
		await down;
		void removeInstance(runners, instance.id).catch(() => {});
		await expect
			.poll(() => instance.status().catch((error) => error.code))
			.toBe("INSTANCE_NOT_FOUND");
		await expect(TestInstance.create(type, null, instance.id)).rejects.toMatchObject({
			code: "INSTANCE_EXISTS",
		});
		await instance.crash();
		await runInDurableObject(shard.stub, (_, state) => {
			state.storage.sql.exec("ALTER TABLE away RENAME TO instances");
		});
		await expect(instance.status()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
		expect(await instance.alarmAt()).not.toBeNull();
		await instance.advance(400_000);
		await expect.poll(() => leftovers(instance)).toEqual(NOTHING);
		expect(await idsOf(type)).toEqual([]);
	});
});

describe("retention", () => {
	it("forgets an instance so long after its end, and not before", async () => {
		const { instance, type } = await completed(DAY);
		await instance.advance(DAY - 10_000);
		expect((await instance.status()).status).toBe("completed");
		await instance.evict();
		await instance.advance(10_000);
		await expect.poll(() => leftovers(instance)).toEqual(NOTHING);
		await expect.poll(() => idsOf(type)).toEqual([]);
	});

	it("of a type that says nothing is thirty days", async () => {
		const type = define(async () => 1, { retentionMs: null });
		const instance = await TestInstance.create(type);
		const { completedAt } = await instance.until("completed");
		await expect
			.poll(() => instance.alarmAfterLease())
			.toBe((completedAt ?? 0) + LIMITS.retentionMs);
		expect(LIMITS.retentionMs).toBe(30 * DAY);
	});

	it("of 0 keeps it, with no alarm", async () => {
		const { instance } = await completed(0);
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});

	it("that has become longer meanwhile is the longer one", async () => {
		const { instance, type } = await completed(DAY);
		const { completedAt } = await instance.status();
		define(async () => 1, { type, retentionMs: 3 * DAY });
		await instance.evict();
		clock.advance(DAY);
		await instance.fireAlarm();
		expect((await instance.status()).status).toBe("completed");
		await expect.poll(() => instance.alarmAfterLease()).toBe((completedAt ?? 0) + 3 * DAY);
	});

	it("counts from the end of the latest run", async () => {
		const type = define(async (step) => step.waitForEvent("go"), { retentionMs: DAY });
		const instance = await TestInstance.create(type);
		await instance.event("go");
		await instance.until("completed");
		await instance.advance(DAY - 10_000);
		await runners.getByName(instance.id).restart({});
		await instance.until("waiting");
		await instance.advance(DAY);
		expect((await instance.status()).status).toBe("waiting");
	});
});
