import { describe, expect, it } from "vitest";
import { whyNotMoving } from "../../src/cli/why";
import type { StepInfo, WorkflowStatusResponse } from "../../src/service-client/answers";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const IN_AN_HOUR = NOW + 3_600_000;

function instance(
	change: Partial<WorkflowStatusResponse>,
	...steps: Partial<StepInfo>[]
): WorkflowStatusResponse {
	return {
		...{ id: "order-1", type: "order", version: null, status: "running", reason: null },
		...{ payload: null, result: null, error: null, errorDetails: null, wakeAt: null, run: 1 },
		...{ restartAttempt: 0, attributes: {}, metadata: {}, priority: 0, completedAt: null },
		...{ createdAt: NOW - 10_000, startedAt: NOW - 10_000, updatedAt: NOW },
		steps: steps.map((step) => ({
			...{ name: "charge", key: "charge", type: "do", status: "completed", attempts: 1 },
			...{ result: null, error: null, errorDetails: null, wakeAt: null },
			...{ startedAt: NOW - 5_000, completedAt: null },
			...step,
		})),
		...change,
	} as WorkflowStatusResponse;
}

const guard = (held: number, queued: number) => ({
	status: "active" as const,
	guard: {
		limits: { limit: 2, keyLimit: null, maxQueued: 100, rate: null },
		overrides: {},
		...{ held, queued, keys: [] },
	},
});

const why = (of: WorkflowStatusResponse, type: Parameters<typeof whyNotMoving>[1]["type"] = null) =>
	whyNotMoving(of, { type, now: NOW }).join(" ");

describe("why an instance is not moving", () => {
	it("waits for an event: which, until when, and how to send it", () => {
		const wait = {
			key: "approval",
			name: "approval",
			event: "approved",
			status: "waiting",
		} as const;
		const text = why(instance({ status: "waiting" }, { ...wait, wakeAt: IN_AN_HOUR }));
		expect(text).toContain('waits for the event "approved", until 2026-11-20');
		expect(text).toContain("(in 1h)");
		expect(text).toContain("workflow event order-1 approved");
	});

	it("waits for an event, and has one of another name", () => {
		const event = (name: string, step: string | null) => ({
			...{ at: NOW, actor: "ann", action: "event" as const, reason: null, key: null },
			detail: { event: name, step },
		});
		const audit = [event("start", "begin"), event("aproved", null), event("aproved", null)];
		const text = why(instance({ status: "waiting", audit }, { name: "a", status: "waiting" }));
		expect(text).toContain('It keeps events that no step waits for: "aproved".');
	});

	it("retries: what went wrong, how often, and how to try now", () => {
		const text = why(
			instance(
				{ status: "sleeping" },
				{ status: "retrying", attempts: 2, error: "the bank is closed", wakeAt: IN_AN_HOUR },
			),
		);
		expect(text).toContain('"charge" failed 2 times, with: the bank is closed.');
		expect(text).toContain("workflow repair order-1 retry-now charge");
	});

	it("sleeps: until when, and how to end that", () => {
		const text = why(instance({ status: "sleeping" }, { status: "sleeping", wakeAt: IN_AN_HOUR }));
		expect(text).toContain('"charge" sleeps until 2026-11-20');
		expect(text).toContain("workflow repair order-1 fire-sleep charge");
	});

	it("is paused: why, and how to resume", () => {
		const text = why(instance({ status: "paused", reason: "the step is another" }));
		expect(text).toBe("It is paused: the step is another. workflow resume order-1 has it go on.");
	});

	it("queues: how many are at work and wait", () => {
		const text = why(instance({ status: "created", reason: "it waits for a slot" }), guard(2, 17));
		expect(text).toContain("it waits for a slot");
		expect(text).toContain("2 of 2 are at work and 17 executions wait for a slot");
	});

	it("is delayed: until when", () => {
		expect(why(instance({ status: "created", wakeAt: IN_AN_HOUR }))).toMatch(/^It is to start at/);
	});

	it("panicked: whether it restarts by itself", () => {
		const panicked = { status: "panicked", error: "out of memory" } as const;
		expect(why(instance({ ...panicked, wakeAt: IN_AN_HOUR }))).toContain("restarts by itself at");
		expect(why(instance(panicked))).toContain("does not restart by itself");
	});

	it("runs a step: which attempt, and since when", () => {
		const text = why(instance({}, { status: "running", attempts: 3, startedAt: NOW - 90_000 }));
		expect(text).toContain('"charge" runs: attempt 3, begun 1m 30s ago. Only its own code knows');
	});

	it("has ended: how, and how to run it anew", () => {
		expect(why(instance({ status: "completed" }))).toContain("nothing is left to do");
		expect(why(instance({ status: "errored", error: "no stock" }))).toBe(
			"It failed: no stock. workflow restart order-1 runs it anew, with --from <step> from that step.",
		);
		expect(why(instance({ status: "terminated", reason: "a mistake" }))).toContain("a mistake");
	});

	it("says of each open step what it waits for", () => {
		const both = instance(
			{ status: "waiting" },
			{ key: "a", name: "a", status: "sleeping", wakeAt: IN_AN_HOUR },
			{ key: "b", name: "b", status: "waiting" },
			{ key: "c", name: "c", status: "completed" },
		);
		expect(whyNotMoving(both, { type: null, now: NOW })).toHaveLength(2);
	});
});
