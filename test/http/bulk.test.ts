/** `/workflows/bulk`, `/workflows/cleanup` and `/bulk`: jobs over real instances. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { BulkJob } from "../../src/model/bulk";
import { jobName } from "../../src/model/ids";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { freshId, issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const DAY = 86_400_000;
const waits = () => define(async (step) => step.waitForEvent("go"));

/** A service with a type of instances that wait, listed with that status. */
async function serviceWith(
	count: number,
): Promise<{ service: Service; type: string; ids: string[] }> {
	const type = waits();
	const service = new Service([type]);
	const ids = Array.from({ length: count }, freshId);
	await service.post("/workflows/batch", { items: ids.map((id) => ({ type, id })) });
	clock.advance(1);
	await listed(service, type, "waiting", count);
	return { service, type, ids };
}

async function listed(service: Service, type: string, status: string, count: number) {
	const path = `/workflows?type=${type}&status=${status}&limit=1000`;
	const seen = async () =>
		((await service.get(path)).body as { instances: unknown[] }).instances.length;
	await expect.poll(seen, { timeout: 10_000 }).toBe(count);
}

async function start(service: Service, path: string, body: object): Promise<BulkJob> {
	const reply = await service.post(path, body);
	expect(reply.status, reply.text).toBe(202);
	return reply.body as BulkJob;
}

/** Fires one alarm of the job, at its time. */
async function wake(id: string): Promise<void> {
	const object = new TestInstance(jobName(id));
	clock.advance(Math.max(0, ((await object.alarmAt()) ?? 0) - clock.now()));
	await runInDurableObject(object.stub, async (instance, { storage }) => {
		await storage.deleteAlarm();
		await instance.alarm?.();
	});
}

async function show(service: Service, id: string): Promise<BulkJob> {
	return (await service.get(`/bulk/${id}`)).body as BulkJob;
}

async function finish(service: Service, { id }: BulkJob): Promise<BulkJob> {
	for (;;) {
		const job = await show(service, id);
		if (job.status !== "running") return job;
		await wake(id);
	}
}

