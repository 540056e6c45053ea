// Owns what a parsed definition is, and the graph that it gives.
import { describe, expect, it } from "vitest";
import type { GraphDefinition, Json, JsonObject } from "../../../../src/authoring/graph/definition";
import { graphOf } from "../../../../src/authoring/graph/graph-of";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { LIMITS } from "../../../../src/model/limits";
import { VALID } from "../corpus/valid";
import { nodes } from "./nodes";

function parsed(source: string | Json): GraphDefinition {
	const answer = parseGraph(source, nodes);
	if ("faults" in answer) throw new Error(JSON.stringify(answer.faults));
	return answer.definition;
}

const flow = (...workflow: Json[]) => parsed({ id: "t", name: "T", version: "1.0.0", workflow });

describe("a definition", () => {
	it("has all that its text has", () => {
		const definition = parsed({
			$schema: "https://w.example/s.json",
			id: "order",
			name: "An order",
			version: "1.2.3",
			description: "d",
			tags: ["a"],
			metadata: { team: "x" },
			input: { type: "object" },
			initialState: { limit: 1 },
			settings: { retry: { limit: 2 }, timeout: "1h", maxIterations: 7 },
			workflow: [
				{
					condition: { if: "a", "true?": ["end"], "false?": { log: "no", delay: "1s" } },
				},
				{ log: { $name: "end", $timeout: "5s", $rollback: true, message: "{{ a }}" } },
			],
		});
		const plain = { name: null, options: {}, edges: new Map() };
		expect(definition).toEqual({
			id: "order",
			name: "An order",
			version: "1.2.3",
			about: { description: "d", tags: ["a"], metadata: { team: "x" } },
			input: { type: "object" },
			initialState: { limit: 1 },
			settings: {
				retry: { limit: 2 },
				timeout: "1h",
				maxIterations: 7,
				maxExecutions: LIMITS.graphExecutions,
			},
			start: [{ place: "0/condition" }, { place: "1/log" }],
			places: new Map(
				[
					{
						...plain,
						address: "0/condition",
						node: "condition",
						config: { if: "a" },
						edges: new Map([
							["true", [{ jump: "1/log" }]],
							[
								"false",
								[{ place: "0/condition/false?/log" }, { place: "0/condition/false?/delay" }],
							],
						]),
					},
					{ ...plain, address: "0/condition/false?/log", node: "log", config: { message: "no" } },
					{
						...plain,
						address: "0/condition/false?/delay",
						node: "delay",
						config: { duration: "1s" },
					},
					{
						...plain,
						address: "1/log",
						node: "log",
						name: "end",
						options: { timeout: "5s", rollback: true },
						config: { message: "{{ a }}" },
					},
				].map((place) => [place.address, place]),
			),
		});
		expect([...definition.places.keys()]).toEqual([
			"0/condition",
			"0/condition/false?/log",
			"0/condition/false?/delay",
			"1/log",
		]);
	});

	it("has what was left out", () => {
		const { about, input, initialState, settings } = flow({ fail: {} });
		expect(about).toEqual({ description: null, tags: [], metadata: null });
		expect({ input, initialState, settings }).toEqual({
			input: null,
			initialState: {},
			settings: {
				maxIterations: LIMITS.graphIterations,
				maxExecutions: LIMITS.graphExecutions,
			},
		});
	});

	it("has the same addresses for a string as for the node written out", () => {
		const short = flow({ condition: { if: "a", "true?": ["delay"], "false?": "delay" } });
		const long = flow({
			condition: { if: "a", "true?": [{ delay: {} }], "false?": { delay: {} } },
		});
		expect(short).toEqual(long);
	});

	it("has a list for the parameter that it is short for", () => {
		expect(flow({ mail: ["a", "b"] }).places.get("0/mail")?.config).toEqual({ to: ["a", "b"] });
	});

	it("is the same of a value and of its text", () => {
		for (const [, text] of VALID) expect(parsed(JSON.parse(text))).toEqual(parsed(text));
	});
});

