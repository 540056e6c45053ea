/** The document's routes, and that they read requests by the schemas that it shows. */
import { describe, expect, it, vi } from "vitest";
import type { z } from "zod";
import { OPERATIONS } from "../../src/http/openapi/document";
import type { Operation } from "../../src/http/openapi/operation";
import { define } from "../support/lab";
import { freshId, refusal, Service } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const service = new Service([type]);

/** Bodies that no schema checks: any JSON, and texts with a parser of their own. */
const OWN_PARSER = [
	"POST /workflows/:id/events/:event",
	"POST /definitions",
	"POST /definitions/validate",
];

const ROUTES = Object.entries(OPERATIONS).filter(
	// This service stores no definitions.
	([route]) => !/ \/(?:definitions|nodes)/.test(route),
);

function spied(schema: z.ZodType) {
	return vi.spyOn(schema, "safeParse");
}

/** A request whose query and body are refused, if they are looked at. */
async function ask(route: string, { query, body }: Operation): Promise<void> {
	const [method = "", template = ""] = route.split(" ");
	const id = template.startsWith("/schedules") ? `${type}:x` : freshId();
	const path = template.replace(":type", type).replace(":id", id).replace(/:\w+/, "x");
	const url = query === undefined || method !== "GET" ? path : `${path}?no-such-field=1`;
	const init =
		body === undefined
			? {}
			: { headers: { "Content-Type": "application/json" }, body: '{"no-such-field":1}' };
	const reply = await service.request(method, url, init);
	refusal(reply, 400, "VALIDATION_ERROR");
}

describe("a route reads requests by the schemas that the document shows", () => {
	it.each(ROUTES.filter(([, { query, body }]) => (query ?? body) !== undefined))(
		"%s",
		async (route, operation) => {
			if (OWN_PARSER.includes(route)) return;
			const { query, body } = operation;
			const schema = route.startsWith("GET") ? query : body;
			if (schema === undefined) return;
			const spy = spied(schema);
			await ask(route, operation);
			expect(spy).toHaveBeenCalledOnce();
			spy.mockRestore();
		},
	);
});

describe("GET /openapi.json and /docs", () => {
	it("need no token, also where there is no access rule", async () => {
		for (const settings of [{}, { API_TOKEN: "secret-token" }]) {
			const closed = new Service([type], settings);
			const document = await closed.get("/openapi.json");
			expect([document.status, document.body]).toMatchObject([200, { openapi: "3.1.1" }]);
			expect((await closed.get("/docs")).status).toBe(200);
			expect(closed.asked).toEqual([]);
			expect(document.text).not.toContain(type);
		}
	});

	it("have the routes of the service: one without definitions has none for them", async () => {
		const { paths } = (await service.get("/openapi.json")).body as { paths: object };
		expect(Object.keys(paths)).toContain("/workflows/{id}/events/{event}");
		expect(Object.keys(paths).filter((path) => path.startsWith("/definitions"))).toEqual([]);
		expect((await service.get("/docs")).text).not.toContain("/definitions/{type}");
	});

	it("the page may load nothing from elsewhere, and runs its own script only", async () => {
		const { headers, text } = await service.get("/docs");
		const policy = headers.get("Content-Security-Policy") ?? "";
		const [, nonce = ""] = /script-src 'nonce-([\w-]+)'/.exec(policy) ?? [];
		expect(policy).toContain("default-src 'none'");
		expect(text.match(/<script nonce="([\w-]+)">/)?.[1]).toBe(nonce);
		expect(text).not.toMatch(/(?:src|href)="(?!#|openapi\.json")/);
		const again = await service.get("/docs");
		expect(again.headers.get("Content-Security-Policy")).not.toBe(policy);
	});

	it("take no other method", async () => {
		for (const path of ["/openapi.json", "/docs"]) {
			refusal(await service.post(path), 405, "METHOD_NOT_ALLOWED");
		}
	});
});
