/** `/types` and `/workflows/stats`: what the service says of its types, and what operators decide. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { typeConfig } from "../../src/model/type-config";
import { concurrencyPolicy, ratePolicy } from "../../src/model/type-policy";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { tell, update } from "../support/updates";
import { freshId, issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const HOUR = 3_600_000;
const ZERO = {
	created: 0,
	running: 0,
	sleeping: 0,
	waiting: 0,
	paused: 0,
	panicked: 0,
	completed: 0,
	errored: 0,
	timed_out: 0,
	terminated: 0,
};
const NO_ACTIVITY = { created: 0, completed: 0, failed: 0, terminated: 0 };

const waiting = () => define(async (step) => step.waitForEvent("go"));
const infos = z.object({ types: z.array(z.object({ name: z.string(), status: z.string() })) });

describe("GET /types/:type", () => {
	it("says all that a type declares, and what became of its instances", async () => {
		const type = define(async (step) => step.waitForEvent("go"), {
			version: "2.1",
			about: { description: "Ships it.", tags: ["shop"], metadata: { owner: "team-a" } },
			config: typeConfig({
				environment: "production",
				variables: { BATCH_SIZE: "100", regions: ["eu"] },
				secrets: { API_KEY: "env:AUTH" },
			}),
			payload: z.object({ name: z.string(), copies: z.number().default(1) }),
			concurrency: concurrencyPolicy({
				limit: 3,
				key: () => "k",
				total: 9,
				whileParked: "release",
				maxQueued: 50,
			}),
			rate: ratePolicy({ limit: 10, per: "1m" }),
			retentionMs: 7 * 24 * HOUR,
			timeoutMs: HOUR,
			shards: 2,
		});
		const service = new Service([waiting(), type]);
		await tell(type, [update({ id: "a", status: "errored", createdAt: 5, updatedAt: 5 })]);
		await tell(type, [update({ id: "b", createdAt: 7, updatedAt: 7 })], 1);
		expect((await service.get(`/types/${type}`)).body).toEqual({
			name: type,
			version: "2.1",
			description: "Ships it.",
			tags: ["shop"],
			metadata: { owner: "team-a" },
			config: {
				environment: "production",
				variables: { BATCH_SIZE: "100", regions: ["eu"] },
				secrets: { API_KEY: "env:AUTH" },
			},
			inputSchema: {
				$schema: "https://json-schema.org/draft/2020-12/schema",
				type: "object",
				properties: {
					name: { type: "string" },
					copies: { type: "number", default: 1 },
				},
				required: ["name"],
			},
			status: "active",
			executionCount: 2,
			lastExecutionAt: 7,
			counts: { ...ZERO, errored: 1, running: 1 },
			limits: {
				concurrency: { limit: 9, keyLimit: 3, maxQueued: 50, whileParked: "release" },
				rate: { limit: 10, perMs: 60_000 },
				retentionMs: 7 * 24 * HOUR,
				timeoutMs: HOUR,
				shards: 2,
			},
			guard: {
				limits: { limit: 9, keyLimit: 3, maxQueued: 50, rate: { limit: 10, perMs: 60_000 } },
				overrides: {},
				held: 0,
				queued: 0,
				keys: [],
			},
		});
	});

	it("has nothing to say of a type that declares nothing, and writes nothing", async () => {
		const type = define(async () => null, { retentionMs: null });
		const service = new Service([type]);
		expect((await service.get(`/types/${type}`)).body).toEqual({
			name: type,
			version: null,
			description: null,
			tags: [],
			metadata: null,
			config: { environment: null, variables: {}, secrets: {} },
			inputSchema: null,
			status: "active",
			executionCount: 0,
			lastExecutionAt: null,
			counts: ZERO,
			limits: {
				concurrency: null,
				rate: null,
				retentionMs: 30 * 24 * HOUR,
				timeoutMs: null,
				shards: 1,
			},
			guard: {
				limits: { limit: null, keyLimit: null, maxQueued: LIMITS.queuedInstances, rate: null },
				overrides: {},
				held: 0,
				queued: 0,
				keys: [],
			},
		});
		expect(await storedIn(`__index:${type}`)).toEqual(NOTHING);
	});

	it.each([
		["that JSON Schema has no word for", z.object({ at: z.date() })],
		[
			"of a library that has none",
			{
				"~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) },
			} as const,
		],
	])("has no input schema for one %s", async (_, payload) => {
		const type = define(async () => null, { payload });
		const { body } = await new Service([type]).get(`/types/${type}`);
		expect(body).toMatchObject({ inputSchema: null });
	});

	it.each(["nope", "__proto__", "__index:x", "%20"])("is a 404 for %s", async (name) => {
		const service = new Service([waiting()]);
		refusal(await service.get(`/types/${name}`), 404, "UNKNOWN_TYPE");
		refusal(await service.request("PATCH", `/types/${name}`), 404, "UNKNOWN_TYPE");
		expect(service.asked).toEqual([]);
	});
});

describe("GET /types", () => {
	it("lists the types in the order of the registry, archived ones when they are asked for", async () => {
		const [a, b, c] = [waiting(), waiting(), waiting()];
		const service = new Service([a, b, c]);
		await patch(service, a, { status: "archived" });
		await patch(service, b, { status: "inactive" });
		const listed = async (query: string) =>
			infos.parse((await service.get(`/types${query}`)).body).types.map(({ name }) => name);
		expect(await listed("")).toEqual([b, c]);
		expect(await listed("?status=archived")).toEqual([a]);
		expect(await listed("?status=active,archived")).toEqual([a, c]);
		expect(await listed("?status=inactive&status=archived")).toEqual([a, b]);
	});

	it.each(["status=on", "status=", "type=a"])("refuses %s", async (query) => {
		refusal(await new Service([waiting()]).get(`/types?${query}`), 400, "VALIDATION_ERROR");
	});
});

function patch(service: Service, type: string, body: unknown) {
	return service.request("PATCH", `/types/${type}`, {
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify(body),
	});
}

describe("PATCH /types/:type", () => {
	it("stops a type and starts it again; create answers with a clear 409 meanwhile", async () => {
		const type = waiting();
		const service = new Service([type]);
		const running = await service.create(type);
		const reply = await patch(service, type, { status: "inactive" });
		expect([reply.status, reply.body]).toMatchObject([200, { name: type, status: "inactive" }]);
		const error = refusal(await service.post("/workflows", { type }), 409, "TYPE_INACTIVE");
		expect(error.message).toContain("inactive");
		await running.event("go");
		await running.until("completed");
		expect((await patch(service, type, { status: "active" })).body).toMatchObject({
			status: "active",
		});
		await service.create(type);
	});

	it("sets limits in place of the declared ones, also for a type that declares none", async () => {
		const type = waiting();
		const service = new Service([type]);
		await service.create(type);
		const limited = await patch(service, type, { concurrency: { limit: 1 } });
		expect(limited.body).toMatchObject({
			limits: { concurrency: null },
			guard: { limits: { limit: 1 }, overrides: { concurrency: { limit: 1 } } },
		});
		// Those that were there are not counted.
		const first = await service.create(type);
		const second = freshId();
		const queued = await service.post("/workflows", { type, id: second });
		expect(queued.body).toEqual({ id: second, type, status: "created" });
		expect((await service.get(`/types/${type}`)).body).toMatchObject({
			guard: { held: 1, queued: 1 },
		});
		await first.event("go");
		await new TestInstance(second).until("waiting");
		expect((await patch(service, type, { concurrency: null })).body).toMatchObject({
			guard: { limits: { limit: null }, overrides: {} },
		});
		await service.create(type);
	});

	it("sets limits and the status at once, or neither", async () => {
		const type = waiting();
		const service = new Service([type]);
		const refused = { status: "inactive", rate: { limit: 5, per: "never" } };
		refusal(await patch(service, type, refused), 400, "VALIDATION_ERROR");
		expect((await service.get(`/types/${type}`)).body).toMatchObject({ status: "active" });
		const both = { status: "inactive", rate: { limit: 5, per: "1m" } };
		expect((await patch(service, type, both)).body).toMatchObject({
			status: "inactive",
			guard: { limits: { rate: { limit: 5, perMs: 60_000 } } },
		});
	});

	it.each<[unknown, string]>([
		[{}, "body"],
		[{ concurrency: 5 }, "concurrency"],
		[{ concurrency: { limit: -1 } }, "concurrency.limit"],
		[{ concurrency: { keys: 1 } }, "concurrency"],
		[{ rate: { limit: 1 } }, "rate.per"],
		[{ status: "off" }, "status"],
		[{ status: null }, "status"],
		[{ status: "inactive", name: "x" }, "body"],
		[[], "body"],
		[null, "body"],
	])("refuses %j with nothing changed", async (body, path) => {
		const type = waiting();
		const service = new Service([type]);
		const error = refusal(await patch(service, type, body), 400, "VALIDATION_ERROR");
		expect(issuePaths(error)).toEqual([path]);
		expect(await storedIn(`__index:${type}`)).toEqual(NOTHING);
	});

	it("is the way to change a type: other methods are refused", async () => {
		const type = waiting();
		const service = new Service([type]);
		refusal(
			await service.post(`/types/${type}`, { status: "inactive" }),
			405,
			"METHOD_NOT_ALLOWED",
		);
		refusal(await service.request("DELETE", "/types"), 405, "METHOD_NOT_ALLOWED");
	});
});

describe("GET /workflows/stats", () => {
	it("counts by type and status, and what happened in the last hour and day", async () => {
		const [one, two] = [waiting(), waiting()];
		const service = new Service([one, two]);
		const now = clock.now();
		const at = (ago: number, changes: Parameters<typeof update>[0]) =>
			update({ createdAt: now - ago, updatedAt: now - ago, ...changes });
		await tell(one, [
			at(0, { id: "a" }),
			at(2 * HOUR, { id: "b", status: "completed", updatedAt: now }),
			at(2 * HOUR, { id: "c", status: "timed_out" }),
			at(30 * HOUR, { id: "d", status: "errored" }),
		]);
		await tell(one, [at(0, { id: "e", status: "terminated" })], 1);
		const ofOne = {
			counts: { ...ZERO, running: 1, completed: 1, timed_out: 1, errored: 1, terminated: 1 },
			lastHour: { created: 2, completed: 1, failed: 0, terminated: 1 },
			lastDay: { created: 4, completed: 1, failed: 1, terminated: 1 },
		};
		const ofTwo = { counts: ZERO, lastHour: NO_ACTIVITY, lastDay: NO_ACTIVITY };
		expect((await service.get("/workflows/stats")).body).toEqual({
			workflows: [
				{ type: one, ...ofOne },
				{ type: two, ...ofTwo },
			],
			total: ofOne,
		});
		expect((await service.get(`/workflows/stats?type=${two}`)).body).toEqual({
			workflows: [{ type: two, ...ofTwo }],
			total: ofTwo,
		});
	});

	it("follows an instance through its life", async () => {
		const type = waiting();
		const service = new Service([type]);
		const instance = await service.create(type);
		const stats = async () => (await service.get(`/workflows/stats?type=${type}`)).body;
		await expect.poll(stats).toMatchObject({ total: { counts: { waiting: 1, completed: 0 } } });
		await new TestInstance(instance.id).event("go");
		await expect.poll(stats).toMatchObject({
			total: {
				counts: { waiting: 0, completed: 1 },
				lastHour: { created: 1, completed: 1 },
			},
		});
	});

	it.each([
		["type=nope", "UNKNOWN_TYPE"],
		["since=1", "VALIDATION_ERROR"],
	])("refuses %s", async (query, code) => {
		const service = new Service([waiting()]);
		refusal(await service.get(`/workflows/stats?${query}`), 400, code);
		expect(service.asked).toEqual([]);
	});
});
