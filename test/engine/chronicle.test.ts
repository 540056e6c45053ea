/** What followers are told of an instance: all of it, once, in order, over deaths of both sides. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { followInstance, removeInstance, restartInstance } from "../../src/client/runner-client";
import { breakerPolicy } from "../../src/model/breaker";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { retryPolicy } from "../../src/model/retry";
import type { StreamRequest } from "../../src/model/rpc";
import { Follower, type Told } from "../support/follower";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

async function follow({ id }: TestInstance, request: StreamRequest = {}): Promise<Follower> {
	const stream = await followInstance(runners, id, request);
	if (stream === null) throw new Error("there is no more to come");
	return new Follower(stream);
}

const all = async (instance: TestInstance, request?: StreamRequest) =>
	(await follow(instance, request)).until();

async function take(follower: Follower): Promise<Told[]> {
	const told = await follower.next();
	if (told === undefined) throw new Error("it has ended");
	return [told];
}

/** A line for each event: its name without "workflow.", and what it is about. */
const lines = (told: readonly Told[]) =>
	told
		.filter(({ event }) => event !== "workflow.status")
		.map(({ event, data }) => {
			const about = data.stepName ?? data.message ?? data.stage;
			return `${event.replace("workflow.", "")}${about === undefined ? "" : ` ${about}`}`;
		});

/** Everything that there is to tell of. */
function eventful(): string {
	return define(
		async (step, _, run) => {
			await step.do("greet", () => "hello");
			run.log("info", "greeted");
			await step.do("flaky", ({ attempt }) => {
				if (attempt === 1) throw new Error("not yet");
				run.emit("progress", { stage: "flaky" });
				return attempt;
			});
			await step.sleep("nap", "1m");
			const [event] = await Promise.all([step.waitForEvent("go"), step.do("beside", () => null)]);
			await step.do("broken", () => Promise.reject(new Error("never"))).catch(() => {});
			return event;
		},
		{ retry: TWICE },
	);
}
const TWICE = retryPolicy({ limit: 2, delay: "1s", backoff: "fixed" });

const EVENTFUL = [
	"started",
	"step.started greet",
	"step.completed greet",
	"log.workflow greeted",
	"step.started flaky",
	"step.retry flaky",
	"progress flaky",
	"step.completed flaky",
	"step.started nap",
	"step.completed nap",
	"step.started go",
	"step.started beside",
	"step.completed beside",
	"step.completed go",
	"step.started broken",
	"step.retry broken",
	"step.failed broken",
	"completed",
];

/** Brings an eventful instance to its end; `disturb` is told the last line of before each rest. */
async function live(
	instance: TestInstance,
	disturb: (line: string) => Promise<void> = async () => {},
) {
	// The clock moves only while it rests: only then does the alarm stand where it is to fire.
	const isAt = (name: string, wanted: string) =>
		instance.until(
			({ status, steps }) =>
				status !== "running" && steps.some((step) => step.name === name && step.status === wanted),
		);
	await isAt("flaky", "retrying");
	await disturb("step.retry flaky");
	await instance.advance(1_000);
	await isAt("nap", "sleeping");
	await disturb("step.started nap");
	await instance.advance(60_000);
	await isAt("beside", "completed");
	await disturb("step.completed beside");
	await instance.event("go", { ok: true });
	await isAt("broken", "retrying");
	await disturb("step.retry broken");
	await instance.advance(1_000);
	await instance.until("completed");
}

