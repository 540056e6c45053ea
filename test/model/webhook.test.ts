/** What is refused of webhooks and handlers, at start: with its path, and never with a secret in it. */
import { describe, expect, it } from "vitest";
import { programsOf, type ServiceDefaults, toProgram } from "../../src/engine/program";
import {
	deliveryId,
	type EventHandlers,
	eventHandlers,
	fittedData,
	serviceDelivery,
} from "../../src/model/delivery";
import { ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { shownUrl, type WebhookOptions, webhooks } from "../../src/model/webhook";
import { programOf } from "../support/program";

const GOOD = { url: "https://a.test/hooks", secret: "env:SECRET" };
const hooks = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ ...GOOD, url: `https://a.test/${index}` }));

function refusalOf(work: () => unknown): ValidationError {
	try {
		work();
	} catch (error) {
		if (error instanceof ValidationError) return error;
		throw error;
	}
	throw new Error("it was taken");
}

describe("webhooks", () => {
	it("are taken with all that may be said of them", () => {
		const [webhook] = webhooks([
			{
				...GOOD,
				url: "https://a.test/hooks?token=1#part",
				events: ["workflow.completed", "half"],
				retries: { limit: 3, delay: "1s", backoff: "fixed" },
				timeout: "30s",
			},
		]);
		expect(webhook).toMatchObject({
			name: expect.stringMatching(/^webhook:[a-z0-9]+$/),
			url: "https://a.test/hooks?token=1",
			secret: "env:SECRET",
			events: new Set(["workflow.completed", "half"]),
			policy: { timeoutMs: 30_000, retry: { limit: 3, delayMs: 1_000, backoff: "fixed" } },
		});
		expect(shownUrl(webhook?.url ?? "")).toBe("https://a.test/hooks");
	});

	it("are receivers of their own by their URL, whatever else is said of them", () => {
		const nameOf = (options: Partial<WebhookOptions>) =>
			webhooks([{ ...GOOD, ...options }])[0]?.name;
		expect(nameOf({ secret: "env:OTHER", events: ["half"] })).toBe(nameOf({}));
		expect(nameOf({ url: "https://a.test/hooks?b" })).not.toBe(nameOf({}));
	});

	it.each(["http://localhost:8080/a", "http://127.0.0.1/a", "http://[::1]:1/"])(
		"may be on this machine without TLS: %s",
		(url) => {
			expect(webhooks([{ ...GOOD, url }])).toHaveLength(1);
		},
	);

	it("may be as many as there may be, and no more", () => {
		expect(webhooks(hooks(LIMITS.webhooks))).toHaveLength(LIMITS.webhooks);
		const { message, details } = refusalOf(() => webhooks(hooks(LIMITS.webhooks + 1)));
		expect(message).toContain(
			`at most ${LIMITS.webhooks} of them; received ${LIMITS.webhooks + 1}`,
		);
		expect(details).toEqual({ path: "webhooks" });
	});

	it("have URLs as long as they may be, and no longer", () => {
		const long = (length: number) => "https://a.test/".padEnd(length, "x");
		expect(webhooks([{ ...GOOD, url: long(LIMITS.webhookUrlLength) }])).toHaveLength(1);
		expect(() => webhooks([{ ...GOOD, url: long(LIMITS.webhookUrlLength + 1) }])).toThrow(
			"at most",
		);
	});

	it.each<[string, unknown, string, string]>([
		["no TLS", { url: "http://a.test/x?hidden" }, "webhooks[0].url", "begins with https:"],
		["another protocol", { url: "ftp://a.test" }, "webhooks[0].url", "begins with https:"],
		["no URL", { url: "hidden" }, "webhooks[0].url", "a text that is none"],
		["no text", { url: 5 }, "webhooks[0].url", "received 5"],
		["a password", { url: "https://hidden:hidden@a.test" }, "webhooks[0].url", "no user name"],
		["a secret itself", { secret: "whsec_hidden" }, "webhooks[0].secret", "env:"],
		["no secret", { secret: undefined }, "webhooks[0].secret", "received undefined"],
		["no events", { events: [] }, "webhooks[0].events", "leave it out"],
		["all events by a star", { events: ["*"] }, "webhooks[0].events", "leave events out"],
		["no such event", { events: ["workflow.done"] }, "webhooks[0].events[0]", "workflow.completed"],
		["an event that is no name", { events: [""] }, "webhooks[0].events[0]", "1 to 100"],
		["another option", { headers: {} }, "headers", 'received "headers"'],
		["no attempts", { retries: { limit: 0 } }, "retries.limit", "webhooks[0].retries.limit"],
		[
			"what is not to be retried",
			{ retries: { retryOn: [] } },
			"webhooks[0].retries.retryOn",
			"leave it out",
		],
		["no time", { timeout: 0 }, "webhooks[0].timeout in ms", "from 1"],
	])("are refused with %s", (_, options, path, message) => {
		const error = refusalOf(() => webhooks([{ ...GOOD, ...(options as object) }]));
		expect(error.details).toEqual({ path });
		expect(error.message).toContain(message);
		expect(error.message).not.toContain("hidden");
	});

	it.each([
		["deliveryAttempts", (n: number) => ({ retries: { limit: n } })],
		["deliveryTimeoutMs", (n: number) => ({ timeout: n })],
	] as const)("are tried within %s", (limit, options) => {
		expect(webhooks([{ ...GOOD, ...options(LIMITS[limit]) }])).toHaveLength(1);
		expect(() => webhooks([{ ...GOOD, ...options(LIMITS[limit] + 1) }])).toThrow(
			String(LIMITS[limit]),
		);
	});

	it("are refused twice with one URL", () => {
		const error = refusalOf(() => webhooks([GOOD, { ...GOOD, secret: "env:OTHER" }]));
		expect(error.message).toMatch(/^webhooks\[1\]\.url is the same as that of webhooks\[0\]/);
	});

	it("that are no list are refused", () => {
		expect(() => webhooks(GOOD as never)).toThrow("expects a list");
	});
});

