/** The limit of a request's body (G15), with and without a Content-Length. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { define } from "../support/lab";
import { freshId, NOTHING, refusal, Service, storedIn } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const LIMIT = LIMITS.requestBodyBytes;

/** A create request's body of exactly that many bytes. */
function createBody(id: string, sizeBytes: number): string {
	return JSON.stringify({ type, id, payload: "small" }).padEnd(sizeBytes, " ");
}

/** The text in pieces, with no length told. */
function streamed(text: string, pieceBytes = 64 * 1024): ReadableStream<Uint8Array> {
	const bytes = new TextEncoder().encode(text);
	let offset = 0;
	return new ReadableStream({
		pull(controller) {
			if (offset >= bytes.length) return controller.close();
			controller.enqueue(bytes.slice(offset, offset + pieceBytes));
			offset += pieceBytes;
		},
	});
}

const SENDERS: [string, (body: string) => RequestInit][] = [
	[
		"with a Content-Length",
		(body) => ({
			headers: { "Content-Type": "application/json", "Content-Length": String(body.length) },
			body,
		}),
	],
	[
		"without a Content-Length",
		(body) => ({ headers: { "Content-Type": "application/json" }, body: streamed(body) }),
	],
	[
		"with Transfer-Encoding and a Content-Length that lies",
		(body) => ({
			headers: {
				"Content-Type": "application/json",
				"Content-Length": "5",
				"Transfer-Encoding": "chunked",
			},
			body: streamed(body),
		}),
	],
];

describe.each(SENDERS)("a body %s", (_, init) => {
	it("is taken at the limit", async () => {
		const service = new Service([type]);
		const id = freshId();
		const reply = await service.request("POST", "/workflows", init(createBody(id, LIMIT)));
		expect([reply.status, reply.body]).toEqual([201, { id, type, status: "running" }]);
	});

	it("is a 413 one byte past the limit, and creates nothing", async () => {
		const service = new Service([type]);
		const body = createBody(freshId(), LIMIT + 1);
		const reply = await service.request("POST", "/workflows", init(body));
		const { message } = refusal(reply, 413, "BODY_TOO_LARGE");
		expect(message).toContain(String(LIMIT));
		expect(service.asked).toEqual([]);
	});

	it("is taken as an event at the limit", async () => {
		const service = new Service([type]);
		const instance = await service.create(type);
		const event = JSON.stringify("x".repeat(LIMIT - 2));
		const path = `/workflows/${instance.id}/events/go`;
		const reply = await service.request("POST", path, init(event));
		expect([reply.status, reply.body]).toEqual([
			200,
			{ id: instance.id, event: "go", status: "delivered" },
		]);
		expect((await instance.until("completed")).result).toHaveLength(LIMIT - 2);
	});

	it("is a 413 as an event one byte past the limit, and the wait goes on", async () => {
		const service = new Service([type]);
		const instance = await service.create(type);
		await instance.until("waiting");
		const event = JSON.stringify("x".repeat(LIMIT - 1));
		const path = `/workflows/${instance.id}/events/go`;
		const reply = await service.request("POST", path, init(event));
		expect(refusal(reply, 413, "BODY_TOO_LARGE").executionId).toBe(instance.id);
		expect((await instance.status()).status).toBe("waiting");
	});
});

describe("a body past the limit", () => {
	it("counts bytes, not characters", async () => {
		const service = new Service([type]);
		const text = JSON.stringify({ type, payload: "ü".repeat(LIMIT / 2) });
		expect(text.length).toBeLessThan(LIMIT);
		const reply = await service.postText("/workflows", text);
		refusal(reply, 413, "BODY_TOO_LARGE");
		expect(service.asked).toEqual([]);
	});

	it("is not read to its end", async () => {
		let pieces = 0;
		const endless = new ReadableStream<Uint8Array>({
			pull(controller) {
				if (++pieces > 1_000) controller.error(new Error("read on and on"));
				else controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
			},
		});
		refusal(await new Service([type]).postText("/workflows", endless), 413, "BODY_TOO_LARGE");
		expect(pieces).toBeLessThan(20);
	});

	it("is not read at all when its Content-Length says so", async () => {
		let pieces = 0;
		const body = new ReadableStream<Uint8Array>(
			{
				pull(controller) {
					pieces++;
					controller.close();
				},
			},
			{ highWaterMark: 0 },
		);
		const headers = { "Content-Type": "application/json", "Content-Length": String(LIMIT + 1) };
		const reply = await new Service([type]).request("POST", "/workflows", { headers, body });
		refusal(reply, 413, "BODY_TOO_LARGE");
		expect(pieces).toBe(0);
	});
});

describe("a payload", () => {
	const AROUND = '=""'.length;
	const text = (storedBytes: number) => "x".repeat(storedBytes - AROUND);

	it("is taken at its own limit", async () => {
		const service = new Service([type]);
		const instance = await service.create(type, text(LIMITS.payloadBytes));
		expect((await instance.until("waiting")).payload).toHaveLength(LIMITS.payloadBytes - AROUND);
	});

	it("is a 413 with size and limit one byte past it, and creates nothing", async () => {
		const service = new Service([type]);
		const id = freshId();
		const payload = text(LIMITS.payloadBytes + 1);
		const reply = await service.post("/workflows", { type, id, payload });
		expect(refusal(reply, 413, "VALUE_TOO_LARGE").details).toEqual({
			sizeBytes: LIMITS.payloadBytes + 1,
			limitBytes: LIMITS.payloadBytes,
		});
		expect(service.asked).toEqual([]);
		expect(await storedIn(id)).toEqual(NOTHING);
	});
});
