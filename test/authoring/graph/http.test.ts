/** The node `http`: what it sends, where it may not, what becomes of the answer. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/authoring/graph/definition";
import {
	allowedUrl,
	type HttpSettings,
	isPrivateHost,
} from "../../../src/authoring/graph/nodes/http-access";
import { LIMITS } from "../../../src/model/limits";
import { ended, nodesWith, start } from "./deploy";

interface Sent {
	url: string;
	method: string;
	headers: Record<string, string>;
	body: unknown;
}

/** A response belongs to the object that makes it. */
type Answer = Error | (() => Response | Promise<Response>);

/** Answers requests in turn; the last answer is given again. */
function server(...answers: Answer[]) {
	const sent: Sent[] = [];
	const fetch: HttpSettings["fetch"] = async (url, init) => {
		const { method = "GET", headers, body } = init;
		const request = { url, method, headers: Object.fromEntries(new Headers(headers)), body };
		sent.push(request);
		const answer = answers[Math.min(sent.length, answers.length) - 1];
		if (answer instanceof Error) throw answer;
		if (answer === undefined) throw new Error("no answer");
		return answer();
	};
	return { sent, fetch };
}

const json =
	(value: unknown, init: ResponseInit = {}) =>
	() =>
		Response.json(value, init);

async function asked(
	config: JsonObject,
	settings: HttpSettings,
	{ payload = null, state = {} }: { payload?: unknown; state?: JsonObject } = {},
) {
	const nodes = nodesWith({}, { http: settings });
	const { instance } = await start({ workflow: [{ http: config }], initialState: state }, payload, {
		nodes,
	});
	return { instance, ...(await ended(instance, (each) => each.evict())) };
}

describe("http", () => {
	it("gives status, headers and the parsed body", async () => {
		const { sent, fetch } = server(json({ id: 7 }, { status: 201, headers: { "x-a": "1" } }));
		const { result, instance } = await asked(
			{
				url: "https://api.example.com/orders/{{ input.id }}",
				method: "post",
				headers: { authorization: "Bearer {{ token }}" },
				body: { total: "{{ input.total }}", note: "for {{ input.id }}" },
			},
			{ fetch },
			{ payload: { id: "o-1", total: 12 }, state: { token: "t" } },
		);
		expect(result).toMatchObject({
			http_output: {
				status: 201,
				headers: { "content-type": "application/json", "x-a": "1" },
				body: { id: 7 },
			},
		});
		expect(sent).toEqual([
			{
				url: "https://api.example.com/orders/o-1",
				method: "POST",
				headers: {
					authorization: "Bearer t",
					"content-type": "application/json",
					"idempotency-key": `${instance.id}%2F0%2Fhttp`,
				},
				body: '{"total":12,"note":"for o-1"}',
			},
		]);
	});

	it("tries again what may pass, and is asked once more no further", async () => {
		const { sent, fetch } = server(
			() => new Response("busy", { status: 503 }),
			new TypeError("connection lost"),
			json({ ok: true }),
		);
		const { result, steps } = await asked({ url: "https://a.example" }, { fetch });
		expect(result).toMatchObject({ http_output: { status: 200 } });
		expect(sent).toHaveLength(3);
		expect(steps).toMatchObject([{ attempts: 3, status: "completed" }]);
	});

	it.each([
		[{}, 404, 1, "errored"],
		[{}, 500, 3, "errored"],
		[{ $retry: { limit: 5, delay: 0 } }, 429, 5, "errored"],
		[{ "failure?": { log: "x" } }, 404, 1, "failure"],
		[{ "failure?": { log: "x" } }, 503, 3, "failure"],
		[{ "status404?": { log: "x" }, "status4xx?": { log: "y" } }, 404, 1, "status404"],
		[{ "status404?": { log: "x" }, "status4xx?": { log: "y" } }, 410, 1, "status4xx"],
		[{ "success?": { log: "x" }, "status2xx?": { log: "y" } }, 204, 1, "status2xx"],
		[{ "success?": { log: "x" } }, 200, 1, "success"],
	])(
		"with %j, answered with %i, asks %i times and goes by %s",
		async (more, status, times, edge) => {
			const { sent, fetch } = server(() => new Response(null, { status }));
			const ran = await asked({ url: "https://a.example", ...more } as JsonObject, { fetch });
			expect(sent).toHaveLength(times);
			if (edge === "errored") {
				expect(ran).toMatchObject({ status: "errored", errorDetails: { code: "HTTP_STATUS" } });
			} else {
				expect(ran.steps[0]?.result).toMatchObject({ edge, output: { status } });
			}
		},
	);

	it("goes by failure where there is no answer, and without that route fails", async () => {
		const { fetch } = server(new TypeError("connection lost"));
		const config: JsonObject = { url: "https://a.example", $retry: { limit: 2, delay: 0 } };
		const routed = await asked({ ...config, "failure?": { log: "x" } }, { fetch });
		expect(routed.result).toMatchObject({
			http_output: { status: null, error: expect.stringContaining("connection lost") },
		});
		const plain = await asked(config, { fetch });
		expect(plain.errorDetails).toMatchObject({ code: "HTTP_FAILED" });
	});

	it("waits for an answer as long as its timeout says", async () => {
		const { fetch } = server(() => new Promise(() => {}));
		const hanging: HttpSettings["fetch"] = (url, init) =>
			Promise.race([
				fetch(url, init),
				new Promise<never>((_, reject) =>
					init.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
				),
			]);
		const config = { url: "https://a.example", timeout: 5, $retry: { limit: 1 } };
		const { errorDetails } = await asked(config, { fetch: hanging });
		expect(errorDetails).toMatchObject({
			code: "HTTP_FAILED",
			message: 'The request to "a.example" failed: there was no answer within 5 ms.',
		});
	});

	it("refuses an answer that is too large, at the byte", async () => {
		const of = (length: number) => server(() => new Response("x".repeat(length)));
		const most = LIMITS.graphResponseBytes;
		const fine = await asked({ url: "https://a.example" }, { fetch: of(most).fetch });
		expect(fine.status).toBe("completed");
		const { sent, fetch } = of(most + 1);
		const { errorDetails } = await asked({ url: "https://a.example" }, { fetch });
		expect(errorDetails).toMatchObject({ code: "HTTP_TOO_LARGE" });
		expect(sent).toHaveLength(1);
	});

	it("follows redirects within what is allowed, without what is for the first origin", async () => {
		const to =
			(location: string, status = 302) =>
			() =>
				new Response(null, { status, headers: { location } });
		const { sent, fetch } = server(to("/b"), to("https://b.example/c", 307), json("there"));
		const headers = { authorization: "secret", accept: "text/plain" };
		const { result } = await asked({ url: "https://a.example/a", headers }, { fetch });
		expect(result).toMatchObject({ http_output: { body: "there" } });
		expect(sent.map(({ url, headers: { authorization = null } }) => [url, authorization])).toEqual([
			["https://a.example/a", "secret"],
			["https://a.example/b", "secret"],
			["https://b.example/c", null],
		]);
		const inside = server(to("http://169.254.169.254/latest"), json("secret"));
		const refused = await asked({ url: "https://a.example" }, { fetch: inside.fetch });
		expect(refused.errorDetails).toMatchObject({ code: "HTTP_FORBIDDEN" });
		expect(inside.sent).toHaveLength(1);
		const round = server(to("https://a.example"));
		const { errorDetails } = await asked({ url: "https://a.example" }, { fetch: round.fetch });
		expect(errorDetails).toMatchObject({ message: expect.stringMatching(/more than 5 times/) });
		expect(round.sent).toHaveLength(LIMITS.graphRedirects + 1);
	});

	it("makes a POST a GET where a redirect says so, without its body", async () => {
		const { sent, fetch } = server(
			() => new Response(null, { status: 303, headers: { location: "/done" } }),
			json(1),
		);
		await asked({ url: "https://a.example", method: "POST", body: "x" }, { fetch });
		expect(sent.map(({ method, body }) => [method, body])).toEqual([
			["POST", "x"],
			["GET", undefined],
		]);
	});
});

