/** `/admin/reindex`: starting a rebuilding of an index, and looking how far it is. */
import { describe, expect, it } from "vitest";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const waiting = () => define(async (step) => step.waitForEvent("go"));

describe("/admin/reindex", () => {
	it("starts a rebuilding, which goes on by itself, and tells how far it is", async () => {
		const type = waiting();
		const service = new Service([type]);
		const path = `/admin/reindex?type=${type}`;
		expect((await service.get(path)).body).toMatchObject({ status: "never", startedAt: null });
		const { id } = await service.create(type);
		const shard = new TestInstance(shardName(type));
		await service.listsUntil(`/workflows?type=${type}`, {
			type,
			instances: [{ id, status: "waiting", createdAt: clock.now(), updatedAt: clock.now() }],
			nextCursor: null,
		});
		await shard.sql("DELETE FROM instances");
		const started = await service.post("/admin/reindex", { type, ids: [id, id, "gone"] });
		const progress = {
			type,
			status: "running",
			startedAt: clock.now(),
			finishedAt: null,
			shards: 1,
			checked: 0,
			repaired: 0,
			removed: 0,
			added: 0,
			unanswered: 0,
		};
		expect([started.status, started.body]).toEqual([202, progress]);
		expect((await service.get(path)).body).toEqual(progress);
		const error = refusal(await service.post("/admin/reindex", { type }), 409, "REINDEX_RUNNING");
		expect(error.message).toContain(path);
		while ((await shard.alarmAt()) !== null) await shard.fireAlarm();
		expect((await service.get(path)).body).toEqual({
			...progress,
			status: "finished",
			finishedAt: clock.now(),
			checked: 3,
			added: 1,
		});
		expect((await service.get(`/workflows?type=${type}`)).body).toMatchObject({
			instances: [{ id }],
		});
	});

	it.each<[string, unknown, string]>([
		["no type", {}, "type"],
		["an unknown field", { type: "t", id: "a" }, "body"],
		["ids that are none", { type: "t", ids: ["_a"] }, "ids.0"],
		["ids that are no list", { type: "t", ids: "a" }, "ids"],
		[
			"an id too many",
			{ type: "t", ids: Array.from({ length: LIMITS.reindexIds + 1 }, (_, n) => `i-${n}`) },
			"ids",
		],
	])("refuses %s with nothing changed", async (_, body, path) => {
		const service = new Service([define(async () => null, { type: "t" })]);
		const error = refusal(await service.post("/admin/reindex", body), 400, "VALIDATION_ERROR");
		expect(issuePaths(error)).toEqual([path]);
		expect(service.asked).toEqual([]);
		expect(await storedIn("__index:t")).toEqual(NOTHING);
	});

	it("takes as many ids as it may, page by page", async () => {
		const type = waiting();
		const service = new Service([type]);
		const ids = Array.from({ length: LIMITS.reindexIds }, (_, n) => `i-${n}`);
		expect((await service.post("/admin/reindex", { type, ids })).status).toBe(202);
		const pages = await new TestInstance(shardName(type)).sql("SELECT row FROM reindex_ids");
		expect(pages).toHaveLength(10);
	});

	it("refuses types and methods that are not known", async () => {
		const service = new Service([waiting()]);
		refusal(await service.post("/admin/reindex", { type: "nope" }), 400, "UNKNOWN_TYPE");
		refusal(await service.get("/admin/reindex?type=nope"), 400, "UNKNOWN_TYPE");
		refusal(await service.get("/admin/reindex"), 400, "VALIDATION_ERROR");
		refusal(await service.request("DELETE", "/admin/reindex"), 405, "METHOD_NOT_ALLOWED");
		refusal(await service.get("/admin"), 404, "ROUTE_NOT_FOUND");
		expect(service.asked).toEqual([]);
	});
});
