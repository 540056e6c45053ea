// Owns values as text and back (G16): what survives, what is refused and under which path. Depth
// and size are in codec-limits.test.ts.
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../src/model/codec";

const WHAT = 'the result of step "charge"';
const roundTrip = (value: unknown) => decode(encode(value, WHAT));

function sparse(length: number, items: Record<number, unknown>): unknown[] {
	return Object.assign(new Array(length), items);
}

describe("a value comes back as it went in", () => {
	it.each<[string, unknown]>([
		["undefined", undefined],
		["null", null],
		["true", true],
		["an empty string", ""],
		["text of all planes", "aé€🙂\u0000\u2028</script>"],
		["half a surrogate pair", "a\ud83d"],
		["a number", -1.5e-300],
		["minus zero", -0],
		["NaN", Number.NaN],
		["infinity", Number.POSITIVE_INFINITY],
		["minus infinity", Number.NEGATIVE_INFINITY],
		["the largest safe integer", Number.MAX_SAFE_INTEGER],
		["a BigInt", -(2n ** 200n)],
		["a Date", new Date(1_700_000_000_123)],
		["a Date that is none", new Date(Number.NaN)],
		["a RegExp", /a"\/[\]]\n/giu],
		["a URL", new URL("https://user@example.com:8080/a%20b?c=d#e")],
		[
			"URLSearchParams",
			new URLSearchParams([
				["a", "1"],
				["a", "2 3"],
			]),
		],
		["an empty object", {}],
		["an empty array", []],
		["an object with undefined in it", { a: undefined, b: null }],
		["keys that need quotes", { "": 1, "a b": 2, 'c"d': 3, constructor: 4, toString: 5 }],
		["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
		["an array with undefined in it", [undefined, null, undefined]],
		["an array with holes", sparse(4, { 1: "x" })],
		["a long array with one item", sparse(100_000, { 99999: "x" })],
		[
			"a Map",
			new Map<unknown, unknown>([
				["a", 1],
				[{ k: 1 }, new Map([[1n, new Set()]])],
			]),
		],
		[
			"a Map with odd keys",
			new Map<unknown, unknown>([
				[Number.NaN, 1],
				[null, 2],
				["__proto__", 3],
			]),
		],
		["a Set", new Set<unknown>([1, "1", undefined, [new Set([1])]])],
		["an ArrayBuffer", new Uint8Array([0, 1, 255]).buffer],
		["a DataView", new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
		["an empty typed array", new Uint8Array(0)],
		["a view into a larger buffer", new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
		["bytes of the Array kind", new Uint8ClampedArray([0, 300])],
		["signed bytes", new Int8Array([-128, 127])],
		["signed 16-bit numbers", new Int16Array([-32_768])],
		["signed 32-bit numbers", new Int32Array([-(2 ** 31)])],
		["unsigned 32-bit numbers", new Uint32Array([2 ** 32 - 1])],
		["32-bit floats", new Float32Array([1.5, Number.NaN])],
		["64-bit floats", new Float64Array([-0, Number.POSITIVE_INFINITY])],
		["64-bit integers", new BigInt64Array([-(2n ** 63n)])],
		["unsigned 64-bit integers", new BigUint64Array([2n ** 64n - 1n])],
	])("%s", (_, value) => {
		// The second round has every kind nested in every kind of container.
		expect(roundTrip(value)).toStrictEqual(value);
		const around = { a: [value], m: new Map([["k", value]]), s: new Set([value]) };
		expect(roundTrip(around)).toStrictEqual(around);
	});

	it("minus zero keeps its sign at the top and inside", () => {
		expect(roundTrip(-0)).toBe(-0);
		expect(roundTrip({ a: [-0] })).toEqual({ a: [-0] });
	});

	it("a hole stays a hole", () => {
		expect(1 in (roundTrip(sparse(3, { 0: "x", 2: undefined })) as unknown[])).toBe(false);
	});

	it("one object in two places is fine, and is one object again", () => {
		const address = { city: "Bern", since: new Date(0) };
		const copy = roundTrip({ bill: address, ship: address, all: [address, address] });
		const { bill, ship, all } = copy as { bill: object; ship: object; all: object[] };
		expect(copy).toEqual({ bill: address, ship: address, all: [address, address] });
		expect(new Set([bill, ship, ...all]).size).toBe(1);
	});

	it("two objects that are equal stay two", () => {
		const [first, second] = roundTrip([{}, {}]) as object[];
		expect(first).not.toBe(second);
	});

	it("is a fresh copy each time that it is decoded", () => {
		const value = { list: [1], at: new Date(0), map: new Map([["a", {}]]) };
		const text = encode(value, WHAT);
		const [first, second] = [decode(text), decode(text)] as [typeof value, typeof value];
		first.list.push(2);
		first.at.setTime(5);
		first.map.clear();
		value.list.push(3);
		expect(second).toEqual({ list: [1], at: new Date(0), map: new Map([["a", {}]]) });
		expect(decode(text)).toEqual(second);
	});

	it("is not changed by being encoded", () => {
		const value = Object.freeze({ a: Object.freeze([1]) });
		encode(value, WHAT);
		expect(value).toEqual({ a: [1] });
	});
});

describe("the text of a value", () => {
	it.each<[string, unknown]>([
		["a number", 1.5],
		["text", "a\ud83d"],
		["nested plain data", { a: [1, null, { b: "c", "": true }], toString: "x" }],
	])("is JSON where JSON brings it back unchanged: %s", (_, value) => {
		expect(encode(value, WHAT)).toBe(`=${JSON.stringify(value)}`);
	});

	const twice = { a: 1 };

	it.each<[string, unknown]>([
		["undefined", undefined],
		["undefined inside", { a: undefined }],
		["minus zero", [-0]],
		["NaN", { a: Number.NaN }],
		["a hole", sparse(2, { 1: 1 })],
		["one object in two places", [twice, twice]],
		["no prototype", Object.create(null)],
		["a Date", { at: new Date(0) }],
	])("is devalue's where it does not: %s", (_, value) => {
		expect(encode(value, WHAT)).not.toMatch(/^=/);
	});

	it("of an earlier version, all of which were devalue's, is still read", () => {
		expect(decode('[{"a":1},[2,2],5]')).toEqual({ a: [5, 5] });
	});
});

describe("a value that cannot be stored is refused with its path", () => {
	class Money {
		cents = 5;
	}
	const loop: unknown[] = [];
	loop.push({ again: loop });
	const self: Record<string, unknown> = {};
	self.self = self;
	const bare: Record<string, unknown> = Object.create(null);
	bare.deep = { bare };
	const map = new Map<unknown, unknown>();
	map.set("me", [map]);
	const keyed = new Map<unknown, unknown>();
	keyed.set(keyed, 1);
	const set = new Set<unknown>();
	set.add(set);

	it.each<[string, unknown, string]>([
		["a function at the top", () => 1, ""],
		["a function in an object", { a: { b: () => 1 } }, ".a.b"],
		["a function in an array", [1, [() => 1]], "[1][0]"],
		["a function in a Map", { m: new Map([["k", () => 1]]) }, '.m.get("k")'],
		["a function as a method", { run() {} }, ".run"],
		["a class", { type: Money }, ".type"],
		["an instance of a class", { a: [new Money()] }, ".a[0]"],
		["an instance in a key that needs quotes", { "a b": new Money() }, '["a b"]'],
		["an error", { cause: new Error("x") }, ".cause"],
		["a symbol at the top", Symbol("x"), ""],
		["a symbol in an object", { a: Symbol.iterator }, ".a"],
		["an object with a key that is a symbol", { a: { [Symbol("x")]: 1 } }, ".a"],
		["a promise", { user: Promise.resolve(1) }, ".user"],
		["a WeakMap", [new WeakMap()], "[0]"],
		["a generator", { a: [].values() }, ".a"],
		["a key of __proto__", { a: JSON.parse('{"__proto__": 1}') }, ".a"],
		["an object in itself", self, ".self"],
		["an object in itself, below", { a: { self } }, ".a.self.self"],
		["an object in itself, after others", { a: [{}, new Set([[]])], self }, ".self.self"],
		["an object without prototype in itself", bare, ".deep.bare"],
		["an array in itself", loop, "[0].again"],
		["a Map in itself", { m: map }, '.m.get("me")[0]'],
		["a Map as its own key", keyed, ".keys()"],
		["a Set in itself", [set], "[0].values()"],
	])("%s", (_, value, path) => {
		const where = path === "" ? "" : ` at ${path}`;
		expect(() => encode(value, WHAT)).toThrow(
			expect.objectContaining({
				code: "VALUE_NOT_STORABLE",
				message: expect.stringContaining(`The result of step "charge" cannot be stored${where}: `),
				details: { path },
			}),
		);
	});

	it("a message says what can be stored instead", () => {
		expect(() => encode({ a: () => 1 }, "the payload")).toThrow(
			"The payload cannot be stored at .a: it is a function. Use plain data, Date, Map, Set, BigInt, RegExp, URL or typed arrays.",
		);
	});
});
