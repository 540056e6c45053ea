/** Panics, failed attempts, logs and an instance's own options over HTTP. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import type { TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { freshId, issuePaths, refusal, Service } from "./support-service";

const broken = define(async (step, _, run) => {
	await step.setMetadata({ tries: new Map([["a", 1]]) });
	run.log("info", "begins", { at: new Date(0) });
	await step.do("before", () => 1);
	return step.do(
		"broken",
		({ attempt }) => {
			if (attempt === 1) throw Object.assign(new Error("busy"), { since: new Date(0) });
			run.log("error", "no memory");
			if (run.restartAttempt === 0) throw new Error("out of memory");
			return "mended";
		},
		{ retries: { delay: 0 } },
	);
});
const quiet = define(async () => 1);
const service = new Service([broken, quiet]);

const panicked = async (): Promise<TestInstance> => {
	const instance = await service.create(broken);
	await instance.until("sleeping");
	await instance.advance(0);
	await instance.until("panicked");
	return instance;
};

describe("GET /workflows/:id of a panicked instance", () => {
	it("says why, when it goes on, and which restart that is", async () => {
		const { id } = await panicked();
		expect((await service.get(`/workflows/${id}`)).body).toMatchObject({
			status: "panicked",
			reason: 'PANIC: Step "broken" panicked: out of memory',
			error: 'Step "broken" panicked: out of memory',
			errorDetails: { code: "PANIC", fields: { details: { step: "broken", attempt: 2 } } },
			restartAttempt: 1,
			wakeAt: clock.now() + 5_000,
			metadata: { tries: { a: 1 } },
		});
	});

	it("has the failed attempts with include=errors, and the log with include=logs", async () => {
		const { id } = await panicked();
		const { body } = await service.get(`/workflows/${id}?include=errors,logs`);
		expect(body).toMatchObject({
			errors: [
				{
					step: "broken",
					attempt: 1,
					run: 1,
					isPanic: false,
					error: "busy",
					errorDetails: { fields: { since: "1970-01-01T00:00:00.000Z" } },
				},
				{ step: "broken", attempt: 2, isPanic: true, error: "out of memory" },
			],
			errorsOmitted: 0,
			logs: { dropped: 0, nextAfter: null, lines: [{ message: "begins" }, { step: "broken" }] },
		});
		const bare = (await service.get(`/workflows/${id}`)).body;
		expect(bare).not.toHaveProperty("errors");
		expect(bare).not.toHaveProperty("logs");
	});
});

describe("POST /workflows/:id/restart of a panicked instance", () => {
	it("has it go on now, and says so in the audit", async () => {
		const instance = await panicked();
		const path = `/workflows/${instance.id}`;
		const reply = await service.post(`${path}/restart`, { reason: "more memory" });
		expect(reply).toMatchObject({ status: 200, body: { id: instance.id, status: "running" } });
		await instance.until("completed");
		expect((await service.get(`${path}?include=audit,runs`)).body).toMatchObject({
			run: 1,
			restartAttempt: 1,
			result: "mended",
			runs: [],
			audit: [{ action: "create" }, { action: "restart", reason: "more memory" }],
		});
	});
});

describe("GET /workflows/:id/logs", () => {
	it("answers lines with their fields as JSON, from a level on, and in pages", async () => {
		const { id } = await panicked();
		const path = `/workflows/${id}/logs`;
		const at = clock.now();
		const first = {
			seq: 1,
			at,
			run: 1,
			step: null,
			attempt: null,
			level: "info",
			message: "begins",
			fields: { at: "1970-01-01T00:00:00.000Z" },
			event: null,
		};
		const page = await service.get(`${path}?limit=1`);
		expect(page.status).toBe(200);
		expect(page.body).toStrictEqual({ lines: [first], dropped: 0, nextAfter: 1 });
		expect((await service.get(`${path}?after=1&level=debug`)).body).toMatchObject({
			lines: [{ seq: 2, message: "no memory", step: "broken", attempt: 2, fields: null }],
			nextAfter: null,
		});
		expect((await service.get(`${path}?level=error`)).body).toMatchObject({ lines: [{ seq: 2 }] });
	});

	it.each([
		["level=loud", "level"],
		["after=x", "after"],
		["after=-1", "after"],
		["limit=0", "limit"],
		[`limit=${LIMITS.listPage + 1}`, "limit"],
		["page=2", "query"],
		["limit=1&limit=2", "limit"],
	])("with ?%s is a 400 that names %s", async (query, path) => {
		const instance = await service.create(quiet);
		const error = refusal(
			await service.get(`/workflows/${instance.id}/logs?${query}`),
			400,
			"VALIDATION_ERROR",
		);
		expect(issuePaths(error)).toEqual([path]);
	});

	it("of an unknown instance is a 404, another method a 405", async () => {
		refusal(await service.get(`/workflows/${freshId()}/logs`), 404, "INSTANCE_NOT_FOUND");
		const instance = await service.create(quiet);
		const reply = await service.post(`/workflows/${instance.id}/logs`, {});
		refusal(reply, 405, "METHOD_NOT_ALLOWED");
	});
});

describe("POST /workflows with options of its own", () => {
	it("takes retry and panic", async () => {
		const id = freshId();
		const panic = { restartDelay: "1h", maxRestartAttempts: 1 };
		const retry = { limit: 2, delay: 0 };
		const reply = await service.post("/workflows", { type: broken, id, retry, panic });
		expect(reply.status).toBe(201);
	});

	it.each([
		["retry", { limit: "many" }, "retries.limit"],
		["retry", { attempts: 3 }, "retries.attempts"],
		["panic", { restartDelay: "soon" }, "panic.restartDelay"],
		["panic", { maxRestartAttempts: -1 }, "panic.maxRestartAttempts"],
		["panic", { delay: 1 }, "panic"],
	])("refuses %s %j with what was expected", async (option, value, named) => {
		const id = freshId();
		const body = { type: broken, id, [option]: value };
		const error = refusal(await service.post("/workflows", body), 400, "VALIDATION_ERROR");
		expect(error.message).toContain(named);
		refusal(await service.get(`/workflows/${id}`), 404, "INSTANCE_NOT_FOUND");
	});
});
