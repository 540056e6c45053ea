/** What an author sees of a run: its path, its metrics, what it failed with, how far it is. */
import { describe, expect, it } from "vitest";
import { classify } from "../../../src/authoring/graph/errors";
import type { Metrics, NodeExecution } from "../../../src/authoring/graph/execution";
import { graph } from "../../../src/authoring/graph/graph";
import { inspectInstance } from "../../../src/client/runner-client";
import { programsOf } from "../../../src/engine/program";
import {
	NonRetryableError,
	PanicError,
	ValidationError,
	WorkflowError,
} from "../../../src/library";
import { DefinitionFaults } from "../../../src/model/definition";
import { runners, type TestInstance } from "../../support/instance";
import { clock } from "../../support/lab";
import { ended, start } from "./deploy";

interface Found {
	path: NodeExecution[];
	currentNode?: string;
	state: Record<string, unknown>;
	stateVersion: number;
	metrics: Metrics;
	error?: Record<string, unknown>;
}

async function found({ id }: TestInstance): Promise<Found> {
	return (await inspectInstance(runners, id)).found as unknown as Found;
}

describe("the path of a run", () => {
	it("has each visit of a place, with its edge, times, output and error", async () => {
		const at = new Date(clock.now()).toISOString();
		const { instance } = await start({
			initialState: { n: 0 },
			workflow: [
				{
					loop: {
						over: [7],
						$name: "each",
						"loop?": [{ "set-state": { values: { n: "{{ n + 1 }}" } } }],
					},
				},
				{ transform: { expression: "$error('no')", "error?": [{ delay: "1m" }, { log: "x" }] } },
			],
		});
		await instance.until("sleeping");
		const { path, currentNode, state, stateVersion, error } = await found(instance);
		const place = { status: "completed", startTime: at, endTime: at, attempts: 1, error: null };
		expect(path).toEqual([
			{
				...place,
				...{ nodeId: "loop", place: "0/loop", name: "each", visit: 1, config: { over: [7] } },
				...{ edgeTaken: "loop", outputData: { index: 0, turns: 1 } },
			},
			{
				...place,
				...{ nodeId: "set-state", place: "0/loop/loop?/0/set-state", name: null, visit: 1 },
				...{ config: { values: { n: "{{ n + 1 }}" } }, edgeTaken: "success", outputData: null },
			},
			{
				...place,
				...{ nodeId: "loop", place: "0/loop", name: "each", visit: 2, config: { over: [7] } },
				...{ edgeTaken: "done", outputData: { turns: 1 } },
			},
			{
				...place,
				...{ nodeId: "transform", place: "1/transform", name: null, visit: 1, status: "failed" },
				...{ config: { expression: "$error('no')" }, edgeTaken: "error", outputData: null },
				error: {
					...{ type: "configuration", severity: "error", recoverable: false },
					...{ name: "WorkflowError", code: "EXPRESSION_FAILED" },
					message: expect.stringContaining("no."),
					details: expect.objectContaining({ expression: "$error('no')" }),
				},
			},
			{
				...place,
				...{ nodeId: "delay", place: "1/transform/error?/0/delay", name: null, visit: 1 },
				...{ status: "sleeping", endTime: null, attempts: 0 },
				...{ config: { duration: "1m" }, edgeTaken: null, outputData: null },
			},
		]);
		expect(currentNode).toBe("1/transform/error?/0/delay");
		expect(state).toMatchObject({ n: 1, each_output: { turns: 1 }, error: { node: "transform" } });
		expect(stateVersion).toBe(4);
		expect(error).toBeUndefined();
	});

	it("says what ended the run, and what sort of error that is", async () => {
		const { instance } = await start([{ log: "x" }, { fail: { message: "no", code: "E1" } }]);
		await instance.until("errored");
		expect((await found(instance)).error).toEqual({
			type: "runtime",
			severity: "critical",
			recoverable: false,
			name: "WorkflowFailed",
			message: "no",
			code: "E1",
			details: null,
		});
	});

	it("is plain JSON, whatever the outputs are", async () => {
		const { instance } = await start([{ "wait-event": "go" }, { "wait-event": "more" }]);
		await instance.until("waiting");
		await instance.event("go", { at: new Date(0), n: 1n, map: new Map([["a", 1]]) });
		const { path, state } = await found(instance);
		expect(path[0]?.outputData).toEqual({ at: "1970-01-01T00:00:00.000Z", n: "1", map: { a: 1 } });
		expect(state["wait-event_output"]).toEqual(path[0]?.outputData);
	});
});

