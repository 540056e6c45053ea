import { describe, expect, it } from "vitest";
import { bar, Tracking, trackingLine } from "../../src/cli/tracking";
import type { WorkflowStatusResponse } from "../../src/service-client/answers";

const AT = Date.parse("2026-11-20T12:00:00Z");

function tracking(instance: Partial<WorkflowStatusResponse> = {}) {
	const found = new Tracking({ status: "running", ...instance } as WorkflowStatusResponse);
	let id = 0;
	const take = (name: string, data: Record<string, unknown> = {}) =>
		found.take({ id: String(id++), name, data: { at: AT, ...data } })?.replace(/^\S+ {2}/, "");
	return { found, take };
}

const line = (found: Tracking) => trackingLine(found, { id: "order-1", elapsedMs: 12_345 });

describe("what a follower shows", () => {
	it("is the open step, and how many have ended, of a type without a graph", () => {
		const { found, take } = tracking();
		take("workflow.started", { input: {} });
		take("workflow.step.started", { stepName: "validate", stepType: "do" });
		take("workflow.step.completed", { stepName: "validate", output: true });
		take("workflow.step.started", { stepName: "charge", stepType: "do" });
		expect(line(found)).toBe("order-1  running  charge  1 step done  12s");
	});

	it("is a bar, of a type with one", () => {
		const { found, take } = tracking({ progress: 0, completedSteps: 0, totalSteps: 4 });
		take("workflow.step.started", { stepName: "charge", stepType: "task" });
		take("workflow.progress", {
			progress: 50,
			currentStep: "charge",
			completedSteps: 2,
			totalSteps: 4,
		});
		expect(line(found)).toBe("order-1  ██████████░░░░░░░░░░ 50%  running  charge  2/4 steps  12s");
	});

	it("counts steps anew after a restart, and has none open", () => {
		const { found, take } = tracking();
		take("workflow.step.started", { stepName: "a" });
		take("workflow.step.completed", { stepName: "a", output: null });
		take("workflow.step.started", { stepName: "b" });
		take("workflow.started");
		expect(line(found)).toBe("order-1  running  0 steps done  12s");
	});

	it("says what happened in a line each", () => {
		const { take } = tracking();
		expect(take("workflow.step.completed", { stepName: "a", output: { n: 1 } })).toBe(
			'a  completed  {"n":1}',
		);
		expect(take("workflow.step.failed", { stepName: "a", error: "no" })).toBe("a  failed: no");
		expect(
			take("workflow.step.retry", {
				...{ stepName: "a", attempt: 1, maxAttempts: 3, delay: 2_000, error: "busy" },
			}),
		).toBe("a  attempt 1 of 3 failed: busy; the next in 2s");
		expect(take("workflow.status", { status: "paused", reason: "lunch" })).toBe("paused: lunch");
		expect(take("log.workflow", { level: "info", message: "half" })).toBe("info: half");
		expect(take("anything.else")).toBeUndefined();
	});
});

it.each([
	[0, "░░░░"],
	[50, "██░░"],
	[100, "████"],
	[140, "████"],
])("a bar at %i%% is %s", (percent, text) => {
	expect(bar(percent, 4)).toBe(text);
});
