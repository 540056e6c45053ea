/** Webhooks as their receivers see them: signed, told in order, and never told what is no business of theirs. */
import { Webhook as Verifier } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Program } from "../../src/engine/program";
import { type WebhookOptions, webhooks } from "../../src/model/webhook";
import { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { deliveriesOf, quiet } from "../support/receivers";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"; // As in test/support/wrangler.jsonc.
const URL_OF = "https://receiver.test/hooks?token=hidden";
const SHOWN = "https://receiver.test/hooks";

interface Posted {
	url: string;
	headers: Record<string, string>;
	body: string;
	redirect: string | undefined;
}

type Answer = () => Response | Promise<Response>;

let posted: Posted[] = [];
/** What is answered to the next ones; then 204. */
let answers: Answer[] = [];

beforeEach(() => {
	posted = [];
	answers = [];
	vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
		const headers = Object.fromEntries(new Headers(init.headers));
		posted.push({ url, headers, body: String(init.body), redirect: init.redirect });
		const answer = answers.shift() ?? (() => new Response(null, { status: 204 }));
		const { promise, reject } = Promise.withResolvers<never>();
		init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
		return Promise.race([answer(), promise]);
	});
});

afterEach(() => {
	vi.unstubAllGlobals();
	vi.restoreAllMocks();
});

const withHook = (run: Program["run"], options: Partial<WebhookOptions> = {}) =>
	define(run, {
		webhooks: webhooks([
			{
				url: URL_OF,
				secret: "env:WEBHOOK_SECRET",
				events: ["workflow.started", "workflow.completed"],
				...options,
				retries: { jitter: 0, ...options.retries },
			},
		]),
	});

const twoPosts = async () => "done";

/** Fires the alarm until something is posted. */
async function untilPosted(instance: TestInstance, count: number): Promise<void> {
	while (posted.length < count) {
		await quiet(instance, { orWaiting: true });
		if (posted.length >= count) return;
		const at = await instance.alarmAt();
		if (at === null) throw new Error(`${posted.length} of ${count} are posted`);
		await instance.advance(Math.max(0, at - clock.now()));
	}
}

const errorOf = async (instance: TestInstance) =>
	(await deliveriesOf(instance)).receivers[0]?.error;

describe("a webhook", () => {
	it("is posted each event it is for, signed so that the library verifies it", async () => {
		const instance = await TestInstance.create(withHook(twoPosts), { n: 1 });
		await untilPosted(instance, 2);
		await quiet(instance);
		vi.spyOn(Date, "now").mockReturnValue(clock.now());
		const payloads = posted.map(({ headers, body }) => new Verifier(SECRET).verify(body, headers));
		const { type } = await instance.status();
		const about = { instanceId: instance.id, workflowName: type };
		const timestamp = new Date(clock.now()).toISOString();
		expect(payloads).toEqual([
			{ type: "workflow.started", timestamp, data: { ...about, input: { n: 1 } } },
			{ type: "workflow.completed", timestamp, data: { ...about, output: "done" } },
		]);
		expect(posted[0]).toMatchObject({
			url: URL_OF,
			redirect: "manual",
			headers: { "content-type": "application/json" },
		});
		const [first] = posted;
		const forged = { ...first?.headers, "webhook-id": posted[1]?.headers["webhook-id"] ?? "" };
		expect(() => new Verifier(SECRET).verify(first?.body ?? "", forged)).toThrow("signature");
	});

	it("is posted an event under one id, signed for the time of each attempt", async () => {
		answers = [() => new Response("busy", { status: 503 })];
		const instance = await TestInstance.create(withHook(twoPosts));
		await untilPosted(instance, 3);
		const [first, second, third] = posted;
		expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
		expect(third?.headers["webhook-id"]).not.toBe(first?.headers["webhook-id"]);
		expect(second?.body).toBe(first?.body);
		const at = ({ headers }: Posted) => Number(headers["webhook-timestamp"]);
		expect(second && first && at(second) - at(first)).toBe(5);
	});

	it.each<[string, Answer, RegExp]>([
		["an error", () => new Response("no", { status: 500 }), /answered 500; expected 2xx\.$/],
		[
			"a redirect, which is not followed",
			() => new Response(null, { status: 307, headers: { Location: "https://evil.test/" } }),
			/answered 307.* Redirects are not followed/,
		],
		[
			"nothing: it cannot be reached",
			() => Promise.reject(new TypeError(`cannot reach ${URL_OF}`)),
			/^The request failed: cannot reach https:\/\/receiver\.test\/hooks$/,
		],
	])("that answers %s is tried again", async (_, answer, message) => {
		answers = [answer];
		const instance = await TestInstance.create(withHook(twoPosts));
		await untilPosted(instance, 1);
		await quiet(instance, { orWaiting: true });
		expect(await errorOf(instance)).toMatch(message);
		await untilPosted(instance, 3);
		expect(posted.map(({ url }) => url)).toEqual([URL_OF, URL_OF, URL_OF]);
	});

	it("that does not answer in time is let go of, and tried again", async () => {
		answers = [() => new Promise(() => {})];
		const instance = await TestInstance.create(withHook(twoPosts, { timeout: "20s" }));
		while (posted.length === 0) await clock.turn();
		clock.advance(20_000);
		await quiet(instance, { orWaiting: true });
		expect(await errorOf(instance)).toBe("There was no answer within 20000 ms.");
		await untilPosted(instance, 3);
	});

	it("is not read: the answer's body is let go of", async () => {
		let cancelled = 0;
		const endless = () =>
			new Response(
				new ReadableStream({
					pull: (controller) => controller.enqueue(new Uint8Array(1024)),
					cancel: () => void cancelled++,
				}),
			);
		answers = [endless, endless];
		const instance = await TestInstance.create(withHook(twoPosts));
		await untilPosted(instance, 2);
		await quiet(instance);
		expect(cancelled).toBe(2);
	});

	it.each([
		["env:NOWHERE", /binding NOWHERE, expected to be a text, but there is none/],
		["env:WORKFLOW_RUNNER", /binding WORKFLOW_RUNNER, .* value of type object/],
		["env:NO_WEBHOOK_SECRET", /binding NO_WEBHOOK_SECRET expects .*whsec_/],
	])("whose secret is %s is posted nothing, and says why", async (secret, message) => {
		const instance = await TestInstance.create(withHook(twoPosts, { secret }));
		await instance.until("completed");
		await quiet(instance, { orWaiting: true });
		expect(await errorOf(instance)).toMatch(message);
		expect(await errorOf(instance)).not.toContain("pass word");
		expect(posted).toEqual([]);
	});

	it("shows neither its secret nor what its URL has behind the path", async () => {
		answers = [() => new Response(null, { status: 500 })];
		const instance = await TestInstance.create(withHook(twoPosts, { retries: { limit: 1 } }));
		await untilPosted(instance, 2);
		await quiet(instance);
		const shown = JSON.stringify(await deliveriesOf(instance));
		expect(shown).toContain(SHOWN);
		for (const secret of ["hidden", "token", SECRET.slice(6)]) expect(shown).not.toContain(secret);
		const stored = JSON.stringify([
			await instance.sql("SELECT * FROM receivers"),
			await instance.sql("SELECT * FROM letters"),
			await instance.sql("SELECT * FROM workflow"),
		]);
		for (const secret of ["hidden", "token", SECRET.slice(6)]) expect(stored).not.toContain(secret);
	});
});
