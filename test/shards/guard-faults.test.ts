/** What may go wrong between an instance and its guard: nothing leaks, nothing is granted twice (G4). */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { GuardStore } from "../../src/db/guard-store";
import { Slot } from "../../src/engine/slot";
import { unwrap } from "../../src/model/rpc";
import { Guard } from "../../src/shards/guard";
import { gate, runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { failingOnce } from "./faults";
import { Guarded, statusesOf } from "./guarded";

let names = 0;

/** A type with one slot. */
function one(maxQueued = 10) {
	const name = `f${++names}`;
	const guarded = new Guarded({ concurrency: { limit: 1, maxQueued } });
	return { guarded, first: `${name}-first`, second: `${name}-second`, third: `${name}-third` };
}

describe("a creation that came to nothing", () => {
	it("after it was granted a slot loses it once the guard has asked", async () => {
		const { guarded, first } = one();
		expect(unwrap(await guarded.guard.takeSlot(guarded.request("never")))).toEqual({
			state: "held",
		});
		await guarded.create(first);
		expect(await statusesOf([first])).toEqual(["created"]);
		await guarded.shard.evict();
		await guarded.shard.advance(10_000);
		await new TestInstance(first).until("running");
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(first);
	});

	it("after it was queued loses its place once the guard has asked", async () => {
		const { guarded, first, second } = one(1);
		await guarded.create(first);
		expect(unwrap(await guarded.guard.takeSlot(guarded.request("nobody")))).toMatchObject({
			state: "queued",
		});
		await expect(guarded.create(second)).rejects.toMatchObject({ code: "QUEUE_FULL" });
		await guarded.shard.advance(10_000);
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 0 });
		expect(await guarded.create(second)).toMatchObject({ status: "created" });
		guarded.end(first, second);
	});

	it("is found out when it is granted a slot, which goes to the next", async () => {
		const { guarded, first, second } = one();
		await guarded.create(first);
		await guarded.guard.takeSlot(guarded.request("nobody-either"));
		await guarded.create(second);
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("since the guard failed is refused, and leaves nothing", async () => {
		const { guarded, first } = one();
		failingOnce(Guard, "take", { id: first });
		await expect(guarded.create(first)).rejects.toThrow("as the test wants it");
		expect(await new TestInstance(first).sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await guarded.create(first)).toMatchObject({ status: "running" });
		guarded.end(first);
	});

	it("since the answer was lost is cleared away by the next try, and the one after it succeeds", async () => {
		const { guarded, first } = one();
		failingOnce(Guard, "take", { id: first, when: "after" });
		await expect(guarded.create(first)).rejects.toThrow("as the test wants it");
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		await expect(guarded.create(first)).rejects.toMatchObject({ code: "TRY_AGAIN" });
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await guarded.create(first)).toMatchObject({ status: "running" });
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("of which the clock knows that it was later is cleared away, and the next try succeeds", async () => {
		const { guarded, first } = one();
		const later = guarded.request(first, { createdAt: clock.now() + 60_000 });
		await guarded.guard.takeSlot(later);
		await expect(guarded.create(first)).rejects.toMatchObject({ code: "TRY_AGAIN" });
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await guarded.create(first)).toMatchObject({ status: "running" });
		guarded.end(first);
	});
});

describe("a creation under way", () => {
	it("is waited for when the guard asks, and keeps its slot", async () => {
		const { guarded, first, second } = one();
		const answered = gate();
		const take = Slot.prototype.take;
		const spy = vi.spyOn(Slot.prototype, "take").mockImplementation(async function (
			this: Slot,
			...args
		) {
			const taken = await take.apply(this, args);
			await answered.promise;
			return taken;
		});
		const creation = guarded.create(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 0 });
		spy.mockRestore();
		await guarded.shard.advance(10_000);
		answered.resolve();
		expect(await creation).toMatchObject({ status: "running" });
		await guarded.create(second);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect(await statusesOf([second])).toEqual(["created"]);
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
		expect(guarded.most).toBe(1);
	});

	it("of an id that is asked for twice takes one slot, and the second is refused", async () => {
		const { guarded, first } = one();
		const both = await Promise.allSettled([guarded.create(first), guarded.create(first)]);
		expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});
});