describe("a request may not be sent to", () => {
	it.each([
		"http://localhost",
		"http://LOCALHOST.",
		"http://a.localhost:8080",
		"http://127.0.0.1",
		"http://127.1",
		"http://2130706433",
		"http://0x7f.0.0.1",
		"http://0177.0.0.1",
		"http://0",
		"http://10.1.2.3",
		"http://172.31.255.255",
		"http://192.168.0.1",
		"http://100.64.0.1",
		"http://169.254.169.254/latest/meta-data",
		"http://224.0.0.1",
		"http://255.255.255.255",
		"http://[::1]",
		"http://[::]",
		"http://[::ffff:127.0.0.1]",
		"http://[::ffff:a9fe:a9fe]",
		"http://[64:ff9b::7f00:1]",
		"http://[fe80::1]",
		"http://[fd00::1]",
		"http://[fec0::1]",
		"http://[ff02::1]",
		"http://[2001:db8::1]",
		"http://[2001::1]",
		"http://[2002:7f00:1::]",
		"http://metadata.google.internal",
		"http://db.local",
		"http://printer",
		"http://router.home.arpa",
		"ftp://a.example",
		"file:///etc/passwd",
		"javascript:alert(1)",
		"http://user:password@a.example",
		"nothing",
		"",
	])("%s", (url) => {
		expect(() => allowedUrl(url, undefined, {})).toThrow(
			expect.objectContaining({ code: "HTTP_FORBIDDEN" }),
		);
	});

	it.each([
		"https://a.example/path?q=1",
		"http://8.8.8.8",
		"http://172.32.0.1",
		"http://100.128.0.1",
		"http://223.255.255.255",
		"http://[2606:4700::1111]",
		"http://[::ffff:8.8.8.8]",
		"http://localhost.example.com",
		"http://internal.example.com",
	])("anything but these: %s", (url) => {
		expect(allowedUrl(url, undefined, {}).href).toContain("http");
	});

	it("hosts that the service does not allow, where it allows some", () => {
		const allow = ["api.example.com", "*.shop.example"];
		for (const host of [
			"api.example.com",
			"API.example.com.",
			"a.shop.example",
			"a.b.shop.example",
		]) {
			expect(allowedUrl(`https://${host}`, undefined, { allow }).protocol).toBe("https:");
		}
		for (const host of [
			"example.com",
			"shop.example",
			"evilshop.example",
			"api.example.com.evil.example",
		]) {
			expect(() => allowedUrl(`https://${host}`, undefined, { allow })).toThrow(/other hosts/);
		}
		const local = ["localhost"];
		expect(() => allowedUrl("http://localhost", undefined, { allow: local })).toThrow(/private/);
		const both = { allow: local, allowPrivate: true };
		expect(allowedUrl("http://localhost:3000", undefined, both).port).toBe("3000");
	});

	it("addresses in whatever way they are written", () => {
		expect(isPrivateHost("[0:0:0:0:0:ffff:7f00:1]")).toBe(true);
		expect(isPrivateHost("[zz::1]")).toBe(true);
	});
});
