/** The real service answers as its document says, also about definitions, executions and nodes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFINITION_OPERATIONS } from "../../src/http/openapi/definitions";
import { expectDocumented } from "../http/support-document";
import { poll } from "./poll";
import { ROOT } from "./process-group";
import { Service } from "./service";

const definition = (name: string) =>
	readFileSync(join(ROOT, `examples/definitions/${name}.json`), "utf8");
const { id: TYPE } = JSON.parse(definition("order-approval")) as { id: string };

let service: Service;
/** The routes of the requests that were sent. */
const sent = new Set<string>();

beforeAll(async () => {
	service = await Service.start({ configs: ["wrangler.jsonc"] });
});
afterAll(() => service?.stop());

/** `route` is that of the document; every answer is held against it. */
async function send<T>(route: string, path: string, text?: string): Promise<T> {
	sent.add(route);
	const [method = ""] = route.split(" ");
	const headers = { "Content-Type": "application/json" };
	const init = text === undefined ? { method } : { method, headers, body: text };
	const response = await fetch(service.url + path, init);
	const { status } = response;
	const answer = await response.text();
	const body = JSON.parse(answer);
	expectDocumented(method, path, { status, headers: response.headers, text: answer, body });
	return body as T;
}

describe("the service and its document", () => {
	it("agree about definitions and their executions", async () => {
		const text = definition("order-approval");
		await send("GET /nodes", "/nodes");
		await send("GET /definitions/schema.json", "/definitions/schema.json");
		await send("POST /definitions/validate", "/definitions/validate", text);
		await send("POST /definitions/validate", "/definitions/validate", '{"id":1}');
		const { version } = await send<{ version: string }>("POST /definitions", "/definitions", text);
		await send("POST /definitions", "/definitions", text);
		await send("POST /definitions", "/definitions", "{}");
		await send("GET /definitions", "/definitions");
		await send("GET /definitions/:type", `/definitions/${TYPE}`);
		await send("GET /definitions/:type", "/definitions/nothing");
		const path = `/definitions/${TYPE}/versions/${version}`;
		await send("GET /definitions/:type/versions/:version", path);
		const choice = JSON.stringify({ version });
		await send("PUT /definitions/:type/current", `/definitions/${TYPE}/current`, choice);
		await send("GET /types/:type", `/types/${TYPE}`);
		await send("GET /types/:type/graph", `/types/${TYPE}/graph`);

		const { executionId: id } = await send<{ executionId: string }>(
			"POST /workflows",
			"/workflows",
			definition("data-pipeline"),
		);
		const execution = () => send<{ status: string }>("GET /executions/:id", `/executions/${id}`);
		await poll(
			() => `${id} to end`,
			async () => ((await execution()).status === "running" ? undefined : true),
		);
		await send("GET /executions/:id/state", `/executions/${id}/state`);
		await send("GET /executions/:id/metrics", `/executions/${id}/metrics`);
		await send("GET /workflows/:id", `/workflows/${id}?include=audit,runs,errors,logs,deliveries`);
		await send("DELETE /definitions/:type", `/definitions/${TYPE}`);
		const audit = "GET /definitions/:type/audit";
		const { audit: rows } = await send<{ audit: object[] }>(audit, `/definitions/${TYPE}/audit`);
		expect(rows).toHaveLength(4);
		await send(audit, "/definitions/nothing/audit");
		expect([...sent]).toEqual(expect.arrayContaining(Object.keys(DEFINITION_OPERATIONS)));
	});

	it("agree about code that is no graph", async () => {
		await send(
			"POST /workflows",
			"/workflows",
			'{"type":"test","id":"code-1","payload":{"name":"W"}}',
		);
		await send("GET /executions/:id", "/executions/code-1");
		await send("GET /executions/:id", "/executions/nobody");
		await send("GET /types/:type/graph", "/types/test/graph");
	});
});
