/** `whileParked: "release"`: a slot given back while an instance sleeps or waits, and taken again. */
import { describe, expect, it } from "vitest";
import { repairStep } from "../../src/client/runner-client";
import type { Program } from "../../src/engine/program";
import { type PanicOptions, panicPolicy } from "../../src/model/panic";
import { Guard } from "../../src/shards/guard";
import { gate, runners, TestInstance } from "../support/instance";
import { failingOnce } from "./faults";
import { Guarded, statusesOf } from "./guarded";

let names = 0;

/** One that parks and goes on to work, and one that works meanwhile. */
async function parked(park: (step: Parameters<Program["run"]>[0]) => Promise<unknown>) {
	const name = `r${++names}`;
	const [first, second] = [`${name}-first`, `${name}-second`];
	const guarded: Guarded = new Guarded(
		{ concurrency: { limit: 1, whileParked: "release" } },
		{
			run: async (step, payload) => {
				const { customer } = payload as { customer: string };
				const came = customer === "parks" ? await park(step) : null;
				await step.do("work", guarded.work);
				return came;
			},
		},
	);
	await guarded.create(first, { customer: "parks" });
	const instance = new TestInstance(first);
	await instance.until(({ status }) => status === "sleeping" || status === "waiting");
	await guarded.create(second, { customer: "works" });
	await expect.poll(() => [...guarded.working]).toEqual([second]);
	return { guarded, instance, second };
}

describe("an instance that panics", () => {
	const twoOf = async (whileParked: "hold" | "release", panic: PanicOptions) => {
		const name = `p${++names}`;
		const [first, second] = [`${name}-first`, `${name}-second`];
		const guarded: Guarded = new Guarded(
			{ concurrency: { limit: 1, whileParked } },
			{
				panic: panicPolicy(panic),
				run: async (step, payload, { restartAttempt }) => {
					const { customer } = payload as { customer: string };
					if (customer === "panics" && restartAttempt === 0) throw new Error("out of memory");
					await step.do("work", guarded.work);
				},
			},
		);
		await guarded.create(first, { customer: "panics" });
		const instance = new TestInstance(first);
		await instance.until("panicked");
		await guarded.create(second);
		return { guarded, instance, second };
	};

	it("gives its slot back where a parked one does, and queues for it at its restart", async () => {
		const { guarded, instance, second } = await twoOf("release", {});
		await expect.poll(() => [...guarded.working]).toEqual([second]);
		await instance.evict();
		await instance.advance(5_000);
		expect(await instance.until("waiting")).toMatchObject({
			reason: expect.stringMatching(/^WAITING_FOR_SLOT/),
			restartAttempt: 1,
		});
		guarded.end(second);
		await expect.poll(() => [...guarded.working]).toEqual([instance.id]);
		guarded.end(instance.id);
		expect(await instance.until("completed")).toMatchObject({ restartAttempt: 1, error: null });
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(guarded.most).toBe(1);
	});

	it("leaves the queue when it panics there, and takes its place again at its restart", async () => {
		const name = `p${++names}`;
		const [first, second] = [`${name}-first`, `${name}-second`];
		const broken = gate();
		const guarded: Guarded = new Guarded(
			{ concurrency: { limit: 1, whileParked: "release" } },
			{
				run: async (step, payload, { restartAttempt }) => {
					const { customer } = payload as { customer: string };
					if (customer === "works") return step.do("work", guarded.work);
					const event = step.waitForEvent("go").then(() => step.do("work", guarded.work));
					await (restartAttempt === 0 ? Promise.race([event, broken.promise]) : event);
				},
			},
		);
		await guarded.create(first, { customer: "parks" });
		const instance = new TestInstance(first);
		await instance.until("waiting");
		await guarded.create(second, { customer: "works" });
		await expect.poll(() => [...guarded.working]).toEqual([second]);
		await instance.event("go");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		broken.reject(new Error("out of memory"));
		await instance.until("panicked");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(second);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect((await instance.status()).status).toBe("panicked");
		await instance.advance(5_000);
		await expect.poll(() => [...guarded.working]).toEqual([first]);
		guarded.end(first);
		await instance.until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});

	it("keeps its slot where a parked one does, until it goes on or is terminated", async () => {
		const { guarded, instance, second } = await twoOf("hold", { autoRestart: false });
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		await instance.control("terminate");
		await expect.poll(() => [...guarded.working]).toEqual([second]);
		guarded.end(second);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
	});
});

