/** What operators ask of an instance over HTTP: restart, repair, forget, and why. */
import { describe, expect, it } from "vitest";
import { NonRetryableError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { clock, define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

const failing = define(async (step) => {
	await step.do("before", () => 1);
	const rate = await step.do<number>("rate", () => {
		throw new NonRetryableError("no rate");
	});
	return { rate };
});
const waiting = define(async (step) => step.waitForEvent("go"));
const service = new Service([failing, waiting]);

const failed = async () => {
	const instance = await service.create(failing);
	await instance.until("errored");
	return instance;
};

describe("POST /workflows", () => {
	it("takes attributes, priority, a delay and a reason", async () => {
		const id = freshId();
		const reply = await service.post("/workflows", {
			type: waiting,
			id,
			attributes: { customer: "c-1", tier: 3 },
			priority: 5,
			delay: "1h",
			reason: "ordered",
		});
		expect(reply.status).toBe(201);
		expect(reply.body).toStrictEqual({ id, type: waiting, status: "created" });
		expect((await service.get(`/workflows/${id}?include=audit`)).body).toMatchObject({
			status: "created",
			attributes: { customer: "c-1", tier: 3 },
			priority: 5,
			wakeAt: clock.now() + 3_600_000,
			audit: [{ actor: "api", action: "create", reason: "ordered" }],
		});
	});

	it("takes startAt in ISO 8601", async () => {
		const id = freshId();
		const startAt = "2150-01-01T00:00:00+02:00";
		// Too far away by design of the clock: the refusal shows that it was understood.
		const reply = await service.post("/workflows", { type: waiting, id, startAt });
		expect(refusal(reply, 400, "VALIDATION_ERROR").message).toContain("ten years");
	});

	it("answers 200 for an instance that was there, by onConflict or Idempotency-Key", async () => {
		const id = freshId();
		const body = { type: waiting, id, onConflict: "return" };
		expect((await service.post("/workflows", body)).status).toBe(201);
		const again = await service.post("/workflows", body);
		expect(again.status).toBe(200);
		expect(again.body).toMatchObject({ id, type: waiting });
		const headers = { "Content-Type": "application/json", "Idempotency-Key": freshId() };
		const keyed = (payload: number) =>
			service.request("POST", "/workflows", {
				headers,
				body: JSON.stringify({ type: waiting, payload }),
			});
		const first = await keyed(1);
		const second = await keyed(1);
		expect([first.status, second.status]).toEqual([201, 200]);
		expect(second.body).toMatchObject({ id: (first.body as { id: string }).id });
		refusal(await keyed(2), 422, "IDEMPOTENCY_CONFLICT");
	});

	it("starts or signals in one call", async () => {
		const id = freshId();
		const body = { type: waiting, id, event: { name: "go", payload: 7 } };
		expect((await service.post("/workflows", body)).status).toBe(201);
		await expect
			.poll(async () => (await service.get(`/workflows/${id}`)).body)
			.toMatchObject({ status: "completed", result: 7 });
		refusal(await service.post("/workflows", body), 409, "INSTANCE_FINISHED");
	});

	it.each<[string, Record<string, unknown>, string]>([
		["attributes of booleans", { attributes: { a: true } }, "attributes.a"],
		["a priority that is no whole number", { priority: 0.5 }, "priority"],
		["a priority past the limit", { priority: LIMITS.priority + 1 }, "priority"],
		["a date without a time zone", { startAt: "2150-01-01T00:00:00" }, "startAt"],
		["a delay that is none", { delay: "soon" }, "delay"],
		["delay and startAt", { delay: 1, startAt: 1 }, "startAt"],
		["another onConflict", { onConflict: "replace" }, "onConflict"],
		["an event without a name", { event: { payload: 1 } }, "event.name"],
		["an unknown field", { retries: 3 }, "retries"],
	])("refuses %s, naming it", async (_what, fields, path) => {
		const id = freshId();
		const reply = await service.post("/workflows", { type: waiting, id, ...fields });
		const { message, details } = refusal(reply, 400, "VALIDATION_ERROR");
		expect(`${message} ${JSON.stringify(details)}`).toContain(path);
		refusal(await service.get(`/workflows/${id}`), 404, "INSTANCE_NOT_FOUND");
	});
});

describe("POST /workflows/:id/restart", () => {
	it("begins another run, and the one before stays readable", async () => {
		const { id } = await failed();
		const reply = await service.post(`/workflows/${id}/restart`, {
			from: "rate",
			reason: "the rate is there now",
		});
		expect(reply.body).toStrictEqual({ id, status: "running" });
		await expect
			.poll(async () => (await service.get(`/workflows/${id}`)).body)
			.toMatchObject({ status: "errored", run: 2 });
		const { body } = await service.get(`/workflows/${id}?include=runs,audit`);
		expect(body).toMatchObject({
			runs: [{ run: 1, status: "errored", error: "no rate", steps: [{ key: "rate" }] }],
			audit: [
				{ action: "create" },
				{ action: "restart", reason: "the rate is there now", detail: { from: "rate" } },
			],
		});
	});

	it("from an unknown step is a 404 that names the steps there are", async () => {
		const { id } = await failed();
		const reply = await service.post(`/workflows/${id}/restart`, { from: "nowhere" });
		expect(refusal(reply, 404, "STEP_NOT_FOUND").message).toContain('"rate"');
	});
});

describe("POST /workflows/:id/repair", () => {
	it("gives a failed step its output", async () => {
		const { id } = await failed();
		const body = { action: "set-output", step: "rate", output: { eur: 7 } };
		const headers = { "Content-Type": "application/json", "X-Actor": "ada" };
		const init = { headers, body: JSON.stringify(body) };
		await service.request("POST", `/workflows/${id}/repair`, init);
		await expect
			.poll(async () => (await service.get(`/workflows/${id}?include=audit`)).body)
			.toMatchObject({
				status: "completed",
				result: { rate: { eur: 7 } },
				audit: [{}, { actor: "ada", action: "set-output", detail: { step: "rate" } }],
			});
	});

	it.each<[string, unknown, string]>([
		["an unknown action", { action: "undo", step: "rate" }, "action"],
		["no step", { action: "skip" }, "step"],
		["an output where none is taken", { action: "fire-sleep", step: "x", output: 1 }, "output"],
		["no output where one is needed", { action: "set-output", step: "x" }, "output"],
	])("refuses %s", async (_what, body, path) => {
		const { id } = await failed();
		const reply = await service.post(`/workflows/${id}/repair`, body);
		expect(refusal(reply, 400, "VALIDATION_ERROR").message).toContain(path);
	});
});

describe("DELETE /workflows/:id", () => {
	it("forgets an ended instance, once", async () => {
		const { id } = await failed();
		clock.advance(1);
		const reply = await service.request("DELETE", `/workflows/${id}`);
		expect(reply.body).toStrictEqual({ id, status: "deleted" });
		refusal(await service.get(`/workflows/${id}`), 404, "INSTANCE_NOT_FOUND");
		refusal(await service.request("DELETE", `/workflows/${id}`), 404, "INSTANCE_NOT_FOUND");
	});

	it("of one that has not ended is a 409 that says what to do", async () => {
		const { id } = await service.create(waiting);
		const reply = await service.request("DELETE", `/workflows/${id}`);
		expect(refusal(reply, 409, "ILLEGAL_STATUS_CHANGE").message).toContain("terminate it");
	});
});

describe("GET /workflows/:id?include", () => {
	it("of something else is a 400 that says what there is", async () => {
		const { id } = await service.create(waiting);
		const reply = await service.get(`/workflows/${id}?include=audit,secrets`);
		expect(refusal(reply, 400, "VALIDATION_ERROR").message).toContain("audit");
	});
});
