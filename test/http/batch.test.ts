/** `POST /workflows/batch`: many creates in one request, each with its own outcome. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const echo = () => define(async (_, payload) => payload);
const resultsOf = (body: unknown) =>
	z.strictObject({ results: z.array(z.record(z.string(), z.unknown())) }).parse(body).results;

describe("POST /workflows/batch", () => {
	it("creates each item, and answers in their order", async () => {
		const [a, b] = [echo(), echo()];
		const service = new Service([a, b]);
		const items = [
			{ type: a, id: "batch-1", payload: { n: 1 } },
			{ type: b },
			{ type: a, id: "batch-3", attributes: { team: "x" }, delay: "1h" },
		];
		const reply = await service.post("/workflows/batch", { items });
		expect(reply.status).toBe(200);
		const results = resultsOf(reply.body);
		expect(results).toEqual([
			{ id: "batch-1", type: a, status: "running", created: true },
			{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: b, status: "running", created: true },
			{ id: "batch-3", type: a, status: expect.any(String), created: true },
		]);
		expect((await new TestInstance("batch-1").until("completed")).result).toEqual({ n: 1 });
		expect((await new TestInstance("batch-3").status()).status).not.toBe("completed");
	});

	it("has an error in the place of a bad item, and creates the others", async () => {
		const type = define(async () => null, { payload: z.object({ n: z.number() }) });
		const service = new Service([type]);
		await service.create(type, { n: 0 }, "batch-taken");
		const items = [
			{ type, id: "batch-good", payload: { n: 1 } },
			{ type, id: "_bad" },
			{ type: "nobody" },
			{ type, id: "batch-taken", payload: { n: 2 } },
			{ type, id: "batch-payload", payload: { n: "2" } },
			{ type, unknown: 1 },
			7,
			{ type, id: "batch-last", payload: { n: 3 } },
		];
		const results = resultsOf((await service.post("/workflows/batch", { items })).body);
		const code = (code: string) => ({ error: expect.objectContaining({ code }) });
		expect(results).toEqual([
			expect.objectContaining({ id: "batch-good" }),
			code("VALIDATION_ERROR"),
			code("UNKNOWN_TYPE"),
			code("INSTANCE_EXISTS"),
			code("VALIDATION_ERROR"),
			code("VALIDATION_ERROR"),
			code("VALIDATION_ERROR"),
			expect.objectContaining({ id: "batch-last" }),
		]);
		expect(results[5]).toMatchObject({ error: { details: { issues: [{ path: "item" }] } } });
		expect(await storedIn("batch-payload")).toEqual(NOTHING);
	});

	it("asked for again with its Idempotency-Key creates nothing more", async () => {
		const type = echo();
		const service = new Service([type]);
		const ask = async (items: unknown[]) => {
			const headers = { "Content-Type": "application/json", "Idempotency-Key": "once" };
			const body = JSON.stringify({ items });
			return resultsOf((await service.request("POST", "/workflows/batch", { headers, body })).body);
		};
		const items = [{ type }, { type }, { type, id: "batch-keyed" }];
		const first = await ask(items);
		clock.advance(1_000);
		const second = await ask(items);
		expect(new Set(first.map(({ id }) => id)).size).toBe(3);
		expect(second.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
		expect(second.map(({ created }) => created)).toEqual([false, false, false]);
	});

	it("takes as many items as its limit, and refuses one more with nothing created", async () => {
		const type = echo();
		const service = new Service([type]);
		const items = Array.from({ length: LIMITS.batchItems + 1 }, (_, n) => ({ type, id: `b-${n}` }));
		const error = refusal(
			await service.post("/workflows/batch", { items }),
			400,
			"VALIDATION_ERROR",
		);
		expect(error.details).toEqual({ path: "items" });
		expect(error.message).toContain("101");
		expect(service.asked).toEqual([]);
		const { body } = await service.post("/workflows/batch", { items: items.slice(1) });
		const results = resultsOf(body);
		expect(results.map(({ id }) => id)).toEqual(items.slice(1).map(({ id }) => id));
	});

	it.each([
		[{}, "items"],
		[{ items: {} }, "items"],
		[{ items: [], more: 1 }, "body"],
	])("refuses %j", async (body, path) => {
		const service = new Service([echo()]);
		const reply = await service.post("/workflows/batch", body);
		expect(issuePaths(refusal(reply, 400, "VALIDATION_ERROR"))).toContain(path);
	});

	it("refuses no items", async () => {
		const reply = await new Service([echo()]).post("/workflows/batch", { items: [] });
		expect(refusal(reply, 400, "VALIDATION_ERROR").details).toEqual({ path: "items" });
	});

	it("takes POST only", async () => {
		const reply = await new Service([echo()]).request("PUT", "/workflows/batch");
		refusal(reply, 405, "METHOD_NOT_ALLOWED");
	});
});
