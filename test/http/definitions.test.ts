/** Definitions over HTTP: storing, checking, choosing and forgetting them, and running what they say. */
import { describe, expect, it } from "vitest";
import { graphs } from "../../src/authoring/graph/graphs";
import { WorkflowNode } from "../../src/authoring/graph/node";
import { NodeRegistry } from "../../src/authoring/graph/registry";
import { definedType } from "../support/definitions";
import { TestInstance } from "../support/instance";
import { clock, compileWith, define } from "../support/lab";
import { type Reply, refusal, Service } from "./support-service";
import { Client, serviceWith } from "./support-tokens";

const definitions = graphs();
compileWith(definitions.compile);
const service = new Service([], { AUTH: "off" }, definitions);

interface Parts {
	version?: string;
	workflow?: unknown[];
}

const of = (id: string, { version = "1.0.0", workflow = [{ log: "hello" }] }: Parts = {}) => ({
	...{ id, name: `The workflow ${id}`, version },
	workflow,
});

async function stored(id: string, parts: Parts = {}): Promise<Record<string, unknown>> {
	const reply = await service.post("/definitions", of(id, parts));
	expect([200, 201]).toContain(reply.status);
	return reply.body as Record<string, unknown>;
}

async function created(type: string, payload: unknown = null): Promise<TestInstance> {
	const reply = await service.post("/workflows", { type, payload });
	expect(reply.status).toBe(201);
	return new TestInstance((reply.body as { id: string }).id);
}

/** The body of an answer that is as it should be. */
function body(reply: Reply): Record<string, unknown> {
	expect(reply.status).toBe(200);
	return reply.body as Record<string, unknown>;
}

describe("POST /definitions", () => {
	it("stores a definition, which is a type at once", async () => {
		const id = definedType();
		const reply = await service.post("/definitions", of(id));
		expect(reply.status).toBe(201);
		expect(reply.body).toMatchObject({
			...{ type: id, version: "1.0.0", isCurrent: true, actor: "api" },
			hash: expect.stringMatching(/^[0-9a-f]{64}$/),
		});
		const instance = await created(id);
		await instance.until("completed");
		await service.listsUntil(`/workflows?type=${id}`, {
			type: id,
			instances: [expect.objectContaining({ id: instance.id, status: "completed" })],
			nextCursor: null,
		});
		const types = body(await service.get("/types")).types as { name: string }[];
		expect(types.map(({ name }) => name)).toContain(id);
		expect(body(await service.get(`/types/${id}`))).toMatchObject({ name: id, version: "1.0.0" });
		expect(body(await service.get(`/types/${id}/graph`))).toEqual({
			nodes: [{ id: "0/log", kind: "log", label: "log" }],
			edges: [],
		});
	});

	it("is 200 for what is stored already: white space does not count", async () => {
		const id = definedType();
		await stored(id);
		const again = await service.postText("/definitions", JSON.stringify(of(id), null, 3));
		expect(again.status).toBe(200);
	});

	it("refuses other content under a version, unless it is to take its place", async () => {
		const id = definedType();
		await stored(id);
		const other = of(id, { workflow: [{ log: "other" }] });
		refusal(await service.post("/definitions", other), 409, "DEFINITION_EXISTS");
		expect((await service.post("/definitions?replace=true", other)).status).toBe(201);
		expect(body(await service.get(`/definitions/${id}`))).toMatchObject({
			content: other,
			versions: [expect.objectContaining({ version: "1.0.0" })],
		});
	});

	it("answers with every fault and its place, and stores nothing", async () => {
		const id = definedType();
		const text = [
			"{",
			`  "id": "${id}", "name": "x", "version": "one",`,
			'  "workflow": [',
			'    { "lgo": "hello" }',
			"  ]",
			"}",
		].join("\n");
		const reply = await service.postText("/definitions", text);
		expect(reply.status).toBe(400);
		const { error } = reply.body as { error: { code: string; details: unknown } };
		expect(error.code).toBe("VALIDATION_ERROR");
		expect(error.details).toEqual({
			issues: [
				expect.objectContaining({ path: "/version", line: 2 }),
				expect.objectContaining({
					...{ path: "/workflow/0/lgo", line: 4, column: 7 },
					message: expect.stringContaining('"log"'),
				}),
			],
		});
		refusal(await service.get(`/definitions/${id}`), 404, "DEFINITION_NOT_FOUND");
		const list = body(await service.get("/definitions")).definitions as { type: string }[];
		expect(list.map(({ type }) => type)).not.toContain(id);
	});
});