describe("a grant", () => {
	it("whose offer was lost is offered again by the alarm, also after the guard crashed", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		const lost = failingOnce(Slot, "answer", { id: second });
		guarded.end(first, second);
		await expect.poll(() => lost()).toBe(1);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		expect(await statusesOf([second])).toEqual(["created"]);
		await guarded.shard.crash();
		await guarded.shard.advance(10_000);
		await new TestInstance(second).until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("whose offer was taken and whose answer was lost is not granted twice", async () => {
		const { guarded, first, second, third } = one();
		await guarded.createAll([first, second, third]);
		const lost = failingOnce(Slot, "answer", { id: second, when: "after" });
		guarded.end(first);
		await expect.poll(() => lost()).toBe(1);
		await new TestInstance(second).until("running");
		await guarded.shard.advance(10_000);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect([...guarded.working]).toEqual([second]);
		guarded.end(second, third);
		await new TestInstance(third).until("completed");
		expect(guarded.most).toBe(1);
	});

	it("reaches an instance that was evicted while it waited", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		await new TestInstance(second).evict();
		guarded.end(first, second);
		expect(await new TestInstance(second).until("completed")).toMatchObject({ reason: null });
	});

	it("is kept by an instance that crashes at work, and nobody else works meanwhile", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		await expect.poll(() => guarded.working.size).toBe(1);
		await new TestInstance(first).crash();
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		guarded.end(first);
		await new TestInstance(first).advance(5_000);
		await new TestInstance(first).until("completed");
		guarded.end(second);
		await new TestInstance(second).until("completed");
		expect(guarded.begun).toEqual([first, second]);
	});

	it("to one whose time is up meanwhile goes to the next", async () => {
		const name = `f${++names}`;
		const [first, second, third] = [`${name}-1`, `${name}-2`, `${name}-3`];
		const guarded = new Guarded({ concurrency: { limit: 1 } }, { timeoutMs: 60_000 });
		await guarded.createAll([first, second]);
		clock.advance(59_998);
		await guarded.create(third);
		clock.advance(1);
		guarded.end(first, third);
		await new TestInstance(third).until("completed");
		expect(await statusesOf([second])).toEqual(["timed_out"]);
		expect(guarded.begun).not.toContain(second);
	});
});

describe("a return", () => {
	it("that was lost is made again by the instance's alarm, also after it crashed", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		const lost = failingOnce(Guard, "giveBack", { id: first });
		guarded.end(first, second);
		await new TestInstance(first).until("completed");
		await expect.poll(() => lost()).toBe(1);
		await new TestInstance(first).crash();
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		await new TestInstance(first).advance(10_000);
		await new TestInstance(second).until("completed");
		expect(guarded.most).toBe(1);
		await expect.poll(() => new TestInstance(first).alarmAfterLease()).toBeNull();
	});

	it("whose answer was lost frees one slot, not two", async () => {
		const { guarded, first, second, third } = one();
		await guarded.createAll([first, second, third]);
		const lost = failingOnce(Guard, "giveBack", { id: first, when: "after" });
		guarded.end(first);
		await expect.poll(() => lost()).toBe(1);
		await new TestInstance(second).until("running");
		await new TestInstance(first).advance(10_000);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect([...guarded.working]).toEqual([second]);
		guarded.end(second, third);
		await new TestInstance(third).until("completed");
	});

	it("by the death of all that knew of it is found out when the guard looks after its slots", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		await guarded.shard.advance(10_000);
		// As if its storage had been emptied by hand.
		await runInDurableObject(new TestInstance(first).stub, (_, { storage }) => storage.deleteAll());
		await new TestInstance(first).crash();
		await guarded.shard.advance(300_000);
		expect(await statusesOf([second])).toEqual(["created"]);
		await guarded.shard.advance(300_000);
		await new TestInstance(second).until("running");
		guarded.end(second);
	});
});

