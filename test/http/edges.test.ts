/** Requests at the edges that once got a wrong answer: each test is a fault that was found and mended. */
import { describe, expect, it } from "vitest";
import { clock, define } from "../support/lab";
import { freshId, issuePaths, refusal, Service } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const service = new Service([type]);

describe("an answer", () => {
	it("has a payload of null where none was given", async () => {
		const id = freshId();
		const reply = await service.post("/workflows", { type, id });
		expect([reply.status, reply.body]).toEqual([201, { id, type, status: "running" }]);
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({ payload: null });
	});

	it("has null for undefined, as the result of run() and of a step", async () => {
		const nothing = define(async (step) => {
			await step.do("nothing", () => undefined);
		});
		const service = new Service([nothing]);
		const instance = await service.create(nothing);
		await instance.until("completed");
		expect((await service.get(`/workflows/${instance.id}`)).body).toMatchObject({
			result: null,
			steps: [{ name: "nothing", result: null }],
		});
	});

	it("leaves out results past its limit and says so, rather than failing", async () => {
		const big = define(async (step) => {
			for (let n = 0; n < 20; n++) await step.do(`s${n}`, () => "x".repeat(1_800_000));
		});
		const service = new Service([big]);
		const instance = await service.create(big);
		const running = "SELECT 1 FROM workflow WHERE status = 'running'";
		while ((await instance.sql(running)).length > 0) await clock.turn();
		const reply = await service.get(`/workflows/${instance.id}`);
		expect(reply.status).toBe(200);
		const { steps } = reply.body as { steps: { result: string | null; resultOmitted?: true }[] };
		expect(steps).toHaveLength(20);
		expect(steps[0]?.result).toHaveLength(1_800_000);
		expect(steps[19]).toMatchObject({ result: null, resultOmitted: true });
	});
});

describe("a refusal", () => {
	it.each(["%zz", "100%", "%E0%A4"])("is for malformed percent-encoding: %s", async (event) => {
		const instance = await service.create(type);
		const reply = await service.post(`/workflows/${instance.id}/events/${event}`, 1);
		refusal(reply, 400, "VALIDATION_ERROR");
		expect(await instance.sql("SELECT event FROM events")).toEqual([]);
	});

	it("is for a body that is no UTF-8, and creates nothing", async () => {
		const service = new Service([type]);
		const text = new TextEncoder().encode(`{"type":"${type}","payload":"??"}`);
		const body = text.map((byte) => (byte === 0x3f ? 0xff : byte));
		refusal(await service.postText("/workflows", body), 400, "VALIDATION_ERROR");
		expect(service.asked).toEqual([]);
	});

	it("is for an event that is no UTF-8", async () => {
		const instance = await service.create(type);
		const body = new Uint8Array([0x22, 0xc3, 0x28, 0x22]);
		const reply = await service.postText(`/workflows/${instance.id}/events/go`, body);
		refusal(reply, 400, "VALIDATION_ERROR");
	});

	it("is for a query field that is given twice", async () => {
		const reply = await service.get("/workflows?limit=1&limit=abc");
		expect(issuePaths(refusal(reply, 400, "VALIDATION_ERROR"))).toEqual(["limit"]);
	});

	it.each(["pa$$word!", "two words", "pässword"])(
		"is for every request while API_TOKEN cannot be sent: %s",
		async (token) => {
			const service = new Service([type], { API_TOKEN: token });
			const error = refusal(await service.get("/workflows"), 503, "ACCESS_NOT_CONFIGURED");
			expect(error.message).toContain("API_TOKEN");
		},
	);

	it.each([
		["type", { type: "x".repeat(500_000), payload: 1 }],
		["field", { type, payload: 1, ["x".repeat(500_000)]: 1 }],
	])("does not repeat an unknown %s at length", async (_, body) => {
		const reply = await service.post("/workflows", body);
		expect([reply.status, reply.text.length < 2_000]).toEqual([400, true]);
	});

	it("of a creation names the id that was asked for", async () => {
		const { id } = await service.create(type);
		const reply = await service.post("/workflows", { type, id, payload: 1 });
		expect(refusal(reply, 409, "INSTANCE_EXISTS").executionId).toBe(id);
	});
});
