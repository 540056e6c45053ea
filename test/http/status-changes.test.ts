/** Pause, resume and terminate over HTTP, from each status: what is allowed, and what is a 409. */
import { describe, expect, it } from "vitest";
import type { ControlAction } from "../../src/client/runner-client";
import { NonRetryableError } from "../../src/model/errors";
import type { WorkflowStatus } from "../../src/model/status";
import { gate, type TestInstance } from "../support/instance";
import { define, programs } from "../support/lab";
import { refusal, Service } from "./support-service";

const TIMEOUT_MS = 60_000;

const types = {
	running: define(async (step) => step.do("work", () => gate().promise)),
	sleeping: define(async (step) => step.sleep("nap", "1h")),
	waiting: define(async (step) => step.waitForEvent("go")),
	completed: define(async () => "done"),
	errored: define(async () => {
		throw new NonRetryableError("no");
	}),
	timed_out: define(async (step) => step.waitForEvent("go"), { timeoutMs: TIMEOUT_MS }),
};
const service = new Service(Object.values(types));

type Reachable = keyof typeof types | "paused" | "terminated";

/** A new instance, brought to the status. */
async function instanceIn(status: Reachable): Promise<TestInstance> {
	const type = status === "paused" || status === "terminated" ? types.waiting : types[status];
	const instance = await service.create(type);
	if (status === "running") await instance.until(({ steps }) => steps.length > 0);
	if (status === "paused") await instance.control("pause");
	if (status === "terminated") await instance.control("terminate");
	if (status === "timed_out") {
		await instance.until("waiting");
		await instance.advance(TIMEOUT_MS);
	}
	await instance.until(status);
	return instance;
}

const ALLOWED: [ControlAction, Reachable, WorkflowStatus][] = [
	["pause", "running", "paused"],
	["pause", "sleeping", "paused"],
	["pause", "waiting", "paused"],
	["resume", "paused", "running"],
	["terminate", "running", "terminated"],
	["terminate", "sleeping", "terminated"],
	["terminate", "waiting", "terminated"],
	["terminate", "paused", "terminated"],
];

const REFUSED: [ControlAction, Reachable, WorkflowStatus][] = [
	["pause", "paused", "paused"],
	["pause", "completed", "paused"],
	["pause", "errored", "paused"],
	["pause", "timed_out", "paused"],
	["pause", "terminated", "paused"],
	["resume", "running", "running"],
	["resume", "sleeping", "running"],
	["resume", "waiting", "running"],
	["resume", "completed", "running"],
	["resume", "errored", "running"],
	["resume", "timed_out", "running"],
	["resume", "terminated", "running"],
	["terminate", "completed", "terminated"],
	["terminate", "errored", "terminated"],
	["terminate", "timed_out", "terminated"],
	["terminate", "terminated", "terminated"],
];

describe("an allowed change", () => {
	it.each(ALLOWED)("%s takes a %s instance to %s", async (action, from, to) => {
		const { id } = await instanceIn(from);
		const reply = await service.post(`/workflows/${id}/${action}`);
		expect([reply.status, reply.body]).toStrictEqual([200, { id, status: to }]);
	});
});

describe("a change that the status does not allow", () => {
	it.each(REFUSED)(
		"%s of a %s instance is a 409, and changes nothing",
		async (action, from, to) => {
			const instance = await instanceIn(from);
			const before = await instance.status();
			const reply = await service.post(`/workflows/${instance.id}/${action}`);
			const error = refusal(reply, 409, "ILLEGAL_STATUS_CHANGE");
			expect(error.message).toContain(`is "${from}" and cannot become "${to}"`);
			expect(error.details).toEqual({ from, to });
			expect(error.executionId).toBe(instance.id);
			expect(await instance.status()).toEqual(before);
		},
	);
});

describe("an instance whose type is gone", () => {
	it("cannot be resumed, with a 409 that says why, and can be terminated", async () => {
		const leaving = define(async (step) => step.waitForEvent("go"));
		const instance = await new Service([leaving]).create(leaving);
		await instance.control("pause");
		programs.delete(leaving);
		const reply = await service.post(`/workflows/${instance.id}/resume`);
		expect(refusal(reply, 409, "TYPE_NOT_REGISTERED").message).toContain(`"${leaving}"`);
		expect((await instance.status()).status).toBe("paused");
		const ended = await service.post(`/workflows/${instance.id}/terminate`);
		expect(ended.body).toStrictEqual({ id: instance.id, status: "terminated" });
	});
});

describe("changes at the same time", () => {
	it("let one of two terminations through", async () => {
		const { id } = await instanceIn("waiting");
		const replies = await Promise.all([
			service.post(`/workflows/${id}/terminate`),
			service.post(`/workflows/${id}/terminate`),
		]);
		expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
	});
});