describe("POST /workflows/bulk", () => {
	it("is answered with the job, which tells how far it is", async () => {
		const { service, type, ids } = await serviceWith(3);
		const job = await start(service, "/workflows/bulk", {
			action: "terminate",
			filter: { type },
			reason: "wrong data",
		});
		const begun = {
			id: expect.stringMatching(/^[0-9a-f-]{36}$/),
			action: "terminate",
			filter: { type: [type] },
			event: null,
			actor: "api",
			reason: "wrong data",
			dryRun: false,
			status: "running",
			matched: 0,
			succeeded: 0,
			skipped: 0,
			failed: 0,
			errors: [],
			sample: [],
			createdAt: clock.now(),
			updatedAt: clock.now(),
			completedAt: null,
		};
		expect(job).toEqual(begun);
		expect(await show(service, job.id)).toEqual(job);
		const { completedAt, ...ended } = await finish(service, job);
		expect(ended).toMatchObject({ status: "completed", matched: 3, succeeded: 3 });
		expect(completedAt).toBe(clock.now());
		await listed(service, type, "terminated", 3);
		const audit = await new TestInstance(ids[1] ?? "").sql("SELECT * FROM audit");
		expect(audit).toMatchObject([
			{ action: "terminate", actor: `bulk:${job.id}`, reason: "wrong data", key: job.id },
		]);
	});

	it("skips those whose status does not allow it, and picks by status, prefix and time", async () => {
		const { service, type, ids } = await serviceWith(4);
		await service.post(`/workflows/${ids[0]}/pause`);
		await listed(service, type, "paused", 1);
		const resumed = await start(service, "/workflows/bulk", { action: "resume", filter: { type } });
		expect(await finish(service, resumed)).toMatchObject({ matched: 4, succeeded: 1, skipped: 3 });
		await listed(service, type, "waiting", 4);
		const filter = { type, status: ["waiting"], idPrefix: ids[1] };
		const paused = await start(service, "/workflows/bulk", { action: "pause", filter });
		expect(await finish(service, paused)).toMatchObject({ matched: 1, succeeded: 1 });
		const later = { type, createdAfter: new Date(clock.now() + 1).toISOString() };
		const none = await start(service, "/workflows/bulk", { action: "pause", filter: later });
		expect(await finish(service, none)).toMatchObject({ status: "completed", matched: 0 });
	});

	it("finds instances by attribute, over all shards of all types, in order of creation", async () => {
		const [a, b] = [define(async (step) => step.waitForEvent("go"), { shards: 3 }), waits()];
		const service = new Service([a, b]);
		const ids: string[] = [];
		for (let n = 0; n < 12; n++) {
			const [id, type] = [freshId(), n % 3 === 0 ? b : a];
			const attributes = { team: n % 2 === 0 ? "even" : "odd", n };
			await service.post("/workflows", { type, id, attributes });
			if (n % 2 === 0) ids.push(id);
			clock.advance(1);
		}
		await listed(service, a, "waiting", 8);
		await listed(service, b, "waiting", 4);
		const filter = { attributes: { team: "even" } };
		const body = { action: "terminate", filter, dryRun: true };
		const dry = await finish(service, await start(service, "/workflows/bulk", body));
		expect(dry.sample).toEqual(ids);
		const job = await start(service, "/workflows/bulk", { ...body, dryRun: false });
		expect(await finish(service, job)).toMatchObject({ matched: 6, succeeded: 6 });
		for (const id of ids) await new TestInstance(id).until("terminated");
		await listed(service, a, "waiting", 4);
		await listed(service, b, "waiting", 2);
	});

	it("restarts and deletes", async () => {
		const { service, type, ids } = await serviceWith(3);
		await service.post(`/workflows/${ids[0]}/terminate`);
		await listed(service, type, "terminated", 1);
		const filter = { type, status: "terminated" };
		await finish(service, await start(service, "/workflows/bulk", { action: "restart", filter }));
		await new TestInstance(ids[0] ?? "").until("waiting");
		await service.post(`/workflows/${ids[1]}/terminate`);
		await listed(service, type, "terminated", 1);
		const job = await start(service, "/workflows/bulk", { action: "delete", filter: { type } });
		expect(await finish(service, job)).toMatchObject({ matched: 3, succeeded: 1, skipped: 2 });
		refusal(await service.get(`/workflows/${ids[1]}`), 404, "INSTANCE_NOT_FOUND");
	});

	it("as a dry run counts and shows ids, and changes nothing", async () => {
		const { service, type, ids } = await serviceWith(25);
		const job = await start(service, "/workflows/bulk", {
			action: "terminate",
			filter: { type },
			dryRun: true,
		});
		const { matched, sample, succeeded } = await finish(service, job);
		expect([matched, succeeded, sample.length]).toEqual([25, 0, 20]);
		expect(ids).toEqual(expect.arrayContaining(sample));
		await listed(service, type, "waiting", 25);
	});

	it("is stopped, twice alike, and stays so", async () => {
		const { service, type } = await serviceWith(3);
		const job = await start(service, "/workflows/bulk", { action: "pause", filter: { type } });
		const stop = () => service.post(`/bulk/${job.id}/stop`);
		const [first, second] = await Promise.all([stop(), stop()]);
		expect(first.body).toMatchObject({ status: "stopped", matched: 0, completedAt: clock.now() });
		expect(second.body).toEqual(first.body);
		expect(await finish(service, job)).toEqual(first.body);
		await listed(service, type, "waiting", 3);
	});

	it("is forgotten thirty days after its end", async () => {
		const { service, type } = await serviceWith(1);
		const job = await start(service, "/workflows/bulk", { action: "pause", filter: { type } });
		await finish(service, job);
		clock.advance(30 * DAY - 1_000);
		expect((await show(service, job.id)).status).toBe("completed");
		await wake(job.id);
		refusal(await service.get(`/bulk/${job.id}`), 404, "JOB_NOT_FOUND");
		// workerd keeps a table of its own.
		const { tables, alarmAt } = await storedIn(jobName(job.id));
		expect([tables.filter((name) => !name.startsWith("_cf_")), alarmAt]).toEqual([[], null]);
	});

	it.each([
		["action", { action: "explode", filter: { type: "t" } }],
		["filter", { action: "pause", filter: {} }],
		["filter", { action: "pause" }],
		["filter", { action: "pause", filter: { color: "red" } }],
		["filter.type", { action: "pause", filter: { type: [] } }],
		["filter.status", { action: "pause", filter: { status: "asleep" } }],
		["filter.createdAfter", { action: "pause", filter: { createdAfter: "yesterday" } }],
		["event.name", { action: "send-event", filter: { type: "t" }, event: {} }],
	])("refuses a bad %s: %j", async (path, body) => {
		const service = new Service([define(async () => null, { type: "t" })]);
		const reply = await service.post("/workflows/bulk", body);
		expect(issuePaths(refusal(reply, 400, "VALIDATION_ERROR"))).toContain(path);
		expect(service.asked).toEqual([]);
	});

	it.each([
		["idPrefix", { idPrefix: "_a" }],
		["createdAfter", { createdAfter: -1 }],
		["attributes.a b", { attributes: { "a b": 1 } }],
	])("refuses a filter by a bad %s: %j", async (path, filter) => {
		const service = new Service([waits()]);
		const reply = await service.post("/workflows/bulk", { action: "pause", filter });
		expect(refusal(reply, 400, "VALIDATION_ERROR").details).toEqual({ path });
		for (const name of service.asked) expect(await storedIn(name)).toEqual(NOTHING);
	});

	it("refuses an event without its action, the action without an event, and unknown types", async () => {
		const type = waits();
		const service = new Service([type]);
		for (const body of [
			{ action: "send-event", filter: { type } },
			{ action: "pause", filter: { type }, event: { name: "go" } },
		]) {
			const reply = await service.post("/workflows/bulk", body);
			expect(refusal(reply, 400, "VALIDATION_ERROR").details).toEqual({ path: "event" });
			for (const name of service.asked) expect(await storedIn(name)).toEqual(NOTHING);
		}
		const unknown = { action: "pause", filter: { type: [type, "nobody"] } };
		refusal(await service.post("/workflows/bulk", unknown), 400, "UNKNOWN_TYPE");
	});
});

