/** Tokens that are for some types: what of the others they see (nothing), and change (nothing). */
import { describe, expect, it } from "vitest";
import { jobName } from "../../src/model/ids";
import type { Schema } from "../../src/model/standard-schema";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { freshId, NOTHING, refusal, storedIn } from "./support-service";
import { Client, serviceWith } from "./support-tokens";

const waits = (type: string) => define(async (step) => step.waitForEvent("go"), { type });
const order = waits("order");
const invoice = waits("billing-invoice");
const refund = waits("billing-refund");
const shipping = waits("shipping");
const TYPES = [order, invoice, refund, shipping];
const MINE = [order, invoice, refund];

const service = serviceWith(TYPES, [
	{ name: "ci", role: "admin", types: ["order", "billing-*"] },
	{ name: "all", role: "admin" },
	{ name: "stranger", role: "admin", types: ["none-*"] },
	{ name: "noded", role: "author", nodes: ["log", "http-*"] },
]);
const ci = new Client(service, "ci");
const all = new Client(service, "all");
const stranger = new Client(service, "stranger");

/** A schema that takes everything, once it may. */
function slowly(isTime: () => boolean): Schema {
	const validate = async (value: unknown) => {
		while (!isTime()) await clock.turn();
		return { value };
	};
	return { "~standard": { version: 1, vendor: "test", validate } };
}

async function created(type: string, id = freshId()): Promise<string> {
	expect((await all.post("/workflows", { type, id })).status).toBe(201);
	await new TestInstance(id).until("waiting");
	return id;
}

async function listedAs(id: string, type: string): Promise<void> {
	const ids = async () =>
		(
			(await all.get(`/workflows?type=${type}&limit=1000`)).body as { instances: { id: string }[] }
		).instances.map((row) => row.id);
	await expect.poll(ids, { timeout: 10_000 }).toContain(id);
}

const TOUCHES: [method: string, rest: string, body?: object][] = [
	["GET", ""],
	["GET", "?steps=false"],
	["GET", "/logs"],
	["GET", "/stream"],
	["POST", "/pause"],
	["POST", "/resume"],
	["POST", "/terminate"],
	["POST", "/restart", {}],
	["POST", "/repair", { action: "skip", step: "go" }],
	["POST", "/events/go", { a: 1 }],
	["DELETE", ""],
];

describe("an instance of another type", () => {
	it.each(TOUCHES)(
		"%s /workflows/:id%s is a 403, and changes nothing",
		async (method, rest, body) => {
			const id = await created(shipping);
			const instance = new TestInstance(id);
			const before = [await storedIn(id), await instance.sql("SELECT * FROM workflow")];
			const reply = await ci.send(method, `/workflows/${id}${rest}`, body);
			const { message, details } = refusal(reply, 403, "FORBIDDEN");
			expect(message).toContain("order, billing-*");
			expect(details).toEqual({ allowed: ["order", "billing-*"] });
			expect(reply.text).not.toContain(shipping);
			expect([await storedIn(id), await instance.sql("SELECT * FROM workflow")]).toEqual(before);
			expect(await instance.sql("SELECT * FROM events")).toEqual([]);
			expect(
				(await all.send(method, `/workflows/${id}${rest === "/stream" ? "" : rest}`, body)).status,
			).not.toBe(403);
		},
	);

	it.each(TOUCHES)(
		"%s /workflows/:id%s of an unknown id is a 404, and leaves nothing",
		async (method, rest, body) => {
			const id = freshId();
			refusal(await ci.send(method, `/workflows/${id}${rest}`, body), 404, "INSTANCE_NOT_FOUND");
			expect(await storedIn(id)).toEqual(NOTHING);
		},
	);

	it("cannot be created, nor is its id told from a free one by its type", async () => {
		const asked = service.asked.length;
		refusal(await ci.post("/workflows", { type: shipping, id: freshId() }), 403, "FORBIDDEN");
		refusal(await ci.post("/workflows", { type: "unknown", id: freshId() }), 403, "FORBIDDEN");
		expect(service.asked.length).toBe(asked);
		const id = await created(shipping);
		const reply = await ci.post("/workflows", { type: order, id, onConflict: "return" });
		refusal(reply, 403, "FORBIDDEN");
		expect(reply.text).not.toContain(shipping);
	});

	it("is not named to who wanted its id at the same moment", async () => {
		const id = freshId();
		const [first, second] = await Promise.all([
			all.post("/workflows", { type: shipping, id }),
			ci.post("/workflows", { type: order, id }),
		]);
		expect(first.status).toBe(201);
		refusal(second, 403, "FORBIDDEN");
		expect(second.text).not.toContain(shipping);
	});

	it("is refused to an event whose check took until the id was another's", async () => {
		let isChecked = false;
		const slow = define(async (step) => step.waitForEvent("go"), {
			type: "billing-slow",
			events: new Map([["go", slowly(() => isChecked)]]),
		});
		const own = serviceWith(
			[...TYPES, slow],
			[{ name: "ci", role: "operator", types: ["billing-*"] }],
		);
		const client = new Client(own, "ci");
		const id = freshId();
		await client.post("/workflows", { type: slow, id });
		const instance = new TestInstance(id);
		await instance.until("waiting");
		const sent = client.post(`/workflows/${id}/events/go`, 1);
		await client.post(`/workflows/${id}/terminate`);
		await client.send("DELETE", `/workflows/${id}`);
		await created(shipping, id);
		isChecked = true;
		refusal(await sent, 404, "INSTANCE_NOT_FOUND");
		expect((await instance.status()).status).toBe("waiting");
		expect(await instance.sql("SELECT * FROM events")).toEqual([]);
	});
});

