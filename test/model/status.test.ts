// Owns the table of legal status changes, written out a second time: a change of the table has
// to be made on purpose, in both places.
import { describe, expect, it } from "vitest";
import {
	assertStatusChange,
	illegalStatusChange,
	isTerminal,
	WORKFLOW_STATUSES,
	type WorkflowStatus,
} from "../../src/model/status";

const TERMINAL: WorkflowStatus[] = ["completed", "errored", "timed_out", "terminated"];
const LIVE = WORKFLOW_STATUSES.filter((status) => !TERMINAL.includes(status));

const isLegal = (from: WorkflowStatus, to: WorkflowStatus): boolean => {
	try {
		assertStatusChange(from, to);
		return true;
	} catch {
		return false;
	}
};

describe("terminal statuses", () => {
	it("are completed, errored, timed_out and terminated, and no other", () => {
		expect(WORKFLOW_STATUSES.filter(isTerminal)).toEqual(TERMINAL);
	});

	it("are left by nothing", () => {
		const left = TERMINAL.flatMap((from) => WORKFLOW_STATUSES.filter((to) => isLegal(from, to)));
		expect(left).toEqual([]);
	});
});

describe("status changes", () => {
	it.each<[WorkflowStatus, WorkflowStatus[]]>([
		["created", ["running", "paused"]],
		["running", ["sleeping", "waiting", "paused", "panicked", "completed", "errored"]],
		["sleeping", ["running", "waiting", "paused"]],
		["waiting", ["running", "paused"]],
		["paused", ["created", "running", "waiting"]],
		["panicked", ["running", "waiting", "paused", "errored"]],
	])("from %s an instance goes to %j, or is timed out or terminated", (from, to) => {
		const expected = [...to, "timed_out", "terminated"];
		expect(WORKFLOW_STATUSES.filter((next) => isLegal(from, next)).sort()).toEqual(expected.sort());
	});

	it("the table has a row for each status that is not terminal", () => {
		expect(LIVE).toEqual(["created", "running", "sleeping", "waiting", "paused", "panicked"]);
	});

	it("no status changes into itself, and only one paused before its start back to created", () => {
		for (const status of WORKFLOW_STATUSES) expect(isLegal(status, status), status).toBe(false);
		expect(WORKFLOW_STATUSES.filter((from) => isLegal(from, "created"))).toEqual(["paused"]);
	});

	it("from each live status every other one can be reached", () => {
		for (const from of LIVE) {
			const reached = new Set<WorkflowStatus>([from]);
			// A set that grows while it is gone over is gone over to its end.
			for (const status of reached) {
				for (const next of WORKFLOW_STATUSES) if (isLegal(status, next)) reached.add(next);
			}
			expect([...reached].sort()).toEqual([...WORKFLOW_STATUSES].sort());
		}
	});

	it("only a running instance completes", () => {
		expect(WORKFLOW_STATUSES.filter((from) => isLegal(from, "completed"))).toEqual(["running"]);
	});
});

describe("an illegal change", () => {
	const ILLEGAL = WORKFLOW_STATUSES.flatMap((from) =>
		WORKFLOW_STATUSES.filter((to) => !isLegal(from, to)).map((to) => ({ from, to })),
	);

	it.each(ILLEGAL)("$from to $to names both statuses", ({ from, to }) => {
		expect(() => assertStatusChange(from, to)).toThrow(
			expect.objectContaining({
				code: "ILLEGAL_STATUS_CHANGE",
				message: expect.stringContaining(`The instance is "${from}" and cannot become "${to}"`),
				details: { from, to },
			}),
		);
	});

	it("says that a terminal status is final", () => {
		expect(() => assertStatusChange("completed", "paused")).toThrow('"completed" is final.');
	});

	it("says what a live status can become", () => {
		expect(() => assertStatusChange("paused", "sleeping")).toThrow(
			'from "paused" it can become "created", "running", "waiting", "timed_out", "terminated".',
		);
	});

	it("carries the hint of whoever refuses it", () => {
		const error = illegalStatusChange("running", "running", "it is not paused");
		expect(error.message).toBe(
			'The instance is "running" and cannot become "running": it is not paused.',
		);
	});
});
