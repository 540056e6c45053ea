/** The concurrency guard: who works, who waits, and what callers and operators see of it. */
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/engine/program";
import { LIMITS } from "../../src/model/limits";
import { TestInstance } from "../support/instance";
import { clock, programs } from "../support/lab";
import { Guarded, type Payload, statusesOf } from "./guarded";

let names = 0;
/** Ids that sort as they are given. */
function ids(count: number): string[] {
	const name = `g${++names}`;
	return Array.from({ length: count }, (_, n) => `${name}-${String(n).padStart(2, "0")}`);
}

/** Ends each that is at work until all have been. */
async function workThrough(guarded: Guarded, all: string[]): Promise<void> {
	for (let ended = 0; ended < all.length; ended++) {
		await expect.poll(() => guarded.begun.length).toBeGreaterThan(ended);
		const id = guarded.begun[ended] ?? "";
		guarded.end(id);
		await new TestInstance(id).until("completed");
	}
}

describe("instances of a type with a limit", () => {
	it("are never more at work than that, and start in order of creation", async () => {
		const all = ids(7);
		const guarded = new Guarded({ concurrency: { limit: 2 } });
		await guarded.createAll(all);
		expect(await statusesOf(all)).toEqual([
			...["running", "running"],
			...["created", "created", "created", "created", "created"],
		]);
		await workThrough(guarded, all);
		expect(guarded.begun).toEqual(all);
		expect(guarded.most).toBe(2);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("say while they wait that it is for a slot, and of what limit", async () => {
		const [first = "", second = "", third = ""] = ids(3);
		const guarded = new Guarded({
			concurrency: { limit: 1, key: ({ customer }: Payload) => customer, total: 5 },
			rate: { limit: 4, per: "1s" },
		});
		await guarded.create(first);
		expect(await guarded.create(second)).toEqual({
			...{ id: second, type: guarded.type, status: "created", created: true },
		});
		const { reason, wakeAt } = await new TestInstance(second).status();
		expect(reason).toBe(
			"WAITING_FOR_SLOT: The instance waits for a slot: at most 5 of its type are at work at once, at most 1 of its key are at work at once, at most 4 start in 1000 ms.",
		);
		expect(wakeAt).toBeNull();
		guarded.end(first);
		expect((await new TestInstance(second).until("running")).reason).toBeNull();
		await guarded.create(third, { customer: "other" });
		expect((await new TestInstance(third).status()).status).toBe("running");
		guarded.end(second, third);
	});

	it("start sooner with a larger priority, and before those created later", async () => {
		const [first = "", low = "", old = "", young = "", high = ""] = ids(5);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.create(first);
		await guarded.create(low, { priority: -5 });
		await guarded.create(old);
		await guarded.create(young);
		await guarded.create(high, { priority: LIMITS.priority });
		await workThrough(guarded, [first, low, old, young, high]);
		expect(guarded.begun).toEqual([first, high, old, young, low]);
		expect(guarded.most).toBe(1);
	});

	it("of a key wait for each other, not for those of another", async () => {
		const [a1 = "", a2 = "", b1 = "", b2 = "", c1 = ""] = ids(5);
		const guarded = new Guarded({
			concurrency: { limit: 1, key: ({ customer }: Payload) => customer, total: 2 },
		});
		for (const [id, customer] of [
			[a1, "a"],
			[a2, "a"],
			[b1, "b"],
			[b2, "b"],
			[c1, "c"],
		] as const) {
			await guarded.create(id, { customer });
		}
		expect(await statusesOf([a1, a2, b1, b2, c1])).toEqual([
			...["running", "created", "running", "created", "created"],
		]);
		guarded.end(b1);
		await new TestInstance(b2).until("running");
		guarded.end(a1);
		await new TestInstance(a2).until("running");
		expect((await guarded.state()).keys).toEqual([
			{ key: "c", queued: 1, held: 0 },
			{ key: "b", queued: 0, held: 1 },
			{ key: "a", queued: 0, held: 1 },
		]);
		guarded.end(a2);
		await new TestInstance(c1).until("running");
		guarded.end(b2, c1);
		expect(guarded.most).toBe(2);
	});

	it("that need none, since their type has no limit, tell no guard", async () => {
		const [id = ""] = ids(1);
		const guarded = new Guarded({});
		await guarded.create(id);
		guarded.end(id);
		await new TestInstance(id).until("completed");
		const [row] = await new TestInstance(id).sql("SELECT slot, slot_seq FROM workflow");
		expect(row).toEqual({ slot: null, slot_seq: 0 });
	});
});

describe("a slot", () => {
	it.each([
		["completed", (guarded: Guarded, id: string) => guarded.end(id)],
		["terminated", (_: Guarded, id: string) => new TestInstance(id).control("terminate")],
		["timed_out", (_: Guarded, id: string) => new TestInstance(id).advance(59_999)],
		["errored", (_: Guarded, id: string) => new TestInstance(id).event("fail")],
	] as const)("is free again when its instance is %s", async (status, end) => {
		const [first = "", second = ""] = ids(2);
		const guarded: Guarded = new Guarded(
			{ concurrency: { limit: 1 } },
			{
				timeoutMs: 60_000,
				run: (step) =>
					Promise.race([
						step.do("work", (context) => guarded.work(context)),
						step.waitForEvent("fail").then(() => {
							throw new Error("told to");
						}),
					]),
			},
		);
		await guarded.create(first);
		await expect.poll(() => guarded.working.size).toBe(1);
		await guarded.create(second);
		await end(guarded, first);
		await new TestInstance(first).until(status);
		await expect.poll(() => guarded.begun).toEqual([first, second]);
		guarded.end(second);
	});

	it("is kept by a paused instance that had one", async () => {
		const [first = "", second = ""] = ids(2);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll([first, second]);
		await new TestInstance(first).control("pause");
		expect(await guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect(await new TestInstance(first).control("resume")).toBe("running");
		await workThrough(guarded, [first, second]);
	});
});

describe("an instance in the queue", () => {
	async function queued(overrides = {}) {
		const [first = "", second = "", third = ""] = ids(3);
		const guarded = new Guarded({ concurrency: { limit: 1 } }, overrides);
		await guarded.createAll([first, second, third]);
		return { guarded, first, third, instance: new TestInstance(second) };
	}

	it("leaves it when it is terminated, and the one behind it moves up", async () => {
		const { guarded, first, third, instance } = await queued();
		expect((await guarded.state(third)).position).toBe(2);
		expect(await instance.control("terminate")).toBe("terminated");
		await expect.poll(async () => (await guarded.state(third)).position).toBe(1);
		guarded.end(first);
		await expect.poll(() => guarded.begun).toEqual([first, third]);
		guarded.end(third);
	});

	it("times out there, without having begun", async () => {
		const { guarded, first, third, instance } = await queued({ timeoutMs: 60_000 });
		await guarded.change({ concurrency: { limit: 1 } });
		await instance.advance(60_000);
		expect(await instance.until("timed_out")).toMatchObject({ steps: [] });
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect(guarded.begun).toEqual([first]);
		guarded.end(first, third);
	});

	it("leaves it while paused, and takes its old place when resumed", async () => {
		const { guarded, first, third, instance } = await queued();
		expect(await instance.control("pause")).toBe("paused");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect(await instance.control("resume")).toBe("created");
		expect((await instance.status()).reason).toContain("WAITING_FOR_SLOT");
		await expect.poll(async () => (await guarded.state(instance.id)).position).toBe(1);
		await workThrough(guarded, [first, instance.id, third]);
		expect(guarded.begun).toEqual([first, instance.id, third]);
	});

	it("starts at once when it is resumed and there is room", async () => {
		const { guarded, first, third, instance } = await queued();
		await instance.control("pause");
		guarded.end(first, third);
		await new TestInstance(third).until("completed");
		await instance.control("resume");
		await instance.until("running");
		guarded.end(instance.id);
		await instance.until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("keeps events that come early, and gives them to its program", async () => {
		const { guarded, first, third, instance } = await queued({
			run: async (step: Parameters<Program["run"]>[0]) => step.waitForEvent("go"),
		});
		await instance.event("go", "early");
		await new TestInstance(first).event("go");
		expect((await instance.until("completed")).result).toBe("early");
		await new TestInstance(third).event("go");
		await new TestInstance(third).until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});
});

describe("a full queue", () => {
	it("refuses a new instance at one past it, and stores nothing of it", async () => {
		const all = ids(4);
		const [first = "", second = "", third = "", fourth = ""] = all;
		const guarded = new Guarded({ concurrency: { limit: 1, maxQueued: 2 } });
		await guarded.createAll([first, second, third]);
		await expect(guarded.create(fourth)).rejects.toMatchObject({
			code: "QUEUE_FULL",
			details: { limit: 2 },
		});
		expect(await new TestInstance(fourth).sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await new TestInstance(fourth).alarmAt()).toBeNull();
		expect(await guarded.counts()).toEqual({ held: 1, queued: 2 });
		guarded.end(first);
		await new TestInstance(second).until("running");
		expect(await guarded.create(fourth)).toMatchObject({ status: "created" });
		await workThrough(guarded, all);
	});

	it("of no places refuses whoever would have to wait, and nobody else", async () => {
		const [first = "", second = ""] = ids(2);
		const guarded = new Guarded({ concurrency: { limit: 1, maxQueued: 0 } });
		expect(await guarded.create(first)).toMatchObject({ status: "running" });
		await expect(guarded.create(second)).rejects.toMatchObject({ code: "QUEUE_FULL" });
		guarded.end(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await guarded.create(second)).toMatchObject({ status: "running" });
		guarded.end(second);
	});

	it("takes back whom it has accepted before", async () => {
		const [first = "", second = "", third = ""] = ids(3);
		const guarded = new Guarded({ concurrency: { limit: 1, maxQueued: 1 } });
		await guarded.createAll([first, second]);
		await new TestInstance(second).control("pause");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 0 });
		await guarded.create(third);
		expect(await new TestInstance(second).control("resume")).toBe("created");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 2 });
		await workThrough(guarded, [first, second, third]);
	});
});

describe("the key of an instance", () => {
	const keyed = (key: (payload: Payload) => unknown) =>
		new Guarded({ concurrency: { limit: 1, key: key as (payload: Payload) => string } });

	it.each<[string, (payload: Payload) => unknown, string]>([
		["throws", () => JSON.parse("{"), "concurrency.key threw an error"],
		["is too long", () => "x".repeat(LIMITS.slotKeyLength + 1), "it returned 257 characters"],
		["is an object", () => ({}), "it returned a value of type object"],
		["is null", () => null, "it returned null"],
		["is not there", () => undefined, "it returned a value of type undefined"],
		["is no number", () => Number.NaN, "it returned NaN"],
		["is promised", async () => "a", "it returned a value of type object"],
	])("that %s ends it with that reason; it holds nothing", async (_, key, message) => {
		const [id = ""] = ids(1);
		const guarded = keyed(key);
		expect(await guarded.create(id)).toMatchObject({ status: "errored", created: true });
		const status = await new TestInstance(id).status();
		expect(status).toMatchObject({ status: "errored", steps: [], completedAt: clock.now() });
		expect(status.errorDetails).toMatchObject({ code: "CONCURRENCY_KEY" });
		expect(status.error).toContain(message);
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(guarded.begun).toEqual([]);
		await expect.poll(() => new TestInstance(id).alarmAfterLease()).toBeNull();
	});

	it("that throws is told with what was thrown", async () => {
		const [id = ""] = ids(1);
		const guarded = keyed((payload) => (payload as unknown as { a: { b: string } }).a.b);
		await guarded.create(id);
		const { errorDetails } = await new TestInstance(id).status();
		expect(JSON.stringify(errorDetails)).toContain("Cannot read properties of undefined");
	});

	it.each<[string, unknown, string]>([
		["of 256 characters", "x".repeat(LIMITS.slotKeyLength), "x".repeat(LIMITS.slotKeyLength)],
		["of none", "", ""],
		["that is a number", 17, "17"],
		["with half a character", "\ud800", "\ufffd"],
	])("%s is taken, and the same after the guard was evicted", async (_, key, stored) => {
		const [first = "", second = ""] = ids(2);
		const guarded = keyed(() => key);
		await guarded.createAll([first, second]);
		expect((await guarded.state()).keys).toEqual([{ key: stored, held: 1, queued: 1 }]);
		await guarded.shard.evict();
		expect((await guarded.state()).keys).toEqual([{ key: stored, held: 1, queued: 1 }]);
		await workThrough(guarded, [first, second]);
	});
});

describe("a priority", () => {
	it.each([LIMITS.priority, -LIMITS.priority, 0])("of %d is taken", async (priority) => {
		const [id = ""] = ids(1);
		const guarded = new Guarded({});
		expect(await guarded.create(id, { priority })).toMatchObject({ status: "running" });
		guarded.end(id);
	});

	it.each([LIMITS.priority + 1, -LIMITS.priority - 1, 0.5, Number.NaN, "1"])(
		"of %s is refused, and nothing is stored",
		async (priority) => {
			const [id = ""] = ids(1);
			const creation = new Guarded({}).create(id, { priority: priority as number });
			const refusal = { code: "VALIDATION_ERROR", details: { path: "priority" } };
			await expect(creation).rejects.toMatchObject(refusal);
			expect(await new TestInstance(id).sql("SELECT name FROM sqlite_master")).toEqual([]);
		},
	);
});

describe("an operator", () => {
	it("who raises a limit starts the first of those that wait at once", async () => {
		const all = ids(5);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll(all);
		expect(await guarded.change({ concurrency: { limit: 3 } })).toMatchObject({
			limits: { limit: 3 },
			overrides: { concurrency: { limit: 3 } },
			held: 3,
			queued: 2,
		});
		await expect.poll(() => guarded.begun.toSorted()).toEqual(all.slice(0, 3));
		await guarded.change({ concurrency: { limit: 0 } });
		await expect.poll(() => guarded.begun.toSorted()).toEqual(all);
		guarded.end(...all);
	});

	it("who lowers a limit stops nobody; none starts until there is room", async () => {
		const all = ids(4);
		const [first = "", second = "", third = "", fourth = ""] = all;
		const guarded = new Guarded({ concurrency: { limit: 3 } });
		await guarded.createAll(all);
		await guarded.change({ concurrency: { limit: 1 } });
		for (const id of [first, second]) {
			guarded.end(id);
			await new TestInstance(id).until("completed");
		}
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		guarded.end(third);
		await new TestInstance(fourth).until("running");
		guarded.end(fourth);
	});

	it("overrides what the type declares until null, over evictions and deploys", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1, maxQueued: 7 } });
		await guarded.change({ concurrency: { limit: 4 } });
		const { overrides } = await guarded.change({ concurrency: { keyLimit: 2, maxQueued: 9 } });
		expect(overrides).toEqual({ concurrency: { limit: 4, keyLimit: 2, maxQueued: 9 } });
		await guarded.shard.evict();
		const after = await guarded.change({ rate: { limit: 10, per: "1m" } });
		expect(after.limits).toEqual({
			...{ limit: 4, keyLimit: 2, maxQueued: 9, rate: { limit: 10, perMs: 60_000 } },
		});
		const reset = await guarded.change({ concurrency: null, rate: null });
		expect(reset).toMatchObject({
			limits: { limit: 1, keyLimit: null, maxQueued: 7, rate: null },
			overrides: {},
		});
	});

	it("may set a rate of none", async () => {
		const guarded = new Guarded({ rate: { limit: 1, per: "1h" } });
		const { limits } = await guarded.change({ rate: { limit: 0, per: "1s" } });
		expect(limits.rate).toBeNull();
	});

	it.each<[string, object, string]>([
		["a limit past the largest", { concurrency: { limit: LIMITS.slots + 1 } }, "concurrency.limit"],
		["a limit below none", { concurrency: { keyLimit: -1 } }, "concurrency.keyLimit"],
		["half a limit", { concurrency: { limit: 1.5 } }, "concurrency.limit"],
		[
			"a queue past the longest",
			{ concurrency: { maxQueued: LIMITS.queuedInstances + 1 } },
			"concurrency.maxQueued",
		],
		["a rate past the fastest", { rate: { limit: LIMITS.rateStarts + 1, per: 1 } }, "rate.limit"],
		["a rate in no time", { rate: { limit: 1, per: 0 } }, "rate.per"],
		["an option that is not known", { concurrency: { key: "a" } }, "key"],
		["a change that is not known", { speed: 1 }, "speed"],
	])("who asks for %s is refused, and nothing is changed", async (_, changes, path) => {
		const guarded = new Guarded({});
		const refusal = { code: "VALIDATION_ERROR", details: { path } };
		await expect(guarded.change(changes)).rejects.toMatchObject(refusal);
		expect(await guarded.shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it.each([
		{ concurrency: { limit: LIMITS.slots, keyLimit: LIMITS.slots } },
		{ concurrency: { maxQueued: LIMITS.queuedInstances } },
		{ rate: { limit: LIMITS.rateStarts, per: 1 } },
	])("may ask for the most: %j", async (changes) => {
		await expect(new Guarded({}).change(changes)).resolves.toMatchObject({ held: 0 });
	});

	it("who asks a guard that has had nothing to do leaves no table behind (G14)", async () => {
		const guarded = new Guarded({ concurrency: { limit: 3 } });
		expect(await guarded.state("nobody")).toEqual({
			limits: { limit: 3, keyLimit: null, maxQueued: LIMITS.queuedInstances, rate: null },
			...{ overrides: {}, held: 0, queued: 0, keys: [], position: null },
		});
		expect(await guarded.shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await guarded.shard.alarmAt()).toBeNull();
	});
});

describe("limits that an operator sets on a type that declares none", () => {
	it("hold for instances created from then on, and those from before go uncounted", async () => {
		const [before = "", first = "", second = ""] = ids(3);
		const guarded = new Guarded({});
		await guarded.create(before);
		expect((await guarded.change({ concurrency: { limit: 1 } })).limits.limit).toBe(1);
		await guarded.createAll([first, second]);
		expect(await statusesOf([before, first, second])).toEqual(["running", "running", "created"]);
		await guarded.shard.evict();
		guarded.end(first, second);
		await new TestInstance(second).until("completed");
		guarded.end(before);
		await guarded.change({ concurrency: null });
		const [after = ""] = ids(1);
		await guarded.create(after);
		expect(await guarded.counts()).toEqual({ held: 0, queued: 0 });
		guarded.end(after);
	});
});

describe("a deploy", () => {
	it("that raises a limit starts those that wait within ten seconds, by an alarm", async () => {
		const all = ids(3);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll(all);
		const concurrency = { limit: 2, keyLimit: null, maxQueued: 10, key: null };
		guarded.redeclare({ concurrency: { ...concurrency, releasesWhileParked: false } });
		await guarded.shard.evict();
		await guarded.shard.advance(10_000);
		await expect.poll(() => guarded.begun).toEqual(all.slice(0, 2));
		guarded.redeclare({ concurrency: null });
		await guarded.shard.advance(10_000);
		await expect.poll(() => guarded.begun.toSorted()).toEqual(all);
		guarded.end(...all);
	});

	it("without the type grants nobody a slot; with it again, they go on", async () => {
		const [first = "", second = ""] = ids(2);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll([first, second]);
		const program = programs.get(guarded.type);
		programs.delete(guarded.type);
		guarded.end(first);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 1 });
		await guarded.shard.advance(10_000);
		expect(await guarded.counts()).toEqual({ held: 0, queued: 1 });
		if (program !== undefined) programs.set(guarded.type, program);
		await guarded.shard.advance(10_000);
		await new TestInstance(second).until("running");
		guarded.end(second);
	});
});

