/** `POST /workflows/:id/events/:event`: what is taken as an event, and what is refused. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { sendEvent } from "../../src/client/runner-client";
import { LIMITS } from "../../src/model/limits";
import { runners, type TestInstance } from "../support/instance";
import { define } from "../support/lab";
import { freshId, issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const open = define(async (step) => step.waitForEvent("go"));
const service = new Service([open]);
const JSON_TYPE = { "Content-Type": "application/json" };

const buffered = (instance: TestInstance) =>
	instance.sql<{ event: string; payload: string }>(
		"SELECT event, payload FROM events WHERE step IS NULL",
	);

async function waiting(type = open): Promise<TestInstance> {
	const instance = await new Service([type]).create(type);
	await instance.until("waiting");
	return instance;
}

describe("an event's payload", () => {
	it.each([0, "", "text", false, null, [], {}, [1, "2", null], { a: { b: 1 } }])(
		"is any JSON: %j",
		async (payload) => {
			const instance = await waiting();
			await service.post(`/workflows/${instance.id}/events/go`, payload);
			await instance.until("completed");
			const { body } = await service.get(`/workflows/${instance.id}`);
			expect((body as { result: unknown }).result).toStrictEqual(payload);
		},
	);

	it.each([
		["no body and no content type", {}],
		["no body", { headers: JSON_TYPE }],
		["only space", { headers: JSON_TYPE, body: " \n" }],
	])("is null with %s", async (_, init) => {
		const instance = await waiting();
		const reply = await service.request("POST", `/workflows/${instance.id}/events/go`, init);
		expect(reply.body).toStrictEqual({ id: instance.id, event: "go", status: "delivered" });
		expect((await instance.until("completed")).result).toBeNull();
	});

	it.each([
		["is no JSON", JSON_TYPE, "nope", 400, "VALIDATION_ERROR"],
		["is cut short", JSON_TYPE, `{"a":`, 400, "VALIDATION_ERROR"],
		[
			"is of another content type",
			{ "Content-Type": "text/plain" },
			"1",
			415,
			"UNSUPPORTED_MEDIA_TYPE",
		],
		["has a key __proto__", JSON_TYPE, `{"__proto__":{"polluted":1}}`, 400, "VALUE_NOT_STORABLE"],
	])("is refused when it %s, and the wait goes on", async (_, headers, body, status, code) => {
		const instance = await waiting();
		const path = `/workflows/${instance.id}/events/go`;
		const reply = await service.request("POST", path, { headers, body });
		expect(refusal(reply, status, code).executionId).toBe(instance.id);
		expect((await instance.status()).status).toBe("waiting");
		expect(await buffered(instance)).toEqual([]);
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});

	it("is refused quickly when it is 10,000 levels deep", async () => {
		const instance = await waiting();
		const startedAt = performance.now();
		const deep = "[".repeat(10_000) + "]".repeat(10_000);
		const reply = await service.postText(`/workflows/${instance.id}/events/go`, deep);
		const { message } = refusal(reply, 400, "VALUE_NOT_STORABLE");
		expect(message).toContain(`deeper than ${LIMITS.valueDepth} levels`);
		expect(performance.now() - startedAt).toBeLessThan(2_000);
		expect((await instance.status()).status).toBe("waiting");
	});
});

describe("an event's name", () => {
	it.each([
		"go now",
		"größe",
		"😀",
		"a/b",
		"a+b",
		"100%",
		"%25",
		"?x=1#y",
		"order:paid",
		"__proto__",
	])("is decoded once: %s", async (event) => {
		const named = define(async (step) => step.waitForEvent(event));
		const instance = await waiting(named);
		const path = `/workflows/${instance.id}/events/${encodeURIComponent(event)}`;
		const reply = await service.post(path, 1);
		expect(reply.body).toStrictEqual({ id: instance.id, event, status: "delivered" });
		expect((await instance.until("completed")).result).toBe(1);
	});

	it("is taken at the limit of length", async () => {
		const event = "x".repeat(LIMITS.eventNameLength);
		const instance = await waiting();
		const reply = await service.post(`/workflows/${instance.id}/events/${event}`, 1);
		expect(reply.body).toStrictEqual({ id: instance.id, event, status: "delivered" });
		expect(await buffered(instance)).toEqual([{ event, payload: "=1" }]);
	});

	it.each([
		["one character past the limit", "x".repeat(LIMITS.eventNameLength + 1)],
		["with a zero byte", "a%00"],
		["with a line break", "a%0Ab"],
		["with DEL", "%7F"],
	])("is refused: %s", async (_, event) => {
		const instance = await waiting();
		const reply = await service.post(`/workflows/${instance.id}/events/${event}`, 1);
		const error = refusal(reply, 400, "VALIDATION_ERROR");
		expect(error.details).toEqual({ path: "event" });
		expect(error.executionId).toBe(instance.id);
		expect(await buffered(instance)).toEqual([]);
	});
});

describe("an event for an instance that cannot take it", () => {
	it("is a 404 for an unknown instance, and writes nothing", async () => {
		const id = freshId();
		const reply = await service.post(`/workflows/${id}/events/go`, 1);
		expect(refusal(reply, 404, "INSTANCE_NOT_FOUND").executionId).toBe(id);
		expect(await storedIn(id)).toEqual(NOTHING);
	});

	it.each(["completed", "terminated"])(
		"is a 409 that says so when it is %s, and changes nothing",
		async (status) => {
			const instance = await waiting();
			if (status === "completed") await instance.event("go", "first");
			else await instance.control("terminate");
			const before = await instance.until((now) => now.status === status);
			const reply = await service.post(`/workflows/${instance.id}/events/go`, "late");
			const error = refusal(reply, 409, "INSTANCE_FINISHED");
			expect(error.message).toContain(`"${status}"`);
			expect(error.details).toEqual({ status });
			expect(await instance.status()).toEqual(before);
			expect(await buffered(instance)).toEqual([]);
		},
	);

	it("is a 429 when the buffer is full, and is not kept", async () => {
		const instance = await waiting();
		await Promise.all(
			Array.from({ length: LIMITS.bufferedEvents }, (_, payload) =>
				sendEvent(runners, { id: instance.id, event: "later", payload }),
			),
		);
		const reply = await service.post(`/workflows/${instance.id}/events/later`, "one more");
		refusal(reply, 429, "EVENT_BUFFER_FULL");
		expect(await buffered(instance)).toHaveLength(LIMITS.bufferedEvents);
	});
});

describe("declared events", () => {
	const decision = z.object({ approved: z.boolean(), by: z.object({ name: z.string().min(1) }) });
	const declared = define(async (step) => step.waitForEvent("approval"), {
		events: new Map([
			["approval", decision],
			["note", null],
		]),
	});

	it("are the only ones that are taken; others are a 400 that names them", async () => {
		const instance = await waiting(declared);
		const reply = await service.post(`/workflows/${instance.id}/events/aproval`, 1);
		const { message } = refusal(reply, 400, "UNKNOWN_EVENT");
		expect(message).toContain(`"aproval"`);
		expect(message).toContain("approval, note");
		expect(await buffered(instance)).toEqual([]);
	});

	it.each(["__proto__", "constructor", "toString"])(
		"do not include %s, which every object has",
		async (event) => {
			const instance = await waiting(declared);
			const reply = await service.post(`/workflows/${instance.id}/events/${event}`, 1);
			refusal(reply, 400, "UNKNOWN_EVENT");
		},
	);

	it("are refused where their payload breaks the schema, with the path of each issue", async () => {
		const instance = await waiting(declared);
		const path = `/workflows/${instance.id}/events/approval`;
		const cases: [unknown, string[]][] = [
			[{ approved: "yes", by: { name: "" } }, ["event.approved", "event.by.name"]],
			[{ approved: true }, ["event.by"]],
			[null, ["event"]],
		];
		for (const [payload, paths] of cases) {
			const error = refusal(await service.post(path, payload), 400, "VALIDATION_ERROR");
			expect(issuePaths(error)).toEqual(paths);
			expect(error.executionId).toBe(instance.id);
		}
		expect((await instance.status()).status).toBe("waiting");
		expect(await buffered(instance)).toEqual([]);
	});

	it("are taken after a refused one", async () => {
		const instance = await waiting(declared);
		const path = `/workflows/${instance.id}/events/approval`;
		refusal(await service.post(path, { approved: 1 }), 400, "VALIDATION_ERROR");
		const payload = { approved: true, by: { name: "Ada" } };
		expect((await service.post(path, payload)).status).toBe(200);
		expect((await instance.until("completed")).result).toEqual(payload);
	});

	it("are taken without a schema as they come", async () => {
		const instance = await waiting(declared);
		await service.post(`/workflows/${instance.id}/events/note`, { any: ["thing"] });
		expect(await buffered(instance)).toHaveLength(1);
	});
});
