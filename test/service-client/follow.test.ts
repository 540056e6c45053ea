/** Following a service that breaks off, is away, refuses, or is none. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ServiceClient } from "../../src/service-client/service-client";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server | undefined;

/** Answers each connection by the next handler, the last one again and again. */
async function serve(...handlers: Handler[]): Promise<ServiceClient> {
	let next = 0;
	server = createServer((request, response) => {
		handlers[Math.min(next++, handlers.length - 1)]?.(request, response);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return new ServiceClient({ url: `http://127.0.0.1:${port}/`, token: "secret", actor: "ann" });
}

afterEach(async () => {
	server?.closeAllConnections();
	server?.close();
	server = undefined;
});

const event = (id: number, name: string, data: object = {}) =>
	`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ ...data, at: id })}\n\n`;

const stream = (response: ServerResponse, ...events: string[]) => {
	response.writeHead(200, { "Content-Type": "text/event-stream" });
	for (const each of events) response.write(each);
};

const refuse = (response: ServerResponse, status: number, code: string) => {
	response.writeHead(status, { "Content-Type": "application/json" });
	response.end(JSON.stringify({ error: { code, message: "No.", requestId: "r-1" } }));
};

async function told(events: AsyncIterable<{ id: string; name: string }>): Promise<string[]> {
	const all: string[] = [];
	for await (const { id, name } of events) all.push(`${id} ${name}`);
	return all;
}

describe("following an instance", () => {
	it("goes on behind the last event where a connection breaks, and ends with the end", async () => {
		const asked: unknown[] = [];
		const service = await serve(
			(request, response) => {
				asked.push(request.headers["last-event-id"]);
				stream(response, "retry: 1000\n\n", event(1, "workflow.started"), event(2, "step"));
				setTimeout(() => response.destroy(), 50);
			},
			(request, response) => {
				asked.push(request.headers["last-event-id"]);
				stream(response, event(3, "step"), event(4, "workflow.completed"), event(5, "never"));
			},
		);
		const lost: string[] = [];
		const events = service.follow("a", { onLost: ({ name }) => lost.push(name) });
		expect(await told(events)).toEqual([
			"1 workflow.started",
			"2 step",
			"3 step",
			"4 workflow.completed",
		]);
		expect(asked).toEqual([undefined, "2"]);
		expect(lost).toEqual(["UnreachableError"]);
	});

	it("asks for the end as well, where some events are chosen", async () => {
		let url = "";
		const service = await serve((request, response) => {
			url = decodeURIComponent(request.url ?? "");
			stream(response, event(1, "workflow.failed"));
		});
		expect(await told(service.follow("a b", { events: ["log.workflow"] }))).toHaveLength(1);
		expect(url).toBe(
			"/workflows/a b/stream?events=log.workflow,workflow.completed,workflow.failed,workflow.cancelled",
		);
	});

	it("is over where the service says that all was told", async () => {
		const service = await serve((_, response) => response.writeHead(204).end());
		expect(await told(service.follow("a"))).toEqual([]);
	});

	it("ends with the refusal of the service, and does not ask again", async () => {
		let asked = 0;
		const service = await serve((_, response) => {
			asked++;
			refuse(response, 404, "INSTANCE_NOT_FOUND");
		});
		await expect(told(service.follow("a"))).rejects.toMatchObject({
			...{ name: "ServiceError", code: "INSTANCE_NOT_FOUND", status: 404, requestId: "r-1" },
		});
		expect(asked).toBe(1);
	});

	it("gives up where the service stays away", async () => {
		const service = await serve(() => {});
		server?.close();
		server?.closeAllConnections();
		const lost: Error[] = [];
		const events = service.follow("a", { patienceMs: 400, onLost: (error) => lost.push(error) });
		await expect(told(events)).rejects.toMatchObject({ name: "UnreachableError" });
		expect(lost.length).toBeGreaterThan(0);
	});

	it("lets go of its connection when it is stopped", async () => {
		const gone = Promise.withResolvers<void>();
		const service = await serve((_, response) => {
			response.on("close", gone.resolve);
			stream(response, event(1, "workflow.started"));
		});
		const controller = new AbortController();
		for await (const _ of service.follow("a", { signal: controller.signal })) break;
		await gone.promise;
	});
});

describe("asking", () => {
	it("sends the token, who asks, and the body as JSON", async () => {
		let body = "";
		let headers: IncomingMessage["headers"] = {};
		const service = await serve((request, response) => {
			headers = request.headers;
			request.on("data", (chunk) => (body += chunk));
			request.on("end", () => response.end('{"id":"a"}'));
		});
		await service.sendEvent("a", "b/c", { n: 1 });
		expect(headers).toMatchObject({
			...{ authorization: "Bearer secret", "x-actor": "ann", "content-type": "application/json" },
		});
		expect(body).toBe('{"n":1}');
	});

	it("sends no body where there is none", async () => {
		let type: string | undefined = "";
		const service = await serve((request, response) => {
			type = request.headers["content-type"];
			response.end("{}");
		});
		await service.sendEvent("a", "b", undefined);
		expect(type).toBeUndefined();
	});

	it.each([
		["no JSON", "<html>", 200],
		["an error that is not ours", '{"message":"bad gateway"}', 502],
	])("something that answers with %s is not the service", async (_, text, status) => {
		const service = await serve((_, response) => response.writeHead(status).end(text));
		await expect(service.types()).rejects.toMatchObject({
			name: "UnreachableError",
			message: expect.stringContaining(`HTTP ${status}`),
		});
	});

	it("an answer that breaks off is none", async () => {
		const service = await serve((_, response) => {
			response.writeHead(200, { "Content-Length": "100" });
			response.write("{");
			setTimeout(() => response.destroy(), 20);
		});
		await expect(service.types()).rejects.toMatchObject({ name: "UnreachableError" });
	});
});
