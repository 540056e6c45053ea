// Owns the HTTP shapes made from an object's answer. Routes and status codes are tested in test/http.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/model/codec";
import { encodeThrown } from "../../src/model/error-record";
import { statusResponse, toJson } from "../../src/model/http";
import type { InstanceView, StepView } from "../../src/model/rpc";
import { difference, storable } from "./storable-values";

describe("toJson", () => {
	const holes: unknown[] = Object.assign(new Array(3), { 1: "x" });

	it.each<[string, unknown, unknown]>([
		["text", "a", "a"],
		["a boolean", false, false],
		["null", null, null],
		["a number", -1.5, -1.5],
		["NaN", Number.NaN, "NaN"],
		["infinity", Number.POSITIVE_INFINITY, "Infinity"],
		["minus infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
		["a BigInt", 2n ** 64n, "18446744073709551616"],
		["undefined at the top", undefined, null],
		["undefined in a list", [1, undefined], [1, null]],
		["undefined in an object", { a: undefined, b: 1 }, { b: 1 }],
		["undefined in a Map", new Map([["a", undefined]]), { a: null }],
		["undefined in a Set", new Set([undefined]), [null]],
		["holes in a list", holes, [null, "x", null]],
		["a Date", new Date(1_500), "1970-01-01T00:00:01.500Z"],
		["a Date that is none", new Date(Number.NaN), null],
		["a RegExp", /a\/b/gi, "/a\\/b/gi"],
		["a URL", new URL("https://a.example/b?c#d"), "https://a.example/b?c#d"],
		["URLSearchParams", new URLSearchParams({ a: "1 2" }), "a=1+2"],
		["a Map with text for keys", new Map([["a", new Date(0)]]), { a: "1970-01-01T00:00:00.000Z" }],
		["an empty Map", new Map(), {}],
		[
			"a Map with other keys",
			new Map<unknown, unknown>([
				["a", 1],
				[2n, new Set([3])],
			]),
			[
				["a", 1],
				["2", [3]],
			],
		],
		["a Set", new Set([1n, "a"]), ["1", "a"]],
		["bytes", new Uint8Array([0, 255]), [0, 255]],
		["a view into a buffer", new Uint8Array([1, 2, 3, 4]).subarray(1, 3), [2, 3]],
		["floats", new Float64Array([1.5, Number.NaN]), [1.5, "NaN"]],
		["64-bit integers", new BigInt64Array([-1n]), ["-1"]],
		["an ArrayBuffer", new Uint8Array([7, 8]).buffer, [7, 8]],
		["a DataView", new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1), [2]],
		["an object without prototype", Object.assign(Object.create(null), { a: 1n }), { a: "1" }],
		["a boxed number", Object(5), "5"],
		["an object of objects", { a: { b: [{ c: 1n }] } }, { a: { b: [{ c: "1" }] } }],
	])("%s", (_, value, expected) => {
		const json = toJson(value);
		expect(json).toEqual(expected);
		expect(JSON.parse(JSON.stringify(json)), "is JSON already").toEqual(expected);
	});

	it("a Map's key of __proto__ stays a key", () => {
		expect(JSON.stringify(toJson(new Map([["__proto__", 1]])))).toBe('{"__proto__":1}');
	});

	it("leaves nothing of any storable value to translate", () => {
		fc.assert(
			fc.property(storable, (value) => {
				const json = toJson(value);
				expect(difference(json, toJson(json))).toBeUndefined();
			}),
		);
	});

	it("leaves the value as it was", () => {
		const value = { at: new Date(0), list: [1n] };
		toJson(value);
		expect(value).toEqual({ at: new Date(0), list: [1n] });
	});
});