describe("what names a type", () => {
	it.each([
		["GET", "/workflows?type=shipping"],
		["GET", "/workflows?type=order,shipping"],
		["GET", "/workflows?type=unknown"],
		["GET", "/workflows/stats?type=shipping"],
		["GET", "/stream?type=shipping"],
		["GET", "/types/shipping"],
		["GET", "/types/unknown"],
		["GET", "/types/shipping/graph"],
		["GET", "/types/shipping/breakers"],
		["POST", "/types/shipping/breakers/x/reset", {}],
		["PATCH", "/types/shipping", { status: "inactive" }],
		["GET", "/schedules?type=shipping"],
		["GET", "/schedules/shipping:nightly"],
		["POST", "/schedules/shipping:nightly/pause"],
		["POST", "/schedules/shipping:nightly/trigger"],
		["DELETE", "/schedules/shipping:nightly"],
		["POST", "/schedules", { type: "shipping", cron: "0 0 * * *" }],
		["POST", "/workflows/bulk", { action: "pause", filter: { type: "shipping" } }],
		["POST", "/workflows/bulk", { action: "pause", filter: { type: ["order", "shipping"] } }],
		["POST", "/workflows/cleanup", { olderThan: "1d", type: "shipping" }],
		["GET", "/admin/reindex?type=shipping"],
		["POST", "/admin/reindex", { type: "shipping" }],
	] as const)("%s %s is a 403 and asks no object", async (method, path, body?: unknown) => {
		const asked = service.asked.length;
		refusal(await ci.send(method, path, body), 403, "FORBIDDEN");
		expect(service.asked.slice(asked)).toEqual([]);
	});

	it("is refused item by item in a batch", async () => {
		const [mine, other] = [freshId(), freshId()];
		const items = [
			{ type: order, id: mine },
			{ type: shipping, id: other },
		];
		const { status, body } = await ci.post("/workflows/batch", { items });
		expect(status).toBe(200);
		expect(body).toMatchObject({
			results: [{ id: mine, created: true }, { error: { code: "FORBIDDEN" } }],
		});
		expect(await storedIn(other)).toEqual(NOTHING);
	});
});

