/** The shapes of the answers, to the letter: those of the requirement, grown by what the API documents. */
import { describe, expect, it } from "vitest";
import { NonRetryableError } from "../../src/model/errors";
import { DEFAULT_RETRY_POLICY } from "../../src/model/retry";
import { gate } from "../support/instance";
import { clock, define, programs } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

const greeter = define(
	async (step, payload) => {
		const { name } = payload as { name: string };
		const greeting = await step.do("greet", () => `Hello, ${name}!`);
		await step.sleep("pause", "5s");
		const { approved } = (await step.waitForEvent("approval", { timeout: "1h" })) as {
			approved: boolean;
		};
		return { message: `${name} was ${approved ? "approved" : "refused"}`, greeting };
	},
	{ version: "3", events: new Map([["approval", null]]) },
);
const plain = define(async (step) => step.waitForEvent("until it goes", { event: "go" }));
const service = new Service([greeter, plain]);

describe("GET /", () => {
	it("says that the service is up and names the types", async () => {
		const reply = await service.get("/");
		expect(reply.status).toBe(200);
		expect(reply.headers.get("Content-Type")).toBe("application/json");
		expect(reply.body).toStrictEqual({ status: "ok", workflows: [greeter, plain] });
	});

	it("names no types when there are none", async () => {
		expect((await new Service([]).get("/")).body).toStrictEqual({ status: "ok", workflows: [] });
	});

	it("asks no object", async () => {
		const quiet = new Service([greeter]);
		await quiet.get("/");
		expect(quiet.asked).toEqual([]);
	});
});

describe("POST /workflows", () => {
	it("answers 201 with the given id", async () => {
		const id = freshId();
		const reply = await service.post("/workflows", { type: plain, id, payload: { n: 1 } });
		expect(reply.status).toBe(201);
		expect(reply.headers.get("Content-Type")).toBe("application/json");
		expect(reply.body).toStrictEqual({ id, type: plain, status: "running" });
	});

	it("answers 201 with an id of its own when none is given", async () => {
		const reply = await service.post("/workflows", { type: plain, payload: { n: 1 } });
		expect(reply.status).toBe(201);
		expect(reply.body).toStrictEqual({
			id: expect.stringMatching(
				/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
			),
			type: plain,
			status: "running",
		});
		const { id } = reply.body as { id: string };
		const found = await service.get(`/workflows/${id}`);
		expect(found.body).toMatchObject({ id, type: plain, payload: { n: 1 } });
	});

	it("gives each instance an id of its own", async () => {
		const replies = await Promise.all(
			Array.from({ length: 20 }, () => service.post("/workflows", { type: plain, payload: null })),
		);
		const bodies = replies.map(({ body }) => body as { id: string });
		expect(new Set(bodies.map(({ id }) => id)).size).toBe(20);
	});

	it.each(["a", "9", "x".repeat(100), "A.b_c-d:e", "order:2026-11-20.7"])(
		"takes the id %s",
		async (id) => {
			const reply = await service.post("/workflows", { type: plain, id, payload: null });
			expect(reply.status).toBe(201);
			expect((await service.get(`/workflows/${id}`)).body).toMatchObject({ id, type: plain });
		},
	);

	it.each([null, 0, false, "", "text", [], {}, [1, [2]], { a: { b: [null] } }])(
		"keeps the payload %j",
		async (payload) => {
			const instance = await service.create(plain, payload);
			const { body } = await service.get(`/workflows/${instance.id}`);
			expect((body as { payload: unknown }).payload).toStrictEqual(payload);
		},
	);

	it.each(["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.order+json"])(
		"takes the content type %s",
		async (contentType) => {
			const reply = await service.request("POST", "/workflows", {
				headers: { "Content-Type": contentType },
				body: JSON.stringify({ type: plain, payload: null }),
			});
			expect(reply.status).toBe(201);
		},
	);

	it("takes JSON with a byte order mark and space around it", async () => {
		const id = freshId();
		const body = `\uFEFF \n${JSON.stringify({ type: plain, id, payload: "ü" })}\r\n`;
		expect((await service.postText("/workflows", body)).status).toBe(201);
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({ payload: "ü" });
	});
});

