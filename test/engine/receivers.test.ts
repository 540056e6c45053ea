/** What receivers are told of an instance: all of it, in order, at least once, over every death. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { removeInstance, restartInstance } from "../../src/client/runner-client";
import { Deliverer } from "../../src/engine/deliverer";
import type { InstanceRecord } from "../../src/engine/instance-record";
import type { Program } from "../../src/engine/program";
import type { WorkflowEvent } from "../../src/model/delivery";
import { LIMITS } from "../../src/model/limits";
import { gate, listed, runners, TestInstance } from "../support/instance";
import { clock, define, programs } from "../support/lab";
import { programOf } from "../support/program";
import { deliveriesOf, Listener, quiet } from "../support/receivers";

const three: Program["run"] = async (step, _, run) => {
	await step.do("a", () => 1);
	run.emit("half", { stage: "half" });
	await step.sleep("nap", "1m");
	return step.do("b", () => 2);
};
const TO_NAP = ["started", "step.started a", "step.completed a", "half half", "step.started nap"];
const FROM_NAP = ["step.completed nap", "step.started b", "step.completed b", "completed"];

/** Fires the alarm until nothing stands any more, at most so often; the times between. */
async function alarms(instance: TestInstance, most = 30): Promise<number[]> {
	const waits: number[] = [];
	for (let at = await instance.alarmAt(); at !== null; at = await instance.alarmAt()) {
		if (waits.length === most) throw new Error(`${most} alarms, and there is another one`);
		waits.push(at - clock.now());
		await instance.advance(at - clock.now());
		await quiet(instance, { orWaiting: true });
	}
	return waits;
}

/** How long after a change receivers are looked after while a pass is at work. */
const LOOK_MS = 25;

