/** `GET /workflows`: what is listed, in which order, and which queries are refused. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { WORKFLOW_STATUSES } from "../../src/model/status";
import { clock, define } from "../support/lab";
import { issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const listing = z.object({ workflows: z.array(z.unknown()), nextCursor: z.string() });
const wait = () => define(async (step) => step.waitForEvent("go"));
const row = (id: string, status: string, createdAt = clock.now(), updatedAt = createdAt) => ({
	id,
	status,
	createdAt,
	updatedAt,
});

describe("GET /workflows?type", () => {
	it("lists the instances of the type, newest first", async () => {
		const type = wait();
		const service = new Service([type, wait()]);
		const instances = [];
		for (const id of ["m", "z", "a"]) {
			await (await service.create(type, null, id)).until("waiting");
			instances.unshift(row(id, "waiting"));
			clock.advance(1);
		}
		await service.listsUntil(`/workflows?type=${type}`, { type, instances, nextCursor: null });
	});

	it("lists instances of the same moment by descending id", async () => {
		const type = wait();
		const service = new Service([type]);
		for (const id of ["tie-2", "tie-3", "tie-1"]) await service.create(type, null, id);
		await service.listsUntil(`/workflows?type=${type}`, {
			type,
			instances: ["tie-3", "tie-2", "tie-1"].map((id) => row(id, "waiting")),
			nextCursor: null,
		});
	});

	it("keeps the order and the time of creation when a status changes", async () => {
		const type = wait();
		const service = new Service([type]);
		const bornAt = clock.now();
		await (await service.create(type, null, "older")).until("waiting");
		clock.advance(1);
		await (await service.create(type, null, "newer")).until("waiting");
		clock.advance(1);
		await service.post("/workflows/older/terminate");
		await service.listsUntil(`/workflows?type=${type}`, {
			type,
			instances: [
				row("newer", "waiting", bornAt + 1),
				row("older", "terminated", bornAt, bornAt + 2),
			],
			nextCursor: null,
		});
	});

	it("is empty for a type without instances, and writes nothing", async () => {
		const type = wait();
		const service = new Service([type]);
		const reply = await service.get(`/workflows?type=${type}`);
		expect(reply.status).toBe(200);
		expect(reply.headers.get("Content-Type")).toBe("application/json");
		expect(reply.body).toStrictEqual({ type, instances: [], nextCursor: null });
		expect(service.asked).toEqual([`__index:${type}`]);
		expect(await storedIn(`__index:${type}`)).toEqual(NOTHING);
	});

	it("takes a type whose name has dots, dashes and underscores", async () => {
		const type = define(async () => null, { type: "billing.v2-final_1" });
		const reply = await new Service([type]).get("/workflows?type=billing.v2-final_1");
		expect(reply.body).toStrictEqual({ type, instances: [], nextCursor: null });
	});

	it("does not list a refused instance", async () => {
		const type = wait();
		const service = new Service([type]);
		await service.create(type, null, "only");
		refusal(
			await service.post("/workflows", { type, id: "only", payload: 2 }),
			409,
			"INSTANCE_EXISTS",
		);
		refusal(
			await service.post("/workflows", { type, id: "-bad", payload: 2 }),
			400,
			"VALIDATION_ERROR",
		);
		await service.listsUntil(`/workflows?type=${type}`, {
			type,
			instances: [row("only", "waiting")],
			nextCursor: null,
		});
	});
});

describe("GET /workflows", () => {
	it("lists every type in the order of the registry", async () => {
		const types = [wait(), wait(), wait()] as const;
		const service = new Service(types);
		await service.create(types[2], null, "third");
		await service.create(types[0], null, "first");
		await service.listsUntil("/workflows", {
			workflows: [
				{ type: types[0], instances: [row("first", "waiting")] },
				{ type: types[1], instances: [] },
				{ type: types[2], instances: [row("third", "waiting")] },
			],
			nextCursor: null,
		});
	});

	it("fills a page of `limit` rows over all types, in order", async () => {
		const types = [wait(), wait()] as const;
		const service = new Service(types);
		for (const n of [1, 2, 3]) {
			for (const type of types) {
				await (await service.create(type, null, `${type}-${n}`)).until("waiting");
			}
			clock.advance(1);
		}
		for (const type of types) await service.post(`/workflows/${type}-3/terminate`);
		const rows = (type: string, ...ids: number[]) => ({
			type,
			instances: ids.map((n) => row(`${type}-${n}`, "waiting", clock.now() + n - 4)),
		});
		// The index hears of the last ones that they wait, and then that they do not any more.
		const ended = (id: string) => row(id, "terminated", clock.now() - 1, clock.now());
		await service.listsUntil("/workflows?status=terminated", {
			workflows: types.map((type) => ({ type, instances: [ended(`${type}-3`)] })),
			nextCursor: null,
		});
		await service.listsUntil("/workflows?status=waiting", {
			workflows: types.map((type) => rows(type, 2, 1)),
			nextCursor: null,
		});
		const [low, high] = types.toSorted();
		const path = "/workflows?status=waiting&limit=3";
		const first = await service.get(path);
		const { workflows, nextCursor } = listing.parse(first.body);
		const wanted = new Map([
			[low, rows(low ?? "", 2)],
			[high, rows(high ?? "", 2, 1)],
		]);
		expect(workflows).toEqual(types.map((type) => wanted.get(type)));
		const second = await service.get(`${path}&cursor=${nextCursor}`);
		expect(second.body).toEqual({
			workflows: types.map((type) => (type === low ? rows(type, 1) : rows(type))),
			nextCursor: null,
		});
	});

	it("lists nothing when there are no types", async () => {
		expect((await new Service([]).get("/workflows")).body).toStrictEqual({
			workflows: [],
			nextCursor: null,
		});
	});
});

describe("the filter `status`", () => {
	it("lists the instances of that status only", async () => {
		const type = wait();
		const service = new Service([type]);
		for (const id of ["paused-1", "waiting-1", "terminated-1", "completed-1"]) {
			await service.create(type, null, id);
		}
		await service.post("/workflows/paused-1/pause");
		await service.post("/workflows/terminated-1/terminate");
		await service.post("/workflows/completed-1/events/go", 1);
		for (const status of ["paused", "waiting", "terminated", "completed"]) {
			await service.listsUntil(`/workflows?type=${type}&status=${status}`, {
				type,
				instances: [row(`${status}-1`, status)],
				nextCursor: null,
			});
		}
	});

	it.each(WORKFLOW_STATUSES)("takes %s", async (status) => {
		const type = wait();
		const reply = await new Service([type]).get(`/workflows?type=${type}&status=${status}`);
		expect(reply.body).toStrictEqual({ type, instances: [], nextCursor: null });
	});
});

describe("the query `limit`", () => {
	it("is 50 when it is not given", async () => {
		const type = wait();
		const service = new Service([type]);
		const ids = Array.from({ length: 51 }, (_, i) => `many-${String(i).padStart(2, "0")}`);
		await Promise.all(ids.map((id) => service.create(type, null, id)));
		const newest = ids.reverse().map((id) => row(id, "waiting"));
		await service.listsUntil(`/workflows?type=${type}&limit=51`, {
			type,
			instances: newest,
			nextCursor: null,
		});
		const few = await service.get(`/workflows?type=${type}`);
		expect(few.body).toMatchObject({ instances: newest.slice(0, 50) });
		const two = await service.get(`/workflows?type=${type}&limit=2`);
		expect(two.body).toMatchObject({ instances: newest.slice(0, 2) });
	});

	it.each(["1", "50", "1000", "0001"])("takes %s", async (limit) => {
		const type = wait();
		const reply = await new Service([type]).get(`/workflows?type=${type}&limit=${limit}`);
		expect(reply.body).toStrictEqual({ type, instances: [], nextCursor: null });
	});

	it.each([
		"abc",
		"0",
		"1001",
		"-1",
		"1.5",
		"",
		"%205",
		"5%20",
		"%2B5",
		"1e2",
		"0x10",
		"NaN",
		"Infinity",
		"99999999999999999999",
		"1;DROP%20TABLE%20instances",
		"%D9%A3", // A digit, but not one of JavaScript's \d.
		"%zz",
	])("refuses `%s` and asks no object", async (limit) => {
		const type = wait();
		const service = new Service([type]);
		for (const path of [`/workflows?limit=${limit}`, `/workflows?type=${type}&limit=${limit}`]) {
			const error = refusal(await service.get(path), 400, "VALIDATION_ERROR");
			expect(issuePaths(error)).toEqual(["limit"]);
			expect(error.message).toContain("limit");
		}
		expect(service.asked).toEqual([]);
	});
});

describe("a query that is not valid", () => {
	it.each(["done", "", "RUNNING", "running,", "running paused", "toString", "running'--"])(
		"is refused for the status `%s`",
		async (status) => {
			const service = new Service([wait()]);
			const reply = await service.get(`/workflows?status=${encodeURIComponent(status)}`);
			const error = refusal(reply, 400, "VALIDATION_ERROR");
			expect(issuePaths(error)).toEqual(["status"]);
			for (const known of WORKFLOW_STATUSES) expect(error.message).toContain(known);
			expect(service.asked).toEqual([]);
		},
	);

	it.each(["state", "Type", "limit[]", "__proto__", "constructor"])(
		"is refused for the unknown field `%s`",
		async (field) => {
			const service = new Service([wait()]);
			const reply = await service.get(`/workflows?${encodeURIComponent(field)}=1`);
			const error = refusal(reply, 400, "VALIDATION_ERROR");
			expect(error.message).toContain(`"${field}"`);
			expect(service.asked).toEqual([]);
		},
	);

	it.each(["nope", "", "__index:test", "__proto__", "toString"])(
		"is refused for the unknown type `%s`, with the known ones",
		async (type) => {
			const known = wait();
			const service = new Service([known]);
			const reply = await service.get(`/workflows?type=${encodeURIComponent(type)}`);
			const { message } = refusal(reply, 400, "UNKNOWN_TYPE");
			expect(message).toContain(`"${type}"`);
			expect(message).toContain(known);
			expect(service.asked).toEqual([]);
		},
	);

	it("is refused with all of its faults at once", async () => {
		const reply = await new Service([wait()]).get("/workflows?limit=0&status=done&page=2");
		const error = refusal(reply, 400, "VALIDATION_ERROR");
		expect(issuePaths(error).sort()).toEqual(["limit", "query", "status"]);
	});
});
