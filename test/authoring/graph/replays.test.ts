/** Evictions and crashes in the middle of everything: nothing runs twice, and the end is the same. */
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/authoring/graph/definition";
import { repairStep } from "../../../src/client/runner-client";
import { PanicError } from "../../../src/model/errors";
import { runners } from "../../support/instance";
import { type Execute, ended, nodesWith, start, UPSETS, witness } from "./deploy";

/** One of everything that waits. */
const WORKFLOW: Json[] = [
	{ step: { name: "begin" } },
	{
		loop: {
			over: "input.orders",
			as: "order",
			"loop?": [
				{ step: { name: "order {{ order }}" } },
				{ delay: { duration: "{{ order & 's' }}" } },
				{
					condition: {
						if: "order = 2",
						"true?": [{ step: { name: "two" } }, { delay: "1s" }],
					},
				},
			],
		},
	},
	{
		parallel: {
			"left?": [{ delay: "3s" }, { step: { name: "left" } }],
			"right?": [
				{ flaky: { $retry: { limit: 3, delay: "1s", backoff: "fixed" } } },
				{ step: { name: "right" } },
				{
					parallel: {
						onError: "wait-all",
						"a?": [{ delay: "4s" }, { step: { name: "a" } }],
						"b?": [{ step: { name: "b" } }, { fail: "b is lost" }],
						"error?": [{ step: { name: "saved {{ error.code }}" } }, { delay: "1s" }],
					},
				},
			],
			"event?": [
				{
					"wait-event": { event: "never", timeout: "2s", "timeout?": [{ step: { name: "late" } }] },
				},
			],
		},
	},
	{ step: { name: "end" } },
];

describe("a graph of all that waits", () => {
	it.each(Object.entries(UPSETS))("%s", async (_, upset) => {
		const { calls, noted } = witness();
		const nodes = nodesWith({
			step: ({ state }, { name }) => {
				calls.push(`${name}`);
				state[`did ${name}`] = true;
				return { success: () => name };
			},
			flaky: noted("flaky", ({ attempt }) => {
				if (attempt < 3) throw new Error("not yet");
				return { success: () => attempt };
			}),
		});
		const { instance } = await start(WORKFLOW, { orders: [1, 2] }, { nodes });
		const { status, result } = await ended(instance, upset);
		expect(status).toBe("completed");
		const expected = [
			"begin",
			"order 1",
			"order 2",
			"two",
			"flaky",
			"flaky",
			"late",
			"flaky",
			"right",
			"b",
			"left",
			"a",
			"saved BRANCHES_FAILED",
			"end",
		];
		expect([...calls].sort()).toEqual([...expected].sort());
		const did = expected.filter((name) => name !== "flaky").map((name) => [`did ${name}`, true]);
		expect(result).toMatchObject({
			...Object.fromEntries(did),
			loop_output: { turns: 2 },
			flaky_output: 3,
			error: { code: "BRANCHES_FAILED", node: "parallel" },
		});
	});
});

describe("a crash in the middle of", () => {
	/** Hangs in its `nth` call, of which the object dies. */
	function hanging(nth: number) {
		const calls: unknown[] = [];
		const hang: Execute = async ({ state }, { say }) => {
			calls.push(say ?? null);
			if (calls.length === nth) return new Promise(() => {});
			state.said = [...(state.said ?? []), say];
			return { success: () => say };
		};
		return { calls, nodes: nodesWith({ hang }) };
	}

	async function crashed(workflow: Json[], nth: number) {
		const { calls, nodes } = hanging(nth);
		const { instance } = await start(workflow, null, { nodes });
		await instance.until(() => calls.length >= nth);
		await instance.crash();
		await instance.advance(10_000);
		return { calls, ...(await ended(instance)) };
	}

	it("a loop makes that call again, and no other", async () => {
		const body: Json[] = [{ hang: { say: "{{ loop_output.index }}" } }];
		const { calls, result } = await crashed([{ loop: { times: 5, "loop?": body } }], 3);
		expect(calls).toEqual([0, 1, 2, 2, 3, 4]);
		expect(result).toMatchObject({ said: [0, 1, 2, 3, 4] });
	});

	it("branches makes those calls again that had no outcome", async () => {
		const { calls, result } = await crashed(
			[
				{
					parallel: {
						"a?": [{ hang: { say: "a" } }],
						"b?": [{ hang: { say: "b" } }, { hang: { say: "c" } }],
					},
				},
				{ hang: { say: "d" } },
			],
			2,
		);
		expect(calls).toEqual(["a", "b", "b", "c", "d"]);
		expect(result).toMatchObject({ parallel_output: { a: "completed", b: "completed" } });
	});

	it("a route for an error, the error stays the same", async () => {
		const { calls, result } = await crashed(
			[{ fail: { message: "no", "error?": [{ hang: { say: "{{ error.message }}" } }] } }],
			1,
		);
		expect(calls).toEqual(["no", "no"]);
		expect(result).toMatchObject({ said: ["no"] });
	});

	it("a branch that has been stopped, what it does late counts for nothing", async () => {
		const { calls, nodes } = hanging(1);
		const { instance } = await start(
			[
				{
					parallel: {
						"a?": [{ hang: { say: "late" } }, { hang: { say: "never" } }],
						"b?": [{ delay: "1s" }, { fail: "stop" }],
						"error?": [{ delay: "1h" }],
					},
				},
			],
			null,
			{ nodes },
		);
		await instance.until(({ steps }) => steps.length === 2);
		await instance.advance(1_000);
		await instance.until(({ steps }) =>
			steps.some(({ key }) => key === "0/parallel/error?/0/delay"),
		);
		await instance.crash();
		await instance.advance(10_000);
		const { result, steps } = await ended(instance, (each) => each.evict());
		expect(calls).toEqual(["late"]);
		expect(result).toMatchObject({ error: { message: "stop" } });
		expect(result).not.toHaveProperty("said");
		expect(steps.find(({ key }) => key.endsWith("a?/0/hang"))).toMatchObject({
			errorDetails: { code: "BRANCH_STOPPED" },
		});
	});
});