describe("what names none", () => {
	it("lists, counts and shows the types of the token", async () => {
		const [mine, other] = [await created(order), await created(shipping)];
		await listedAs(mine, order);
		await listedAs(other, shipping);
		const listing = (await ci.get("/workflows?limit=1000")).body as {
			workflows: { type: string }[];
		};
		expect(listing.workflows.map(({ type }) => type)).toEqual(MINE);
		expect(JSON.stringify(listing)).toContain(mine);
		expect(JSON.stringify(listing)).not.toContain(`"${other}"`);
		const stats = (await ci.get("/workflows/stats")).body as { workflows: { type: string }[] };
		expect(stats.workflows.map(({ type }) => type)).toEqual(MINE);
		const { types } = (await ci.get("/types")).body as { types: { name: string }[] };
		expect(types.map(({ name }) => name)).toEqual(MINE);
		refusal(await ci.get("/workflows?type=order-2"), 403, "FORBIDDEN");
		const unknown = refusal(await ci.get("/workflows?type=billing-x"), 400, "UNKNOWN_TYPE");
		expect(unknown.message).toContain("order, billing-invoice, billing-refund");
		expect(unknown.message).not.toContain(shipping);
		expect(refusal(await ci.get("/types/billing-x"), 404, "UNKNOWN_TYPE").message).not.toContain(
			shipping,
		);
	});

	it("lists schedules of the types of the token", async () => {
		for (const type of [order, shipping]) {
			const body = { type, name: "yearly", cron: "0 0 1 1 *" };
			expect((await all.post("/schedules", body)).status).toBe(201);
		}
		const { schedules } = (await ci.get("/schedules")).body as { schedules: { id: string }[] };
		expect(schedules.map(({ id }) => id)).toEqual(["order:yearly"]);
		for (const type of [order, shipping]) await all.send("DELETE", `/schedules/${type}:yearly`);
	});

	it("is nothing for a token whose types are none of the service's", async () => {
		expect((await stranger.get("/workflows")).body).toEqual({ workflows: [], nextCursor: null });
		expect((await stranger.get("/types")).body).toEqual({ types: [] });
		expect((await stranger.get("/schedules")).body).toEqual({ schedules: [] });
		expect((await stranger.get("/workflows/stats")).status).toBe(200);
		expect((await stranger.get("/stream")).text).toBe("");
		const body = { action: "pause", filter: { status: "running" } };
		refusal(await stranger.post("/workflows/bulk", body), 400, "VALIDATION_ERROR");
	});

	it("gives cursors that go on, and are only for the same types", async () => {
		await listedAs(await created(order), order);
		await listedAs(await created(invoice), invoice);
		const first = (await ci.get("/workflows?limit=1")).body as { nextCursor: string };
		expect((await ci.get(`/workflows?limit=1&cursor=${first.nextCursor}`)).status).toBe(200);
		const reply = await all.get(`/workflows?limit=1&cursor=${first.nextCursor}`);
		refusal(reply, 400, "VALIDATION_ERROR");
	});
});

describe("a bulk job", () => {
	const DAY = 86_400_000;

	it("of such a token works through its types, and is not shown to one of other types", async () => {
		const body = { action: "terminate", filter: { createdBefore: 1 } };
		const job = (await ci.post("/workflows/bulk", body)).body as { id: string; filter: object };
		expect(job.filter).toMatchObject({ type: MINE });
		expect((await ci.get(`/bulk/${job.id}`)).status).toBe(200);
		refusal(await stranger.get(`/bulk/${job.id}`), 403, "FORBIDDEN");
		refusal(await stranger.post(`/bulk/${job.id}/stop`), 403, "FORBIDDEN");
		expect((await ci.get(`/bulk/${job.id}`)).body).toMatchObject({ status: "running" });
		const wide = (await all.post("/workflows/bulk", body)).body as { id: string };
		refusal(await ci.post(`/bulk/${wide.id}/stop`), 403, "FORBIDDEN");
		for (const { id } of [job, wide]) await all.post(`/bulk/${id}/stop`);
		clock.advance(31 * DAY);
	});

	it("leaves an instance alone that was given the id of one that is gone", async () => {
		const id = await created(order);
		await listedAs(id, order);
		const body = { action: "terminate", filter: { type: "order", idPrefix: id } };
		const job = (await ci.post("/workflows/bulk", body)).body as { id: string };
		const object = new TestInstance(jobName(job.id));
		// The page is found, its ids are written down, and none is asked yet.
		await all.post(`/workflows/${id}/terminate`);
		await all.send("DELETE", `/workflows/${id}`);
		await created(shipping, id);
		await object.sql(`UPDATE job SET pending = '["${id}"]', is_last = 1`);
		await object.evict();
		for (;;) {
			const { status, skipped } = (await all.get(`/bulk/${job.id}`)).body as {
				status: string;
				skipped: number;
			};
			if (status !== "running") {
				expect([status, skipped]).toEqual(["completed", 1]);
				break;
			}
			clock.advance(60_000);
			await object.fireAlarm();
		}
		expect((await new TestInstance(id).status()).status).toBe("waiting");
	});
});
