/** `POST /workflows` with bad input: a clear error, and nothing created. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { LIMITS } from "../../src/model/limits";
import { define } from "../support/lab";
import { freshId, issuePaths, NOTHING, refusal, Service, storedIn } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const JSON_TYPE = { "Content-Type": "application/json" };

/** Sends the body, asserts that it is refused and that no object was asked for. */
async function refused(body: BodyInit, status = 400, code = "VALIDATION_ERROR") {
	const service = new Service([type]);
	const error = refusal(await service.postText("/workflows", body), status, code);
	expect(service.asked).toEqual([]);
	return error;
}

describe("a body that is no JSON object", () => {
	it.each([
		["text", "nope"],
		["cut short", `{"type":"${type}"`],
		["followed by more", `{"type":"${type}","payload":1} {}`],
		["JavaScript", `{type:'${type}'}`],
		["with a trailing comma", `{"type":"${type}",}`],
		["empty", ""],
		["only space", " \n\t"],
		["with a raw control character", `{"type":"${type}","payload":"\u0001"}`],
	])("is refused when it is %s", async (_, body) => {
		expect((await refused(body)).message).toMatch(/^The body is not JSON: /);
	});

	it.each(["null", "true", "7", '"x"', "[]", `[{"type":"${type}"}]`])(
		"is refused when it is %s",
		async (body) => {
			const error = await refused(body);
			expect(issuePaths(error)).toEqual(["body"]);
			expect(error.message).toContain("expected object");
		},
	);

	it("is refused when there is no body at all", async () => {
		const service = new Service([type]);
		const reply = await service.request("POST", "/workflows", { headers: JSON_TYPE });
		expect(refusal(reply, 400, "VALIDATION_ERROR").message).toMatch(/^The body is not JSON: /);
		expect(service.asked).toEqual([]);
	});
});

describe("another content type than JSON", () => {
	it.each([
		"text/plain",
		"text/json",
		"application/jsonp",
		"application/x-www-form-urlencoded",
		"multipart/form-data; boundary=x",
		"x-application/json",
		"application/octet-stream; of=application/json",
	])("is a 415 that names %s and what is expected", async (contentType) => {
		const service = new Service([type]);
		const reply = await service.request("POST", "/workflows", {
			headers: { "Content-Type": contentType },
			body: JSON.stringify({ type, payload: null }),
		});
		const { message } = refusal(reply, 415, "UNSUPPORTED_MEDIA_TYPE");
		expect(message).toContain("Content-Type: application/json");
		expect(message).toContain(`"${contentType}"`);
		expect(service.asked).toEqual([]);
	});

	it("is a 415 when there is none", async () => {
		const service = new Service([type]);
		const body = new TextEncoder().encode(JSON.stringify({ type, payload: null }));
		const reply = await service.request("POST", "/workflows", { body });
		const { message } = refusal(reply, 415, "UNSUPPORTED_MEDIA_TYPE");
		expect(message).toContain("no content type");
		expect(service.asked).toEqual([]);
	});
});

describe("the fields of the body", () => {
	it("are refused without a type", async () => {
		expect(issuePaths(await refused(`{"payload":1}`))).toEqual(["type"]);
	});

	it.each(["1", "null", "true", "[]", `{"name":"x"}`])(
		"are refused with the type %s",
		async (value) => {
			const error = await refused(`{"type":${value},"payload":1}`);
			expect(issuePaths(error)).toEqual(["type"]);
			expect(error.message).toContain("expected string");
		},
	);

	it.each(["nope", "", "Type", "__proto__", "constructor", "toString", "__index:test", "a/b"])(
		"are refused with the unknown type `%s`, naming the known ones",
		async (unknown) => {
			const body = JSON.stringify({ type: unknown, payload: 1 });
			const { message } = await refused(body, 400, "UNKNOWN_TYPE");
			expect(message).toContain(`"${unknown}"`);
			expect(message).toContain(type);
		},
	);

	it.each([
		["id", "1"],
		["id", "null"],
		["id", `["a"]`],
	])("are refused with an %s of %s", async (field, value) => {
		const error = await refused(`{"type":"${type}","payload":1,"${field}":${value}}`);
		expect(issuePaths(error)).toEqual([field]);
	});

	it.each(["input", "ID", "options", "status", "__proto__", "constructor"])(
		"are refused with the unknown field `%s`",
		async (field) => {
			const error = await refused(`{"type":"${type}","payload":1,"${field}":{"a":1}}`);
			expect(error.message).toContain(`"${field}"`);
		},
	);

	it("are refused with all faults at once", async () => {
		const error = await refused(`{"id":7,"payload":1,"extra":1}`);
		expect(issuePaths(error).sort()).toEqual(["body", "id", "type"]);
	});
});

