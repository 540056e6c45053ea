/** The filters of `GET /workflows`, its order and its cursors: what they find, and what is refused. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { MOMENT_MS_MAX } from "../../src/model/list-options";
import { clock, define } from "../support/lab";
import { tell, update } from "../support/updates";
import { issuePaths, refusal, Service } from "./support-service";

const page = z.object({
	instances: z.array(z.object({ id: z.string() })),
	nextCursor: z.string().nullable(),
});

let types = 0;
const newType = () =>
	define(async (step) => step.waitForEvent("go"), { type: `filter-${++types}` });
const AT = Date.UTC(2099, 11, 24, 18);

/** A service whose one type has four instances, an hour apart. */
async function four(): Promise<{ service: Service; find: (query: string) => Promise<string[]> }> {
	const type = newType();
	const service = new Service([type]);
	const hour = (n: number) => AT + n * 3_600_000;
	await tell(type, [
		update({ id: "a-1", status: "errored", createdAt: hour(0), updatedAt: hour(9) }),
		update({ id: "a-2", createdAt: hour(1), updatedAt: hour(1), attributes: { vip: "yes", n: 3 } }),
		update({ id: "b:1", createdAt: hour(2), updatedAt: hour(5), attributes: { vip: "no: never" } }),
		update({ id: "b:2", status: "completed", createdAt: hour(3), updatedAt: hour(3) }),
	]);
	const find = async (query: string) => {
		const reply = await service.get(`/workflows?type=${type}&${query}`);
		expect(reply.status, reply.text).toBe(200);
		return page.parse(reply.body).instances.map(({ id }) => id);
	};
	return { service, find };
}

describe("a filter of GET /workflows", () => {
	it.each([
		["", ["b:2", "b:1", "a-2", "a-1"]],
		["order=asc", ["a-1", "a-2", "b:1", "b:2"]],
		["order=desc&limit=2", ["b:2", "b:1"]],
		["status=errored", ["a-1"]],
		["status=errored,completed", ["b:2", "a-1"]],
		["status=errored&status=completed&status=completed", ["b:2", "a-1"]],
		[`createdAfter=${AT + 3_600_000}`, ["b:2", "b:1", "a-2"]],
		[`createdBefore=${AT + 3_600_000}`, ["a-1"]],
		["createdAfter=2099-12-24T19:00:00Z", ["b:2", "b:1", "a-2"]],
		["createdAfter=2099-12-24T20:00:00.001%2B01:00", ["b:2", "b:1"]],
		["createdAfter=2099-12-25", []],
		["createdBefore=2099-12-25", ["b:2", "b:1", "a-2", "a-1"]],
		["updatedAfter=2099-12-24T23:00:00Z", ["b:1", "a-1"]],
		["updatedBefore=2099-12-24T23:00:00Z&createdAfter=2099-12-24T20:00:00Z", ["b:2"]],
		["idPrefix=a-", ["a-2", "a-1"]],
		["idPrefix=b:1", ["b:1"]],
		["idPrefix=b:1x", []],
		["tag=vip", ["b:1", "a-2"]],
		["tag=vip:yes", ["a-2"]],
		["tag=vip:no:%20never", ["b:1"]],
		["tag=vip:", []],
		["tag=n:3", ["a-2"]],
		["tag=n:3.0", []],
		["tag=vip&tag=n", ["a-2"]],
		["tag=vip:yes&tag=n:3&status=running&idPrefix=a", ["a-2"]],
		["tag=vip:yes&tag=n:4", []],
		["tag=vi", []],
	])("%s finds %j", async (query, wanted) => {
		expect(await (await four()).find(query)).toEqual(wanted);
	});

	it("shows the attributes of those that have some", async () => {
		const type = newType();
		const service = new Service([type]);
		const attributes = { customer: "c-17", tier: 3 };
		await service.post("/workflows", { type, id: "with-attributes", attributes });
		await service.create(type, null, "without");
		const now = clock.now();
		const row = { status: "waiting", createdAt: now, updatedAt: now };
		await service.listsUntil(`/workflows?type=${type}`, {
			type,
			instances: [
				{ id: "without", ...row },
				{ id: "with-attributes", ...row, attributes },
			],
			nextCursor: null,
		});
	});

	it("goes with several types, in the order of the registry, and with one given twice", async () => {
		const [one, two, three] = [newType(), newType(), newType()];
		const service = new Service([one, two, three]);
		await tell(three, [update({ id: "t" })]);
		const instances = [{ id: "t", status: "running", createdAt: 10, updatedAt: 10 }];
		const both = {
			workflows: [
				{ type: one, instances: [] },
				{ type: three, instances },
			],
			nextCursor: null,
		};
		expect((await service.get(`/workflows?type=${three},${one}`)).body).toEqual(both);
		expect((await service.get(`/workflows?type=${three}&type=${one}`)).body).toEqual(both);
		expect((await service.get(`/workflows?type=${three}&type=${three}`)).body).toEqual({
			type: three,
			instances,
			nextCursor: null,
		});
	});
});

