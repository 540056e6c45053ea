/** Who gets in: the token, `AUTH=off`, and a service that has neither. */
import { describe, expect, it } from "vitest";
import { define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const TOKEN = "s3cret.Token~with/all+of-its_signs==";

/** Every route but the open one, and paths that are none. */
const CLOSED = [
	["GET", "/workflows"],
	["POST", "/workflows"],
	["GET", "/workflows/x"],
	["POST", "/workflows/x/pause"],
	["POST", "/workflows/x/resume"],
	["POST", "/workflows/x/terminate"],
	["POST", "/workflows/x/events/go"],
	["DELETE", "/workflows/x"],
	["GET", "/nope"],
] as const;

const create = (authorization?: string): RequestInit => ({
	headers: {
		"Content-Type": "application/json",
		...(authorization === undefined ? {} : { Authorization: authorization }),
	},
	body: JSON.stringify({ type, id: freshId(), payload: null }),
});

describe("with API_TOKEN", () => {
	it("GET / is open", async () => {
		const reply = await new Service([type], { API_TOKEN: TOKEN }).get("/");
		expect([reply.status, reply.body]).toEqual([200, { status: "ok", workflows: [type] }]);
	});

	it.each(CLOSED)("%s %s is a 401 without the token, and asks no object", async (method, path) => {
		const service = new Service([type], { API_TOKEN: TOKEN });
		const reply = await service.request(method, path);
		const { message } = refusal(reply, 401, "UNAUTHORIZED");
		expect(message).toContain("Authorization: Bearer");
		expect(reply.text).not.toContain(TOKEN);
		expect(reply.headers.get("WWW-Authenticate")).toMatch(/^Bearer\b/);
		expect(service.asked).toEqual([]);
	});

	it.each([
		["another token", "Bearer wrong"],
		["the start of the token", `Bearer ${TOKEN.slice(0, -1)}`],
		["the token and more", `Bearer ${TOKEN}x`],
		["the token in other letters", `Bearer ${TOKEN.toUpperCase()}`],
		["no token", "Bearer"],
		["an empty token", "Bearer "],
		["no scheme", TOKEN],
		["another scheme", `Basic ${btoa(`user:${TOKEN}`)}`],
		["two tokens", `Bearer ${TOKEN}, Bearer ${TOKEN}`],
		["signs that no token has", "Bearer a b\tc{}"],
		["a very long token", `Bearer ${"x".repeat(10_000)}`],
	])("%s is a 401", async (_, authorization) => {
		const service = new Service([type], { API_TOKEN: TOKEN });
		const reply = await service.request("POST", "/workflows", create(authorization));
		refusal(reply, 401, "UNAUTHORIZED");
		expect(reply.headers.get("WWW-Authenticate")).toMatch(/^Bearer\b/);
		expect(service.asked).toEqual([]);
	});

	it.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `Bearer   ${TOKEN}`])(
		"the right token works: %s",
		async (authorization) => {
			const service = new Service([type], { API_TOKEN: TOKEN });
			const reply = await service.request("POST", "/workflows", create(authorization));
			expect(reply.status).toBe(201);
		},
	);

	it("the token does not work as a query or a cookie", async () => {
		const service = new Service([type], { API_TOKEN: TOKEN });
		const path = `/workflows?token=${encodeURIComponent(TOKEN)}`;
		const reply = await service.request("GET", path, { headers: { Cookie: `token=${TOKEN}` } });
		refusal(reply, 401, "UNAUTHORIZED");
	});

	it("AUTH=off does not open the service", async () => {
		const service = new Service([type], { API_TOKEN: TOKEN, AUTH: "off" });
		refusal(await service.get("/workflows"), 401, "UNAUTHORIZED");
		const reply = await service.request("POST", "/workflows", create(`Bearer ${TOKEN}`));
		expect(reply.status).toBe(201);
	});

	it("access is asked before the body is read", async () => {
		const service = new Service([type], { API_TOKEN: TOKEN });
		refusal(await service.postText("/workflows", "not JSON"), 401, "UNAUTHORIZED");
	});
});

describe("with neither API_TOKEN nor AUTH=off", () => {
	const settings = [{}, { AUTH: "" }, { AUTH: "on" }, { AUTH: "OFF" }, { API_TOKEN: "" }];

	it("GET / is open", async () => {
		expect((await new Service([type], {}).get("/")).status).toBe(200);
	});

	it.each(CLOSED)("%s %s is a 503 that says how to set them", async (method, path) => {
		const service = new Service([type], {});
		const reply = await service.request(method, path);
		const { message } = refusal(reply, 503, "ACCESS_NOT_CONFIGURED");
		expect(message).toContain("wrangler secret put API_TOKEN");
		expect(message).toContain("AUTH");
		expect(message).toContain("off");
		expect(service.asked).toEqual([]);
	});

	it.each(settings)("the service stays closed with %j", async (given) => {
		const service = new Service([type], given);
		for (const authorization of [undefined, "Bearer ", "Bearer undefined", "Bearer off"]) {
			const reply = await service.request("POST", "/workflows", create(authorization));
			refusal(reply, 503, "ACCESS_NOT_CONFIGURED");
		}
		expect(service.asked).toEqual([]);
	});
});

describe("with AUTH=off", () => {
	it("every request gets in, with or without a token", async () => {
		for (const settings of [{ AUTH: "off" }, { AUTH: "off", API_TOKEN: "" }]) {
			const service = new Service([type], settings);
			expect((await service.request("POST", "/workflows", create())).status).toBe(201);
			expect((await service.request("POST", "/workflows", create("Bearer x"))).status).toBe(201);
			expect((await service.get("/workflows")).status).toBe(200);
		}
	});
});