describe("a parked instance that gives its slot back", () => {
	it("lets another one work, and goes on when that has ended", async () => {
		const { guarded, instance, second } = await parked((step) => step.sleep("nap", "1m"));
		await instance.advance(60_000);
		const says = "at most 1 of its type are at work at once";
		const waiting = await instance.until(({ reason }) => reason?.includes(says) ?? false);
		expect(waiting.status).toBe("waiting");
		expect(waiting.steps[0]).toMatchObject({ key: "nap", status: "completed" });
		expect([...guarded.working]).toEqual([second]);
		guarded.end(second);
		await expect.poll(() => [...guarded.working]).toEqual([instance.id]);
		expect(await instance.status()).toMatchObject({ status: "running", reason: null });
		guarded.end(instance.id);
		await instance.until("completed");
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(guarded.most).toBe(1);
	});

	it("takes timers and events while it queues, in the order in which they came", async () => {
		const { guarded, instance, second } = await parked(async (step) => {
			const order: string[] = [];
			await Promise.all([
				step.sleep("short", "1m").then(() => order.push("short")),
				step.waitForEvent("go").then((text) => order.push(`${text}`)),
				step.sleep("long", "2m").then(() => order.push("long")),
			]);
			return order;
		});
		await instance.advance(60_000);
		await instance.until(({ reason }) => reason !== null);
		await instance.event("go", "went");
		await instance.advance(60_000);
		expect((await instance.status()).steps.map(({ status }) => status)).toEqual([
			...["completed", "completed", "completed"],
		]);
		guarded.end(second, instance.id);
		expect((await instance.until("completed")).result).toEqual(["short", "went", "long"]);
	});

	it("goes on from its tables where it was evicted or crashed while it queued", async () => {
		const { guarded, instance, second } = await parked((step) => step.waitForEvent("go"));
		await instance.evict();
		await instance.event("go", "went");
		expect((await instance.status()).reason).toContain("WAITING_FOR_SLOT");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		await instance.crash();
		guarded.end(second, instance.id);
		expect((await instance.until("completed")).result).toBe("went");
	});

	it("comes before those that were created later", async () => {
		const { guarded, instance, second } = await parked((step) => step.waitForEvent("go"));
		const third = `${instance.id}-third`;
		await guarded.create(third);
		await instance.event("go");
		await expect.poll(async () => (await guarded.state(instance.id)).position).toBe(1);
		guarded.end(second, instance.id, third);
		await new TestInstance(third).until("completed");
		expect(guarded.begun).toEqual([second, instance.id, third]);
	});

	it("that is paused has none, and queues for one when it is resumed", async () => {
		const { guarded, instance, second } = await parked((step) => step.waitForEvent("go"));
		await instance.event("go", "went");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
		expect(await instance.control("pause")).toBe("paused");
		await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 0 });
		guarded.end(second);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(await statusesOf([instance.id])).toEqual(["paused"]);
		expect(await instance.control("resume")).toBe("waiting");
		guarded.end(instance.id);
		expect((await instance.until("completed")).result).toBe("went");
	});

	it("that is terminated while it queues leaves the queue", async () => {
		const { guarded, instance, second } = await parked((step) => step.waitForEvent("go"));
		await instance.event("go");
		await instance.until(({ reason }) => reason !== null);
		await instance.control("terminate");
		guarded.end(second);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		expect(guarded.begun).toEqual([second]);
	});

	it("waits with what something that is no step sets in motion", async () => {
		const outside = gate();
		const { guarded, instance, second } = await parked(async (step) => {
			await Promise.race([step.sleep("nap", "1h"), outside.promise]);
			return step.do("after", () => "after");
		});
		outside.resolve();
		await instance.until(({ status }) => status === "waiting");
		expect((await instance.status()).steps.map(({ key }) => key)).toEqual(["nap"]);
		guarded.end(second, instance.id);
		expect((await instance.until("completed")).result).toBe("after");
	});

	it("asks again for a slot where its request was lost", async () => {
		const { guarded, instance, second } = await parked((step) => step.waitForEvent("go"));
		guarded.end(second);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		const lost = failingOnce(Guard, "take", { id: instance.id });
		await instance.event("go");
		await expect.poll(() => lost()).toBe(1);
		await instance.crash();
		expect(await statusesOf([instance.id])).toEqual(["waiting"]);
		guarded.end(instance.id);
		await instance.advance(10_000);
		await instance.until("completed");
	});

	it("gives it back although the word of it was lost", async () => {
		const name = `r${++names}`;
		const guarded = new Guarded(
			{ concurrency: { limit: 1, whileParked: "release" } },
			{ run: (step) => step.waitForEvent("go") },
		);
		const lost = failingOnce(Guard, "giveBack", { id: name });
		await guarded.create(name);
		const instance = new TestInstance(name);
		await instance.until("waiting");
		await expect.poll(() => lost()).toBe(1);
		expect(await guarded.counts()).toEqual({ held: 1, queued: 0 });
		await instance.crash();
		await instance.advance(10_000);
		await expect.poll(() => guarded.counts()).toEqual({ held: 0, queued: 0 });
		await instance.event("go");
		await instance.until("completed");
	});
});

it("an instance that keeps its slot while it sleeps lets nobody else work", async () => {
	const guarded: Guarded = new Guarded(
		{ concurrency: { limit: 1 } },
		{ run: (step) => step.sleep("nap", "1m") },
	);
	await guarded.createAll(["hold-1", "hold-2"]);
	await new TestInstance("hold-1").until("sleeping");
	expect(await statusesOf(["hold-1", "hold-2"])).toEqual(["sleeping", "created"]);
	await new TestInstance("hold-1").advance(60_000);
	await new TestInstance("hold-2").until("sleeping");
	await new TestInstance("hold-2").advance(60_000);
	await new TestInstance("hold-2").until("completed");
});

it("a retry that was hurried in the queue waits for the handler of the attempt before it", async () => {
	const calls: string[] = [];
	const decides = gate();
	const { guarded, instance, second } = await parked(async (step) =>
		step.doHandled<string>(
			"flaky",
			({ attempt }) => {
				calls.push(`attempt ${attempt}`);
				throw new Error("busy");
			},
			{
				retries: { limit: 2, delay: "1m", backoff: "fixed" },
				onFailure: async ({ attempt }) => {
					calls.push(`handler ${attempt}`);
					if (attempt === 1) return { retry: true };
					await decides.promise;
					return { value: "handled" };
				},
			},
		),
	);
	await instance.advance(60_000);
	await expect.poll(() => guarded.counts()).toEqual({ held: 1, queued: 1 });
	await repairStep(runners, instance.id, { step: "flaky", action: "retry-now" });
	guarded.end(second);
	await expect.poll(() => calls.length).toBeGreaterThan(3);
	decides.resolve();
	await expect.poll(() => [...guarded.working]).toEqual([instance.id]);
	expect(calls).toEqual(["attempt 1", "handler 1", "attempt 2", "handler 2"]);
	guarded.end(instance.id);
	await instance.until("completed");
});