describe("a handler", () => {
	it("is told all that happens, in order, with ids and data of its own", async () => {
		const listener = new Listener();
		const type = define(three, { handlers: [listener.handler()] });
		const instance = await TestInstance.create(type, { total: 3 });
		await instance.until("sleeping");
		await instance.advance(60_000);
		await listener.until("workflow.completed");
		expect(listener.lines).toEqual([...TO_NAP, ...FROM_NAP]);
		expect(new Set(listener.ids).size).toBe(listener.ids.length);
		expect(listener.heard[0]).toEqual({
			id: expect.stringMatching(/^evt_[^.]+$/),
			name: "workflow.started",
			attempt: 1,
			at: clock.now() - 60_000,
			data: { instanceId: instance.id, workflowName: type, input: { total: 3 } },
		});
		await quiet(instance);
		await alarms(instance);
		expect(listener.lines).toEqual([...TO_NAP, ...FROM_NAP]);
	});

	it("is told of nothing but what it is for", async () => {
		const listener = new Listener();
		const handlers = [listener.handler(["half"]), listener.handler(["workflow.completed"])];
		const instance = await TestInstance.create(define(three, { handlers }));
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(60_000);
		await listener.until("workflow.completed");
		await quiet(instance);
		await instance.evict();
		await alarms(instance);
		expect(listener.lines).toEqual(["half half", "completed"]);
	});

	it("is told once, over evictions where it has been told all", async () => {
		const listener = new Listener();
		const instance = await TestInstance.create(define(three, { handlers: [listener.handler()] }));
		await instance.until("sleeping");
		await listener.until(TO_NAP.length);
		await quiet(instance);
		await instance.evict();
		await instance.advance(60_000);
		await listener.until("workflow.completed");
		await quiet(instance);
		await instance.evict();
		await alarms(instance);
		expect(listener.lines).toEqual([...TO_NAP, ...FROM_NAP]);
	});

	it("is told by the alarm alone, of what it had not been told when its object died", async () => {
		const listener = new Listener();
		listener.usual = "hang";
		const instance = await TestInstance.create(define(three, { handlers: [listener.handler()] }));
		await instance.until("sleeping");
		await listener.until(1);
		await instance.crash();
		listener.usual = "take";
		await alarms(instance);
		expect(listener.lines).toEqual(["started", "started (2)", ...TO_NAP.slice(1), ...FROM_NAP]);
		expect(listener.ids[0]).toBe(listener.ids[1]);
	});

	it("that took an event is told again, under the same id, when its object dies before that is written", async () => {
		const listener = new Listener();
		const instance = await TestInstance.create(
			define(async () => "done", { handlers: [listener.handler(["workflow.completed"])] }),
		);
		await listener.until(1);
		// What it returned is on its way to the object.
		await instance.crash();
		await alarms(instance);
		const { ids } = listener;
		expect(new Set(ids).size).toBe(1);
		expect(ids.length).toBeLessThanOrEqual(2);
	});

	it("that fails is tried again with growing delays, over evictions, before it is told more", async () => {
		const listener = new Listener();
		listener.reactions = ["fail", "fail", "fail"];
		const handlers = [listener.handler(["workflow.started", "workflow.completed"])];
		const instance = await TestInstance.create(define(async () => "done", { handlers }));
		await instance.until("completed");
		await listener.until(1);
		const waits: number[] = [];
		for (let attempts = 1; attempts <= 3; attempts++) {
			await listener.until(attempts);
			await quiet(instance, { orWaiting: true });
			const { receivers } = await deliveriesOf(instance);
			expect(receivers).toMatchObject([
				{
					receiver: "on:workflow.started,workflow.completed",
					isBehind: true,
					attempts,
					error: "not now",
				},
			]);
			waits.push((receivers[0]?.retryAt ?? 0) - clock.now());
			await instance.evict();
			while ((await instance.alarmAt()) !== null && listener.heard.length === attempts) {
				await instance.advance(((await instance.alarmAt()) ?? 0) - clock.now());
			}
		}
		expect(waits).toEqual([5_000, 20_000, 80_000]);
		await listener.until("workflow.completed");
		expect(listener.lines).toEqual([
			"started",
			"started (2)",
			"started (3)",
			"started (4)",
			"completed",
		]);
	});

	it("that hangs is given up after its time, and tried again", async () => {
		const listener = new Listener();
		listener.reactions = ["hang"];
		const handlers = [listener.handler(["workflow.completed"], { timeout: "10s" })];
		const instance = await TestInstance.create(define(async () => 1, { handlers }));
		await listener.until(1);
		clock.advance(10_000);
		await quiet(instance, { orWaiting: true });
		const [receiver] = (await deliveriesOf(instance)).receivers;
		expect(receiver).toMatchObject({ attempts: 1, error: "There was no answer within 10000 ms." });
		await alarms(instance);
		expect(listener.lines).toEqual(["completed", "completed (2)"]);
	});

	it("is waited for by the alarm, so that the object stays in memory", async () => {
		const listener = new Listener();
		listener.usual = "hang";
		const handlers = [listener.handler(["workflow.completed"])];
		const instance = await TestInstance.create(define(async () => 1, { handlers }));
		await listener.until(1);
		await instance.crash();
		let hasEnded = false;
		clock.advance(5_000);
		const alarm = runDurableObjectAlarm(instance.stub).then(() => {
			hasEnded = true;
		});
		await listener.until(2);
		for (let turn = 0; turn < 100; turn++) await clock.turn();
		expect(hasEnded).toBe(false);
		clock.advance(15_000);
		await alarm;
	});

	it("that fails holds up no other, nor the instance", async () => {
		const [fails, takes] = [new Listener(), new Listener()];
		fails.usual = "fail";
		const handlers = [fails.handler(["workflow.started"]), takes.handler()];
		const instance = await TestInstance.create(define(three, { handlers }));
		await instance.until("sleeping");
		await instance.advance(60_000);
		await takes.until("workflow.completed");
		expect(takes.lines).toEqual([...TO_NAP, ...FROM_NAP]);
	});

	it("is told of a pause, and while the instance is paused", async () => {
		const listener = new Listener();
		const handlers = [listener.handler(["workflow.started"])];
		listener.reactions = ["fail"];
		const instance = await TestInstance.create(define(three, { handlers }));
		await instance.until("sleeping");
		await listener.until(1);
		await instance.control("pause");
		await alarms(instance);
		expect(listener.lines).toEqual(["started", "started (2)"]);
		expect((await instance.status()).status).toBe("paused");
	});

	it("is told what a function says while it runs", async () => {
		const listener = new Listener();
		const { promise, resolve } = gate();
		const say = gate();
		const handlers = [listener.handler(["half"])];
		const type = define(
			(step, _, { emit }) =>
				step.do("long", async () => {
					await say.promise;
					emit("half", { of: "it" });
					await promise;
				}),
			{ handlers },
		);
		let looks = 0;
		const later = clock.after.bind(clock);
		const spy = vi.spyOn(clock, "after").mockImplementation((delayMs, work) => {
			if (delayMs !== LOOK_MS) return later(delayMs, work);
			looks++;
			return later(delayMs, () => {
				looks--;
				work();
			});
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		await quiet(instance);
		while ((await listed(type)).length === 0) await clock.turn();
		// Nothing more is due: whoever looks again does so for what is said.
		while (looks > 0) await clock.turn();
		spy.mockRestore();
		say.resolve();
		await listener.until("half");
		expect((await instance.status()).status).toBe("running");
		resolve();
		await instance.until("completed");
		await quiet(instance);
	});

	it("is told again that a step began which died with its isolate before it had a row", async () => {
		const listener = new Listener();
		let calls = 0;
		const type = define(
			(step) => step.do("slow", () => (++calls === 1 ? new Promise(() => {}) : 1)),
			{ handlers: [listener.handler()] },
		);
		const instance = await TestInstance.create(type);
		await listener.until("workflow.step.started");
		await clock.turn();
		await instance.crash();
		await alarms(instance);
		expect(listener.lines.filter((line) => line.startsWith("step"))).toEqual([
			"step.started slow",
			expect.stringContaining("step.started slow"),
			"step.completed slow",
		]);
		expect(listener.lines).toContain("watchdog.stale");
	});

	it("is not told what takes too much room, and what that was", async () => {
		const listener = new Listener();
		const text = "x".repeat(LIMITS.eventDataBytes);
		const type = define(async (step) => void (await step.do("large", () => text)), {
			handlers: [listener.handler(["workflow.step.completed"])],
		});
		const instance = await TestInstance.create(type);
		await listener.until(1);
		expect(listener.heard[0]?.data).toEqual({
			instanceId: instance.id,
			workflowName: type,
			stepName: "large",
			stepType: "do",
			omitted: ["output"],
		});
	});
});

describe("a handler that takes its isolate along", () => {
	it("has no more attempts than it may have, and what it was told of is a dead letter", async () => {
		const listener = new Listener();
		listener.usual = "hang";
		const handlers = [
			listener.handler(["workflow.started", "workflow.completed"], { retries: { limit: 3 } }),
		];
		const instance = await TestInstance.create(define(async () => 1, { handlers }));
		for (let deaths = 1; deaths <= 4; deaths++) {
			await listener.until(deaths);
			await instance.crash();
			while (listener.heard.length === deaths) {
				const at = await instance.alarmAt();
				if (at === null) break;
				await instance.advance(at - clock.now());
			}
		}
		await quiet(instance);
		expect(listener.lines).toEqual(["started", "started (2)", "started (3)", "completed"]);
		const { deadLetters, receivers } = await deliveriesOf(instance);
		expect(deadLetters).toMatchObject([
			{ name: "workflow.started", attempts: 3, error: "The attempt was lost with its isolate." },
			{ name: "workflow.completed", attempts: 1 },
		]);
		expect(receivers).toMatchObject([{ isBehind: false, isDown: true }]);
		expect(await alarms(instance)).toHaveLength(0);
	});
});

describe("receivers of a restarted instance", () => {
	it("are told what they had not been told of the former run, then of the next one", async () => {
		const listener = new Listener();
		listener.usual = "fail";
		const instance = await TestInstance.create(define(three, { handlers: [listener.handler()] }));
		await instance.until("sleeping");
		await listener.until(1);
		await quiet(instance, { orWaiting: true });
		await restartInstance(runners, instance.id);
		await instance.until("sleeping");
		await instance.evict();
		await restartInstance(runners, instance.id);
		await instance.until("sleeping");
		listener.usual = "take";
		listener.heard.splice(0);
		await alarms(instance);
		const tell = (lines: string[]) => lines.map((line) => line.replace(/ \(\d+\)$/, ""));
		expect(tell(listener.lines)).toEqual([...TO_NAP, ...TO_NAP, ...TO_NAP, ...FROM_NAP]);
		expect(new Set(listener.ids).size).toBe(listener.ids.length);
		expect(await instance.sql("SELECT * FROM letters")).toEqual([]);
	});

	it("are told once what was under way as it was restarted", async () => {
		const listener = new Listener();
		const { promise, resolve } = gate();
		const slow = {
			...listener.handler(),
			handle: (event: WorkflowEvent) => {
				listener.heard.push(event);
				return promise;
			},
		};
		const instance = await TestInstance.create(define(three, { handlers: [slow] }));
		await instance.until("sleeping");
		await listener.until(1);
		await restartInstance(runners, instance.id);
		await instance.until("sleeping");
		resolve();
		await listener.until(2 * TO_NAP.length);
		await quiet(instance);
		expect(listener.lines).toEqual([...TO_NAP, ...TO_NAP]);
	});
});

describe("the end of an instance with receivers", () => {
	const failing = (limit: number) => {
		const listener = new Listener();
		listener.usual = "fail";
		const handlers = [
			listener.handler(["workflow.completed"], {
				retries: { limit, delay: "1h", backoff: "fixed" },
			}),
		];
		return { listener, handlers };
	};

	it("by its retention waits until they are told", async () => {
		const { listener, handlers } = failing(5);
		const type = define(async () => 1, { handlers, retentionMs: 60_000 });
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await listener.until(1);
		await quiet(instance, { orWaiting: true });
		await instance.evict();
		await instance.advance(60_000);
		expect((await instance.status()).status).toBe("completed");
		listener.usual = "take";
		await alarms(instance);
		expect(listener.lines).toEqual(["completed", "completed (2)"]);
		await expect(instance.status()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
		expect(
			await instance.sql("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'"),
		).toEqual([]);
	});

	it("by its retention waits no longer than they may be tried", async () => {
		const { listener, handlers } = failing(3);
		const type = define(async () => 1, { handlers, retentionMs: 60_000 });
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await listener.until(1);
		await quiet(instance, { orWaiting: true });
		await alarms(instance);
		expect(listener.heard).toHaveLength(3);
		await expect(instance.status()).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
	});

	it("by a caller's removal drops what they have not been told", async () => {
		const { listener, handlers } = failing(5);
		const type = define(async () => 1, { handlers });
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await listener.until(1);
		await quiet(instance, { orWaiting: true });
		await removeInstance(runners, instance.id);
		await alarms(instance);
		expect(listener.heard).toHaveLength(1);
	});

	it("by a removal while they are told leaves nothing, and the id can be given again", async () => {
		const listener = new Listener();
		listener.reactions = ["hang"];
		const handlers = [listener.handler(["workflow.completed"])];
		const type = define(async () => 1, { handlers });
		const instance = await TestInstance.create(type);
		await listener.until(1);
		clock.advance(1);
		await removeInstance(runners, instance.id);
		await TestInstance.create(type, null, instance.id);
		await listener.until(2);
		await quiet(instance);
		clock.advance(15_000);
		await clock.turn();
		expect(listener.lines).toEqual(["completed", "completed"]);
		expect(new Set(listener.ids).size).toBe(2);
	});
});

describe("a deploy that brings a receiver", () => {
	async function deployed(status: "sleeping" | "completed") {
		const type = define(three);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		if (status === "completed") {
			await instance.advance(60_000);
			await instance.until("completed");
		}
		await instance.evict();
		const listener = new Listener();
		define(three, { type, handlers: [listener.handler()] });
		return { instance, listener };
	}

	it("has it told of a live instance what comes, from when that wakes next", async () => {
		const { instance, listener } = await deployed("sleeping");
		await instance.advance(60_000);
		await listener.until("workflow.completed");
		expect(listener.lines).toEqual(FROM_NAP);
	});

	it("has it told nothing of an instance that has ended, before its next run", async () => {
		const { instance, listener } = await deployed("completed");
		await instance.fireAlarm().catch(() => {});
		await quiet(instance);
		expect(listener.lines).toEqual([]);
		await restartInstance(runners, instance.id);
		await instance.until("sleeping");
		await listener.until(TO_NAP.length);
		expect(listener.lines).toEqual(TO_NAP);
	});

	it("that takes the type away keeps what is to be told until it is back", async () => {
		const listener = new Listener();
		listener.usual = "fail";
		const declared = { handlers: [listener.handler(["workflow.completed"])] };
		const type = define(async () => 1, declared);
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await listener.until(1);
		await quiet(instance, { orWaiting: true });
		await instance.evict();
		programs.delete(type);
		await instance.advance(5_000);
		await instance.advance(600_000);
		expect(listener.heard).toHaveLength(1);
		await instance.evict();
		listener.usual = "take";
		define(async () => 1, { type, ...declared });
		await alarms(instance);
		expect(listener.lines).toEqual(["completed", "completed (2)"]);
	});
});

describe("an instance that nobody listens to", () => {
	it("touches nothing for it: no store, no clock, no chronicle, no alarm", () => {
		const never = (): never => {
			throw new Error("it was touched");
		};
		const untouchable = new Proxy({}, { get: never }) as never;
		const row = { type: "silent", status: "running", run: 1, parent: null, deliverySchema: 0 };
		const deliverer = new Deliverer({
			record: { exists: true, isRemoved: false, row } as unknown as InstanceRecord,
			store: untouchable,
			ports: untouchable,
			programs: new Map([["silent", programOf(async () => null, { type: "silent" })]]),
			...{ read: never, lastStoredSeq: never, changed: never },
		});
		deliverer.begin();
		deliverer.look();
		deliverer.lookSoon();
		deliverer.keepRest();
		deliverer.forget();
		const { plan, isBehind, underWay } = deliverer;
		expect([plan, isBehind, underWay]).toEqual([
			{ isUnderWay: false, retryAt: null },
			false,
			undefined,
		]);
	});

	it("has no table, no row and no alarm for it", async () => {
		const instance = await TestInstance.create(define(three));
		await instance.until("sleeping");
		await instance.advance(60_000);
		await instance.until("completed");
		await alarms(instance);
		const tables = await instance.sql<{ name: string }>(
			"SELECT name FROM sqlite_master WHERE type = 'table'",
		);
		expect(tables.map(({ name }) => name)).not.toContain("receivers");
		expect(await instance.sql("SELECT delivery_schema, lost_passes FROM workflow")).toEqual([
			{ delivery_schema: 0, lost_passes: null },
		]);
		expect(await deliveriesOf(instance)).toEqual({
			receivers: [],
			deadLetters: [],
			deadLettersOmitted: 0,
		});
	});
});
