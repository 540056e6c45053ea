/** Which way a graph is gone: lists, routes, jumps, loops, branches, errors. */
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/authoring/graph/definition";
import { LIMITS } from "../../../src/model/limits";
import { clock } from "../../support/lab";
import { type Execute, ended, nodesWith, resultOf, start, UPSETS, witness } from "./deploy";

const SECOND = 1_000;

const broken: Execute = () => {
	throw new Error("broken");
};

/** Nodes `a` to `e`, which note that they were called, and `break`. */
function letters() {
	const { calls, noted } = witness();
	const own = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, noted(name)]));
	return { calls, nodes: nodesWith({ ...own, break: noted("break", broken) }) };
}

async function gone(workflow: Json[], payload: unknown = null): Promise<string> {
	const { calls, nodes } = letters();
	const { instance } = await start({ workflow, settings: { retry: { limit: 1 } } }, payload, {
		nodes,
	});
	const { status } = await ended(instance);
	return `${calls.join(" ")}${status === "completed" ? "" : ` ${status}`}`;
}

const yes = (more: object): Json => ({ condition: { if: true, ...more } });

describe("a graph goes", () => {
	it.each<[string, Json[], string]>([
		["through its list", [{ a: {} }, { b: {} }, { c: {} }], "a b c"],
		["through nodes of one object", [{ a: {}, b: {} }, { c: {} }], "a b c"],
		[
			"by a route, and no further in the list",
			[yes({ "true?": ["b", { c: {} }] }), { d: {} }],
			"b c",
		],
		["on where there is no route", [yes({ "false?": { b: {} } }), { d: {} }], "d"],
		["nowhere by an empty route", [yes({ "true?": [] }), { d: {} }], ""],
		[
			"by routes in routes",
			[yes({ "true?": [{ a: {} }, yes({ "true?": { b: {} } }), { c: {} }] })],
			"a b",
		],
		["by a jump ahead", [yes({ "true?": "d" }), { a: {} }, { d: {} }, { e: {} }], "d e"],
		[
			"by a jump to a name",
			[yes({ "true?": [{ a: {} }, "last"] }), { b: {} }, { b: { $name: "last" } }],
			"a b",
		],
		[
			"by the edge that the node takes",
			[{ a: { "success?": { b: {} }, "other?": { c: {} } } }, { d: {} }],
			"a b",
		],
		["to the next after an edge that a node of nothing takes", [{ log: "x" }, { a: {} }], "a"],
	])("%s", async (_, workflow, expected) => {
		expect(await gone(workflow)).toBe(expected);
	});
});