describe("an id of another form", () => {
	it.each([
		["empty", ""],
		["one character too long", "x".repeat(LIMITS.instanceIdLength + 1)],
		["a shard's name", "__index:test"],
		["started by _", "_x"],
		["started by -", "-x"],
		["started by .", ".x"],
		["with a space", "a b"],
		["with a slash", "a/b"],
		["with a percent sign", "a%2Fb"],
		["with letters past ASCII", "größe"],
		["with an emoji", "😀"],
		["with a zero byte", "a\u0000b"],
		["with a line break at its end", "a\n"],
		["with letters that look like ASCII", "аbc"], // A Cyrillic а.
	])("is refused: %s", async (_, id) => {
		const error = await refused(JSON.stringify({ type, id, payload: 1 }));
		expect(error.details).toEqual({ path: "id" });
		expect(error.message).toContain(`1 to ${LIMITS.instanceIdLength} letters`);
	});

	it("is not quoted at length", async () => {
		const { message } = await refused(JSON.stringify({ type, id: "x".repeat(100_000) }), 400);
		expect(message.length).toBeLessThan(1_000);
	});
});

describe("an id that exists", () => {
	it("is a 409 that leaves the first instance as it was", async () => {
		const other = define(async () => "other");
		const service = new Service([type, other]);
		const { id } = await service.create(type, { first: true });
		const before = await service.get(`/workflows/${id}`);
		for (const second of [type, other]) {
			const reply = await service.post("/workflows", {
				type: second,
				id,
				payload: { first: false },
			});
			const { message } = refusal(reply, 409, "INSTANCE_EXISTS");
			expect(message).toContain(`"${id}"`);
			expect(message).toContain(`"${type}"`);
		}
		const after = await service.get(`/workflows/${id}`);
		expect(after.body).toMatchObject({ type, payload: { first: true } });
		expect(settled(after.body)).toEqual(settled(before.body));
		expect((await service.get(`/workflows?type=${other}`)).body).toMatchObject({ instances: [] });
	});

	it("stays taken when the first instance has ended", async () => {
		const service = new Service([type]);
		const { id } = await service.create(type, "first");
		await service.post(`/workflows/${id}/terminate`);
		const before = await service.get(`/workflows/${id}`);
		refusal(await service.post("/workflows", { type, id, payload: 2 }), 409, "INSTANCE_EXISTS");
		expect((await service.get(`/workflows/${id}`)).body).toStrictEqual(before.body);
	});

	it("is given to one of many that ask for it at once", async () => {
		const service = new Service([type]);
		const id = freshId();
		const replies = await Promise.all(
			Array.from({ length: 10 }, (_, n) =>
				service.post("/workflows", { type, id, payload: { n } }),
			),
		);
		const winners = replies.flatMap(({ status }, n) => (status === 201 ? [n] : []));
		expect(winners).toHaveLength(1);
		expect(replies.filter(({ status }) => status === 409)).toHaveLength(9);
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({
			payload: { n: winners[0] },
		});
	});
});

describe("a payload that breaks the type's schema", () => {
	const order = z.object({
		customer: z.string().min(1),
		lines: z.array(z.object({ sku: z.string(), count: z.number().int().positive() })),
	});
	const ordered = define(async (_, payload) => payload, { payload: order });

	it.each([
		["a wrong type", { customer: 7, lines: [] }, ["payload.customer"]],
		[
			"faults in a list",
			{
				customer: "",
				lines: [
					{ sku: "a", count: 1 },
					{ sku: 2, count: -1 },
				],
			},
			["payload.customer", "payload.lines.1.sku", "payload.lines.1.count"],
		],
		["no object", "order", ["payload"]],
		["null", null, ["payload"]],
	])("is a 400 with the path of each issue: %s", async (_, payload, paths) => {
		const service = new Service([ordered]);
		const id = freshId();
		const reply = await service.post("/workflows", { type: ordered, id, payload });
		const error = refusal(reply, 400, "VALIDATION_ERROR");
		expect(issuePaths(error)).toEqual(paths);
		for (const path of paths) expect(error.message).toContain(path);
		expect(service.asked).toEqual([id]);
		expect(await storedIn(id)).toEqual(NOTHING);
		expect((await service.get(`/workflows?type=${ordered}`)).body).toMatchObject({ instances: [] });
	});

	it("creates nothing under a generated id either", async () => {
		const service = new Service([ordered]);
		const reply = await service.post("/workflows", { type: ordered, payload: {} });
		refusal(reply, 400, "VALIDATION_ERROR");
		const [id, ...others] = service.asked;
		expect(others).toEqual([]);
		expect(await storedIn(String(id))).toEqual(NOTHING);
	});

	it("leaves the id free for a payload that fits", async () => {
		const service = new Service([ordered]);
		const id = freshId();
		const payload = { customer: "c", lines: [] };
		await service.post("/workflows", { type: ordered, id, payload: {} });
		const instance = await service.create(ordered, payload, id);
		expect((await instance.until("completed")).result).toEqual(payload);
	});

	it("is refused by a rule that answers later, too", async () => {
		const even = z.number().refine(async (n) => n % 2 === 0, "expected an even number");
		const later = define(async () => null, { payload: even });
		const service = new Service([later]);
		const id = freshId();
		const reply = await service.post("/workflows", { type: later, id, payload: 3 });
		const { message } = refusal(reply, 400, "VALIDATION_ERROR");
		expect(message).toContain("expected an even number");
		expect(await storedIn(id)).toEqual(NOTHING);
	});
});