describe("GET /workflows/:id", () => {
	it("has every field of a sleeping instance", async () => {
		const now = clock.now();
		const instance = await service.create(greeter, { name: "World" });
		await instance.until("sleeping");
		const reply = await service.get(`/workflows/${instance.id}`);
		expect(reply.status).toBe(200);
		expect(reply.headers.get("Content-Type")).toBe("application/json");
		expect(reply.body).toStrictEqual({
			id: instance.id,
			type: greeter,
			version: "3",
			status: "sleeping",
			reason: null,
			payload: { name: "World" },
			result: null,
			error: null,
			errorDetails: null,
			steps: [
				{
					name: "greet",
					key: "greet",
					type: "do",
					status: "completed",
					attempts: 1,
					result: "Hello, World!",
					error: null,
					errorDetails: null,
					startedAt: now,
					wakeAt: null,
					completedAt: now,
				},
				{
					name: "pause",
					key: "pause",
					type: "sleep",
					status: "sleeping",
					attempts: 0,
					result: null,
					error: null,
					errorDetails: null,
					startedAt: now,
					wakeAt: now + 5_000,
					completedAt: null,
				},
			],
			wakeAt: now + 5_000,
			run: 1,
			restartAttempt: 0,
			attributes: {},
			metadata: {},
			priority: 0,
			createdAt: now,
			startedAt: now,
			updatedAt: now,
			completedAt: null,
		});
	});

	it("leaves the steps out on request, and has all else: in memory, evicted and completed", async () => {
		const instance = await service.create(greeter, { name: "World" });
		const lean = async () => {
			const { body } = await service.get(`/workflows/${instance.id}?steps=false`);
			expect(body).toStrictEqual({ ...(await instance.status()), steps: [] });
			return body;
		};
		await instance.until("sleeping");
		expect(await lean()).toMatchObject({ wakeAt: expect.any(Number) });
		await instance.evict();
		expect(await lean()).toMatchObject({ status: "sleeping", wakeAt: expect.any(Number) });
		const reply = await service.get(`/workflows/${instance.id}?steps=0`);
		expect(refusal(reply, 400, "VALIDATION_ERROR").message).toContain("steps");
	});

	it("has the wait and its timeout of a waiting instance", async () => {
		const instance = await service.create(greeter, { name: "World" });
		await instance.until("sleeping");
		await instance.advance(5_000);
		await instance.until("waiting");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			status: "waiting",
			wakeAt: clock.now() + 3_600_000,
			steps: [
				{ name: "greet" },
				{ name: "pause", status: "completed", wakeAt: null, completedAt: clock.now() },
				{
					name: "approval",
					key: "approval",
					type: "wait_for_event",
					status: "waiting",
					attempts: 0,
					result: null,
					error: null,
					startedAt: clock.now(),
					wakeAt: clock.now() + 3_600_000,
					completedAt: null,
				},
			],
		});
	});

	it("has no moment of waking for a wait without a timeout", async () => {
		const instance = await service.create(plain);
		await instance.until("waiting");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			...{ status: "waiting", wakeAt: null },
			steps: [{ name: "until it goes", event: "go", wakeAt: null }],
		});
	});

	it("has the result and the time of completion", async () => {
		const instance = await service.create(plain);
		await instance.until("waiting");
		clock.advance(10);
		await service.post(`/workflows/${instance.id}/events/go`, { n: 1 });
		await instance.until("completed");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			status: "completed",
			result: { n: 1 },
			error: null,
			wakeAt: null,
			createdAt: clock.now() - 10,
			updatedAt: clock.now(),
			completedAt: clock.now(),
		});
	});

	it("has the error of a failed step and of its instance", async () => {
		const fails = define(async (step) =>
			step.do("charge", () => {
				throw new NonRetryableError("card expired", { cause: new Error("bank said no") });
			}),
		);
		const instance = await new Service([fails]).create(fails);
		await instance.until("errored");
		const { body } = await service.get(`/workflows/${instance.id}`);
		const errorDetails = {
			name: "NonRetryableError",
			message: "card expired",
			code: "NON_RETRYABLE",
			stack: expect.stringContaining("card expired"),
			cause: expect.objectContaining({ name: "Error", message: "bank said no" }),
		};
		expect(body).toMatchObject({
			status: "errored",
			result: null,
			error: "card expired",
			errorDetails,
			steps: [
				{ name: "charge", status: "failed", attempts: 1, error: "card expired", errorDetails },
			],
			completedAt: clock.now(),
		});
	});

	it("has the error of the latest attempt and the moment of the next one", async () => {
		const flaky = define(
			async (step) =>
				step.do("fetch", () => {
					throw new Error("503 from the shop");
				}),
			{
				retry: { ...DEFAULT_RETRY_POLICY, limit: 3, backoff: "fixed", delayMs: 60_000, jitter: 0 },
			},
		);
		const instance = await new Service([flaky]).create(flaky);
		await instance.until("sleeping");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			status: "sleeping",
			error: null,
			wakeAt: clock.now() + 60_000,
			steps: [
				{
					name: "fetch",
					status: "retrying",
					attempts: 1,
					result: null,
					error: "503 from the shop",
					wakeAt: clock.now() + 60_000,
					completedAt: null,
				},
			],
		});
	});

	it("shows a step whose function runs", async () => {
		const { promise, resolve } = gate();
		const busy = define(async (step) => step.do("work", () => promise));
		const instance = await new Service([busy]).create(busy);
		await instance.until((status) => status.steps.length > 0);
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			status: "running",
			steps: [{ name: "work", type: "do", status: "running", attempts: 1, completedAt: null }],
		});
		resolve();
		await instance.until("completed");
	});

	it("keeps the name of a repeated step and numbers its key", async () => {
		const twice = define(async (step) => {
			await step.do("greet", () => 1);
			await step.do("greet", () => 2);
		});
		const instance = await new Service([twice]).create(twice);
		await instance.until("completed");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			steps: [
				{ name: "greet", key: "greet", result: 1 },
				{ name: "greet", key: "greet#2", result: 2 },
			],
		});
	});

	it("has the reason of an instance that was paused for repair", async () => {
		const leaving = define(async (step) => step.sleep("nap", "1m"));
		const instance = await new Service([leaving]).create(leaving);
		await instance.until("sleeping");
		programs.delete(leaving);
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("paused");
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect(body).toMatchObject({
			status: "paused",
			reason: expect.stringMatching(`^TYPE_NOT_REGISTERED: .*"${leaving}"`),
		});
	});

	it("answers HEAD with the status and headers of GET and no body", async () => {
		const instance = await service.create(plain);
		const reply = await service.request("HEAD", `/workflows/${instance.id}`);
		expect([reply.status, reply.text]).toEqual([200, ""]);
		expect(reply.headers.get("Content-Type")).toBe("application/json");
	});
});

