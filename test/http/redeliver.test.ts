/** Receivers over HTTP: how far they are, and what they could not be told, sent again. */
import { describe, expect, it } from "vitest";
import { clock, define } from "../support/lab";
import { Listener, quiet } from "../support/receivers";
import { refusal, Service } from "./support-service";

const listener = new Listener();
const type = define(async () => "done", {
	handlers: [listener.handler(["workflow.completed"], { retries: { limit: 1 } })],
});
const service = new Service([type]);

async function failed() {
	listener.heard.splice(0);
	listener.reactions = ["fail"];
	const instance = await service.create(type);
	await instance.until("completed");
	await listener.until(1);
	await quiet(instance);
	return instance;
}

describe("GET /workflows/:id?include=deliveries", () => {
	it("answers how far each receiver is, and its dead letters", async () => {
		const { id } = await failed();
		const { body } = await service.get(`/workflows/${id}?include=deliveries`);
		expect(body).toMatchObject({
			deliveries: {
				receivers: [
					{
						receiver: "on:workflow.completed",
						url: null,
						events: ["workflow.completed"],
						isBehind: false,
						isDown: true,
						retryAt: null,
						error: "not now",
					},
				],
				deadLetters: [
					{
						receiver: "on:workflow.completed",
						id: listener.ids[0],
						name: "workflow.completed",
						data: { instanceId: id, output: "done" },
						attempts: 1,
						error: "not now",
						diedAt: clock.now(),
					},
				],
				deadLettersOmitted: 0,
			},
		});
	});

	it("says nothing of it unless it is asked for", async () => {
		const { id } = await failed();
		expect((await service.get(`/workflows/${id}`)).body).not.toHaveProperty("deliveries");
	});
});

describe("POST /workflows/:id/redeliver", () => {
	it("sends dead letters again, and shows in the audit", async () => {
		const instance = await failed();
		const { id } = instance;
		const reply = await service.post(`/workflows/${id}/redeliver`, { reason: "it is up" });
		expect([reply.status, reply.body]).toEqual([200, { id, status: "completed" }]);
		await listener.until(2);
		await quiet(instance);
		const { body } = await service.get(`/workflows/${id}?include=deliveries,audit`);
		expect(body).toMatchObject({
			deliveries: { deadLetters: [], receivers: [{ isDown: false }] },
			audit: [{ action: "create" }, { action: "redeliver", actor: "api", reason: "it is up" }],
		});
	});

	it("is refused for a receiver that is none, a body that is none, and an instance that is none", async () => {
		const { id } = await failed();
		const path = `/workflows/${id}/redeliver`;
		refusal(await service.post(path, { receiver: "webhook:1" }), 400, "VALIDATION_ERROR");
		refusal(await service.post(path, { receiver: 1 }), 400, "VALIDATION_ERROR");
		refusal(await service.post(path, { letter: 1 }), 400, "VALIDATION_ERROR");
		refusal(await service.post("/workflows/nobody/redeliver", {}), 404, "INSTANCE_NOT_FOUND");
		expect((await service.get(path)).status).toBe(405);
	});
});