describe("handlers", () => {
	const policy = serviceDelivery({});
	const of = (on: EventHandlers) => eventHandlers(on, policy);

	it("are for an event of the chronicle, for one that programs emit, or for all", () => {
		const handle = () => null;
		expect(of({ "workflow.completed": handle, "order paid": handle, "*": handle })).toMatchObject([
			{ name: "on:workflow.completed", events: new Set(["workflow.completed"]), handle },
			{ name: "on:order paid", events: new Set(["order paid"]) },
			{ name: "on:*", events: null },
		]);
	});

	it.each<[string, unknown, string]>([
		["an event that there is not", { "workflow.complete": () => null }, "workflow.completed"],
		["what is no function", { "workflow.completed": "log" }, "is a function; received log"],
		["a function without an event", () => null, "expects functions by the names"],
		["nothing", null, "expects functions by the names"],
	])("are refused with %s", (_, on, message) => {
		expect(refusalOf(() => of(on as EventHandlers)).message).toContain(message);
	});

	it("may be as many as there may be, and no more", () => {
		const many = (count: number) =>
			Object.fromEntries(Array.from({ length: count }, (_, index) => [`e${index}`, () => null]));
		expect(of(many(LIMITS.eventHandlers))).toHaveLength(LIMITS.eventHandlers);
		expect(() => of(many(LIMITS.eventHandlers + 1))).toThrow(`at most ${LIMITS.eventHandlers}`);
	});
});

describe("the service", () => {
	const own = webhooks([{ ...GOOD, url: "https://own.test/", timeout: "1s" }]);
	const registry = {
		silent: { [toProgram]: () => programOf(async () => null, { type: "silent" }) },
		own: { [toProgram]: () => programOf(async () => null, { type: "own", webhooks: own }) },
		none: { [toProgram]: () => programOf(async () => null, { type: "none", webhooks: [] }) },
	};
	const receivers = (defaults: ServiceDefaults) =>
		Array.from(programsOf(registry, defaults).values(), ({ type, webhooks, handlers }) => [
			type,
			(webhooks ?? []).map(({ url, policy }) => [url, policy.timeoutMs, policy.retry.limit]),
			handlers.map(({ name }) => name),
		]);

	it("has webhooks for types that say nothing of it, and handlers for all", () => {
		const on = { "workflow.failed": () => null };
		const delivery = { timeout: "5s", retries: { limit: 7 } };
		expect(receivers({ on, delivery, webhooks: [GOOD] })).toEqual([
			["silent", [[GOOD.url, 5_000, 7]], ["on:workflow.failed"]],
			["own", [["https://own.test/", 1_000, 7]], ["on:workflow.failed"]],
			["none", [], ["on:workflow.failed"]],
		]);
	});

	it("has no receivers where it says nothing of them", () => {
		expect(receivers({})).toEqual([
			["silent", [], []],
			["own", [["https://own.test/", 1_000, 10]], []],
			["none", [], []],
		]);
	});

	it.each<[string, ServiceDefaults, string]>([
		[
			"a webhook that is none",
			{ webhooks: [{ ...GOOD, url: "http://a.test" }] },
			"webhooks[0].url",
		],
		["a handler of no event", { on: { "log.lines": () => null } }, 'on["log.lines"]'],
		["attempts that are none", { delivery: { retries: { limit: -1 } } }, "delivery.retries.limit"],
	])("is stopped at start by %s", (_, defaults, message) => {
		expect(() => programsOf(registry, defaults)).toThrow(message);
	});
});

describe("what is delivered", () => {
	it("has an id without a dot, which ids of neighbours do not have", () => {
		const ids = [
			deliveryId({ id: "a.b", createdAt: 1 }, "1e"),
			deliveryId({ id: "a_b", createdAt: 1 }, "1e"),
			deliveryId({ id: "a:b", createdAt: 1 }, "1e"),
			deliveryId({ id: "a.b", createdAt: 2 }, "1e"),
			deliveryId({ id: "a.b", createdAt: 1 }, "2e"),
		];
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.join("")).not.toContain(".");
	});

	it("leaves out its largest fields where they take too much room", () => {
		const data = { id: "a", output: "x".repeat(60), input: "y".repeat(50) };
		expect(fittedData(data, 200)).toBe(data);
		expect(fittedData(data, 100)).toEqual({ id: "a", input: data.input, omitted: ["output"] });
		expect(fittedData(data, 20)).toEqual({ id: "a", omitted: ["output", "input"] });
		expect(fittedData({ a: "ü".repeat(10) }, 21)).toEqual({ omitted: ["a"] });
	});
});
