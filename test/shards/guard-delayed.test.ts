/** The guard and what changes an instance's course: a delayed start, a restart, a removal. */
import { describe, expect, it } from "vitest";
import { encode } from "../../src/model/codec";
import { unwrap } from "../../src/model/rpc";
import { Guard } from "../../src/shards/guard";
import { runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { failingOnce } from "./faults";
import { Guarded, statusesOf } from "./guarded";

async function createLater(guarded: Guarded, id: string, delayMs: number): Promise<TestInstance> {
	const request = { type: guarded.type, id, payload: encode(null, "it"), delayMs };
	unwrap(await runners.getByName(id).create(request));
	guarded.willWork(id);
	return new TestInstance(id);
}

describe("an instance that starts later", () => {
	it("asks for a slot when its time has come, and starts at once where there is room", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		const instance = await createLater(guarded, "later-1", 60_000);
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
		guarded.end(instance.id);
		await instance.advance(60_000);
		expect(await instance.until("completed")).toMatchObject({ startedAt: clock.now() });
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("queues then by when it was created, before those created later, whatever dies meanwhile", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		const instance = await createLater(guarded, "later-2", 60_000);
		await guarded.createAll(["sooner-1", "sooner-2"]);
		const lost = failingOnce(Guard, "take", { id: instance.id });
		await instance.advance(60_000);
		await expect.poll(lost).toBe(1);
		await instance.crash();
		await instance.advance(10_000);
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 2 });
		const { status, reason } = await instance.status();
		expect([status, reason]).toEqual(["created", expect.stringContaining("WAITING_FOR_SLOT")]);
		guarded.end("sooner-1", "sooner-2", instance.id);
		await new TestInstance("sooner-2").until("completed");
		expect(guarded.begun).toEqual(["sooner-1", instance.id, "sooner-2"]);
	});

	it("stays delayed over a pause, and is never in the queue before its time", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		const instance = await createLater(guarded, "later-3", 60_000);
		await instance.control("pause");
		expect(await instance.control("resume")).toBe("created");
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
		await instance.control("terminate");
		await expect.poll(() => instance.alarmAfterLease()).toBeNull();
	});
});

describe("a restart", () => {
	const restart = async (id: string) => unwrap(await runners.getByName(id).restart({})).status;

	it("of one that has ended takes a slot anew, and queues where there is none", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.create("again-1");
		guarded.end("again-1");
		const first = new TestInstance("again-1");
		await first.until("completed");
		await guarded.createAll(["again-2"]);
		guarded.willWork("again-1");
		expect(await restart("again-1")).toBe("created");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		await first.evict();
		guarded.end("again-2", "again-1");
		expect(await first.until("completed")).toMatchObject({ run: 2 });
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(guarded.most).toBe(1);
	});

	it("of one at work keeps its slot; of one that queues, its place", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll(["keeps-1", "keeps-2", "keeps-3"]);
		await expect.poll(() => guarded.working.size).toBe(1);
		expect(await restart("keeps-1")).toBe("running");
		expect(await restart("keeps-2")).toBe("created");
		await expect.poll(async () => (await guarded.state("keeps-2")).position).toBe(1);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 2 });
		expect((await new TestInstance("keeps-2").status()).reason).toContain("WAITING_FOR_SLOT");
		guarded.end("keeps-1", "keeps-2", "keeps-3");
		await new TestInstance("keeps-3").until("completed");
		expect(guarded.begun).toEqual(["keeps-1", "keeps-2", "keeps-3"]);
		expect(await statusesOf(["keeps-1", "keeps-2"])).toEqual(["completed", "completed"]);
	});
});

describe("a removal", () => {
	it("waits until the guard has heard of the slot's return, whatever fails in between", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.create("gone-1");
		const lost = failingOnce(Guard, "giveBack", { id: "gone-1" });
		guarded.end("gone-1");
		const instance = new TestInstance("gone-1");
		await instance.until("completed");
		await expect.poll(lost).toBe(1);
		const removed = runners.getByName("gone-1").remove({});
		await expect(instance.status()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		await instance.advance(10_000);
		unwrap(await removed);
		await expect
			.poll(() => instance.sql("SELECT 1 FROM sqlite_master WHERE name = 'workflow'"))
			.toEqual([]);
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await guarded.create("gone-1")).toMatchObject({ status: "running", created: true });
		guarded.end("gone-1");
	});
});
