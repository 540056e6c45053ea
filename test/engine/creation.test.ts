/** Create's options: later starts, attributes, conflicts, start or signal, idempotency keys. */
import { describe, expect, it } from "vitest";
import { type CreateInput, createInstance } from "../../src/client/create-instance";
import { describeInstance, sendEvent } from "../../src/client/runner-client";
import { LIMITS } from "../../src/model/limits";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

let ids = 0;
const freshId = () => `c-${++ids}`;

async function create(input: Partial<CreateInput> & { type: string }) {
	const receipt = await createInstance(runners, { payload: null, ...input });
	return { receipt, instance: new TestInstance(receipt.id) };
}

const auditOf = async (id: string) =>
	(await describeInstance(runners, id, { include: ["audit"] })).audit;

describe("a delayed start", () => {
	const counted = () => {
		const calls: number[] = [];
		const type = define(async (step) => step.do("a", () => calls.push(clock.now())), {
			timeoutMs: 60_000,
		});
		return { type, calls };
	};

	it.each<[string, Partial<CreateInput>]>([
		["delay", { delay: "1h" }],
		["startAt, a Date", { startAt: new Date(4_200_000_000_000) }],
		["startAt, a number", { startAt: 4_300_000_000_000 }],
	])("by %s stays created until then, through an eviction", async (_how, options) => {
		const { type, calls } = counted();
		const { receipt, instance } = await create({ type, id: freshId(), ...options });
		const due = Number(options.startAt ?? clock.now() + 3_600_000);
		expect(receipt).toMatchObject({ status: "created", created: true });
		expect(await instance.status()).toMatchObject({ wakeAt: due, startedAt: null });
		await instance.evict();
		clock.advance(due - clock.now() - 1);
		await instance.fireAlarm();
		expect(calls).toEqual([]);
		await instance.advance(1);
		// The type's timeout counts from the start.
		expect(await instance.until("completed")).toMatchObject({ startedAt: due });
		expect(calls).toEqual([due]);
	});

	it("in the past is no delay", async () => {
		const { type } = counted();
		const { receipt } = await create({ type, startAt: clock.now() - 1 });
		expect(receipt.status).toBe("running");
	});

	it("keeps events that come before, and is there for pause, resume and terminate", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const { instance } = await create({ type, delay: "1h" });
		await instance.event("go", "early");
		await instance.control("pause");
		await instance.evict();
		expect(await instance.control("resume")).toBe("created");
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe("early");
		const other = await create({ type, delay: "1h" });
		expect(await other.instance.control("terminate")).toBe("terminated");
	});

	it("that comes due while paused starts with the resume", async () => {
		const { type, calls } = counted();
		const { instance } = await create({ type, delay: "30s" });
		await instance.control("pause");
		await instance.advance(31_000);
		expect(calls).toEqual([]);
		expect(await instance.control("resume")).toBe("running");
		await instance.until("completed");
	});

	it.each<[string, Partial<CreateInput>, string]>([
		["both", { startAt: 1, delay: 1 }, "not both"],
		["no moment", { startAt: Number.NaN }, "moment"],
		["an invalid Date", { startAt: new Date("never") }, "moment"],
		["one past the limit", { startAt: 4_102_444_800_000 + 2 * LIMITS.durationMs }, "ten years"],
		["a negative delay", { delay: -1 }, "delay"],
	])("given %s is refused, and nothing is created", async (_what, options, message) => {
		const { type } = counted();
		const id = freshId();
		await expect(create({ type, id, ...options })).rejects.toThrow(message);
		await expect(describeInstance(runners, id)).rejects.toMatchObject({
			code: "INSTANCE_NOT_FOUND",
		});
	});
});

