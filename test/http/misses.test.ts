/** Requests that find nothing: unknown instances, ids of another form, unknown routes, other methods. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { define } from "../support/lab";
import { freshId, NOTHING, refusal, Service, storedIn } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));

const INSTANCE_ROUTES = [
	["GET", ""],
	["POST", "/pause"],
	["POST", "/resume"],
	["POST", "/terminate"],
	["POST", "/events/go"],
] as const;

describe("an unknown instance", () => {
	it.each(INSTANCE_ROUTES)(
		"is a 404 for %s /workflows/:id%s, and writes nothing",
		async (...route) => {
			const [method, rest] = route;
			const service = new Service([type]);
			const id = freshId();
			const error = refusal(
				await service.request(method, `/workflows/${id}${rest}`),
				404,
				"INSTANCE_NOT_FOUND",
			);
			expect(error.executionId).toBe(id);
			expect(service.asked).toEqual([id]);
			expect(await storedIn(id)).toEqual(NOTHING);
		},
	);

	it("can be created after it was asked for in vain", async () => {
		const service = new Service([type]);
		const id = freshId();
		for (const [method, rest] of INSTANCE_ROUTES) {
			const reply = await service.request(method, `/workflows/${id}${rest}`);
			refusal(reply, 404, "INSTANCE_NOT_FOUND");
		}
		const instance = await service.create(type, null, id);
		await instance.until("waiting");
		expect(await instance.sql("SELECT * FROM events")).toEqual([]);
	});
});

describe("an id of another form in the path", () => {
	const IDS = [
		["one character too long", "x".repeat(LIMITS.instanceIdLength + 1)],
		["a shard's name", "__index:test"],
		["a shard's name, encoded", "%5F%5Findex%3Atest"],
		["started by _", "_x"],
		["started by -", "-x"],
		["started by .", ".x"],
		["with a space", "a%20b"],
		["with an encoded slash", "a%2Fb"],
		["with letters past ASCII", "gr%C3%B6%C3%9Fe"],
		["with an emoji, unencoded", "😀"],
		["with a zero byte", "a%00"],
		["with a line break", "a%0A"],
		["encoded twice", "%2561"],
		["malformed percent-encoding", "%zz"],
		["a lone percent sign", "100%"],
		["percent-encoding that is no UTF-8", "%E0%A4"],
	] as const;

	it.each(IDS)("is a 400 on every route, and asks no object: %s", async (_, id) => {
		const service = new Service([type]);
		for (const [method, rest] of INSTANCE_ROUTES) {
			const reply = await service.request(method, `/workflows/${id}${rest}`);
			const error = refusal(reply, 400, "VALIDATION_ERROR");
			expect(error.details).toEqual({ path: "id" });
			expect(error.message).toContain(`1 to ${LIMITS.instanceIdLength} letters`);
		}
		expect(service.asked).toEqual([]);
	});
});

describe("an unknown route", () => {
	it.each([
		["GET", "/nope"],
		["GET", "/workflow"],
		["GET", "/Workflows"],
		["GET", "/workflows/"],
		["POST", "/workflows/"],
		["GET", "//workflows"],
		["GET", "/workflows//pause"],
		["POST", "/workflows/x/stop"],
		["POST", "/workflows/x/pause/now"],
		["POST", "/workflows/x/events"],
		["POST", "/workflows/x/events/"],
		["POST", "/workflows/x/events/a/b"],
		["GET", "/%zz"],
		["GET", "/favicon.ico"],
		["GET", "/index.html"],
		["DELETE", "/nope"],
	])("is a 404: %s %s", async (method, path) => {
		const service = new Service([type]);
		const { message } = refusal(await service.request(method, path), 404, "ROUTE_NOT_FOUND");
		expect(message).toContain(method);
		expect(service.asked).toEqual([]);
	});
});

describe("another method", () => {
	const PATHS = [
		["/", "GET"],
		["/workflows", "GET, POST"],
		["/workflows/x", "GET, DELETE"],
		["/workflows/x/metadata", "PATCH"],
		["/workflows/x/pause", "POST"],
		["/workflows/x/resume", "POST"],
		["/workflows/x/terminate", "POST"],
		["/workflows/x/restart", "POST"],
		["/workflows/x/repair", "POST"],
		["/workflows/x/events/go", "POST"],
	] as const;

	it.each(PATHS)("than those of %s is a 405 that allows %s", async (path, allowed) => {
		const service = new Service([type]);
		const others = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].filter(
			(method) => !allowed.split(", ").includes(method),
		);
		for (const method of others) {
			const reply = await service.request(method, path);
			const { message } = refusal(reply, 405, "METHOD_NOT_ALLOWED");
			expect(reply.headers.get("Allow")).toBe(allowed);
			expect(message).toContain(allowed);
			expect(message).toContain(method);
		}
		expect(service.asked).toEqual([]);
	});

	it("HEAD is a 405 where GET is one", async () => {
		const reply = await new Service([type]).request("HEAD", "/workflows/x/pause");
		expect([reply.status, reply.headers.get("Allow"), reply.text]).toEqual([405, "POST", ""]);
	});
});