describe("a loop", () => {
	it.each<[string, Json[], string]>([
		["so many times", [{ loop: { times: 3, "loop?": [{ a: {} }] } }, { b: {} }], "a a a b"],
		["no time", [{ loop: { times: 0, "loop?": { a: {} } } }, { b: {} }], "b"],
		["over a list", [{ loop: { over: "input", "loop?": { a: {} }, "done?": { c: {} } } }], "a a c"],
		["over nothing", [{ loop: { over: "nothing", "loop?": { a: {} } } }, { b: {} }], "b"],
		[
			"within a loop",
			[
				{
					loop: {
						times: 2,
						"loop?": [{ a: {} }, { loop: { times: 2, "loop?": { b: {} } } }, { c: {} }],
					},
				},
			],
			"a b b c a b b c",
		],
		[
			"and out of it by a jump",
			[{ loop: { times: 5, "loop?": [{ a: {} }, yes({ "true?": "c" })] } }, { b: {} }, { c: {} }],
			"a c",
		],
		[
			"and on from a route in it",
			[{ loop: { times: 2, "loop?": [yes({ "true?": { a: {} } }), { b: {} }] } }, { c: {} }],
			"a a c",
		],
	])("goes %s", async (_, workflow, expected) => {
		expect(await gone(workflow, [1, 2])).toBe(expected);
	});

	it("goes on while its expression holds, and tells its turn", async () => {
		const state = await resultOf({
			initialState: { n: 1, seen: [] },
			workflow: [
				{
					loop: {
						while: "n < 20",
						"loop?": [
							{
								"set-state": {
									values: { n: "{{ n * 3 }}", seen: "{{ [seen, loop_output.index] }}" },
								},
							},
						],
					},
				},
			],
		});
		expect(state).toEqual({ n: 27, seen: [0, 1, 2], loop_output: { turns: 3 } });
	});

	it("has the item of its list in its output and under a key, its own in each level", async () => {
		const state = await resultOf(
			{
				initialState: { seen: [] },
				workflow: [
					{
						loop: {
							$name: "orders",
							over: "input.orders",
							as: "order",
							"loop?": [
								{
									loop: {
										over: "order.items",
										as: "item",
										"loop?": {
											"set-state": {
												values: { seen: "{{ [seen, order.id & item & orders_output.index] }}" },
											},
										},
									},
								},
							],
						},
					},
				],
			},
			{
				orders: [
					{ id: "x", items: ["1", "2"] },
					{ id: "y", items: ["3"] },
				],
			},
		);
		expect(state).toMatchObject({ seen: ["x10", "x20", "y31"], orders_output: { turns: 2 } });
	});

	it("keeps its list as it was, whatever becomes of what it was made from", async () => {
		const { calls, noted } = witness();
		const nodes = nodesWith({
			take: noted("take", ({ state }) => {
				calls.push(state.item);
				state.list.pop();
				return {};
			}),
		});
		const { instance } = await start(
			{
				initialState: { list: ["p", "q", "r"] },
				workflow: [
					{ loop: { over: "list", as: "item", "loop?": [{ take: {} }, { delay: "1s" }] } },
				],
			},
			null,
			{ nodes },
		);
		const { result } = await ended(instance, (each) => each.crash());
		expect(calls).toEqual(["take", "p", "take", "q", "take", "r"]);
		expect(result).toMatchObject({ list: [] });
	});

	it("records its list once, and of each turn its number", async () => {
		const { instance } = await start(
			[
				{
					loop: {
						over: "input",
						"loop?": { "set-state": { values: { x: "{{ loop_output.item }}" } } },
					},
				},
			],
			["p", "q"],
		);
		const { steps } = await instance.until("completed");
		const turns = steps.filter(({ name }) => name === "0/loop").map(({ result }) => result);
		expect(turns).toEqual([
			{ edge: "loop", turn: 0, list: ["p", "q"] },
			{ edge: "loop", turn: 1 },
			{ edge: "done", output: { turns: 2 } },
		]);
	});

	it("may have as many turns as the settings say, and no more", async () => {
		const workflow = (times: number): Json[] => [
			{
				loop: {
					while: `$not($exists(loop_output)) or loop_output.index < ${times - 1}`,
					"loop?": { log: "x" },
				},
			},
		];
		const settings = { maxIterations: 4 };
		const { instance } = await start({ workflow: workflow(4), settings });
		expect((await instance.until("completed")).result).toEqual({ loop_output: { turns: 4 } });
		const { instance: another } = await start({ workflow: workflow(5), settings });
		expect((await another.until("errored")).errorDetails).toMatchObject({
			code: "LOOP_LIMIT",
			message: expect.stringContaining('"0/loop" was to be run more than 4 times'),
		});
		const { instance: counted } = await start({
			workflow: [{ loop: { times: 5, "loop?": { log: "x" } } }],
			settings,
		});
		expect((await counted.until("errored")).errorDetails).toMatchObject({
			code: "VALIDATION_ERROR",
		});
	});

	it("ends with an error past the executions of a run", async () => {
		const settings = { maxExecutions: 7 };
		const workflow: Json[] = [{ loop: { times: 3, "loop?": { log: "x" } } }];
		expect(await resultOf({ workflow, settings })).toEqual({ loop_output: { turns: 3 } });
		const { instance } = await start({ workflow: [...workflow, { log: "y" }], settings });
		expect((await instance.until("errored")).errorDetails).toMatchObject({
			code: "EXECUTION_LIMIT",
		});
	});

	it("by jumps is refused when it is too fast, and is fine with a delay", async () => {
		const workflow = (...slow: Json[]): Json[] => [
			{ "set-state": { values: { n: "{{ n + 1 }}" } } },
			{ loop: { while: "n < 9", "loop?": [...slow, "set-state"] } },
		];
		const initialState = { n: 0 };
		const { instance } = await start({ workflow: workflow(), initialState });
		const { errorDetails, steps } = await instance.until("errored");
		expect(errorDetails).toMatchObject({ code: "LOOP_TOO_FAST" });
		// The first one is no jump.
		expect(steps.filter(({ name }) => name === "0/set-state")).toHaveLength(LIMITS.graphJumps + 1);
		const slow = await start({ workflow: workflow({ delay: { duration: 250 } }), initialState });
		for (const upset of [UPSETS["crashed at each wait"]]) {
			expect(await ended(slow.instance, upset)).toMatchObject({ status: "completed" });
		}
		const quick = await start({ workflow: workflow({ delay: { duration: 249 } }), initialState });
		expect((await ended(quick.instance, (each) => each.evict())).errorDetails).toMatchObject({
			code: "LOOP_TOO_FAST",
		});
	});
});

