/** A Worker that binds the service's class by `script_name`, and steers instances by RPC. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ShopRequest } from "./client-worker/shop";
import { poll } from "./poll";
import { Service } from "./service";

let service: Service;

beforeAll(async () => {
	service = await Service.start({
		configs: ["test/e2e/client-worker/wrangler.jsonc", "wrangler.jsonc"],
	});
});

afterAll(() => service?.stop());

const ask = async (request: unknown) => (await service.post("/", request)).body;
const shop = (request: ShopRequest) => ask(request);
const items = [
	{ sku: "tea", quantity: 2, priceCents: 450 },
	{ sku: "cup", quantity: 1, priceCents: 900 },
];

async function untilTracked(id: string, status: string): Promise<unknown> {
	let last: unknown;
	return poll(
		() => `${id} to be ${status}; it is ${JSON.stringify(last)}`,
		async () => {
			last = await shop({ do: "track", id });
			return JSON.stringify(last).includes(`"status":"${status}"`) ? last : undefined;
		},
	);
}

describe("a second Worker", () => {
	it("creates an order, pauses and resumes it, approves it and reads how it ended", async () => {
		const id = "order-1";
		expect(await shop({ do: "create", id, payload: { items, paymentFailures: 1 } })).toEqual({
			answer: { id, type: "order", status: "running", created: true },
		});
		expect(await untilTracked(id, "waiting")).toEqual({
			answer: { status: "waiting", quantity: 3 },
		});
		expect(await shop({ do: "pause", id })).toEqual({ answer: { status: "paused" } });
		expect(await shop({ do: "track", id })).toMatchObject({ answer: { status: "paused" } });
		await shop({ do: "resume", id });
		expect(await untilTracked(id, "waiting")).toBeDefined();
		expect(await shop({ do: "approve", id, payload: { approved: true } })).toEqual({
			answer: null,
		});
		expect(await untilTracked(id, "completed")).toEqual({
			answer: {
				status: "completed",
				quantity: 3,
				outcome: "shipped",
				trackingId: "parcel:order-1/ship",
			},
		});
	});

	it("terminates an order", async () => {
		const id = "order-2";
		await shop({ do: "create", id, payload: { items } });
		expect(await shop({ do: "terminate", id })).toEqual({ answer: { status: "terminated" } });
		expect(await shop({ do: "resume", id })).toMatchObject({
			thrown: {
				code: "ILLEGAL_STATUS_CHANGE",
				details: { from: "terminated", to: "running" },
			},
		});
	});

	it("is thrown a ValidationError with code and issues for a wrong payload", async () => {
		const payload = { items: [{ sku: "tea", quantity: 0, priceCents: "450" }] };
		expect(await ask({ do: "create", id: "order-3", payload })).toEqual({
			thrown: {
				name: "ValidationError",
				code: "VALIDATION_ERROR",
				message: expect.stringContaining("payload.items.0.quantity"),
				details: {
					issues: [
						{ path: "payload.items.0.quantity", message: expect.any(String) },
						{ path: "payload.items.0.priceCents", message: expect.any(String) },
					],
				},
			},
		});
		expect(await shop({ do: "track", id: "order-3" })).toMatchObject({
			thrown: { code: "INSTANCE_NOT_FOUND" },
		});
	});

	it("is thrown a ValidationError for a wrong event, which is not delivered", async () => {
		const id = "order-4";
		await shop({ do: "create", id, payload: { items } });
		await untilTracked(id, "waiting");
		expect(await ask({ do: "approve", id, payload: { approved: "yes" } })).toMatchObject({
			thrown: {
				name: "ValidationError",
				code: "VALIDATION_ERROR",
				details: { issues: [{ path: "event.approved" }] },
			},
		});
		expect(await shop({ do: "track", id })).toMatchObject({ answer: { status: "waiting" } });
	});
});