describe("a list of steps", () => {
	const list: JsonObject = {
		name: "greet",
		description: "d",
		steps: [
			{ id: "hello", type: "log", config: { message: "Hello", level: "warn" } },
			{ id: "pause", type: "delay" },
		],
		retryConfig: { maxAttempts: 5 },
		panicConfig: { restartDelayMs: 1_000 },
	};

	it("is a graph of places one after the other, named by their ids", () => {
		const place = { options: {}, edges: new Map() };
		expect(parsed(list)).toEqual({
			id: "greet",
			name: "greet",
			version: "1.0.0",
			about: { description: "d", tags: [], metadata: null },
			input: null,
			initialState: {},
			settings: {
				retry: { maxAttempts: 5 },
				panic: { restartDelayMs: 1_000 },
				maxIterations: LIMITS.graphIterations,
				maxExecutions: LIMITS.graphExecutions,
			},
			start: [{ place: "hello" }, { place: "pause" }],
			places: new Map([
				[
					"hello",
					{
						...place,
						address: "hello",
						node: "log",
						name: "hello",
						config: { message: "Hello", level: "warn" },
					},
				],
				[
					"pause",
					{ ...place, address: "pause", node: "delay", name: "pause", config: { duration: 1_000 } },
				],
			]),
		});
	});

	it("may have a title, when it has an id", () => {
		const { id, name, version } = parsed({ ...list, id: "t-1", name: "Greet!", version: "2.0.0" });
		expect({ id, name, version }).toEqual({ id: "t-1", name: "Greet!", version: "2.0.0" });
	});

	it("is a graph whose nodes follow each other", () => {
		expect(graphOf(parsed(list), nodes)).toEqual({
			nodes: [
				{ id: "hello", kind: "log", label: "hello" },
				{ id: "pause", kind: "delay", label: "pause" },
			],
			edges: [{ from: "hello", to: "pause" }],
		});
	});
});

describe("the graph of a definition", () => {
	/** `from -label-> to`, of those that lead to another turn with `!`. */
	const drawn = (...workflow: Json[]) =>
		graphOf(flow(...workflow), nodes).edges.map(
			({ from, to, label, isBack }) => `${from} -${label ?? ""}${isBack ? "!" : ""}-> ${to}`,
		);

	it("names its nodes by their addresses", () => {
		const { nodes: drawnNodes } = graphOf(
			flow(
				{ condition: { if: "a", "true?": { log: { $name: "yes", message: "x" } } } },
				{ set: {} },
			),
			nodes,
		);
		expect(drawnNodes).toEqual([
			{ id: "0/condition", kind: "condition", label: "condition" },
			{ id: "0/condition/true?/log", kind: "log", label: "yes" },
			{ id: "1/set", kind: "set", label: "set" },
		]);
	});

	it("goes on where an edge has no route, and only there", () => {
		expect(drawn({ condition: { if: "a", "true?": "fail" } }, { set: {} })).toEqual([
			"0/condition -true-> 0/condition/true?/fail",
			"0/condition --> 1/set",
		]);
		expect(
			drawn(
				{ condition: { if: "a", "true?": "set", "false?": "fail" } },
				{ set: {} },
				{ fail: {} },
			),
		).toEqual(["0/condition -true-> 1/set", "0/condition -false-> 2/fail", "1/set --> 2/fail"]);
	});

	it("ends where a route ends", () => {
		expect(drawn({ condition: { if: "a", "true?": [] } }, { set: {} })).toEqual([
			"0/condition --> 1/set",
		]);
	});

	it("comes back to a loop, also from routes in it", () => {
		expect(
			drawn(
				{
					loop: {
						while: "a",
						"loop?": [{ condition: { if: "b", "true?": { fail: {} } } }, { delay: {} }],
					},
				},
				{ set: {} },
			),
		).toEqual([
			"0/loop -loop!-> 0/loop/loop?/0/condition",
			"0/loop/loop?/0/condition -true-> 0/loop/loop?/0/condition/true?/fail",
			"0/loop/loop?/0/condition --> 0/loop/loop?/1/delay",
			"0/loop/loop?/1/delay --> 0/loop",
			"0/loop --> 1/set",
		]);
	});

	it("comes back from branches, and goes on by done", () => {
		expect(
			drawn({ parallel: { "a?": { set: {} }, "b?": { delay: {} }, "done?": "log" } }, { log: "x" }),
		).toEqual([
			"0/parallel/fork -a-> 0/parallel/a?/set",
			"0/parallel/a?/set --> 0/parallel",
			"0/parallel/fork -b-> 0/parallel/b?/delay",
			"0/parallel/b?/delay --> 0/parallel",
			"0/parallel -done-> 1/log",
		]);
	});

	it("has an end of each edge for each valid definition", () => {
		for (const [, text] of VALID) {
			const graph = graphOf(parsed(text), nodes);
			const ids = new Set(graph.nodes.map(({ id }) => id));
			expect(ids.size).toBe(graph.nodes.length);
			for (const { from, to } of graph.edges) expect(ids.has(from) && ids.has(to)).toBe(true);
		}
	});
});
