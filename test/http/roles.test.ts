/** Tokens with roles: which secrets are taken, what each role may do, and who the audit names. */
import { describe, expect, it } from "vitest";
import { ACCESS_ROLES } from "../../src/model/access";
import { LIMITS } from "../../src/model/limits";
import { define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";
import { Client, serviceWith, tokenOf } from "./support-tokens";

const type = define(async (step) => step.waitForEvent("go"));
const everyRole = ACCESS_ROLES.map((role) => ({ name: `the-${role}`, role }));

const READS = [
	["GET", "/workflows"],
	["GET", "/workflows/stats"],
	["GET", "/types"],
	["GET", `/types/${type}`],
	["GET", `/types/${type}/breakers`],
	["GET", "/schedules"],
	["HEAD", "/workflows"],
] as const;

/** Which of them would be answered 2xx does not matter: a refusal comes before all else. */
const CHANGES = [
	["POST", "/workflows"],
	["POST", "/workflows/batch"],
	["POST", "/workflows/bulk"],
	["POST", "/workflows/cleanup"],
	["POST", "/workflows/x/pause"],
	["POST", "/workflows/x/resume"],
	["POST", "/workflows/x/terminate"],
	["POST", "/workflows/x/restart"],
	["POST", "/workflows/x/repair"],
	["POST", "/workflows/x/events/go"],
	["DELETE", "/workflows/x"],
	["PATCH", `/types/${type}`],
	["POST", `/types/${type}/breakers/x/reset`],
	["POST", "/schedules"],
	["DELETE", `/schedules/${type}:x`],
	["POST", `/schedules/${type}:x/trigger`],
	["POST", "/bulk/x/stop"],
	["PUT", "/nope"],
] as const;

const ADMIN = [
	["POST", "/admin/reindex"],
	["GET", `/admin/reindex?type=${type}`],
	["GET", "/admin/nope"],
] as const;

describe("a role", () => {
	it.each(READS)("%s %s is for every role", async (method, path) => {
		for (const { name } of everyRole) {
			const reply = await new Client(serviceWith([type], everyRole), name).send(method, path);
			expect([name, reply.status]).toEqual([name, 200]);
		}
	});

	it.each(CHANGES)("%s %s is refused to a viewer, and asks no object", async (method, path) => {
		const service = serviceWith([type], everyRole);
		const reply = await new Client(service, "the-viewer").send(method, path, {});
		const { message, details } = refusal(reply, 403, "FORBIDDEN");
		expect(message).toContain('"operator"');
		expect(message).toContain('the token "the-viewer" has "viewer"');
		expect(details).toEqual({ needed: "operator", role: "viewer" });
		expect(service.asked).toEqual([]);
	});

	it.each(CHANGES)("%s %s is refused to no other role", async (method, path) => {
		for (const name of ["the-operator", "the-author", "the-admin"]) {
			const client = new Client(serviceWith([type], everyRole), name);
			expect((await client.send(method, path, {})).status).not.toBe(403);
		}
	});

	it.each(ADMIN)("%s %s is for admins", async (method, path) => {
		for (const role of ["viewer", "operator", "author"] as const) {
			const service = serviceWith([type], everyRole);
			const reply = await new Client(service, `the-${role}`).send(
				method,
				path,
				method === "POST" ? { type } : undefined,
			);
			const needed = role === "viewer" && method === "POST" ? "operator" : "admin";
			expect(refusal(reply, 403, "FORBIDDEN").details).toEqual({ needed, role });
			expect(service.asked).toEqual([]);
		}
		const admin = new Client(serviceWith([type], everyRole), "the-admin");
		expect(
			(await admin.send(method, path, method === "POST" ? { type } : undefined)).status,
		).not.toBe(403);
	});

	it("is asked before the body is read", async () => {
		const service = serviceWith([type], everyRole);
		const headers = { Authorization: `Bearer ${tokenOf("the-viewer")}` };
		const reply = await service.request("POST", "/workflows", { headers, body: "not JSON" });
		refusal(reply, 403, "FORBIDDEN");
	});

	it("is that of its token alone: another token is a 401", async () => {
		const service = serviceWith([type], everyRole);
		const tokens = ["wrong", "the-viewer", tokenOf("the-viewer").slice(1), ""];
		for (const token of tokens) {
			const headers = { Authorization: `Bearer ${token}` };
			refusal(await service.request("GET", "/workflows", { headers }), 401, "UNAUTHORIZED");
		}
		refusal(await service.get("/workflows"), 401, "UNAUTHORIZED");
		expect(service.asked).toEqual([]);
	});
});

describe("API_TOKENS", () => {
	it("takes a token by its SHA-256", async () => {
		// Of "token-of-hashed", by sha256sum.
		const digest = await crypto.subtle.digest(
			"SHA-256",
			new TextEncoder().encode(tokenOf("hashed")),
		);
		const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
		const entry = { name: "hashed", role: "viewer", sha256: hex.join("").toUpperCase() };
		const service = new Service([type], { API_TOKENS: JSON.stringify([entry]) });
		expect((await new Client(service, "hashed").get("/workflows")).status).toBe(200);
		const headers = { Authorization: `Bearer ${hex.join("")}` };
		refusal(await service.request("GET", "/workflows", { headers }), 401, "UNAUTHORIZED");
	});

	it("stands beside API_TOKEN, which is an admin's", async () => {
		const API_TOKENS = JSON.stringify([{ name: "v", role: "viewer", token: tokenOf("v") }]);
		const service = new Service([type], { API_TOKEN: tokenOf("own"), API_TOKENS, AUTH: "off" });
		expect((await new Client(service, "own").get(`/admin/reindex?type=${type}`)).status).toBe(200);
		refusal(await new Client(service, "v").post("/workflows", { type }), 403, "FORBIDDEN");
		refusal(await service.get("/workflows"), 401, "UNAUTHORIZED");
	});

	const SECRET = "s3cret-token-of-somebody";
	const one = { name: "a", role: "viewer", token: SECRET };
	const FAULTS: [what: string, given: unknown, says: string][] = [
		["no JSON", `[{"name": ${SECRET}`, "not JSON"],
		["no array", { [SECRET]: "admin" }, "API_TOKENS: expected an array"],
		["no entry", [], "at least one token"],
		["an entry that is none", [SECRET], "API_TOKENS[0]: expected an object"],
		["an unknown field", [{ ...one, [SECRET]: 1 }], "API_TOKENS[0]: expected an object with name"],
		["no name", [one, { role: "viewer", token: "b" }], "API_TOKENS[1].name"],
		[
			"a name of other characters",
			[{ ...one, name: "a b" }],
			"API_TOKENS[0].name: expected letters",
		],
		["a long name", [{ ...one, name: "x".repeat(51) }], "API_TOKENS[0].name: expected at most 50"],
		["the name of API_TOKEN's holder", [{ ...one, name: "api" }], "API_TOKENS[0].name"],
		["a name given twice", [one, { ...one, token: "b" }], "API_TOKENS[1].name: an earlier token"],
		["no role", [{ name: "a", token: SECRET }], "API_TOKENS[0].role: expected one of viewer"],
		["an unknown role", [{ ...one, role: SECRET }], "API_TOKENS[0].role: expected one of viewer"],
		["neither token nor hash", [{ name: "a", role: "viewer" }], "API_TOKENS[0]: expected either"],
		["token and hash", [{ ...one, sha256: "0".repeat(64) }], "API_TOKENS[0]: expected either"],
		["a token no header can carry", [{ ...one, token: `${SECRET} x` }], "API_TOKENS[0].token"],
		["an empty token", [{ ...one, token: "" }], "API_TOKENS[0].token"],
		[
			"a hash that is none",
			[{ name: "a", role: "viewer", sha256: SECRET }],
			"API_TOKENS[0].sha256",
		],
		["a token given twice", [one, { ...one, name: "b" }], "API_TOKENS[1]: it is an earlier token"],
		["types that are no list", [{ ...one, types: SECRET }], "API_TOKENS[0].types: expected a list"],
		["no types", [{ ...one, types: [] }], "API_TOKENS[0].types: expected at least one"],
		["a * in the middle", [{ ...one, types: ["a*b"] }], "API_TOKENS[0].types[0]: expected a name"],
		["nodes that are none", [{ ...one, nodes: ["log", 3] }], "API_TOKENS[0].nodes[1]"],
		[
			"too many tokens",
			Array.from({ length: LIMITS.accessTokens + 1 }, (_, at) => ({ ...one, name: `n${at}` })),
			"at most 100 tokens",
		],
		["too many types", [{ ...one, types: Array(LIMITS.accessNames + 1).fill("a") }], "at most 100"],
	];

	it.each(FAULTS)("with %s nobody gets in, and the place is named", async (_, given, says) => {
		const API_TOKENS = typeof given === "string" ? given : JSON.stringify(given);
		for (const settings of [{ API_TOKENS }, { API_TOKENS, AUTH: "off" }]) {
			const service = new Service([type], settings);
			const headers = { Authorization: `Bearer ${SECRET}` };
			const reply = await service.request("GET", "/workflows", { headers });
			expect(refusal(reply, 503, "ACCESS_NOT_CONFIGURED").message).toContain(says);
			expect(reply.text).not.toContain(SECRET);
			expect(service.asked).toEqual([]);
			expect((await service.get("/")).status).toBe(200);
		}
	});

	it("may not have the token of API_TOKEN", async () => {
		const service = new Service([type], { API_TOKEN: SECRET, API_TOKENS: JSON.stringify([one]) });
		const { message } = refusal(await service.get("/types"), 503, "ACCESS_NOT_CONFIGURED");
		expect(message).toContain("API_TOKENS[0]: it is an earlier token, or API_TOKEN");
	});

	it("takes as many tokens and types as it may have", async () => {
		const types = Array.from({ length: LIMITS.accessNames }, (_, at) => `t${at}`);
		const entries = Array.from({ length: LIMITS.accessTokens }, (_, at) => {
			return { name: `n${at}`, role: "viewer" as const, types: [...types.slice(1), "*"] };
		});
		const client = new Client(serviceWith([type], entries), "n99");
		expect((await client.get(`/types/${type}`)).status).toBe(200);
	});

	it("is read again when it changes", async () => {
		const before = serviceWith([type], [{ name: "a", role: "viewer" }]);
		const after = serviceWith([type], [{ name: "b", role: "viewer" }]);
		for (const [service, name, status] of [
			[before, "a", 200],
			[after, "a", 401],
			[after, "b", 200],
			[before, "b", 401],
		] as const) {
			expect((await new Client(service, name).get("/workflows")).status).toBe(status);
		}
	});
});

describe("the audit", () => {
	const service = serviceWith([type], [{ name: "ci", role: "operator" }]);
	const ci = new Client(service, "ci");

	it("names the token, beside whom the request names", async () => {
		const id = freshId();
		await ci.post("/workflows", { type, id });
		const headers = { "X-Actor": "anna" };
		await ci.send("POST", `/workflows/${id}/pause`, undefined, headers);
		await ci.send("POST", `/workflows/${id}/resume`);
		await ci.send("POST", `/workflows/${id}/events/go`, 1, headers);
		const { body } = await ci.get(`/workflows/${id}?include=audit`);
		const { audit } = body as { audit: { action: string; actor: string }[] };
		expect(Object.fromEntries(audit.map(({ action, actor }) => [action, actor]))).toEqual({
			create: "ci",
			pause: "anna (ci)",
			resume: "ci",
			event: "anna (ci)",
		});
	});

	it("names who is named alone, where there is one token only", async () => {
		const own = new Service([type], { API_TOKEN: tokenOf("own") });
		const client = new Client(own, "own");
		const id = freshId();
		await client.send("POST", "/workflows", { type, id }, { "X-Actor": "anna" });
		await client.post(`/workflows/${id}/pause`);
		const { body } = await client.get(`/workflows/${id}?include=audit`);
		expect(body).toMatchObject({ audit: [{ actor: "anna" }, { actor: "api" }] });
	});

	it("takes no actor that is too long with the token's name", async () => {
		const id = freshId();
		const send = (length: number) =>
			ci.send("POST", "/workflows", { type, id }, { "X-Actor": "x".repeat(length) });
		refusal(await send(LIMITS.actorLength - 4), 400, "VALIDATION_ERROR");
		expect((await send(LIMITS.actorLength - 5)).status).toBe(201);
	});
});
