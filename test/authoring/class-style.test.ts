/** The class style in workerd: what a class declares is what its instances do. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { programsOf, toProgram } from "../../src/engine/program";
import { BaseWorkflow, type RunInfo, type Step, type WorkflowEnv } from "../../src/library";
import { examples } from "../../src/workflows/examples/examples";
import { OrderWorkflow } from "../../src/workflows/examples/order-workflow";
import { runners, TestInstance } from "../support/instance";
import { programs } from "../support/lab";

const env: WorkflowEnv = { WORKFLOW_RUNNER: runners };

for (const [type, program] of programsOf(examples)) programs.set(type, program);

interface Events {
	approval: { approved: boolean };
}

class Greeting extends BaseWorkflow<
	{ name: string; at: Date },
	{ text: string; at: Date },
	Events
> {
	static type = "class-greeting" as const;
	static version = "7";
	static defaults = { retries: { limit: 2, delay: 0 }, timeout: "1m" } as const;
	static timeout = "1h" as const;
	static events = { approval: z.object({ approved: z.boolean() }) };
	#prefix = "Hello";

	async run(step: Step<Events>, { name, at }: { name: string; at: Date }) {
		const { approved } = await step.waitForEvent("approval");
		const text = await step.do("greet", ({ attempt }) => {
			if (attempt === 1) throw new Error("first attempts fail");
			return `${this.#prefix}, ${approved ? name : "stranger"}!`;
		});
		return { text, at };
	}
}
programs.set(Greeting.type, Greeting[toProgram]());

class Fragile extends BaseWorkflow<null, string> {
	static type = "class-fragile" as const;
	static panic = { isPanic: ["disk full"], restartDelay: "1m", maxRestartAttempts: 1 };

	async run(step: Step, _: null, { id, type, restartAttempt, log }: RunInfo) {
		log("info", `${type} begins`, { id });
		return step.do("write", () => {
			if (restartAttempt === 0) throw new Error("Disk full");
			return "written";
		});
	}
}
programs.set(Fragile.type, Fragile[toProgram]());

describe("a class that says what its panics are", () => {
	it("is told of its run, restarts as it says, and has its log read", async () => {
		const { id } = await Fragile.create(env, { payload: null });
		const instance = new TestInstance(id);
		await instance.until("panicked");
		await instance.advance(60_000);
		await instance.until("completed");
		const { result, errors } = await Fragile.status(env, id, { include: ["errors"] });
		expect(result).toBe("written");
		expect(errors).toMatchObject([{ step: "write", isPanic: true, error: "Disk full" }]);
		const { lines } = await Fragile.logs(env, id, { level: "info" });
		expect(lines).toMatchObject([{ message: "class-fragile begins", fields: { id } }]);
	});

	it("may be overruled by an instance, and is refused what is no such option", async () => {
		const panic = { maxRestartAttempts: 0 };
		const { id } = await Fragile.create(env, { payload: null, panic });
		await new TestInstance(id).until("errored");
		class Wrong extends Fragile {
			static override panic = { restarts: 1 } as never;
		}
		expect(() => Wrong[toProgram]()).toThrow("panic expects options");
	});
});

describe("the static helpers", () => {
	it("create, signal, read, pause, resume and end an instance", async () => {
		const at = new Date(0);
		const { id, type, status } = await Greeting.create(env, { payload: { name: "World", at } });
		expect({ type, status }).toEqual({ type: "class-greeting", status: "running" });
		const instance = new TestInstance(id);
		await instance.until("waiting");
		expect(await Greeting.pause(env, id)).toEqual({ status: "paused" });
		expect(await Greeting.resume(env, id)).toEqual({ status: "running" });
		await Greeting.sendEvent(env, { id, event: "approval", payload: { approved: true } });
		await instance.until(({ steps }) => steps[1]?.attempts === 1);
		await instance.until("sleeping").catch(() => {});
		await instance.advance(0);
		await instance.until("completed");
		const answer = await Greeting.status(env, id);
		expect(answer.result).toEqual({ text: "Hello, World!", at });
		expect(answer.version).toBe("7");
		await expect(Greeting.terminate(env, id)).rejects.toMatchObject({
			name: "WorkflowError",
			code: "ILLEGAL_STATUS_CHANGE",
		});
	});

	it("refuse what the compiler would, before anything is stored", async () => {
		const id = "class-refused";
		await expect(
			Greeting.create(env, { id: "__index:test", payload: { name: "a", at: new Date(0) } }),
		).rejects.toMatchObject({ name: "ValidationError" });
		await expect(
			Greeting.create(env, { id, payload: { name: "a", at: (() => 1) as never } }),
		).rejects.toMatchObject({ code: "VALUE_NOT_STORABLE", details: { path: ".at" } });
		await expect(Greeting.status(env, id)).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
	});
});

describe("the static helper list", () => {
	class Listed extends BaseWorkflow<number, void> {
		static type = "class-listed" as const;
		async run(step: Step) {
			await step.waitForEvent("go");
		}
	}
	programs.set(Listed.type, Listed[toProgram]());
	const ids = ["listed-1", "listed-2", "listed-3"];

	it("gives the class's instances page by page, by what it is asked for", async () => {
		for (const id of ids) {
			await Listed.create(env, { id, payload: 1, attributes: { customer: id } });
		}
		await expect.poll(() => Listed.list(env)).toMatchObject({ instances: { length: 3 } });
		const first = await Listed.list(env, { limit: 2, order: "asc" });
		expect(first.instances.map(({ id }) => id)).toEqual(ids.slice(0, 2));
		const cursor = first.nextCursor ?? "";
		const second = await Listed.list(env, { limit: 2, order: "asc", cursor });
		expect(second).toMatchObject({ instances: [{ id: "listed-3" }], nextCursor: null });
		const [found] = (await Listed.list(env, { attributes: { customer: "listed-2" } })).instances;
		expect(found).toMatchObject({ id: "listed-2", attributes: { customer: "listed-2" } });
		expect(found).not.toHaveProperty("type");
	});

	it("refuses a cursor of another listing, of another class and of another token", async () => {
		const { nextCursor } = await Listed.list(env, { limit: 1 });
		const cursor = nextCursor ?? "";
		const refused = { code: "VALIDATION_ERROR", details: { path: "cursor" } };
		await expect(Listed.list(env, { cursor, status: "waiting" })).rejects.toMatchObject(refused);
		await expect(Greeting.list(env, { cursor })).rejects.toMatchObject(refused);
		const withToken = { ...env, API_TOKEN: "token" };
		await expect(Listed.list(withToken, { cursor })).rejects.toMatchObject(refused);
	});

	it("refuses what is no option", async () => {
		await expect(Listed.list(env, { limit: 0 })).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { path: "limit" },
		});
	});
});

describe("a class with limits", () => {
	interface Delivery {
		customer: number;
	}
	class Delivering extends BaseWorkflow<Delivery, string, { arrived: null }> {
		static type = "class-delivering" as const;
		static payload = z.object({ customer: z.coerce.number() });
		static concurrency = {
			limit: 1,
			key: ({ customer }: Delivery) => customer,
			total: 2,
			maxQueued: 1,
		};
		static rate = { limit: 100, per: "1 minute" };
		async run(step: Step<{ arrived: null }>, { customer }: Delivery) {
			await step.waitForEvent("arrived");
			return `delivered to ${customer}`;
		}
	}
	programs.set(Delivering.type, Delivering[toProgram]());

	it("has its instances wait by key, which sees the payload as run() does", async () => {
		const create = (id: string, customer: number) =>
			Delivering.create(env, { id, payload: { customer } });
		expect((await create("delivery-1", 7)).status).toBe("running");
		expect((await create("delivery-2", 8)).status).toBe("running");
		// As a client over HTTP may send it.
		const text = { customer: "7" } as never as Delivery;
		const waits = await Delivering.create(env, { id: "delivery-3", payload: text });
		expect(waits.status).toBe("created");
		await expect(create("delivery-4", 9)).rejects.toMatchObject({ code: "QUEUE_FULL" });
		for (const id of ["delivery-2", "delivery-1", "delivery-3"]) {
			await new TestInstance(id).until("waiting");
			await Delivering.sendEvent(env, { id, event: "arrived", payload: null });
			await new TestInstance(id).until("completed");
		}
	});
});

describe("a faulty class", () => {
	class Nameless extends BaseWorkflow {
		async run() {}
	}
	class BadRetry extends BaseWorkflow {
		static type = "bad-retry";
		static defaults = { retries: { limit: 0 } };
		async run() {}
	}
	class BadLimit extends BaseWorkflow {
		static type = "bad-limit";
		static concurrency = { limit: 1.5 };
		async run() {}
	}
	class BadRate extends BaseWorkflow {
		static type = "bad-rate";
		static rate = { limit: 1, per: "soon" };
		async run() {}
	}
	class BadSchema extends BaseWorkflow {
		static type = "bad-schema";
		static payload = { parse: () => 1 } as never;
		async run() {}
	}

	it.each([
		["without a type", { x: Nameless }, "A type's name"],
		["with a bad policy", { "bad-retry": BadRetry }, "retries.limit"],
		["with half a slot", { "bad-limit": BadLimit }, "concurrency.limit"],
		["with a rate in no time", { "bad-rate": BadRate }, "rate.per"],
		["with no schema for a payload", { "bad-schema": BadSchema }, "no Standard Schema"],
		["under another key than its type", { other: Greeting }, 'under the key "other"'],
	])("stops the Worker at start: %s", (_, registry, message) => {
		expect(() => programsOf(registry)).toThrow(message);
	});
});

describe("the example order", () => {
	const items = [{ sku: "book", quantity: 2, priceCents: 1_250 }];

	async function order(payload: { items: typeof items; [option: string]: unknown }) {
		const { id } = await OrderWorkflow.create(env, { payload });
		return new TestInstance(id);
	}

	it("is charged after the payment service failed twice, approved and shipped", async () => {
		const instance = await order({ items, paymentFailures: 2 });
		for (const [attempts, delay] of [
			[1, 200],
			[2, 400],
		] as const) {
			await instance.until(
				({ status, steps }) => status === "sleeping" && steps[2]?.attempts === attempts,
			);
			await instance.advance(delay);
		}
		await instance.until("waiting");
		await instance.event("approval", { approved: true });
		const { result } = await instance.until("completed");
		expect(result).toMatchObject({ outcome: "shipped", totalCents: 2_500 });
	});

	it("is undone when the carrier refuses, when it is rejected, and when nobody decides", async () => {
		const refused = await order({ items, shippingFails: true });
		const rejected = await order({ items });
		const forgotten = await order({ items });
		for (const each of [refused, rejected, forgotten]) await each.until("waiting");
		await refused.event("approval", { approved: true });
		await rejected.event("approval", { approved: false, by: "Ada" });
		await forgotten.advance(86_400_000);
		const results = await Promise.all(
			[refused, rejected, forgotten].map(async (each) => (await each.until("completed")).result),
		);
		expect(results).toMatchObject([
			{ outcome: "cancelled", reason: "the carrier refused the parcel" },
			{ outcome: "rejected", reason: "rejected by Ada" },
			{ outcome: "cancelled", reason: expect.stringContaining("approval") },
		]);
		for (const each of [refused, rejected, forgotten]) {
			const { steps } = await each.status();
			expect(steps.slice(-2).map(({ name }) => name)).toEqual(["refund", "release"]);
		}
	});
});

describe("a class, from another Worker,", () => {
	it("creates many at once, each for itself", async () => {
		const payload = { name: "Ada", at: new Date(0) };
		await Greeting.create(env, { id: "many-2", payload });
		const results = await Greeting.createMany(env, [
			{ id: "many-1", payload },
			{ id: "_bad", payload },
			{ id: "many-2", payload },
		]);
		expect(results).toEqual([
			{ id: "many-1", type: "class-greeting", status: "running", created: true },
			{ error: expect.objectContaining({ code: "VALIDATION_ERROR" }) },
			{ error: expect.objectContaining({ code: "INSTANCE_EXISTS" }) },
		]);
		await new TestInstance("many-1").until("waiting");
		await expect(Greeting.createMany(env, [])).rejects.toThrow("1 to 100");
	});

	it("makes schedules, lists them and takes them away", async () => {
		const payload = { name: "Ada", at: new Date(0) };
		const made = await Greeting.schedule(env, { name: "nightly", cron: "30 2 * * *", payload });
		expect(made).toMatchObject({ id: "class-greeting:nightly", payload });
		const { payload: _payload, nextRuns: _nextRuns, runs: _runs, ...listed } = made;
		expect(await Greeting.schedules(env)).toEqual([listed]);
		await Greeting.unschedule(env, made.id);
		expect(await Greeting.schedules(env)).toEqual([]);
	});
});

describe("the example pipeline", () => {
	it("goes over its list in rounds and reports what failed", async () => {
		const payload = { records: ["a b", "", "c"], rounds: 2 };
		const instance = await TestInstance.create("pipeline", payload);
		for (let round = 0; round < 4; round++) {
			const { status } = await instance.until(({ status }) => status !== "running");
			if (status === "completed") break;
			await instance.advance(1_000);
		}
		expect((await instance.until("completed")).result).toEqual({
			rounds: 2,
			words: 6,
			failed: ["round 1, record 1: the record is empty", "round 2, record 1: the record is empty"],
		});
	});
});