describe("attributes", () => {
	it("given at create and set by steps are merged, and null takes one away", async () => {
		const type = define(async (step) => {
			await step.setAttributes({ stage: "paid", total: 12 });
			await step.waitForEvent("go");
			await step.setAttributes({ stage: "sent", draft: null });
		});
		const { instance } = await create({ type, attributes: { customer: "c-1", draft: 1 } });
		const waiting = await instance.until("waiting");
		expect(waiting.attributes).toEqual({ customer: "c-1", draft: 1, stage: "paid", total: 12 });
		await instance.crash();
		await instance.event("go");
		const { attributes, steps } = await instance.until("completed");
		expect(attributes).toEqual({ customer: "c-1", stage: "sent", total: 12 });
		expect(steps.map(({ key, type: kind }) => [key, kind])).toEqual([
			["setAttributes", "set_attributes"],
			["go", "wait_for_event"],
			["setAttributes#2", "set_attributes"],
		]);
	});

	const names = (count: number) =>
		Object.fromEntries([...Array(count)].map((_, n) => [`n${n}`, n]));

	it("are sixteen at most: one more is refused at create, and fails the step on every replay", async () => {
		const type = define(async (step) => {
			const error = await step.setAttributes({ more: 1 }).catch((caught) => caught.code);
			await step.waitForEvent("go");
			return error;
		});
		const { instance } = await create({ type, attributes: names(LIMITS.attributes) });
		await instance.until("waiting");
		await instance.evict();
		await instance.event("go");
		expect(await instance.until("completed")).toMatchObject({
			result: "VALIDATION_ERROR",
			attributes: names(LIMITS.attributes),
		});
		const tooMany = create({ type, attributes: names(LIMITS.attributes + 1) });
		await expect(tooMany).rejects.toThrow("at most 16");
	});

	it.each<[string, Record<string, unknown>, string]>([
		["a boolean", { a: true }, "attributes.a"],
		["no number", { a: Number.NaN }, "attributes.a"],
		["a long text", { a: "x".repeat(LIMITS.attributeTextLength + 1) }, "attributes.a"],
		["half a character", { a: "\ud800" }, "attributes.a"],
		["a name with a colon", { "a:b": 1 }, "attributes.a:b"],
		["no name", { "": 1 }, "attributes."],
	])("of %s are refused with their path", async (_what, attributes, path) => {
		const type = define(async () => 1);
		const request = create({ type, attributes: attributes as Record<string, string> });
		await expect(request).rejects.toMatchObject({ code: "VALIDATION_ERROR", details: { path } });
	});

	it("of the longest text are taken", async () => {
		const type = define(async () => 1);
		const text = "x".repeat(LIMITS.attributeTextLength);
		const { instance } = await create({ type, attributes: { a: text } });
		expect((await instance.status()).attributes).toEqual({ a: text });
	});
});

describe("a second create of an id", () => {
	const waiting = () => define(async (step) => step.waitForEvent("go"));

	it("returns the instance that is there, on request", async () => {
		const type = waiting();
		const id = freshId();
		const { instance } = await create({ type, id, payload: "first" });
		await instance.until("waiting");
		const again = await create({ type, id, payload: "second", onConflict: "return" });
		expect(again.receipt).toEqual({ id, type, status: "waiting", created: false });
		expect((await instance.status()).payload).toBe("first");
	});

	it("of another type is refused all the same", async () => {
		const id = freshId();
		await create({ type: waiting(), id });
		for (const options of [{ onConflict: "return" as const }, { event: { name: "go" } }]) {
			await expect(create({ type: waiting(), id, ...options })).rejects.toMatchObject({
				code: "INSTANCE_EXISTS",
			});
		}
	});

	it("with an event delivers it: start or signal in one call", async () => {
		const type = define(async (step) => [
			await step.waitForEvent("go"),
			await step.waitForEvent("go"),
		]);
		const id = freshId();
		const event = (payload: number) => ({ name: "go", payload });
		expect((await create({ type, id, event: event(1) })).receipt.created).toBe(true);
		expect((await create({ type, id, event: event(2) })).receipt.created).toBe(false);
		const { result } = await new TestInstance(id).until("completed");
		expect(result).toEqual([1, 2]);
		await expect(create({ type, id, event: event(3) })).rejects.toMatchObject({
			code: "INSTANCE_FINISHED",
		});
	});
});

