/** Faults that nobody meant: a 500 with a request id and no internals, and a log that has the rest. */
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { RunnerNamespace } from "../../src/client/runner-client";
import type { Schema } from "../../src/model/standard-schema";
import { define } from "../support/lab";
import { freshId, NOTHING, refusal, Service, storedIn } from "./support-service";

const type = define(async (step) => step.waitForEvent("go"));
const SECRET = "password=hunter2 at /srv/src/db.ts:7";

const log = vi.spyOn(console, "error");
beforeEach(() => {
	log.mockReset().mockImplementation(() => {});
});
afterAll(() => {
	log.mockRestore();
});

const ROUTES = [
	["POST", "/workflows"],
	["GET", "/workflows"],
	["GET", `/workflows?type=${type}`],
	["GET", "/workflows/x"],
	["POST", "/workflows/x/pause"],
	["POST", "/workflows/x/resume"],
	["POST", "/workflows/x/terminate"],
	["POST", "/workflows/x/events/go"],
] as const;

const NAMESPACES: [string, RunnerNamespace][] = [
	["throws", throwing(() => new Error(SECRET))],
	["throws a TypeError", throwing(() => new TypeError(SECRET))],
	["throws an error that looks like one of ours", throwing(forged)],
	["rejects", rejecting(() => new Error(SECRET))],
	["rejects with details", rejecting(() => Object.assign(new Error(SECRET), { details: SECRET }))],
];

describe.each(NAMESPACES)("a namespace that %s", (_, runners) => {
	it.each(ROUTES)("is a 500 without internals on %s %s, logged by its id", async (...route) => {
		const [method, path] = route;
		const service = new Service([type], { AUTH: "off", WORKFLOW_RUNNER: runners });
		const init =
			path === "/workflows" && method === "POST"
				? {
						headers: { "Content-Type": "application/json" },
						body: JSON.stringify({ type, payload: 1 }),
					}
				: {};
		const reply = await service.request(method, path, init);
		const error = refusal(reply, 500, "INTERNAL_ERROR");
		expect(error.details).toBeUndefined();
		expect(reply.text).not.toMatch(/hunter2|\/srv\/|\.ts|Error:/);
		expect(log).toHaveBeenCalledOnce();
		const [line, logged] = log.mock.calls[0] ?? [];
		expect(line).toContain(error.requestId);
		expect(logged).toMatchObject({ message: SECRET });
	});
});

describe("a fault inside an object", () => {
	it("is a 500 without internals, and creates nothing", async () => {
		const schema: Schema = {
			"~standard": {
				version: 1,
				vendor: "test",
				validate: () => {
					throw new Error(SECRET);
				},
			},
		};
		const faulty = define(async () => null, { payload: schema });
		const service = new Service([faulty]);
		const id = freshId();
		const reply = await service.post("/workflows", { type: faulty, id, payload: 1 });
		refusal(reply, 500, "INTERNAL_ERROR");
		expect(reply.text).not.toMatch(/hunter2|\/srv\//);
		expect(await storedIn(id)).toEqual(NOTHING);
	});

	it("does not show in GET / or in a later request", async () => {
		const service = new Service([type], { AUTH: "off", WORKFLOW_RUNNER: NAMESPACES[0]?.[1] });
		refusal(await service.get("/workflows"), 500, "INTERNAL_ERROR");
		expect((await service.get("/")).body).toStrictEqual({ status: "ok", workflows: [type] });
	});
});

describe("the id of a request", () => {
	it("is a new one on each answer, in X-Request-Id", async () => {
		const ids = [await new Service([type]).get("/"), await new Service([type]).get("/")].map(
			({ headers }) => headers.get("X-Request-Id"),
		);
		expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
		expect(ids[1]).not.toBe(ids[0]);
	});

	it("is the caller's where it has a harmless form", async () => {
		const answered = async (given: string) => {
			const reply = await new Service([type]).request("GET", "/", {
				headers: { "X-Request-Id": given },
			});
			return reply.headers.get("X-Request-Id");
		};
		expect(await answered("trace-1")).toBe("trace-1");
		expect(await answered("<script>")).not.toBe("<script>");
		expect(await answered("x".repeat(256))).not.toBe("x".repeat(256));
	});

	it("is the caller's in the error and in the log", async () => {
		const service = new Service([type], { AUTH: "off", WORKFLOW_RUNNER: NAMESPACES[0]?.[1] });
		const headers = { "X-Request-Id": "trace-42" };
		const reply = await service.request("GET", "/workflows/x", { headers });
		expect(refusal(reply, 500, "INTERNAL_ERROR").requestId).toBe("trace-42");
		expect(log.mock.calls[0]?.[0]).toContain("trace-42");
	});
});

function throwing(makeError: () => Error): RunnerNamespace {
	return {
		getByName: () => {
			throw makeError();
		},
	};
}

function rejecting(makeError: () => Error): RunnerNamespace {
	const reject = () => Promise.reject(makeError());
	const stub = new Proxy({}, { get: () => reject }) as ReturnType<RunnerNamespace["getByName"]>;
	return { getByName: () => stub };
}

/** A code of this project on an error that is not: what crosses as an exception is no answer. */
function forged(): Error {
	return Object.assign(new Error(SECRET), { name: "WorkflowError", code: "INSTANCE_NOT_FOUND" });
}
