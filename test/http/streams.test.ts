/** Streams over HTTP: headers, choices, and what is refused. */
import { describe, expect, it } from "vitest";
import { define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

const type = define(async (step) => step.do("a", () => 1));
const service = new Service([type]);

async function ended(): Promise<string> {
	const instance = await service.create(type);
	await instance.until("completed");
	return instance.id;
}

describe("GET /workflows/:id/stream", () => {
	it("is server-sent events up to the end of the instance", async () => {
		const reply = await service.get(`/workflows/${await ended()}/stream`);
		expect(reply.status).toBe(200);
		expect(reply.headers.get("Content-Type")).toBe("text/event-stream");
		expect(reply.headers.get("Cache-Control")).toBe("no-cache");
		expect(reply.text).toMatch(/^retry: 1000\n\nid: [\d.]+\nevent: workflow.started\ndata: {"inst/);
		expect(reply.text).toMatch(/event: workflow.completed\ndata: \{.*"output":1,.*\}\n\n$/);
	});

	it("has the events that are chosen", async () => {
		const path = `/workflows/${await ended()}/stream?events=workflow.step.completed,workflow.failed`;
		const { text } = await service.get(path);
		expect(text.match(/^event: .*$/gm)).toEqual(["event: workflow.step.completed"]);
	});

	it("answers 204 to who has heard the end", async () => {
		const id = await ended();
		const { text } = await service.get(`/workflows/${id}/stream`);
		const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, each]) => each ?? "");
		const headers = { "Last-Event-ID": ids.at(-1) ?? "" };
		const reply = await service.request("GET", `/workflows/${id}/stream`, { headers });
		expect([reply.status, reply.text]).toEqual([204, ""]);
	});

	it("refuses what is no id, no place, no query", async () => {
		const id = await ended();
		const path = `/workflows/${id}/stream`;
		refusal(await service.get(`/workflows/${freshId()}/stream`), 404, "INSTANCE_NOT_FOUND");
		const headers = { "Last-Event-ID": "7" };
		refusal(await service.request("GET", path, { headers }), 400, "VALIDATION_ERROR");
		refusal(await service.get(`${path}?event=x`), 400, "VALIDATION_ERROR");
		refusal(await service.get(`${path}?events=`), 400, "VALIDATION_ERROR");
		refusal(await service.post(path), 405, "METHOD_NOT_ALLOWED");
	});
});

describe("GET /stream", () => {
	it("refuses a type that is none, and what is no place", async () => {
		refusal(await service.get("/stream?type=nope"), 400, "UNKNOWN_TYPE");
		const headers = { "Last-Event-ID": "7" };
		refusal(
			await service.request("GET", `/stream?type=${type}`, { headers }),
			400,
			"VALIDATION_ERROR",
		);
		refusal(await service.post("/stream"), 405, "METHOD_NOT_ALLOWED");
	});
});