describe("an operator", () => {
	it("may give a place what it comes to, by which it is left", async () => {
		const { instance } = await start({
			settings: { retry: { limit: 1 } },
			workflow: [
				{ "wait-event": { event: "go", $name: "wait" } },
				{ transform: { expression: "$error('no')" } },
				{ condition: { if: "transform_output = 7", "true?": [{ log: "x" }, { delay: "1s" }] } },
			],
		});
		await instance.until("waiting");
		await repairStep(runners, instance.id, {
			step: "0/wait-event",
			action: "skip",
			output: "skipped",
		});
		await instance.until("errored");
		await repairStep(runners, instance.id, {
			step: "1/transform",
			action: "set-output",
			output: 7,
		});
		const { result } = await ended(instance);
		expect(result).toMatchObject({
			wait_output: "skipped",
			transform_output: 7,
			condition_output: true,
		});
	});

	it("may say by which edge", async () => {
		const { nodes } = failing();
		const route = { "other?": { "set-state": { values: { went: "other" } } } };
		const { instance } = await start([{ own: { $retry: { limit: 1 }, ...route } }], null, {
			nodes,
		});
		await instance.until("errored");
		const output = { edge: "other", output: null };
		await repairStep(runners, instance.id, { step: "0/own", action: "set-output", output });
		expect((await ended(instance)).result).toEqual({ went: "other", own_output: null });
	});
});

describe("a panic", () => {
	it("is none of the place's: no attempt is spent, and no route taken", async () => {
		let panics = 1;
		const nodes = nodesWith({
			own: () => {
				if (panics-- > 0) throw new PanicError("broken system");
				return { success: () => "fine" };
			},
		});
		const { instance } = await start(
			{
				settings: { panic: { restartDelay: "1s" } },
				workflow: [{ own: { $retry: { limit: 1 }, "error?": { fail: {} } } }],
			},
			null,
			{ nodes },
		);
		const { result, restartAttempt } = await ended(instance);
		expect({ result, restartAttempt }).toEqual({
			result: { own_output: "fine" },
			restartAttempt: 1,
		});
	});
});

describe("a breaker", () => {
	it("of a place lets no attempt through, once it is open; the place has failed", async () => {
		const { calls, nodes } = failing();
		const { instance } = await start(
			[
				{
					own: {
						$breaker: { failureThreshold: 2, resetTimeout: "1h" },
						$retry: { limit: 3, delay: "1s", backoff: "fixed" },
						"error?": [{ log: "x" }],
					},
				},
			],
			null,
			{ nodes },
		);
		const { result } = await ended(instance);
		expect(calls).toEqual(["own", "own"]);
		expect(result).toMatchObject({ error: { code: "CIRCUIT_OPEN" } });
	});
});

/** A node that is down. */
function failing() {
	const { calls, noted } = witness();
	const down: Execute = () => {
		throw new Error("down");
	};
	return { calls, nodes: nodesWith({ own: noted("own", down) }) };
}

it("a node does not begin once the branch beside it has panicked", async () => {
	const { calls, noted } = witness();
	let panics = 1;
	const nodes = nodesWith({
		breaks: noted("breaks", () => {
			if (panics-- > 0) throw new PanicError("the disk is full");
			return { success: () => true };
		}),
		beside: noted("beside"),
	});
	const branches = { "a?": [{ breaks: {} }], "b?": [{ beside: { sum: "{{ $sum([1, 2, 3]) }}" } }] };
	const { instance } = await start([{ parallel: branches }], null, { nodes });
	await instance.until("panicked");
	expect(calls).toEqual(["breaks"]);
	expect((await ended(instance)).status).toBe("completed");
	expect(calls).toEqual(["breaks", "breaks", "beside"]);
});
