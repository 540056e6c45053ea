/** The state as nodes have it: copies, changes, locks, snapshots, limits. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/model/limits";
import { type Execute, ended, nodeClass, nodesWith, resultOf, start, witness } from "./deploy";

const once = { retry: { limit: 1 } };

describe("a node", () => {
	it("is told of its inputs, its place and its run", async () => {
		const seen: unknown[] = [];
		const nodes = nodesWith({});
		const look: Execute = (context, config) => {
			const { inputs, input, workflowId, nodeId, executionId, edges, attempt, attemptsMax } =
				context;
			seen.push({
				inputs: { ...inputs },
				...{ input, workflowId, nodeId, executionId, edges, attempt, attemptsMax, config },
				key: context.idempotencyKey,
			});
			return { success: () => 1 };
		};
		nodes.register(nodeClass("look", look, { inputs: ["a", "b", "input", "none"] }));
		const { instance, definition } = await start(
			{
				initialState: { a: "state's", b: "b" },
				workflow: [
					{ look: { a: "{{ 'own' }}", x: 1, $retry: { limit: 2 }, "success?": { log: "x" } } },
				],
			},
			{ p: 1 },
			{ nodes },
		);
		await instance.until("completed");
		expect(seen).toEqual([
			{
				inputs: { a: "own", b: "b", input: { p: 1 }, none: undefined },
				input: { p: 1 },
				workflowId: definition.id,
				nodeId: "look",
				executionId: instance.id,
				edges: ["success"],
				attempt: 1,
				attemptsMax: 2,
				config: { a: "own", x: 1 },
				key: `${instance.id}/0/look`,
			},
		]);
	});

	it("changes a copy of the state, which counts once it has succeeded", async () => {
		const seen: unknown[] = [];
		const nodes = nodesWith({
			change: ({ state, attempt }) => {
				seen.push(structuredClone({ ...state }));
				state.list.push(attempt);
				state.made = { deep: [attempt] };
				delete state.gone;
				if (attempt === 1) throw new Error("again");
				return { success: () => state.list };
			},
		});
		const { instance } = await start(
			{
				initialState: { list: [0], gone: 1, same: { a: 1 } },
				workflow: [{ change: { $retry: { limit: 2, delay: 0 } } }],
			},
			null,
			{ nodes },
		);
		const { result, steps } = await ended(instance, (each) => each.crash());
		expect(seen[0]).toEqual(seen[1]);
		expect(result).toEqual({
			list: [0, 2],
			made: { deep: [2] },
			same: { a: 1 },
			change_output: [0, 2],
		});
		expect(steps[0]?.result).toEqual({
			edge: "success",
			output: [0, 2],
			updates: { list: [0, 2], made: { deep: [2] } },
			removed: ["gone"],
		});
	});

	it("cannot change its parameters, nor the payload, for the next visit", async () => {
		const nodes = nodesWith({
			spoil: ({ input }, config) => {
				input.list.push("spoilt");
				expect(() => (config as { list: unknown[] }).list.push(1)).toThrow(TypeError);
				return { success: () => input.list };
			},
		});
		const state = await resultOf(
			{
				workflow: [
					{ loop: { times: 2, "loop?": { spoil: { list: [0] } } } },
					{ transform: "input" },
				],
			},
			{ list: [1] },
			{ nodes },
		);
		const output = { spoil_output: [1, "spoilt"], transform_output: { list: [1] } };
		expect(state).toMatchObject(output);
	});

	it("keeps every kind of value, over a crash", async () => {
		const value = {
			at: new Date(0),
			map: new Map([["a", 1n]]),
			url: new URL("https://a.example/"),
		};
		const seen: unknown[] = [];
		const nodes = nodesWith({
			make: ({ state }) => {
				state.value = value;
				return { success: () => value };
			},
			look: ({ state }) => {
				seen.push(state.value);
				return {};
			},
		});
		const { instance } = await start([{ make: {} }, { delay: "1s" }, { look: {} }], null, {
			nodes,
		});
		const { result } = await ended(instance, (each) => each.crash());
		expect(seen).toEqual([value]);
		expect(result).toEqual({ value, make_output: value });
	});

	it.each<[string, Execute, RegExp]>([
		["no object of edges", () => undefined as never, /"own" is to return an object of functions/],
		["an edge that is no function", () => ({ success: 1 }) as never, /object of functions/],
		["a value that cannot be stored", () => ({ success: () => () => 1 }), /cannot be stored/],
	])("that gives %s has failed, without another attempt", async (_, own, why) => {
		const { instance } = await start([{ own: {} }], null, { nodes: nodesWith({ own }) });
		const { error, steps } = await instance.until("errored");
		expect(error).toMatch(why);
		expect(steps).toMatchObject([{ attempts: 1 }]);
	});

	it("puts what cannot be stored nowhere: the key is named", async () => {
		const own: Execute = ({ state }) => {
			state.fine = 1;
			state.bad = { f: () => 1 };
			return {};
		};
		const { instance } = await start([{ own: {} }], null, { nodes: nodesWith({ own }) });
		expect((await instance.until("errored")).error).toMatch(/key "bad" of the state.*\.f/);
	});

	it("may make its edges' outputs later, and leaves by the first that gives one", async () => {
		const own: Execute = () => ({
			first: () => undefined,
			second: async () => "it",
			third: () => "not it",
		});
		const nodes = nodesWith({ own });
		const workflow = [
			{ own: { "first?": { log: "x" }, "second?": { "set-state": { values: { went: 2 } } } } },
		];
		expect(await resultOf(workflow, null, { nodes })).toEqual({ own_output: "it", went: 2 });
	});
});

describe("the state", () => {
	it("has the output of a place under its node, and under its name", async () => {
		const state = await resultOf([
			{ transform: { $name: "first", expression: "1" } },
			{ transform: { expression: "first_output + transform_output + 1" } },
		]);
		expect(state).toEqual({ first_output: 1, transform_output: 3 });
	});

	it("is what the result is, of as many bytes as it may have", async () => {
		const room = LIMITS.stateBytes - '"a'.length - '="'.length;
		const of = (length: number) => {
			const own: Execute = ({ state }) => {
				state.a = "x".repeat(length);
				return {};
			};
			return start(
				{ settings: once, workflow: [{ own: {} }] },
				"p".repeat(LIMITS.payloadBytes - 3),
				{
					nodes: nodesWith({ own }),
				},
			);
		};
		const fits = await of(room);
		expect(((await fits.instance.until("completed")).result as { a: string }).a).toHaveLength(room);
		const { instance } = await of(room + 1);
		const { errorDetails, steps } = await instance.until("errored");
		expect(errorDetails).toMatchObject({ code: "STATE_TOO_LARGE" });
		expect(steps).toMatchObject([{ attempts: 1 }]);
	});

	it("goes back to a snapshot, and to the first one only by its name", async () => {
		const set = (values: object) => ({ "set-state": { values } }) as never;
		const state = await resultOf({
			initialState: { a: 0 },
			workflow: [
				{ snapshot: "zero" },
				set({ a: 1, b: 1 }),
				{ snapshot: "one" },
				set({ a: 2, c: 2 }),
				{ rollback: "one" },
				set({ kept: "{{ a }}" }),
			],
		});
		expect(state).toEqual({ a: 1, b: 1, kept: 1 });
		const { instance } = await start([{ rollback: "never" }]);
		expect((await instance.until("errored")).errorDetails).toMatchObject({
			code: "SNAPSHOT_NOT_FOUND",
		});
	});

	it("goes back to before a place that has failed, over a crash", async () => {
		const { instance } = await start({
			initialState: { n: 0 },
			workflow: [
				{
					loop: {
						times: 5,
						$rollback: true,
						"loop?": [
							{ "set-state": { values: { n: "{{ n + 1 }}", junk: true } } },
							{ delay: "1s" },
							{ condition: { if: "n = 3", "true?": "fail" } },
						],
						"error?": [{ delay: "1s" }, { log: "saved" }],
					},
				},
			],
		});
		const { result } = await ended(instance, (each) => each.crash());
		expect(result).toEqual({
			n: 0,
			error: {
				name: "WorkflowFailed",
				message: "The workflow failed.",
				code: null,
				node: "loop",
				place: "0/loop",
			},
		});
	});

	it("goes back to a named snapshot when a place has failed", async () => {
		const state = await resultOf({
			initialState: { n: 0 },
			workflow: [
				{ snapshot: "begin" },
				{ "set-state": { values: { n: 1 } } },
				{ transform: { expression: "$error('no')", $rollback: "begin", "error?": [] } },
			],
		});
		expect(state).toMatchObject({ n: 0, error: { code: "EXPRESSION_FAILED" } });
	});
});

describe("a lock", () => {
	/** `hold` locks `n`, and has it until the test lets it go; `write` changes `n`. */
	function contenders() {
		const { calls, noted } = witness();
		const held = Promise.withResolvers<void>();
		const nodes = nodesWith({
			hold: noted("hold", async ({ lock, state }) => {
				lock(["n", "m"]);
				await held.promise;
				state.n++;
				return { success: () => state.n };
			}),
			write: noted("write", ({ state }) => {
				state.n += 10;
				return {};
			}),
			take: noted("take", ({ lock, state }) => {
				lock(["n"]);
				state.n += 100;
				return {};
			}),
		});
		return { calls, held, nodes };
	}

	it.each(["write", "take"])("keeps others from changing its keys: %s", async (other) => {
		const { calls, held, nodes } = contenders();
		const { instance } = await start(
			{
				initialState: { n: 1 },
				workflow: [
					{
						parallel: {
							"a?": [{ hold: {} }],
							"b?": [{ [other]: { $retry: { limit: 3, delay: 1_000 } } }],
						},
					},
				],
			},
			null,
			{ nodes },
		);
		const { steps } = await instance.until(({ steps }) =>
			steps.some(({ status }) => status === "retrying"),
		);
		expect(steps.find(({ status }) => status === "retrying")?.errorDetails).toMatchObject({
			code: "STATE_LOCKED",
			message: expect.stringContaining(
				'The key "n" of the state is locked by the place "0/parallel/a?/0/hold"',
			),
			fields: { details: { key: "n", holder: "0/parallel/a?/0/hold" } },
		});
		held.resolve();
		const { result } = await ended(instance);
		expect(calls).toEqual(["hold", other, other]);
		expect(result).toMatchObject({ n: other === "write" ? 12 : 102 });
	});

	it("is released by an attempt that fails, and by a crash", async () => {
		const { calls, noted } = witness();
		const nodes = nodesWith({
			own: noted("own", async ({ lock, state, attempt }) => {
				lock(["n"]);
				if (calls.length === 1) return new Promise(() => {});
				if (attempt === 1) throw new Error("again");
				state.n++;
				return {};
			}),
		});
		const { instance } = await start(
			{
				initialState: { n: 1 },
				workflow: [{ own: { $retry: { limit: 2, delay: 0 } } }, { own: {} }],
			},
			null,
			{ nodes },
		);
		await instance.until(() => calls.length === 1);
		await instance.crash();
		await instance.advance(10_000);
		expect((await ended(instance)).result).toEqual({ n: 3 });
	});
});