describe("POST /definitions/validate", () => {
	it("says whether a definition is one, and stores nothing", async () => {
		const id = definedType();
		expect(body(await service.post("/definitions/validate", of(id)))).toMatchObject({
			...{ valid: true, faults: [], definition: { type: id, version: "1.0.0" } },
		});
		const faulty = of(id, { workflow: [] });
		expect(body(await service.post("/definitions/validate", faulty))).toMatchObject({
			...{ valid: false, definition: null },
			faults: [expect.objectContaining({ path: "/workflow" })],
		});
		refusal(await service.get(`/definitions/${id}`), 404, "DEFINITION_NOT_FOUND");
	});
});

describe("the versions of a type", () => {
	it("are listed, read, and made current again", async () => {
		const id = definedType();
		const one = await stored(id);
		clock.advance(1);
		const two = await stored(id, { version: "2.0.0", workflow: [{ fail: "no" }] });
		expect(body(await service.get(`/definitions/${id}`))).toEqual({
			...two,
			content: of(id, { version: "2.0.0", workflow: [{ fail: "no" }] }),
			versions: [two, { ...one, isCurrent: false }],
		});
		expect(body(await service.get(`/definitions/${id}/versions/1.0.0`))).toMatchObject({
			content: of(id),
		});
		const current = { version: "1.0.0" };
		const chosen = await service.request("PUT", `/definitions/${id}/current`, {
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(current),
		});
		expect(body(chosen)).toEqual(one);
		await (await created(id)).until("completed");
		refusal(await service.get(`/definitions/${id}/versions/9.9.9`), 404, "DEFINITION_NOT_FOUND");
	});

	it("are forgotten together, once there are no instances", async () => {
		const id = definedType();
		await stored(id);
		expect(body(await service.request("DELETE", `/definitions/${id}`))).toEqual({
			...{ type: id, status: "deleted" },
		});
		refusal(await service.post("/workflows", { type: id }), 400, "UNKNOWN_TYPE");
		refusal(await service.get(`/types/${id}`), 404, "UNKNOWN_TYPE");
	});
});

describe("a type whose definition has a node that a deploy has taken away", () => {
	it("is listed and archived as any other, and what there is of it is read", async () => {
		class Gone extends WorkflowNode {
			readonly metadata = { id: "gone", name: "Gone", version: "1.0.0" };
			async execute() {
				return { success: () => 1 };
			}
		}
		const nodes = new NodeRegistry();
		nodes.register(Gone);
		const before = graphs({ nodes });
		const id = definedType();
		compileWith(before.compile);
		const earlier = new Service([], { AUTH: "off" }, before);
		expect((await earlier.post("/definitions", of(id, { workflow: [{ gone: {} }] }))).status).toBe(
			201,
		);
		compileWith(definitions.compile);
		const types = body(await service.get("/types")).types as { name: string }[];
		expect(types).toContainEqual(expect.objectContaining({ name: id, version: "1.0.0" }));
		refusal(await service.get(`/types/${id}/graph`), 404, "NO_GRAPH");
		const archived = await service.request("PATCH", `/types/${id}`, {
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ status: "archived" }),
		});
		expect(body(archived)).toMatchObject({ status: "archived" });
		expect(body(await service.get(`/definitions/${id}`))).toMatchObject({ version: "1.0.0" });
		expect(body(await service.request("DELETE", `/definitions/${id}`))).toMatchObject({ type: id });
	});
});

