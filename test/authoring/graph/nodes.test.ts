/** The built-in nodes, each by itself. */
import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/authoring/graph/definition";
import { clock } from "../../support/lab";
import { ended, nodesWith, resultOf, start } from "./deploy";

const MINUTE = 60_000;

async function failureOf(workflow: Json[], payload: unknown = null, more: object = {}) {
	const { instance } = await start({ workflow, ...more }, payload);
	const { status, errorDetails } = await ended(instance);
	expect(status).toBe("errored");
	return errorDetails;
}

describe("log", () => {
	it("writes a line, once, over an eviction", async () => {
		const { instance } = await start(
			[
				{ log: { message: "order {{ input.id }}", level: "warn", fields: { of: "{{ input }}" } } },
				{ log: "plain" },
				{ log: ["a", 1] },
				{ delay: "1m" },
			],
			{ id: 7 },
		);
		await ended(instance, (each) => each.evict());
		const lines = await instance.sql("SELECT level, message, step FROM logs");
		expect(lines).toEqual([
			{ level: "warn", message: "order 7", step: "0/log" },
			{ level: "info", message: "plain", step: "1/log" },
			{ level: "info", message: '["a",1]', step: "2/log" },
		]);
	});

	it("changes nothing of the state", async () => {
		expect(await resultOf({ workflow: [{ log: "x" }], initialState: { a: 1 } })).toEqual({ a: 1 });
	});
});

describe("delay", () => {
	it("waits from its first visit on, over a crash", async () => {
		const { instance } = await start([{ delay: { duration: "{{ input.wait }}" } }], { wait: "1h" });
		const dueAt = clock.now() + 60 * MINUTE;
		expect(await instance.until("sleeping")).toMatchObject({ wakeAt: dueAt });
		await instance.crash();
		await instance.advance(60 * MINUTE - 1);
		expect((await instance.until("sleeping")).wakeAt).toBe(dueAt);
		await instance.advance(1);
		const { steps } = await instance.until("completed");
		expect(steps.map(({ key, type }) => [key, type])).toEqual([
			["0/delay/parameters", "do"],
			["0/delay", "sleep"],
		]);
	});

	it("waits until a moment", async () => {
		const moment = new Date(clock.now() + MINUTE);
		const { instance } = await start([{ delay: { until: moment.toISOString() } }]);
		expect((await instance.until("sleeping")).wakeAt).toBe(moment.getTime());
	});

	it("refuses what is no length, once it is known", async () => {
		expect(
			await failureOf([{ delay: { duration: "{{ input.x }}" } }], { x: "soon" }),
		).toMatchObject({
			code: "VALIDATION_ERROR",
			message: expect.stringContaining('place "0/delay"'),
		});
	});
});

describe("transform", () => {
	it("puts what its JSONata comes to under a key, or into its output", async () => {
		const state = await resultOf(
			[
				{ transform: { expression: "$sum(input.items.price)", into: "total" } },
				{ transform: "{ 'twice': total * 2, 'none': nothing }" },
				{ transform: { expression: "nothing", into: "empty" } },
			],
			{ items: [{ price: 2 }, { price: 3 }] },
		);
		expect(state).toEqual({ total: 5, transform_output: { twice: 10 }, empty: null });
	});

	it("gives plain data of its own: a list of JSONata is a list", async () => {
		const state = await resultOf(
			[
				{ transform: { expression: "input.a[b > 1]", into: "kept" } },
				{ transform: { expression: "[1..3]", into: "range" } },
			],
			{ a: [{ b: 1 }, { b: 2 }, { b: 3 }] },
		);
		expect(state).toEqual({ kept: [{ b: 2 }, { b: 3 }], range: [1, 2, 3] });
	});
});

describe("condition", () => {
	const workflow = (condition: Json): Json[] => [
		{
			condition: {
				if: condition,
				"true?": { "set-state": { values: { went: "yes" } } },
				"false?": { "set-state": { values: { went: "no" } } },
			},
		},
	];

	it.each([
		["input.total > limit", "yes"],
		["{{ input.total > limit }}", "yes"],
		["input.total < limit", "no"],
		["input.nothing", "no"],
		["input.items", "no"],
		[true, "yes"],
	])("%s", async (condition, went) => {
		const payload = { total: 11, items: [] };
		const written = { workflow: workflow(condition), initialState: { limit: 10 } };
		expect(await resultOf(written, payload)).toMatchObject({ went });
	});

	it("takes what comes as data for no code", async () => {
		const state = await resultOf(workflow("{{ input.text }}"), { text: "1 = 2" });
		expect(state).toMatchObject({ went: "yes" });
	});
});

