// Owns what holds for any value: it comes back the same, or is refused with the path of the fault.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, encodedBytes, fitsBytes } from "../../src/model/codec";
import { WorkflowError } from "../../src/model/errors";
import { anyText, difference, storable } from "./storable-values";

const WHAT = "the value";

/** Every object in a value, itself and keys of Maps included. */
function objectsIn(value: unknown, found = new Set<unknown>()): Set<unknown> {
	if (typeof value !== "object" || value === null || found.has(value)) return found;
	found.add(value);
	const items =
		value instanceof Map ? [...value].flat() : value instanceof Set ? value : Object.values(value);
	if (!ArrayBuffer.isView(value)) for (const item of items) objectsIn(item, found);
	return found;
}

describe("any storable value", () => {
	it("comes back the same, and again after a second round", () => {
		fc.assert(
			fc.property(storable, (value) => {
				const once = decode(encode(value, WHAT));
				expect(difference(value, once)).toBeUndefined();
				expect(difference(once, decode(encode(once, WHAT)))).toBeUndefined();
			}),
			{ numRuns: 400 },
		);
	});

	it("is decoded to objects of its own each time", () => {
		fc.assert(
			fc.property(storable, (value) => {
				const text = encode(value, WHAT);
				const before = objectsIn(value);
				const first = objectsIn(decode(text));
				for (const object of objectsIn(decode(text))) {
					expect(before.has(object) || first.has(object)).toBe(false);
				}
			}),
		);
	});

	it("takes what fits its limit, to the byte", () => {
		fc.assert(
			fc.property(storable, (value) => {
				const text = encode(value, WHAT);
				const sizeBytes = Buffer.byteLength(text);
				expect(encode(value, WHAT, sizeBytes)).toBe(text);
				expect(() => encode(value, WHAT, sizeBytes - 1)).toThrow(
					expect.objectContaining({
						code: "VALUE_TOO_LARGE",
						details: { sizeBytes, limitBytes: sizeBytes - 1 },
					}),
				);
			}),
		);
	});
});

it("any text has the bytes of its UTF-8, and fits exactly the limits from there on", () => {
	fc.assert(
		fc.property(anyText, fc.nat(60), (text, limitBytes) => {
			expect(encodedBytes(text)).toBe(Buffer.byteLength(text));
			expect(fitsBytes(text, limitBytes)).toBe(encodedBytes(text) <= limitBytes);
		}),
	);
});

it("a value of any other kind comes back the same, or is refused and says where", () => {
	const options = {
		withBigInt: true,
		withBoxedValues: true,
		withDate: true,
		withMap: true,
		withNullPrototype: true,
		withObjectString: true,
		withSet: true,
		withSparseArray: true,
		withTypedArray: true,
	};
	const hostile = fc.constantFrom<unknown>(Symbol("x"), () => 1, new (class Money {})());
	const values = [hostile, fc.string()];
	const wild = fc.oneof(fc.anything(options), fc.anything({ ...options, values }));
	fc.assert(
		fc.property(wild, (value) => {
			let text: string;
			try {
				text = encode(value, WHAT);
			} catch (error) {
				expect(error).toBeInstanceOf(WorkflowError);
				expect(error).toMatchObject({
					code: "VALUE_NOT_STORABLE",
					details: { path: expect.any(String) },
				});
				return;
			}
			expect(difference(value, decode(text))).toBeUndefined();
		}),
		{ numRuns: 400 },
	);
});

describe("one fault in a storable value", () => {
	/** Puts a value into a container beside others; gives the way to it as messages show it. */
	const layer = fc.tuple(
		storable,
		fc.constantFrom<[segment: string, wrap: (inner: unknown, other: unknown) => unknown]>(
			[".a", (inner, other) => ({ other, a: inner })],
			['["a b"]', (inner, other) => ({ other, "a b": inner })],
			["[1]", (inner, other) => [other, inner]],
			["[7]", (inner) => Object.assign([], { 7: inner })],
			[
				'.get("k")',
				(inner, other) =>
					new Map([
						["other", other],
						["k", inner],
					]),
			],
			[".get(…)", (inner) => new Map([[1, inner]])],
			[".keys()", (inner, other) => new Map([[inner, other]])],
			[".values()", (inner, other) => new Set([other, inner])],
		),
	);
	const fault = fc.constantFrom<unknown>(
		() => 1,
		Symbol.iterator,
		new (class Money {})(),
		Promise.resolve(),
		new WeakMap(),
		new Error("x"),
		Object(1),
	);

	it("is found, wherever it is, and named by its path", () => {
		fc.assert(
			fc.property(fc.array(layer, { maxLength: 5 }), fault, (layers, inner) => {
				let value = inner;
				for (const [other, [, wrap]] of layers) value = wrap(value, other);
				const path = layers
					.map(([, [segment]]) => segment)
					.reverse()
					.join("");
				expect(() => encode(value, WHAT)).toThrow(
					expect.objectContaining({ code: "VALUE_NOT_STORABLE", details: { path } }),
				);
			}),
		);
	});

	it("may be that it contains itself, at any height", () => {
		fc.assert(
			fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), fc.nat(4), (layers, at) => {
				const knot: Record<string, unknown> = {};
				let value: unknown = knot;
				for (const [index, [other, [, wrap]]] of layers.entries()) {
					value = wrap(value, other);
					if (index === at % layers.length) knot.self = value;
				}
				expect(() => encode(value, WHAT)).toThrow("it contains itself");
			}),
		);
	});
});
