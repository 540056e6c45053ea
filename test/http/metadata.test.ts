/** `PATCH /workflows/:id/metadata`: what is set from outside, and what is refused. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { define } from "../support/lab";
import { freshId, NOTHING, type Reply, refusal, Service, storedIn } from "./support-service";

const type = define(async (step) => {
	await step.setMetadata({ stage: "begun", kept: [1] });
	await step.waitForEvent("go");
	return step.do("see", ({ metadata }) => metadata);
});
const service = new Service([type]);

function patch(id: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
	return service.request("PATCH", `/workflows/${id}/metadata`, {
		headers: { "Content-Type": "application/json", ...headers },
		body: typeof body === "string" ? body : JSON.stringify(body),
	});
}

async function waiting() {
	const instance = await service.create(type);
	await instance.until("waiting");
	return instance;
}

describe("PATCH /workflows/:id/metadata", () => {
	it("sets what is named, takes away what is null, and answers with all there is", async () => {
		const instance = await waiting();
		const { id } = instance;
		const reply = await patch(id, {
			metadata: { stage: null, note: { by: "me", lines: [null] }, kept: { another: 1 } },
			reason: "a customer called",
		});
		const metadata = { note: { by: "me", lines: [null] }, kept: { another: 1 } };
		expect(reply.status).toBe(200);
		expect(reply.body).toStrictEqual({ id, status: "waiting", metadata });
		expect((await service.get(`/workflows/${id}?include=audit`)).body).toMatchObject({
			metadata,
			audit: [
				{ action: "create" },
				{ actor: "api", action: "set-metadata", reason: "a customer called" },
			],
		});
		await instance.event("go");
		expect((await instance.until("completed")).result).toEqual(metadata);
		const late = await patch(id, { metadata: { note: null, "": "ended" } });
		expect(late.body).toStrictEqual({
			...{ id, status: "completed" },
			metadata: { kept: { another: 1 }, "": "ended" },
		});
	});

	it("is made once for its Idempotency-Key, also after an eviction", async () => {
		const instance = await waiting();
		const headers = { "Idempotency-Key": "k-1", "X-Actor": "ops" };
		const first = await patch(instance.id, { metadata: { n: 1 } }, headers);
		expect(first.status).toBe(200);
		await patch(instance.id, { metadata: { n: 2 } });
		await instance.evict();
		const again = await patch(instance.id, { metadata: { n: 1 } }, headers);
		expect(again.body).toMatchObject({ status: "waiting", metadata: { n: 2 } });
		refusal(await patch(instance.id, { metadata: { n: 3 } }, headers), 422, "IDEMPOTENCY_CONFLICT");
		const reply = await service.request("POST", `/workflows/${instance.id}/pause`, { headers });
		refusal(reply, 422, "IDEMPOTENCY_CONFLICT");
		const { body } = await service.get(`/workflows/${instance.id}?include=audit`);
		expect(body).toMatchObject({
			status: "waiting",
			metadata: { n: 2 },
			audit: [{ action: "create" }, { actor: "ops", action: "set-metadata" }, { actor: "api" }],
		});
	});

	it("of an unknown instance is a 404 that leaves no trace", async () => {
		const id = freshId();
		const { executionId } = refusal(
			await patch(id, { metadata: { a: 1 } }),
			404,
			"INSTANCE_NOT_FOUND",
		);
		expect(executionId).toBe(id);
		expect(await storedIn(id)).toEqual(NOTHING);
	});

	it.each<[string, unknown, string]>([
		["no metadata", {}, "metadata"],
		["null", { metadata: null }, "metadata"],
		["a list", { metadata: [1] }, "metadata"],
		["a text", { metadata: "a" }, "metadata"],
		["an unknown field", { metadata: {}, status: "completed" }, "status"],
		["a body that is a list", [], "body"],
		["what is no JSON", "{", "JSON"],
		["a reason that is none", { metadata: {}, reason: 1 }, "reason"],
	])("refuses %s, and changes nothing", async (_, body, path) => {
		const { id } = await waiting();
		const { message, details } = refusal(await patch(id, body), 400, "VALIDATION_ERROR");
		expect(`${message} ${JSON.stringify(details)}`).toContain(path);
		expect((await service.get(`/workflows/${id}?include=audit`)).body).toMatchObject({
			metadata: { stage: "begun", kept: [1] },
			audit: [{ action: "create" }],
		});
	});

	it("refuses what cannot be stored, naming it", async () => {
		const { id } = await waiting();
		const { message } = refusal(
			await patch(id, '{"metadata":{"__proto__":1}}'),
			400,
			"VALUE_NOT_STORABLE",
		);
		expect(message).toContain("__proto__");
	});

	it("takes as much as metadata may be with what is there, and nothing past it", async () => {
		const { id } = await waiting();
		const before = JSON.stringify({ stage: "begun", kept: [1], text: "" }).length + 1;
		const text = "x".repeat(LIMITS.metadataBytes - before);
		refusal(await patch(id, { metadata: { text: `${text}x` } }), 413, "VALUE_TOO_LARGE");
		expect((await patch(id, { metadata: { text } })).status).toBe(200);
		refusal(await patch(id, { metadata: { one: 1 } }), 413, "VALUE_TOO_LARGE");
		const body = `{"metadata":{"a":"${"x".repeat(LIMITS.requestBodyBytes)}"}}`;
		refusal(await patch(id, body), 413, "BODY_TOO_LARGE");
		refusal(
			await patch(id, { metadata: {} }, { "Content-Type": "text/plain" }),
			415,
			"UNSUPPORTED_MEDIA_TYPE",
		);
	});
});