describe("POST /workflows with a definition", () => {
	it("stores and runs it: 202 with an execution and where to look at it", async () => {
		const id = definedType();
		const reply = await service.post("/workflows", of(id, { workflow: [{ "wait-event": "go" }] }));
		expect(reply.status).toBe(202);
		const { executionId, status, links } = reply.body as {
			executionId: string;
			status: string;
			links: Record<string, string>;
		};
		expect(status).toBe("running");
		expect(reply.headers.get("Location")).toBe(`/executions/${executionId}`);
		expect(links).toEqual({
			self: `/executions/${executionId}`,
			state: `/executions/${executionId}/state`,
			metrics: `/executions/${executionId}/metrics`,
			instance: `/workflows/${executionId}`,
			stream: `/workflows/${executionId}/stream`,
		});
		const instance = new TestInstance(executionId);
		await instance.until("waiting");
		await instance.evict();
		await service.post(`/workflows/${executionId}/events/go`, { ok: true });
		await instance.until("completed");
	});

	it("takes a list of steps as a linear graph", async () => {
		const name = definedType();
		const steps = [
			{ id: "say", type: "log", config: { message: "hello" } },
			{ id: "rest", type: "delay", config: { duration: 1_000 } },
		];
		const reply = await service.post("/workflows", { name, description: "a list", steps });
		expect(reply.status).toBe(202);
		const { executionId } = reply.body as { executionId: string };
		const instance = new TestInstance(executionId);
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until("completed");
		expect(body(await service.get(`/workflows/${executionId}`)).steps).toMatchObject([
			{ name: "say", status: "completed" },
			{ name: "rest", status: "completed" },
		]);
	});
});

describe("the audit of definitions", () => {
	const send = (method: string, path: string, content: unknown, more: Record<string, string>) =>
		service.request(method, path, {
			headers: { "Content-Type": "application/json", ...more },
			...(content === undefined ? {} : { body: JSON.stringify(content) }),
		});
	const anna = { "X-Actor": "anna" };

	it("tells who stored, ran, chose and deleted one, and why, also when they are gone", async () => {
		const id = definedType();
		await send("POST", "/definitions?reason=first", of(id), { ...anna, "Idempotency-Key": "k1" });
		const run = await send("POST", "/workflows?reason=try", of(id), anna);
		const { executionId } = run.body as { executionId: string };
		const chosen = { version: "1.0.0", reason: "this one" };
		await send("PUT", `/definitions/${id}/current`, chosen, anna);
		const instance = new TestInstance(executionId);
		await instance.until("completed");
		await service.listsUntil(`/workflows?type=${id}&status=completed&limit=1`, {
			type: id,
			instances: [expect.objectContaining({ id: executionId })],
			nextCursor: null,
		});
		refusal(await service.request("DELETE", `/definitions/${id}`), 409, "DEFINITION_IN_USE");
		await service.request("DELETE", `/workflows/${executionId}`);
		await expect
			.poll(async () => {
				const reply = await send("DELETE", `/definitions/${id}`, { reason: "old" }, anna);
				return reply.status;
			})
			.toBe(200);
		const { audit } = body(await service.get(`/definitions/${id}/audit`)) as { audit: object[] };
		const about = { actor: "anna", version: "1.0.0", hash: expect.any(String) };
		expect(audit).toEqual([
			{ ...about, at: expect.any(Number), action: "delete", reason: "old", key: null },
			{ ...about, at: expect.any(Number), action: "use", reason: "this one", key: null },
			{ ...about, at: expect.any(Number), action: "submit", reason: "try", key: null },
			{ ...about, at: expect.any(Number), action: "store", reason: "first", key: "k1" },
		]);
		const missing = await service.get(`/definitions/${definedType()}/audit`);
		refusal(missing, 404, "DEFINITION_NOT_FOUND");
	});

	it("has a request once for its Idempotency-Key; another request with it is a 422", async () => {
		const id = definedType();
		const key = { "Idempotency-Key": "k1" };
		const one = await send("POST", "/definitions", of(id), key);
		const two = of(id, { version: "2.0.0" });
		await stored(id, { version: "2.0.0" });
		const again = await send("POST", "/definitions", of(id), key);
		expect(body(again)).toEqual({ ...(one.body as object), isCurrent: false });
		for (const refused of [
			send("POST", "/definitions", two, key),
			send("POST", "/definitions?replace=true", of(id), key),
			send("POST", "/workflows", of(id), key),
			send("PUT", `/definitions/${id}/current`, { version: "1.0.0" }, key),
			send("DELETE", `/definitions/${id}`, undefined, key),
		]) {
			refusal(await refused, 422, "IDEMPOTENCY_CONFLICT");
		}
		expect(body(await service.get(`/definitions/${id}`))).toMatchObject({ version: "2.0.0" });
	});

	it("a submission that comes again is the same execution, though its content is gone", async () => {
		const id = definedType();
		const key = { "Idempotency-Key": "k1" };
		const given = of(id, { workflow: [{ "wait-event": "go" }] });
		const first = (await send("POST", "/workflows", given, key)).body as { executionId: string };
		await service.post("/definitions?replace=true", of(id));
		const again = await send("POST", "/workflows", given, key);
		expect([again.status, again.body]).toMatchObject([202, { executionId: first.executionId }]);
		expect(body(await service.get(`/definitions/${id}`))).toMatchObject({ content: of(id) });
		// The key's instance began with another definition.
		refusal(
			await send("POST", "/workflows", { type: id, payload: null }, key),
			422,
			"IDEMPOTENCY_CONFLICT",
		);
		const later = await send("POST", "/workflows", { type: id }, { "Idempotency-Key": "k2" });
		expect(later.status).toBe(201);
	});
});