describe("branches", () => {
	it("run side by side, and are joined", async () => {
		const { calls, nodes } = letters();
		const { instance } = await start(
			[
				{
					parallel: {
						"one?": [{ a: {} }, { delay: "2s" }, { b: {} }],
						"two?": [{ c: {} }, { delay: "1s" }, { d: {} }],
						"done?": { e: {} },
					},
				},
			],
			null,
			{ nodes },
		);
		const begunAt = clock.now();
		await instance.until("sleeping");
		expect(calls).toEqual(["a", "c"]);
		const { result } = await ended(instance, (each) => each.evict());
		expect(calls).toEqual(["a", "c", "d", "b", "e"]);
		expect(clock.now() - begunAt).toBe(2 * SECOND);
		expect(result).toMatchObject({ parallel_output: { one: "completed", two: "completed" } });
	});

	it("fail fast: the others go no further, and what they still do counts for nothing", async () => {
		const { calls, noted } = witness();
		const held = Promise.withResolvers<void>();
		const nodes = nodesWith({
			break: noted("break", broken),
			slow: noted("slow", async (context) => {
				context.signal.addEventListener("abort", () => calls.push("aborted"));
				await held.promise;
				context.state.slow = true;
				return { success: () => 1 };
			}),
			after: noted("after"),
		});
		const { instance } = await start(
			{
				settings: { retry: { limit: 1 } },
				workflow: [
					{
						parallel: {
							"a?": [{ slow: {} }, { after: {} }],
							"b?": [{ break: {} }],
							"error?": [{ delay: "1s" }, { log: "saved" }],
						},
					},
				],
			},
			null,
			{ nodes },
		);
		await instance.until((status) => status.steps.some(({ name }) => name.includes("delay")));
		held.resolve();
		await instance.until((status) =>
			status.steps.some(({ name, status }) => name.endsWith("slow") && status === "completed"),
		);
		const { result } = await ended(instance, (each) => each.crash());
		expect(calls).toEqual(["slow", "break", "aborted"]);
		expect(result).toEqual({
			error: {
				name: "Error",
				message: "broken",
				code: null,
				node: "parallel",
				place: "0/parallel",
			},
		});
	});

	it("are not begun again after an eviction, once one has failed", async () => {
		const { calls, noted } = witness();
		const nodes = nodesWith({
			break: noted("break", broken),
			slow: noted("slow", () => new Promise(() => {})),
		});
		const { instance } = await start(
			{
				settings: { retry: { limit: 1 } },
				workflow: [
					{ parallel: { "a?": { slow: {} }, "b?": { break: {} }, "error?": { delay: "1h" } } },
				],
			},
			null,
			{ nodes },
		);
		await instance.until(({ steps }) => steps.some(({ name }) => name.endsWith("delay")));
		await instance.crash();
		await instance.advance(10 * SECOND);
		const { steps } = await instance.until("sleeping");
		expect(calls).toEqual(["slow", "break"]);
		expect(steps.find(({ name }) => name.endsWith("slow"))).toMatchObject({
			errorDetails: { code: "BRANCH_STOPPED" },
		});
		expect(await ended(instance)).toMatchObject({ status: "completed" });
	});

	it("are all waited for, where that is asked for, and fail together, as they are written", async () => {
		const { calls, nodes } = letters();
		const { instance } = await start(
			{
				settings: { retry: { limit: 1 } },
				workflow: [
					{
						parallel: {
							onError: "wait-all",
							"x?": [{ delay: "3s" }, { break: {} }],
							"y?": [{ delay: "1s" }, { a: {} }],
							"z?": [{ delay: "2s" }, { break: {} }],
						},
					},
				],
			},
			null,
			{ nodes },
		);
		const { errorDetails } = await ended(instance, (each) => each.evict());
		expect(calls).toEqual(["a", "break", "break"]);
		expect(errorDetails).toMatchObject({
			code: "BRANCHES_FAILED",
			message: '2 of 3 branches of "0/parallel" failed. x: broken; z: broken',
			fields: { details: { branches: ["x", "z"] } },
		});
	});
});