describe("POST /workflows/:id/{pause,resume,terminate}", () => {
	it("answers with the id and the new status", async () => {
		const { id } = await service.create(greeter, { name: "World" });
		const replies = [];
		for (const action of ["pause", "resume", "terminate"]) {
			replies.push(await service.post(`/workflows/${id}/${action}`));
		}
		expect(replies.map(({ status, body }) => [status, body])).toStrictEqual([
			[200, { id, status: "paused" }],
			[200, { id, status: "running" }],
			[200, { id, status: "terminated" }],
		]);
	});

	it("takes a reason and nothing else, and changes nothing for a body that is not that", async () => {
		const { id } = await service.create(greeter, { name: "World" });
		const bad = await service.post(`/workflows/${id}/pause`, { why: "lunch" });
		expect(refusal(bad, 400, "VALIDATION_ERROR").message).toContain("why");
		expect((await service.get(`/workflows/${id}`)).body).not.toMatchObject({ status: "paused" });
		const reply = await service.post(`/workflows/${id}/pause`, { reason: "lunch" });
		expect(reply.body).toStrictEqual({ id, status: "paused" });
	});
});

describe("POST /workflows/:id/events/:event", () => {
	it("answers that the event is delivered", async () => {
		const { id } = await service.create(greeter, { name: "World" });
		const reply = await service.post(`/workflows/${id}/events/approval`, { approved: true });
		expect(reply.status).toBe(200);
		expect(reply.body).toStrictEqual({ id, event: "approval", status: "delivered" });
	});
});

describe("a session as the requirement has it", () => {
	it("creates, sleeps, waits, takes the event, completes and lists", async () => {
		const session = new Service([greeter]);
		const now = clock.now();
		const instance = await session.create(greeter, { name: "World" }, "session-1");
		await instance.until("sleeping");
		await instance.advance(5_000);
		await instance.until("waiting");
		const delivered = await session.post("/workflows/session-1/events/approval", {
			approved: true,
		});
		expect(delivered.body).toStrictEqual({
			id: "session-1",
			event: "approval",
			status: "delivered",
		});
		await instance.until("completed");
		expect((await session.get("/workflows/session-1")).body).toMatchObject({
			status: "completed",
			result: { message: "World was approved", greeting: "Hello, World!" },
		});
		await session.listsUntil(`/workflows?type=${greeter}&status=completed&limit=1`, {
			type: greeter,
			instances: [{ id: "session-1", status: "completed", createdAt: now, updatedAt: now + 5_000 }],
			nextCursor: null,
		});
	});
});