describe("GET /executions/:id", () => {
	it("tells the path, the state and the metrics, while it runs and at its end", async () => {
		const id = definedType();
		await stored(id, {
			workflow: [
				{ "set-state": { values: { n: "{{ input.n + 1 }}" } } },
				{ condition: { if: "n > 2", "true?": "wait-event", "false?": { fail: "too few" } } },
				{ "wait-event": "go" },
			],
		});
		const instance = await created(id, { n: 2 });
		await instance.until("waiting");
		const path = `/executions/${instance.id}`;
		expect(body(await service.get(path))).toMatchObject({
			...{ id: instance.id, workflowId: id, status: "running", instanceStatus: "waiting" },
			currentNode: "2/wait-event",
			executionPath: [
				{ nodeId: "set-state", edgeTaken: "success", status: "completed" },
				{ nodeId: "condition", edgeTaken: "true", outputData: true },
				{ nodeId: "wait-event", edgeTaken: null, status: "waiting", endTime: null },
			],
		});
		expect(body(await service.get(`${path}/state`))).toEqual({ n: 3, condition_output: true });
		await instance.crash();
		await instance.event("go", { by: "ann" });
		await instance.until("completed");
		const state = { n: 3, condition_output: true, "wait-event_output": { by: "ann" } };
		expect(body(await service.get(path))).toMatchObject({
			...{ status: "completed", finalState: state, endTime: expect.any(String) },
		});
		expect(body(await service.get(`${path}/state`))).toEqual(state);
		expect(body(await service.get(`${path}/metrics`))).toMatchObject({
			...{ executionId: instance.id, nodeExecutions: 3, stateOperations: 3 },
			nodeMetrics: { condition: { executionCount: 1, errors: 0 } },
		});
	});

	it("classifies the error of one that failed", async () => {
		const id = definedType();
		await stored(id, { workflow: [{ fail: { message: "no luck", code: "NO_LUCK" } }] });
		const instance = await created(id);
		await instance.until("errored");
		expect(body(await service.get(`/executions/${instance.id}`))).toMatchObject({
			status: "failed",
			error: { type: "runtime", severity: "critical", message: "no luck", code: "NO_LUCK" },
		});
	});

	it("is none of an instance whose program is code, nor of an unknown one", async () => {
		const code = await TestInstance.create(define(async () => 1));
		for (const path of ["", "/state", "/metrics"]) {
			refusal(await service.get(`/executions/${code.id}${path}`), 404, "NO_EXECUTION");
			refusal(await service.get(`/executions/unknown${path}`), 404, "INSTANCE_NOT_FOUND");
		}
	});
});