describe("statusResponse", () => {
	const STEP: StepView = {
		key: "charge",
		kind: "do",
		status: "completed",
		attempts: 1,
		result: null,
		error: null,
		startedAt: 100,
		wakeAt: null,
		completedAt: 110,
	};
	const VIEW: InstanceView = {
		id: "order-1",
		type: "order",
		version: "v2",
		status: "completed",
		reason: null,
		payload: encode({ at: new Date(0) }, "the payload"),
		result: encode(new Set([1]), "the result"),
		error: null,
		steps: [],
		wakeAt: null,
		run: 1,
		restartAttempt: 1,
		attributes: {},
		metadata: encode({ since: new Date(1) }, "the metadata"),
		priority: 0,
		createdAt: 90,
		startedAt: 95,
		updatedAt: 120,
		completedAt: 120,
	};

	it("has every field of a completed instance, its values live", () => {
		expect(statusResponse(VIEW)).toStrictEqual({
			id: "order-1",
			type: "order",
			version: "v2",
			status: "completed",
			reason: null,
			payload: { at: new Date(0) },
			result: new Set([1]),
			error: null,
			errorDetails: null,
			steps: [],
			wakeAt: null,
			run: 1,
			restartAttempt: 1,
			attributes: {},
			metadata: { since: new Date(1) },
			priority: 0,
			createdAt: 90,
			startedAt: 95,
			updatedAt: 120,
			completedAt: 120,
		});
	});

	it("has null for what is not there yet, and undefined for an outcome of undefined", () => {
		const empty = {
			version: null,
			result: null,
			completedAt: null,
			payload: encode(undefined, ""),
		};
		expect(statusResponse({ ...VIEW, ...empty })).toMatchObject({
			version: null,
			payload: undefined,
			result: null,
			completedAt: null,
		});
		expect(statusResponse({ ...VIEW, result: encode(undefined, "") }).result).toBeUndefined();
	});

	it("an error is its message, with the rest beside it", () => {
		const error = new RangeError("too far", { cause: "fog" });
		expect(
			statusResponse({ ...VIEW, status: "errored", error: encodeThrown(error) }),
		).toMatchObject({
			status: "errored",
			error: "too far",
			errorDetails: {
				name: "RangeError",
				message: "too far",
				stack: error.stack,
				cause: { value: "fog" },
			},
		});
	});

	it.each([
		["gone", "gone"],
		[404, "404"],
		[undefined, "undefined"],
		[null, "null"],
	])("a thrown %j is the text %j", (thrown, text) => {
		const response = statusResponse({ ...VIEW, error: encodeThrown(thrown) });
		expect(response.error).toBe(text);
		expect(response.errorDetails).toEqual({ value: thrown });
	});

	it("a step has the shape of the API", () => {
		const step = { ...STEP, result: encode(5n, "the result") };
		expect(statusResponse({ ...VIEW, steps: [step] }).steps).toStrictEqual([
			{
				name: "charge",
				key: "charge",
				type: "do",
				status: "completed",
				attempts: 1,
				result: 5n,
				error: null,
				errorDetails: null,
				startedAt: 100,
				wakeAt: null,
				completedAt: 110,
			},
		]);
	});

	it("steps keep their order, and repeated ones their name", () => {
		const keys = ["b", "a", "b#2", "b#10", "a#b"];
		const steps = statusResponse({ ...VIEW, steps: keys.map((key) => ({ ...STEP, key })) }).steps;
		expect(steps.map((step) => [step.key, step.name])).toEqual([
			["b", "b"],
			["a", "a"],
			["b#2", "b"],
			["b#10", "b"],
			["a#b", "a#b"],
		]);
	});

	it("a step that retries shows its latest error and its next attempt", () => {
		const error = encodeThrown(Object.assign(new Error("busy"), { code: "E_BUSY" }));
		const step: StepView = {
			...STEP,
			status: "retrying",
			attempts: 2,
			error,
			wakeAt: 500,
			completedAt: null,
		};
		expect(statusResponse({ ...VIEW, steps: [step] }).steps[0]).toMatchObject({
			status: "retrying",
			attempts: 2,
			result: null,
			error: "busy",
			errorDetails: { code: "E_BUSY" },
			wakeAt: 500,
			completedAt: null,
		});
	});
});