describe("an idempotency key", () => {
	const by = (key: string) => ({ actor: "shop", key });

	it("without an id makes one: the same request is the same instance", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const first = await create({ type, payload: { n: 1 }, by: by("k1") });
		await first.instance.crash();
		const second = await create({ type, payload: { n: 1 }, by: by("k1") });
		expect(second.receipt).toMatchObject({ id: first.receipt.id, created: false });
		const third = await create({ type, payload: { n: 1 }, by: by("k2") });
		expect(third.receipt).toMatchObject({ created: true });
		expect(third.receipt.id).not.toBe(first.receipt.id);
		await expect(create({ type, payload: { n: 2 }, by: by("k1") })).rejects.toMatchObject({
			code: "IDEMPOTENCY_CONFLICT",
		});
	});

	it("of an event delivers it once, over a crash and after the end", async () => {
		const type = define(async (step) => [
			await step.waitForEvent("go"),
			await step.waitForEvent("go"),
		]);
		const { instance } = await create({ type });
		const send = (payload: number, key: string) =>
			sendEvent(runners, { id: instance.id, event: "go", payload, by: by(key) });
		await send(1, "k1");
		await send(1, "k1");
		await instance.crash();
		await send(1, "k1");
		await expect(send(2, "k1")).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
		await send(1, "k2");
		expect((await instance.until("completed")).result).toEqual([1, 1]);
		await send(1, "k1");
	});

	it("of a pause makes it once: a repeat after a resume pauses nothing", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const { instance } = await create({ type });
		await instance.until("waiting");
		const stub = runners.getByName(instance.id);
		await stub.pause({ by: by("k1") });
		await instance.control("resume");
		await instance.crash();
		const after = runners.getByName(instance.id);
		expect(await after.pause({ by: by("k1") })).toMatchObject({ ok: true });
		expect((await instance.status()).status).not.toBe("paused");
		expect(await after.terminate({ by: by("k1") })).toMatchObject({
			ok: false,
			error: { code: "IDEMPOTENCY_CONFLICT" },
		});
	});
});

describe("the audit", () => {
	it("has every change asked for from outside: who, when, what and why, over restarts", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const { instance } = await create({ type, by: { actor: "ada", reason: "order 7", key: "k" } });
		const createdAt = clock.now();
		await instance.until("waiting");
		clock.advance(1_000);
		const stub = runners.getByName(instance.id);
		await stub.pause({ by: { actor: "bob", reason: "lunch" } });
		clock.advance(1_000);
		await stub.resume({});
		await instance.evict();
		clock.advance(1_000);
		await sendEvent(runners, { id: instance.id, event: "go", payload: 1, by: { actor: "eve" } });
		await instance.until("completed");
		clock.advance(1_000);
		await stub.restart({ by: { actor: "ada" } });
		const entry = (seconds: number, actor: string, action: string, more = {}) => ({
			at: createdAt + seconds * 1_000,
			actor,
			action,
			reason: null,
			key: null,
			detail: null,
			...more,
		});
		expect(await auditOf(instance.id)).toEqual([
			entry(0, "ada", "create", { reason: "order 7", key: "k" }),
			entry(1, "bob", "pause", { reason: "lunch" }),
			entry(2, "unknown", "resume"),
			entry(3, "eve", "event", { detail: { event: "go", step: "go" } }),
			entry(4, "ada", "restart"),
		]);
	});

	it("has nothing of a change that was refused", async () => {
		const type = define(async (step) => step.waitForEvent("go"));
		const { instance } = await create({ type });
		await instance.until("waiting");
		expect(await runners.getByName(instance.id).resume({})).toMatchObject({ ok: false });
		expect((await auditOf(instance.id))?.map(({ action }) => action)).toEqual(["create"]);
	});

	it.each([
		["actor", { actor: "x".repeat(LIMITS.actorLength + 1) }],
		["actor", { actor: "" }],
		["reason", { actor: "x", reason: "x".repeat(LIMITS.reasonLength + 1) }],
		["key", { actor: "x", key: "x".repeat(LIMITS.idempotencyKeyLength + 1) }],
	])("refuses a %s past its limit", async (field, by) => {
		const type = define(async () => 1);
		await expect(create({ type, by })).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { path: `by.${field}` },
		});
	});
});
