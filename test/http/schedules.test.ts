/** `/schedules`: the shapes, and what is refused. What a schedule does: test/shards. */
import { describe, expect, it } from "vitest";
import { clock, define } from "../support/lab";
import { issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const done = () => define(async () => null);
const daily = (type: string, more: object = {}) => ({
	type,
	name: "d",
	cron: "0 6 * * *",
	...more,
});

describe("/schedules", () => {
	it("POST makes one, 201, and GET shows it", async () => {
		const type = done();
		const service = new Service([type]);
		const input = daily(type, {
			timezone: "Europe/Berlin",
			payload: { report: "sales" },
			attributes: { team: "x" },
			overlap: "queue",
			catchUp: 3,
		});
		const made = await service.post("/schedules", input);
		expect(made.status).toBe(201);
		const now = clock.now();
		expect(made.body).toStrictEqual({
			...input,
			id: `${type}:d`,
			paused: false,
			nextAt: Date.UTC(2100, 0, 1, 5),
			nextRuns: Array.from({ length: 10 }, (_, n) => Date.UTC(2100, 0, 1 + n, 5)),
			queued: 0,
			missed: 0,
			runs: [],
			createdAt: now,
			updatedAt: now,
		});
		expect((await service.get(`/schedules/${type}:d`)).body).toStrictEqual(made.body);
	});

	it("GET lists those of all types, or of one", async () => {
		const [a, b] = [done(), done()];
		const service = new Service([a, b]);
		for (const type of [a, b]) await service.post("/schedules", daily(type));
		const ids = async (path: string) => {
			const { schedules } = (await service.get(path)).body as { schedules: { id: string }[] };
			return schedules.map(({ id }) => id);
		};
		expect(await ids("/schedules")).toEqual([`${a}:d`, `${b}:d`]);
		expect(await ids(`/schedules?type=${b}`)).toEqual([`${b}:d`]);
		refusal(await service.get("/schedules?type=nobody"), 400, "UNKNOWN_TYPE");
		refusal(await service.get("/schedules?limit=3"), 400, "VALIDATION_ERROR");
	});

	it("pauses, resumes and triggers; DELETE takes it away", async () => {
		const type = done();
		const service = new Service([type]);
		await service.post("/schedules", daily(type));
		const path = `/schedules/${type}:d`;
		expect((await service.post(`${path}/pause`)).body).toMatchObject({
			paused: true,
			nextAt: null,
		});
		expect((await service.post(`${path}/resume`)).body).toMatchObject({ paused: false });
		const headers = { "X-Actor": "alice", "Idempotency-Key": "k" };
		const run = await service.request("POST", `${path}/trigger`, { headers });
		expect(run.status).toBe(200);
		expect(run.body).toStrictEqual({
			scheduledAt: clock.now(),
			instanceId: expect.stringContaining(`${type}:d:`),
			outcome: "started",
			reason: null,
			triggeredBy: "alice",
		});
		clock.advance(1);
		const again = await service.request("POST", `${path}/trigger`, { headers });
		expect(again.body).toStrictEqual(run.body);
		const deleted = await service.request("DELETE", path);
		expect(deleted.body).toStrictEqual({ id: `${type}:d`, status: "deleted" });
		refusal(await service.get(path), 404, "SCHEDULE_NOT_FOUND");
	});

	it.each([
		["cron", { cron: "0 0 30 2 *" }],
		["cron", { cron: "0 0 0 1 1 * 2020" }],
		["timezone", { timezone: "Mars/Base" }],
		["catchUp", { catchUp: 101 }],
		["name", { name: "no:colon" }],
		["attributes.a b", { attributes: { "a b": 1 } }],
	])("refuses a bad %s with its path: %j", async (path, more) => {
		const type = done();
		const service = new Service([type]);
		const error = refusal(
			await service.post("/schedules", daily(type, more)),
			400,
			"VALIDATION_ERROR",
		);
		expect(error.details).toEqual({ path });
		expect(await storedIn(`__index:${type}`)).toEqual(NOTHING);
	});

	it.each([
		["cron", { cron: 5 }],
		["overlap", { overlap: "sometimes" }],
		["paused", { paused: "yes" }],
		["body", { every: "day" }],
	])("refuses a %s that does not parse: %j", async (path, more) => {
		const type = done();
		const service = new Service([type]);
		const reply = await service.post("/schedules", daily(type, more));
		expect(issuePaths(refusal(reply, 400, "VALIDATION_ERROR"))).toEqual([path]);
		expect(service.asked).toEqual([]);
	});

	it("refuses a name that is taken, 409, an unknown type, 400, and a bad id, 400", async () => {
		const type = done();
		const service = new Service([type]);
		await service.post("/schedules", daily(type));
		refusal(await service.post("/schedules", daily(type)), 409, "SCHEDULE_EXISTS");
		refusal(await service.post("/schedules", daily("nobody")), 400, "UNKNOWN_TYPE");
		for (const id of ["d", `${type}:d:e`, `_x:d`, `${type}:_d`]) {
			refusal(await service.get(`/schedules/${id}`), 400, "VALIDATION_ERROR");
		}
	});

	it.each([
		["PUT", "", "GET, POST"],
		["POST", "/t:a", "GET, DELETE"],
		["GET", "/t:a/pause", "POST"],
		["GET", "/t:a/trigger", "POST"],
	])("%s /schedules%s is a 405", async (method, path, allowed) => {
		const reply = await new Service([done()]).request(method, `/schedules${path}`);
		refusal(reply, 405, "METHOD_NOT_ALLOWED");
		expect(reply.headers.get("Allow")).toBe(allowed);
	});
});