describe("the metrics of a run", () => {
	it("count executions, time and failed attempts by node", async () => {
		const { instance } = await start([
			{ delay: "2s" },
			{ loop: { times: 2, "loop?": [{ delay: "1s" }] } },
			{ http: { url: "http://localhost", "error?": [{ log: "x" }] } },
		]);
		await ended(instance, (each) => each.evict());
		const { metrics } = await found(instance);
		expect(metrics).toMatchObject({
			totalDuration: 4_000,
			nodeExecutions: 8,
			nodeMetrics: {
				delay: { executionCount: 3, totalDuration: 4_000, averageDuration: 4_000 / 3, errors: 0 },
				loop: { executionCount: 3, errors: 0 },
				http: { executionCount: 1, errors: 1 },
				log: { executionCount: 1, errors: 0 },
			},
			stateOperations: 4,
		});
	});
});

describe("the progress of a run", () => {
	it("grows from 0 to 100, over loops and branches", async () => {
		const { instance } = await start([
			{ delay: "1s" },
			{ loop: { times: 2, "loop?": [{ delay: "1s" }, { log: "x" }] } },
			{ parallel: { "a?": [{ delay: "1s" }], "b?": [{ delay: "2s" }] } },
			{
				condition: { if: true, "true?": [{ delay: "1s" }], "false?": [{ log: "x" }, { log: "y" }] },
			},
		]);
		const seen: (number | string | null | undefined)[] = [];
		const end = await ended(instance, async () => {
			const { progress, currentStep, completedSteps, totalSteps } = await instance.status();
			seen.push(`${progress} ${currentStep} ${completedSteps}/${totalSteps}`);
		});
		expect(end).toMatchObject({ progress: 100, completedSteps: 9, totalSteps: 9 });
		expect(seen).toEqual([
			"0 0/delay 0/11",
			"9 1/loop/loop?/0/delay 1/11",
			"27 1/loop/loop?/0/delay 3/11",
			"36 2/parallel/b?/0/delay 4/11",
			"45 2/parallel/b?/0/delay 5/11",
			"88 3/condition/true?/0/delay 8/9",
		]);
	});
});

describe("an error is classified", () => {
	it.each<[unknown, string, string, boolean]>([
		[new ValidationError("x"), "validation", "error", false],
		[new WorkflowError("NODE_NOT_FOUND", "x"), "configuration", "error", false],
		[new WorkflowError("STATE_LOCKED", "x"), "state", "error", true],
		[new WorkflowError("STATE_TOO_LARGE", "x"), "state", "error", false],
		[new WorkflowError("HTTP_FAILED", "x"), "system", "warning", true],
		[new WorkflowError("LOOP_LIMIT", "x"), "runtime", "critical", false],
		[new PanicError("x"), "system", "critical", true],
		[new NonRetryableError("x"), "runtime", "critical", false],
		[new Error("x"), "runtime", "critical", true],
		[Object.assign(new Error("x"), { code: "MINE" }), "runtime", "critical", true],
		["a text", "runtime", "critical", true],
		[undefined, "runtime", "critical", true],
	])("%s: %s, %s, recoverable: %s", (error, type, severity, recoverable) => {
		expect(classify(error)).toMatchObject({ type, severity, recoverable });
	});
});

describe("graph()", () => {
	const text = JSON.stringify({
		id: "greet",
		name: "Greet",
		version: "1.2.0",
		description: "Greets.",
		tags: ["demo"],
		input: { type: "object", properties: { who: { type: "string" } }, required: ["who"] },
		settings: { retention: "1d", timeout: "1h", concurrency: { limit: 3 } },
		workflow: [{ transform: "'Hello, ' & input.who" }],
	});

	it("is an entry of the registry", async () => {
		const greet = graph(text);
		const program = programsOf({ [greet.id]: greet }).get("greet");
		expect(program).toMatchObject({
			type: "greet",
			version: "1.2.0",
			timeoutMs: 3_600_000,
			retentionMs: 86_400_000,
			concurrency: { limit: 3 },
			about: { description: "Greets.", tags: ["demo"] },
			graph: { nodes: [{ id: "0/transform" }] },
		});
		const { payload } = program ?? {};
		expect(await payload?.["~standard"].validate({ who: 1 })).toHaveProperty("issues");
	});

	it("refuses what is none, with all that is wrong", () => {
		expect(() => graph({ id: "a", name: "a", version: "1", workflow: [{ lgo: {} }] })).toThrow(
			DefinitionFaults,
		);
	});
});