describe("the start rate", () => {
	it("lets no more start in any stretch of its length, and the next as soon as it may", async () => {
		const all = ids(6);
		const guarded = new Guarded({ rate: { limit: 2, per: "10s" } });
		const begunAt: number[] = [];
		for (const id of all) {
			await guarded.create(id);
			guarded.end(id);
		}
		const startedAt = clock.now();
		for (let second = 0; second <= 21; second++) {
			await expect.poll(() => begun(all, begunAt)).toBe(true);
			await guarded.shard.advance(1_000);
		}
		expect(begunAt.length).toBe(6);
		for (const at of begunAt) {
			const within = begunAt.filter((other) => other >= at && other < at + 10_000);
			expect(within.length).toBeLessThanOrEqual(2);
		}
		expect(Math.max(...begunAt)).toBeLessThanOrEqual(startedAt + 20_000);
	});

	/** Notes when each began; true once nobody who has a slot has yet to begin. */
	async function begun(all: string[], begunAt: number[]): Promise<boolean> {
		const rows = await Promise.all(
			all.map((id) =>
				new TestInstance(id).sql<{ slot: string; started_at: number | null }>(
					"SELECT slot, started_at FROM workflow",
				),
			),
		);
		const startedAt = rows.flat().map(({ started_at }) => started_at);
		begunAt.splice(0, 9, ...startedAt.filter((at) => at !== null));
		return rows.flat().every(({ slot }) => slot !== "held");
	}

	it("counts over an eviction of the guard", async () => {
		const [first = "", second = ""] = ids(2);
		const guarded = new Guarded({ rate: { limit: 1, per: "1h" } });
		await guarded.createAll([first, second]);
		guarded.end(first);
		await new TestInstance(first).until("completed");
		await guarded.shard.evict();
		await guarded.shard.advance(3_599_000);
		expect(guarded.begun).toEqual([first]);
		await guarded.shard.advance(1_000);
		await expect.poll(() => guarded.begun).toEqual([first, second]);
		guarded.end(second);
		const starts = () => guarded.shard.sql("SELECT at FROM starts");
		expect((await starts()).length).toBe(1);
	});

	it("does not hold up one that was paused after it had begun", async () => {
		const [first = "", second = ""] = ids(2);
		const guarded: Guarded = new Guarded(
			{ concurrency: { limit: 1, whileParked: "release" }, rate: { limit: 1, per: "1h" } },
			{ run: (step) => step.waitForEvent("go") },
		);
		await guarded.create(first);
		await new TestInstance(first).until("waiting");
		await guarded.create(second);
		expect(await statusesOf([second])).toEqual(["created"]);
		await new TestInstance(first).event("go");
		await new TestInstance(first).until("completed");
		expect(await statusesOf([second])).toEqual(["created"]);
		await new TestInstance(second).control("terminate");
	});
});

describe("the guard's tables", () => {
	it("are empty when nobody works or waits", async () => {
		const all = ids(3);
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll(all);
		await workThrough(guarded, all);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await guarded.shard.sql("SELECT * FROM slots")).toEqual([]);
		await guarded.shard.advance(15_000);
		expect(await guarded.shard.alarmAt()).toBeNull();
	});
});