describe("an error", () => {
	it.each<[string, Json[], string]>([
		["ends the run", [{ break: {} }, { a: {} }], "break errored"],
		["goes by its route", [{ break: { "error?": { a: {} } } }, { b: {} }], "break a"],
		[
			"goes by the route of the loop that it is in",
			[{ loop: { times: 3, "loop?": [{ a: {} }, { break: {} }], "error?": { b: {} } } }, { c: {} }],
			"a break b",
		],
		[
			"goes by the route of the branches that it is in",
			[{ parallel: { "x?": [{ a: {} }, { break: {} }], "error?": { b: {} } } }, { c: {} }],
			"a break b",
		],
		[
			"goes by the nearest route",
			[
				{
					parallel: {
						"x?": [{ loop: { times: 2, "loop?": { break: { "error?": { a: {} } } } } }, { b: {} }],
						"error?": { d: {} },
					},
				},
				{ c: {} },
			],
			"break a break a b c",
		],
		[
			"goes up to the route that there is",
			[
				{
					parallel: {
						"x?": [{ loop: { times: 2, "loop?": { break: {} } } }, { b: {} }],
						"error?": "c",
					},
				},
				{ a: {} },
				{ c: {} },
			],
			"break c",
		],
		[
			"in a route for errors ends the run",
			[{ break: { "error?": { break: {} } } }],
			"break break errored",
		],
	])("%s", async (_, workflow, expected) => {
		expect(await gone(workflow)).toBe(expected);
	});

	it("is in the state, by name, message, code, node and place", async () => {
		const nodes = nodesWith({
			pay: () => {
				throw Object.assign(new RangeError("too much"), { code: "P1" });
			},
		});
		const { instance } = await start(
			[{ pay: { $name: "charge", $retry: { limit: 1 }, "error?": [{ delay: "1s" }] } }],
			null,
			{ nodes },
		);
		const { result, steps } = await ended(instance, (each) => each.crash());
		expect(result).toEqual({
			error: { name: "RangeError", message: "too much", code: "P1", node: "pay", place: "charge" },
		});
		expect(steps[0]).toMatchObject({ status: "failed", attempts: 1 });
	});

	it("is tried again as the place, or else the definition, says; then goes by its route", async () => {
		const { calls, nodes } = letters();
		const { instance } = await start(
			{
				settings: { retry: { maxAttempts: 2, backoffMs: 1_000 } },
				workflow: [{ break: { $retry: { limit: 3, delay: 0 }, "error?": [] } }],
			},
			null,
			{ nodes },
		);
		await ended(instance, (each) => each.evict());
		expect(calls).toHaveLength(3);
		const { instance: other } = await start(
			{ settings: { retry: { maxAttempts: 2 } }, workflow: [{ break: {} }] },
			null,
			{ nodes },
		);
		await ended(other);
		expect(calls).toHaveLength(5);
	});

	it("that fails the same way again is not tried again", async () => {
		const { instance } = await start([{ transform: "$error('no')" }]);
		const { steps, errorDetails } = await instance.until("errored");
		expect(steps).toMatchObject([{ attempts: 1 }]);
		expect(errorDetails).toMatchObject({
			code: "EXPRESSION_FAILED",
			message:
				'The expression "$error(\'no\')" in "expression" of the place "0/transform" has no value: no.',
		});
	});
});
