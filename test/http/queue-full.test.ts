/** What a client is told by a type with a limit. */
import { expect, it } from "vitest";
import { concurrencyPolicy } from "../../src/model/type-policy";
import { TestInstance } from "../support/instance";
import { define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

it("a client creates what waits for a slot, and is told to come back when the queue is full", async () => {
	const concurrency = concurrencyPolicy({ limit: 1, maxQueued: 1 });
	const type = define((step) => step.waitForEvent("go"), { concurrency });
	const service = new Service([type]);
	const first = await service.create(type);
	const id = freshId();
	const queued = await service.post("/workflows", { type, id });
	expect([queued.status, queued.body]).toEqual([201, { id, type, status: "created" }]);
	const third = freshId();
	const refused = refusal(await service.post("/workflows", { type, id: third }), 429, "QUEUE_FULL");
	expect(refused).toMatchObject({ details: { limit: 1 }, executionId: third });
	expect((await service.get(`/workflows/${third}`)).status).toBe(404);
	await first.event("go");
	const second = new TestInstance(id);
	await second.event("go");
	await second.until("completed");
	expect((await service.get(`/workflows/${id}`)).body).toMatchObject({ reason: null });
});