describe("the chronicle", () => {
	it("tells of an ended instance all that happened, with its data, and ends", async () => {
		const instance = await TestInstance.create(eventful(), { total: 3 });
		await live(instance);
		const told = await all(instance);
		expect(lines(told)).toEqual(EVENTFUL);
		const about = {
			instanceId: instance.id,
			workflowName: expect.any(String),
			at: expect.any(Number),
		};
		const dataOf = (line: string) =>
			told.filter(({ event }) => event !== "workflow.status")[EVENTFUL.indexOf(line)]?.data;
		expect(dataOf("started")).toEqual({ ...about, input: { total: 3 } });
		expect(dataOf("step.started nap")).toEqual({ ...about, stepName: "nap", stepType: "sleep" });
		expect(dataOf("step.completed greet")).toEqual({
			...about,
			stepName: "greet",
			stepType: "do",
			output: "hello",
		});
		expect(dataOf("step.retry flaky")).toEqual({
			...about,
			...{ stepName: "flaky", attempt: 1, maxAttempts: 2, delay: 1_000, error: "not yet" },
		});
		expect(dataOf("step.failed broken")).toEqual({
			...about,
			...{ stepName: "broken", stepType: "do", error: "never", attempts: 2 },
		});
		expect(dataOf("log.workflow greeted")).toEqual({
			...about,
			...{ level: "info", message: "greeted", fields: {}, stepName: null },
		});
		expect(dataOf("progress flaky")).toEqual({ ...about, stage: "flaky" });
		expect(dataOf("completed")).toEqual({ ...about, output: { ok: true } });
	});

	it("goes on over evictions where each follower left off", async () => {
		const instance = await TestInstance.create(eventful());
		const told: Told[] = [];
		await live(instance, async (line) => {
			const follower = await follow(instance, { from: told.at(-1)?.id });
			while (!lines(told).includes(line)) told.push(...(await take(follower)));
			await follower.close();
			// The object hears of that by the next that it writes: its heartbeat.
			clock.advance(15_000);
			await instance.evict();
		});
		told.push(...(await all(instance, { from: told.at(-1)?.id })));
		expect(lines(told)).toEqual(EVENTFUL);
		expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
	});

	it("is told live as it is read later", async () => {
		const instance = await TestInstance.create(eventful());
		const follower = await follow(instance);
		const reading = follower.until();
		await live(instance);
		expect(lines(await reading)).toEqual(EVENTFUL);
	});

	it("goes on behind each of its events with just what follows it", async () => {
		const instance = await TestInstance.create(eventful());
		await live(instance);
		const told = await all(instance);
		for (const [index, { id }] of told.slice(0, -1).entries()) {
			expect(await all(instance, { from: id })).toEqual(told.slice(index + 1));
		}
	});

	it("tells of a step as it begins, before there is a row of it", async () => {
		const { promise, resolve } = gate();
		const type = define((step) => step.do("slow", () => promise));
		const instance = await TestInstance.create(type);
		const follower = await follow(instance);
		const told = await follower.until("workflow.step.started");
		expect(lines(told)).toEqual(["started", "step.started slow"]);
		expect(await instance.sql("SELECT key FROM steps")).toEqual([]);
		resolve();
		expect(lines(await follower.until())).toEqual(["step.completed slow", "completed"]);
	});

	it("tells once of parallel steps that began together and ended in another order", async () => {
		const gates = [gate(), gate(), gate()];
		const type = define(async (step) => {
			await Promise.all(gates.map(({ promise }, n) => step.do(`s${n}`, () => promise)));
		});
		const instance = await TestInstance.create(type);
		let follower = await follow(instance);
		const told: Told[] = [];
		for (const n of [2, 0, 1]) {
			gates[n]?.resolve();
			told.push(...(await follower.until("workflow.step.completed")));
			await follower.close();
			follower = await follow(instance, { from: told.at(-1)?.id });
		}
		told.push(...(await follower.until()));
		expect(lines(told)).toEqual([
			"started",
			"step.started s0",
			"step.started s1",
			"step.started s2",
			"step.completed s2",
			"step.completed s0",
			"step.completed s1",
			"completed",
		]);
	});

	it("says once that a step begins whose attempt died with its isolate", async () => {
		let attempts = 0;
		const type = define((step) =>
			step.do("slow", () => (++attempts === 1 ? new Promise(() => {}) : 1)),
		);
		const instance = await TestInstance.create(type);
		const first = await (await follow(instance)).until("workflow.step.started");
		await instance.crash();
		await instance.advance(5_000);
		await instance.until("completed");
		const rest = await all(instance, { from: first.at(-1)?.id });
		expect(lines(rest)).toEqual(["watchdog.stale", "step.completed slow", "completed"]);
	});

	it("tells once of steps that died before they had rows, and of one that then began before them", async () => {
		let passes = 0;
		const type = define(async (step) => {
			const isFirst = ++passes === 1;
			if (!isFirst) await step.do("new", () => 1);
			const work = () => (isFirst ? new Promise(() => {}) : 1);
			await Promise.all(["a", "b"].map((name) => step.do(name, work)));
		});
		const instance = await TestInstance.create(type);
		const follower = await follow(instance);
		const first = [
			...(await follower.until("workflow.step.started")),
			...(await follower.until("workflow.step.started")),
		];
		expect(lines(first)).toEqual(["started", "step.started a", "step.started b"]);
		await instance.crash();
		await instance.advance(5_000);
		await instance.until("completed");
		const rest = await all(instance, { from: first.at(-1)?.id });
		expect(lines(rest)).toEqual([
			"watchdog.stale",
			"step.started new",
			"step.completed new",
			"step.completed a",
			"step.completed b",
			"completed",
		]);
		for (const [index, { id }] of rest.slice(0, -1).entries()) {
			expect(await all(instance, { from: id })).toEqual(rest.slice(index + 1));
		}
	});

	it("tells that a step begins which a pause put off while it asked its circuit breaker", async () => {
		const breaker = breakerPolicy({ failureThreshold: 2, resetTimeout: "1m" });
		const type = define((step) =>
			Promise.all([step.doHandled("call", () => 1, { breaker }), step.do("beside", () => 2)]),
		);
		// It is known for a while that the type takes instances, though its shard does not answer.
		await (await TestInstance.create(type)).until("completed");
		const held = gate();
		const shard = new TestInstance(shardName(type));
		const holding = runInDurableObject(shard.stub, (_, state) =>
			state.blockConcurrencyWhile(() => held.promise),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.some(({ status }) => status === "completed"));
		await instance.control("pause");
		held.resolve();
		await holding;
		await instance.until(({ steps }) => steps.every(({ status }) => status !== "running"));
		const follower = await follow(instance);
		const told = await follower.until("workflow.step.completed");
		await follower.close();
		expect(lines(told)).toEqual(["started", "step.started beside", "step.completed beside"]);
		await instance.control("resume");
		await instance.until("completed");
		const rest = await all(instance, { from: told.at(-1)?.id });
		expect(lines(rest)).toEqual(["step.started call", "step.completed call", "completed"]);
	});

	it("tells at once of an event that a paused instance takes", async () => {
		const instance = await TestInstance.create(define((step) => step.waitForEvent("go")));
		await instance.until("waiting");
		await instance.control("pause");
		const follower = await follow(instance);
		await follower.until("workflow.status");
		const next = follower.until("workflow.step.completed");
		// It has nothing more to read, and waits.
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		await instance.event("go");
		expect(lines(await next)).toEqual(["step.completed go"]);
		await follower.close();
	});

	it("begins anew with a new run", async () => {
		const type = define((step) => step.do("a", () => 1));
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		const first = await all(instance);
		await restartInstance(runners, instance.id);
		await instance.until("completed");
		expect(lines(await all(instance, { from: first.at(-1)?.id }))).toEqual(lines(first));
	});

	it("tells how an instance ended that failed, was terminated, or never started", async () => {
		const fails = await TestInstance.create(define(() => Promise.reject(new Error("no way"))));
		await fails.until("errored");
		expect((await all(fails)).at(-1)).toMatchObject({
			event: "workflow.failed",
			data: { status: "errored", error: "no way" },
		});
		const waits = await TestInstance.create(define((step) => step.waitForEvent("go")));
		const follower = await follow(waits);
		await waits.until("waiting");
		await waits.control("terminate");
		expect((await follower.until()).at(-1)?.event).toBe("workflow.cancelled");
	});

	it("ends with the instance", async () => {
		const instance = await TestInstance.create(define(async () => {}));
		await instance.until("completed");
		const [first] = await all(instance);
		await removeInstance(runners, instance.id);
		await expect(followInstance(runners, instance.id, { from: first?.id })).rejects.toMatchObject({
			code: "INSTANCE_NOT_FOUND",
		});
	});

	it("has no more to tell to one who knows how it ended", async () => {
		const instance = await TestInstance.create(define(async () => {}));
		await instance.until("completed");
		const from = (await all(instance)).at(-1)?.id;
		expect(await followInstance(runners, instance.id, { from })).toBeNull();
	});

	it("passes over what was not chosen", async () => {
		const instance = await TestInstance.create(eventful());
		await live(instance);
		const told = await all(instance, { events: ["workflow.step.failed", "workflow.completed"] });
		expect(lines(told)).toEqual(["step.failed broken", "completed"]);
	});

	it("is kept alive while nothing happens", async () => {
		const instance = await TestInstance.create(define((step) => step.waitForEvent("go")));
		await instance.until("waiting");
		const follower = await follow(instance);
		await follower.until("workflow.status");
		const { heartbeats } = follower;
		const next = follower.next();
		clock.advance(15_000);
		await expect.poll(() => follower.heartbeats).toBeGreaterThan(heartbeats);
		await instance.event("go");
		expect((await next)?.event).toMatch(/^workflow\./);
		await follower.until();
	});

	it("refuses more followers than an instance may have, and a place that is none", async () => {
		const instance = await TestInstance.create(define((step) => step.waitForEvent("go")));
		await instance.until("waiting");
		const followers = await Promise.all(
			Array.from({ length: LIMITS.streams }, () => follow(instance)),
		);
		await expect(follow(instance)).rejects.toMatchObject({ code: "STREAM_LIMIT" });
		await followers[0]?.close();
		const again = await follow(instance);
		await instance.event("go");
		await Promise.all([...followers.slice(1), again].map((follower) => follower.until()));
		const numbers = "1.0.0.0.0.0.0.0";
		const none = ["", "1", "0.0.0.0.0.0.0.0", "1.3.0.0.0.0.0.0", "1.0.0.0.0.0.0.x"];
		for (const from of [...none, `${numbers}.x`, `${numbers}.0.`, `${numbers}.0.a--b`]) {
			await expect(follow(instance, { from })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
		}
	});
});