describe("a filter that does not parse", () => {
	it.each([
		["status", "status=errored,done"],
		["status", "status=errored&status="],
		["order", "order=up"],
		["order", "order=asc&order=desc"],
		["createdAfter", "createdAfter=yesterday"],
		["createdAfter", "createdAfter="],
		["createdAfter", "createdAfter=-1"],
		["createdAfter", "createdAfter=1.5"],
		["createdBefore", "createdBefore=2099-13-01"],
		["createdBefore", "createdBefore=2099-12-24T18:00:00"],
		["createdBefore", "createdBefore=1969-12-31"],
		["updatedAfter", `updatedAfter=${MOMENT_MS_MAX + 1}`],
		["updatedBefore", "updatedBefore=1&updatedBefore=2"],
		["idPrefix", "idPrefix="],
		["idPrefix", "idPrefix=_a"],
		["idPrefix", "idPrefix=a%25"],
		["idPrefix", `idPrefix=${"a".repeat(LIMITS.instanceIdLength + 1)}`],
		["tag", "tag="],
		["tag", "tag=:x"],
		["tag", "tag=a%20b"],
		["tag", "tag=.a"],
		["tag", "tag=a&tag=a:1"],
		["tag", `tag=${"a".repeat(LIMITS.attributeNameLength + 1)}`],
		["tag", `tag=a:${"x".repeat(LIMITS.attributeTextLength + 1)}`],
		["tag", Array.from({ length: LIMITS.attributes + 1 }, (_, n) => `tag=a${n}`).join("&")],
		["limit", "limit=0"],
		["limit", "limit=1001"],
		["cursor", "cursor=a&cursor=b"],
		["query", "filter=1"],
		["query", "tags=vip"],
	])("is refused with the path %s: %s", async (path, query) => {
		const service = new Service([newType()]);
		const error = refusal(await service.get(`/workflows?${query}`), 400, "VALIDATION_ERROR");
		expect(issuePaths(error)).toEqual([path]);
		expect(service.asked).toEqual([]);
	});

	it("is taken at its limits", async () => {
		const { find } = await four();
		const tags = Array.from({ length: LIMITS.attributes }, (_, n) => `tag=a${n}`).join("&");
		for (const query of [
			`createdAfter=0&createdBefore=${MOMENT_MS_MAX}&idPrefix=${"a".repeat(LIMITS.instanceIdLength)}`,
			`tag=${"a".repeat(LIMITS.attributeNameLength)}:${"x".repeat(LIMITS.attributeTextLength)}`,
			tags,
			"limit=1000",
		]) {
			expect(await find(query)).toHaveLength(query === "limit=1000" ? 4 : 0);
		}
	});
});