describe("/bulk/:id", () => {
	it("of no job is a 404 that writes nothing", async () => {
		const service = new Service([waits()]);
		const id = "01975f00-0000-7000-8000-000000000000";
		refusal(await service.get(`/bulk/${id}`), 404, "JOB_NOT_FOUND");
		refusal(await service.post(`/bulk/${id}/stop`), 404, "JOB_NOT_FOUND");
		expect(service.asked).toEqual([jobName(id), jobName(id)]);
		expect(await storedIn(jobName(id))).toEqual(NOTHING);
		refusal(await service.get("/bulk/__index:x"), 400, "VALIDATION_ERROR");
		refusal(await service.post("/bulk/never-was/stop"), 400, "VALIDATION_ERROR");
		refusal(await service.request("DELETE", "/bulk/x"), 405, "METHOD_NOT_ALLOWED");
		refusal(await service.get("/bulk/x/stop"), 405, "METHOD_NOT_ALLOWED");
	});
});

describe("POST /workflows/cleanup", () => {
	it("deletes what ended longer ago than that, and nothing else", async () => {
		const { service, type, ids } = await serviceWith(3);
		await service.post(`/workflows/${ids[0]}/terminate`);
		clock.advance(7 * DAY);
		await service.post(`/workflows/${ids[1]}/terminate`);
		await listed(service, type, "terminated", 2);
		const body = { olderThan: "7d", type };
		const dry = await start(service, "/workflows/cleanup", { ...body, dryRun: true });
		clock.advance(1);
		const job = await start(service, "/workflows/cleanup", body);
		expect(job).toMatchObject({
			action: "delete",
			filter: {
				type: [type],
				status: ["completed", "errored", "timed_out", "terminated"],
				updatedBefore: clock.now() - 7 * DAY,
			},
		});
		expect(await finish(service, dry)).toMatchObject({ matched: 0 });
		expect(await finish(service, job)).toMatchObject({ matched: 1, succeeded: 1 });
		refusal(await service.get(`/workflows/${ids[0]}`), 404, "INSTANCE_NOT_FOUND");
		await listed(service, type, "terminated", 1);
	});

	it.each([
		["olderThan", {}],
		["status", { olderThan: "1d", status: "running" }],
		["status", { olderThan: "1d", status: ["completed", "waiting"] }],
		["body", { olderThan: "1d", id: "a" }],
	])("refuses a bad %s: %j", async (path, body) => {
		const service = new Service([waits()]);
		const error = refusal(await service.post("/workflows/cleanup", body), 400, "VALIDATION_ERROR");
		expect(issuePaths(error).map((found) => found.split(".")[0])).toContain(path);
		expect(service.asked).toEqual([]);
	});

	it("refuses what is no duration, and an unknown type", async () => {
		const service = new Service([waits()]);
		const bad = await service.post("/workflows/cleanup", { olderThan: "a while" });
		expect(refusal(bad, 400, "VALIDATION_ERROR").details).toEqual({ path: "olderThan" });
		const body = { olderThan: "1d", type: "nobody" };
		refusal(await service.post("/workflows/cleanup", body), 400, "UNKNOWN_TYPE");
	});
});