describe("GET /nodes", () => {
	it("lists the nodes with their parameters", async () => {
		const nodes = (await service.get("/nodes")).body as { id: string; version: string }[];
		const ids = nodes.map(({ id }) => id);
		for (const id of ["log", "delay", "http", "condition", "loop", "parallel", "fail"]) {
			expect(ids).toContain(id);
		}
		expect(nodes.find(({ id }) => id === "delay")).toMatchObject({
			...{ version: "1.0.0", config: { type: "object" } },
		});
	});
});

describe("GET /definitions/schema.json", () => {
	it("is the JSON Schema of the format", async () => {
		const reply = await service.get("/definitions/schema.json");
		expect(reply.headers.get("Content-Type")).toBe("application/schema+json");
		expect(JSON.parse(reply.text)).toMatchObject({
			$schema: "https://json-schema.org/draft/2020-12/schema",
		});
	});
});

describe("definitions and tokens", () => {
	const guarded = serviceWith(
		[],
		[
			{ name: "viewer", role: "viewer" },
			{ name: "operator", role: "operator" },
			{ name: "author", role: "author", types: ["mine-*"], nodes: ["log", "sub-workflow"] },
		],
		definitions,
	);
	const viewer = new Client(guarded, "viewer");
	const operator = new Client(guarded, "operator");
	const author = new Client(guarded, "author");

	it("are for authors to change, and for others to read", async () => {
		const id = "mine-read";
		expect((await author.post("/definitions", of(id))).status).toBe(201);
		expect((await operator.get(`/definitions/${id}`)).status).toBe(200);
		expect(body(await viewer.get(`/definitions/${id}/audit`))).toMatchObject({
			audit: [{ action: "store", actor: "author" }],
		});
		for (const refused of [
			operator.post("/definitions", of("mine-other")),
			operator.post("/workflows", of("mine-other")),
			operator.send("PUT", `/definitions/${id}/current`, { version: "1.0.0" }),
			operator.send("DELETE", `/definitions/${id}`),
		]) {
			refusal(await refused, 403, "FORBIDDEN");
		}
		expect(body(await operator.get(`/definitions/${id}`))).toMatchObject({ actor: "author" });
	});

	it("are of the author's types and nodes, and start none but those types", async () => {
		const start = (type: string) => [{ "sub-workflow": { type, wait: false } }];
		for (const refused of [
			of("yours"),
			of("mine-1", { workflow: [{ delay: "1s" }] }),
			of("mine-1", { workflow: start("yours") }),
			of("mine-1", { workflow: start("{{ input.type }}") }),
		]) {
			refusal(await author.post("/definitions", refused), 403, "FORBIDDEN");
		}
		expect(
			(await author.post("/definitions", of("mine-1", { workflow: start("mine-2") }))).status,
		).toBe(201);
		refusal(await author.get("/definitions/yours"), 403, "FORBIDDEN");
		refusal(await author.get("/definitions/yours/audit"), 403, "FORBIDDEN");
		await stored("yours");
		const { id } = await created("yours");
		for (const path of ["", "/state", "/metrics"]) {
			refusal(await author.get(`/executions/${id}${path}`), 403, "FORBIDDEN");
		}
		const list = body(await author.get("/definitions")).definitions as { type: string }[];
		expect(list.every(({ type }) => type.startsWith("mine-"))).toBe(true);
	});
});