describe("switch", () => {
	const workflow: Json[] = [
		{
			switch: {
				value: "input.kind",
				"book?": { "set-state": { values: { went: "book" } } },
				"3?": { "set-state": { values: { went: "three" } } },
				"default?": { "set-state": { values: { went: "other" } } },
				"error?": { "set-state": { values: { went: "error" } } },
			},
		},
	];

	it.each([
		["book", "book"],
		[3, "three"],
		["cd", "other"],
		[undefined, "other"],
		["error", "other"],
		["default", "other"],
		["toString", "other"],
	])("%s leads to %s", async (kind, went) => {
		expect(await resultOf(workflow, { kind })).toMatchObject({ went });
	});
});

describe("set-state", () => {
	it("sets values and takes keys away", async () => {
		const state = await resultOf({
			initialState: { a: 1, b: { c: [1] }, gone: true },
			workflow: [
				{
					"set-state": {
						values: {
							a: "{{ a + 1 }}",
							text: "a is {{ a }}",
							b: { c: ["{{ b.c[0] }}", "x"] },
							n: null,
						},
						unset: ["gone", "never"],
					},
				},
			],
		});
		expect(state).toEqual({ a: 2, text: "a is 1", b: { c: [1, "x"] }, n: null });
	});

	it("writes only what has changed into its row", async () => {
		const { instance } = await start({
			initialState: { same: { deep: [1, 2] }, other: 1 },
			workflow: [{ "set-state": { values: { same: { deep: [1, 2] }, other: 2 } } }],
		});
		const { steps } = await instance.until("completed");
		expect(steps[0]?.result).toEqual({ edge: "success", updates: { other: 2 } });
	});
});

describe("wait-event", () => {
	it("has the payload as its output, also of an event that came before", async () => {
		const { instance } = await start([{ delay: "1m" }, { "wait-event": "go" }]);
		await instance.until("sleeping");
		await instance.event("go", { by: "ann" });
		expect((await ended(instance)).result).toEqual({ "wait-event_output": { by: "ann" } });
	});

	it("is left by timeout, where there is a route for it", async () => {
		const { instance } = await start(
			[
				{
					"wait-event": {
						event: "{{ input.name }}",
						timeout: "1h",
						"timeout?": { "set-state": { values: { late: true } } },
					},
				},
			],
			{ name: "approval" },
		);
		await instance.until("waiting");
		await instance.evict();
		await instance.advance(60 * MINUTE);
		expect((await instance.until("completed")).result).toEqual({ late: true });
	});

	it("fails with the timeout where there is none, and by the route for errors", async () => {
		const wait = { event: "go", timeout: "1m" };
		expect(await failureOf([{ "wait-event": wait }])).toMatchObject({ code: "EVENT_TIMEOUT" });
		const state = await resultOf([{ "wait-event": { ...wait, "error?": [{ log: "x" }] } }]);
		expect(state.error).toMatchObject({ code: "EVENT_TIMEOUT", node: "wait-event" });
	});
});

describe("fail", () => {
	it("ends the run with its message, code and details, without another attempt", async () => {
		const { instance } = await start(
			[{ fail: { message: "no {{ input }}", code: "E7", details: { a: 1 } } }],
			"stock",
		);
		const status = await instance.until("errored");
		expect(status.errorDetails).toMatchObject({
			name: "WorkflowFailed",
			message: "no stock",
			code: "E7",
			fields: { details: { a: 1 } },
		});
		expect(status.steps).toMatchObject([{ attempts: 1, status: "failed" }]);
	});

	it("fails with the error that it was led to by, unless it says another", async () => {
		const nodes = nodesWith({
			break: () => {
				throw Object.assign(new Error("broken"), { code: "B1" });
			},
		});
		const { instance } = await start(
			[{ break: { $retry: { limit: 1 }, "error?": { fail: {} } } }],
			null,
			{ nodes },
		);
		expect((await instance.until("errored")).errorDetails).toMatchObject({
			message: "broken",
			code: "B1",
		});
	});
});