describe("a message that comes twice, late, or out of order", () => {
	it("asks for a slot that one has: it is told so, and has one", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		const requests = await Promise.all(
			[first, second].map(async (id) => {
				const { createdAt } = await new TestInstance(id).status();
				return guarded.request(id, { createdAt });
			}),
		);
		const answers = requests.map(async (request) => unwrap(await guarded.guard.takeSlot(request)));
		expect((await Promise.all(answers)).map(({ state }) => state)).toEqual(["held", "queued"]);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
		// Long after the end: the guard believes it until it has asked.
		for (const request of requests) await guarded.guard.takeSlot(request);
		await guarded.shard.advance(10_000);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("returns a slot that was taken again since: nothing changes", async () => {
		const { guarded } = one();
		const request = guarded.request("again", { seq: 3 });
		await guarded.guard.takeSlot(request);
		await guarded.guard.returnSlot({ ...request, seq: 2 });
		await guarded.guard.returnSlot({ ...request, createdAt: request.createdAt - 1, seq: 9 });
		await guarded.guard.returnSlot({ ...request, id: "nobody-knows" });
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		await guarded.guard.returnSlot({ ...request, seq: 4 });
		await guarded.guard.returnSlot({ ...request, seq: 4 });
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("creates an instance that is there: it keeps its slot", async () => {
		const { guarded, first } = one();
		await guarded.create(first);
		const later = guarded.request(first, { createdAt: clock.now() + 1 });
		expect(await guarded.guard.takeSlot(later)).toMatchObject({ error: { code: "TRY_AGAIN" } });
		await guarded.guard.returnSlot({ ...later, seq: 2 });
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("takes a slot anew before the word of its return: it is one request in place of the other", async () => {
		const { guarded } = one();
		const request = guarded.request("anew");
		await guarded.guard.takeSlot(request);
		const again = { ...request, seq: 3, isNew: false, isStart: false };
		expect(unwrap(await guarded.guard.takeSlot(again))).toEqual({ state: "held" });
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		expect(await guarded.guard.takeSlot(request)).toMatchObject({ error: { code: "TRY_AGAIN" } });
	});

	it("offers a slot to an instance that has ended, or has asked for it another time: it has none", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		const { createdAt } = await new TestInstance(second).status();
		const offer = { type: guarded.type, id: second, createdAt, seq: 1, granted: true };
		const use = async (changes = {}) =>
			unwrap(await runners.getByName(second).slot({ ...offer, ...changes })).use;
		expect(await use({ seq: 2 })).toBe("none");
		expect(await use({ seq: 0 })).toBe("none");
		expect(await use({ createdAt: createdAt - 1 })).toBe("none");
		expect(await use({ type: "other" })).toBe("none");
		expect(await use({ granted: false })).toBe("queued");
		expect(await statusesOf([second])).toEqual(["created"]);
		await new TestInstance(second).control("terminate");
		expect(await use()).toBe("none");
		expect(guarded.begun).toEqual([first]);
		guarded.end(first);
	});

	it("offers a slot twice: it starts once", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		guarded.end(first);
		await new TestInstance(second).until("running");
		const { createdAt } = await new TestInstance(second).status();
		const offer = { type: guarded.type, id: second, createdAt, seq: 1, granted: true };
		expect(await runners.getByName(second).slot(offer)).toEqual({
			...{ ok: true, value: { use: "held" } },
		});
		guarded.end(second);
		await new TestInstance(second).until("completed");
	});

	it("asks an object that is no instance: nothing is stored in it (G14)", async () => {
		const offer = { type: "t", id: "no-instance", createdAt: 1, seq: 1, granted: true };
		expect(await runners.getByName("no-instance").slot(offer)).toMatchObject({
			error: { code: "INSTANCE_NOT_FOUND" },
		});
		expect(await new TestInstance("no-instance").sql("SELECT name FROM sqlite_master")).toEqual([]);
	});
});

describe("the guard", () => {
	it("that is evicted or crashes goes on with who works, who waits, and in which order", async () => {
		const { guarded, first, second, third } = one();
		await guarded.createAll([first, second, third]);
		await guarded.shard.crash();
		expect(await guarded.counts()).toEqual({ held: 1, queued: 2 });
		await guarded.shard.evict();
		expect((await guarded.state(third)).position).toBe(2);
		guarded.end(first, second, third);
		await new TestInstance(third).until("completed");
		expect(guarded.begun).toEqual([first, second, third]);
		expect(guarded.most).toBe(1);
	});

	it("whose write failed says so, and believes its tables", async () => {
		const { guarded, first, second } = one();
		await guarded.create(first);
		failingOnce(GuardStore, "write", {});
		await expect(guarded.create(second)).rejects.toThrow("as the test wants it");
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		expect(await guarded.create(second)).toMatchObject({ status: "created" });
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
	});

	it("asks less and less often whether those that have a slot still have it", async () => {
		const { guarded, first } = one();
		await guarded.create(first);
		const askInMs = async () => {
			const [row] = await guarded.shard.sql<{ ask_at: number }>("SELECT ask_at FROM slots");
			return (row?.ask_at ?? 0) - clock.now();
		};
		const waits: number[] = [];
		for (let round = 0; round < 11; round++) {
			await guarded.shard.advance(await askInMs());
			await expect.poll(askInMs).toBeGreaterThan(0);
			waits.push((await askInMs()) / 60_000);
		}
		expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440, 1_440]);
		expect(await statusesOf([first])).toEqual(["running"]);
		guarded.end(first);
	});

	it("asks once whether one that queues is there", async () => {
		const { guarded, first, second } = one();
		await guarded.createAll([first, second]);
		await guarded.shard.advance(10_000);
		const asked = () =>
			guarded.shard.sql<{ n: number }>(
				"SELECT count(*) AS n FROM slots WHERE state = 'queued' AND ask_at IS NULL",
			);
		await expect.poll(async () => (await asked())[0]?.n).toBe(1);
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
	});
});
