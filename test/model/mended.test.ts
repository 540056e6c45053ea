// Values and numbers that once broke the model: each line is a fault that was found and mended.
import { expect, it } from "vitest";
import { encode } from "../../src/model/codec";
import { durationMs } from "../../src/model/duration";
import {
	decodeThrown,
	encodeThrown,
	thrownMessage,
	toThrownRecord,
} from "../../src/model/error-record";
import { ValidationError } from "../../src/model/errors";
import { toJson } from "../../src/model/http";
import { parseEventName, parseStepName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { type RetryOptions, retryDelayMs, retryPolicy, shouldRetry } from "../../src/model/retry";

const deep = (levels: number): unknown => (levels === 0 ? "leaf" : { inner: deep(levels - 1) });

it("no delay stays none for every attempt that a policy may ask for", () => {
	const policy = retryPolicy({ limit: LIMITS.retryAttempts, delay: 0 });
	expect(retryDelayMs(policy, 1_025, 0.5)).toBe(0);
});
it("full jitter at its lowest is no delay, however late the attempt", () => {
	expect(retryDelayMs(retryPolicy({ jitter: 1 }), 1_025, 0)).toBe(0);
});
it("a thrown object at the deepest that can be stored is recorded", () => {
	expect(() => encodeThrown(deep(LIMITS.valueDepth))).not.toThrow();
});
it("an error with a deep field is recorded", () => {
	const thrown = Object.assign(new Error("m"), { body: deep(LIMITS.valueDepth - 1) });
	expect(decodeThrown(encodeThrown(thrown))).toMatchObject({ message: "m" });
});
it("a code past every limit is recorded within the limit", () => {
	const thrown = Object.assign(new Error("m"), { code: "c".repeat(3_000_000) });
	expect(encodeThrown(thrown).length).toBeLessThanOrEqual(LIMITS.errorBytes);
});
it("a large thrown object without prototype is recorded", () => {
	const thrown = Object.assign(Object.create(null), { body: "x".repeat(100_000) });
	expect(() => encodeThrown(thrown)).not.toThrow();
});
it.each([
	["null proto", Object.create(null)],
	["toString data", { toString: null, valueOf: null }],
])("a thrown %s has a line", (_, thrown) => {
	expect(typeof thrownMessage(toThrownRecord(thrown))).toBe("string");
});
it("predicate sees a thrown object without prototype as an error", () => {
	expect(shouldRetry(retryPolicy({ retryOn: () => true }), Object.create(null), 1)).toBe(true);
});
// Without the memory of what was walked, this takes 2^40 visits.
it("one object in many places costs its size once", () => {
	let value: unknown = {};
	for (let level = 0; level < 40; level++) value = { left: value, right: value };
	expect(encode(value, "the value").length).toBeLessThan(1_000);
});
it("a sparse array costs its items, not its length", () => {
	const value: unknown[] = [];
	value[50_000_000] = 1;
	expect(encode(value, "the value").length).toBeLessThan(1_000);
});
it("an error that holds itself sixteen times is recorded within the limit", () => {
	const thrown = Object.assign(new AggregateError([], "m"), { body: "x".repeat(20_000) });
	for (let index = 0; index < 16; index++) thrown.errors.push(thrown);
	expect(encodeThrown(thrown).length).toBeLessThanOrEqual(LIMITS.errorBytes);
});
it.each([
	["step", parseStepName],
	["event", parseEventName],
])("half a surrogate pair cannot name a %s", (_, parse) => {
	expect(() => parse("a\ud800")).toThrow(ValidationError);
});
it("an error under errorBytes is kept whole", () => {
	const errors = Array.from({ length: 8 }, (_, i) =>
		Object.assign(new Error(`${i}${"x".repeat(LIMITS.errorTextLength - 1)}`), { stack: "s" }),
	);
	const thrown = new AggregateError(errors, "m"); // about 33 KB of ASCII, limit 96 KiB
	expect(decodeThrown(encodeThrown(thrown))).toHaveProperty("errors");
});
it("errorFieldsBytes counts bytes", () => {
	const thrown = Object.assign(new Error("m"), { body: "€".repeat(16_000) }); // 48,000 bytes
	expect(decodeThrown(encodeThrown(thrown))).not.toHaveProperty("fields");
});
it.each([
	[
		"field getter",
		Object.defineProperty(new Error("m"), "f", {
			enumerable: true,
			get() {
				throw new Error("x");
			},
		}),
		"m",
	],
	["name 5", Object.assign(new Error("m"), { name: 5 }), "m"],
])("one unreadable part (%s) costs that part only", (_, thrown, message) => {
	expect(toThrownRecord(thrown)).toMatchObject({ message });
});
it("a field named __proto__ costs that field only", () => {
	const how = { value: {}, enumerable: true };
	const thrown = Object.defineProperty(Object.assign(new Error("m"), { by: 1 }), "__proto__", how);
	expect(toThrownRecord(thrown)).toMatchObject({ message: "m", fields: { by: 1 } });
});
it.each(["5mss", "5 mss"])("%s is refused", (text) => {
	expect(() => durationMs(text)).toThrow(ValidationError);
});
it.each([
	["2.007s", 2007],
	["131072.401m", 7_864_344_060],
])("%s is %d ms", (text, ms) => {
	expect(durationMs(text)).toBe(ms);
});
it("an object without prototype is refused as a duration", () => {
	expect(() => durationMs(Object.create(null))).toThrow(ValidationError);
});
it("-0", () => {
	expect(durationMs(-0)).toBe(0);
});
it.each([["0.5"], [""], [[]], [[0.5]]])("a jitter of %j is refused", (jitter) => {
	expect(() => retryPolicy({ jitter } as unknown as RetryOptions)).toThrow(ValidationError);
});
it("limit null proto", () => {
	expect(() => retryPolicy({ limit: Object.create(null) } as RetryOptions)).toThrow(
		ValidationError,
	);
});
it.each([
	["Map", new (class M extends Map {})()],
	["Array", new (class A extends Array {})()],
	["Date", new (class D extends Date {})()],
])("an instance of a class over %s is refused", (_, value) => {
	expect(() => encode({ value }, "v")).toThrow("cannot be stored at .value");
});
it("a cycle behind an odd prototype is refused", () => {
	const value = Object.create(Object.create(null));
	value.self = value;
	expect(() => encode(value, "v")).toThrow("cannot be stored");
});
it("a view stores its own bytes only", () => {
	expect(encode(new Uint8Array(3_000_000).subarray(0, 4), "v").length).toBeLessThan(200);
});
it("a promise's refusal says to await it", () => {
	expect(() => encode({ p: Promise.resolve() }, "v")).toThrow(/await/);
	expect(() => encode({ p: Promise.resolve() }, "v")).not.toThrow(/stringifyAsync/);
});
it("one path form for all refusals", () => {
	const loop: Record<string, unknown> = {};
	loop["a b"] = loop;
	expect(() => encode(loop, "v")).toThrow(
		expect.objectContaining({ details: { path: '["a b"]' } }),
	);
});
it("a getter that throws is refused with the path of its object", () => {
	const value = {
		order: {
			get total() {
				throw new Error("no items");
			},
		},
	};
	expect(() => encode(value, "v")).toThrow(
		'V cannot be stored at .order: reading it throws "Error: no items".',
	);
});
// As a list, this would be 250 MB of nulls in the status answer.
it("an array of little more than holes is shown as an object", () => {
	const value: unknown[] = [];
	value[50_000_000] = new Date(0);
	expect(toJson({ value })).toEqual({ value: { 50000000: "1970-01-01T00:00:00.000Z" } });
});