describe("a cursor of GET /workflows", () => {
	/** A type with five instances, and the first page of two. */
	async function five(settings = {}) {
		const type = newType();
		await tell(
			type,
			[1, 2, 3, 4, 5].map((n) => update({ id: `i-${n}`, createdAt: n, attributes: { n } })),
		);
		const other = newType();
		const service = new Service([type, other], { AUTH: "off", ...settings });
		const query = `type=${type}&limit=2`;
		const first = page.parse((await service.get(`/workflows?${query}`)).body);
		return { type, other, service, query, cursor: first.nextCursor ?? "" };
	}

	it("goes through all instances, and is null at the end and only there", async () => {
		const { service, query } = await five();
		const seen: string[][] = [];
		let cursor: string | null = "";
		while (cursor !== null) {
			const path: string = `/workflows?${query}${cursor && `&cursor=${cursor}`}`;
			const { instances, nextCursor } = page.parse((await service.get(path)).body);
			seen.push(instances.map(({ id }) => id));
			cursor = nextCursor;
		}
		expect(seen).toEqual([["i-5", "i-4"], ["i-3", "i-2"], ["i-1"]]);
	});

	it("is null when the last row is on the page, however full it is", async () => {
		const { service, type } = await five();
		const { body } = await service.get(`/workflows?type=${type}&limit=5`);
		expect(page.parse(body)).toMatchObject({ instances: { length: 5 }, nextCursor: null });
	});

	it("goes with another limit", async () => {
		const { service, type, cursor } = await five();
		const { body } = await service.get(`/workflows?type=${type}&limit=1&cursor=${cursor}`);
		expect(page.parse(body).instances).toMatchObject([{ id: "i-3" }]);
	});

	it.each<[string, (of: { type: string; other: string }) => string]>([
		["another order", ({ type }) => `type=${type}&order=asc`],
		["another status", ({ type }) => `type=${type}&status=running`],
		["another moment", ({ type }) => `type=${type}&createdAfter=0`],
		["another prefix", ({ type }) => `type=${type}&idPrefix=i`],
		["another tag", ({ type }) => `type=${type}&tag=n`],
		["another type", ({ other }) => `type=${other}`],
		["one type more", ({ type, other }) => `type=${type},${other}`],
	])("is refused with %s", async (_, query) => {
		const { service, cursor, ...named } = await five();
		const before = service.asked.length;
		const reply = await service.get(`/workflows?${query(named)}&cursor=${cursor}`);
		expect(refusal(reply, 400, "VALIDATION_ERROR").details).toEqual({ path: "cursor" });
		expect(service.asked).toHaveLength(before);
	});

	it("goes with the same filter written in another way", async () => {
		const { service, type } = await five();
		const list = (query: string) => service.get(`/workflows?type=${type}&limit=1&${query}`);
		const first = page.parse((await list("status=running,errored&tag=n&tag=n2")).body);
		expect(first.nextCursor).toBeNull();
		const all = page.parse((await list("status=running,errored&createdAfter=2")).body);
		const same = `createdAfter=1970-01-01T00:00:00.002Z&status=errored&status=running`;
		const next = page.parse((await list(`${same}&cursor=${all.nextCursor}`)).body);
		expect(next.instances).toMatchObject([{ id: "i-4" }]);
	});

	it.each([
		"",
		"x",
		"%00",
		"eyJjcmVhdGVkQXQiOjEsImlkIjoiYSJ9",
		"A".repeat(LIMITS.cursorLength),
		"A".repeat(LIMITS.cursorLength + 1),
	])("that is forged is refused: %s", async (forged) => {
		const { service, query } = await five();
		const reply = await service.get(`/workflows?${query}&cursor=${forged}`);
		const error = refusal(reply, 400, "VALIDATION_ERROR");
		expect(error.details).toEqual({ path: "cursor" });
		expect(error.message).toContain("nextCursor");
	});

	it("is signed with the token: one of another token is refused", async () => {
		const { type, cursor, query } = await five();
		const get = (token: string, given: string) => {
			const headers = { Authorization: `Bearer ${token}` };
			const service = new Service([type], { API_TOKEN: token });
			return service.request("GET", `/workflows?${query}${given}`, { headers });
		};
		refusal(await get("token-1", `&cursor=${cursor}`), 400, "VALIDATION_ERROR");
		const own = page.parse((await get("token-1", "")).body).nextCursor;
		expect((await get("token-1", `&cursor=${own}`)).status).toBe(200);
		refusal(await get("token-2", `&cursor=${own}`), 400, "VALIDATION_ERROR");
	});
});