describe("a payload that fits the type's schema", () => {
	it("is kept as the schema returns it, defaults and unknown keys included", async () => {
		const schema = z.object({ count: z.coerce.number(), unit: z.string().default("kg") });
		const lax = define(async (_, payload) => payload, { payload: schema });
		const service = new Service([lax]);
		const instance = await service.create(lax, { count: "7", extra: 1 });
		await instance.until("completed");
		expect((await service.get(`/workflows/${instance.id}`)).body).toMatchObject({
			payload: { count: 7, unit: "kg" },
			result: { count: 7, unit: "kg" },
		});
	});

	it("is refused when the schema's output cannot be stored", async () => {
		const schema = z.object({ name: z.string().transform((name) => () => name) });
		const odd = define(async () => null, { payload: schema });
		const service = new Service([odd]);
		const id = freshId();
		const reply = await service.post("/workflows", { type: odd, id, payload: { name: "x" } });
		expect(refusal(reply, 400, "VALUE_NOT_STORABLE").details).toEqual({ path: ".name" });
		expect(await storedIn(id)).toEqual(NOTHING);
	});
});

describe("JSON that means harm", () => {
	const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

	it.each([LIMITS.valueDepth + 1, 10_000, 500_000])(
		"is refused quickly when the payload is %i levels deep",
		async (levels) => {
			const startedAt = performance.now();
			const body = `{"type":"${type}","payload":${deep(levels)}}`;
			const { message } = await refused(body, 400, "VALUE_NOT_STORABLE");
			expect(message).toContain(`deeper than ${LIMITS.valueDepth} levels`);
			expect(performance.now() - startedAt).toBeLessThan(2_000);
		},
	);

	it("is refused quickly when objects are 10,000 levels deep", async () => {
		const payload = `${`{"a":`.repeat(10_000)}1${"}".repeat(10_000)}`;
		await refused(`{"type":"${type}","payload":${payload}}`, 400, "VALUE_NOT_STORABLE");
	});

	it("is refused when the body itself is 10,000 levels deep", async () => {
		expect(issuePaths(await refused(deep(10_000)))).toEqual(["body"]);
	});

	it("is taken at the limit of depth, and answered", async () => {
		const service = new Service([type]);
		const payload: unknown = JSON.parse(deep(LIMITS.valueDepth));
		const { id } = await service.create(type, payload);
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({ payload });
	});

	it("pollutes no prototype by the key __proto__, at any level", async () => {
		for (const payload of [
			`{"__proto__":{"polluted":1}}`,
			`{"a":[{"__proto__":{"polluted":1}}]}`,
		]) {
			const { message } = await refused(
				`{"type":"${type}","payload":${payload}}`,
				400,
				"VALUE_NOT_STORABLE",
			);
			expect(message).toContain("__proto__");
		}
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});

	it("keeps the keys constructor, prototype and hasOwnProperty as plain data", async () => {
		const service = new Service([type]);
		const payload = { constructor: { prototype: { polluted: 1 } }, hasOwnProperty: 1, toJSON: 2 };
		const { id } = await service.create(type, payload);
		const { body } = await service.get(`/workflows/${id}`);
		const { payload: kept } = body as { payload: unknown };
		expect(JSON.stringify(kept)).toBe(JSON.stringify(payload));
		expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
	});

	it("keeps a lone surrogate and a zero character", async () => {
		const service = new Service([type]);
		const id = freshId();
		const body = `{"type":"${type}","id":"${id}","payload":"a\\ud800b\\u0000c"}`;
		expect((await service.postText("/workflows", body)).status).toBe(201);
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({
			payload: "a\ud800b\u0000c",
		});
	});
});

/** The answer without what the pass may still be doing. */
function settled(body: unknown): unknown {
	const { status, steps, updatedAt, ...rest } = body as Record<string, unknown>;
	return rest;
}
