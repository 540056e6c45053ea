// Owns that anything can be thrown: values that are no errors, errors too large for their row and
// errors that fight back are recorded all the same.
import { describe, expect, it } from "vitest";
import { encodedBytes } from "../../src/model/codec";
import {
	decodeThrown,
	encodeThrown,
	fromThrownRecord,
	type ThrownRecord,
	thrownMessage,
	toThrownRecord,
} from "../../src/model/error-record";
import { LIMITS } from "../../src/model/limits";

const throwAgain = (thrown: unknown) => fromThrownRecord(decodeThrown(encodeThrown(thrown)));
const manyErrors = (count: number, text: string) =>
	Array.from({ length: count }, (_, index) => new Error(`${index}${text}`));

describe("a thrown value that is no error", () => {
	it.each<[string, unknown]>([
		["text", "gone"],
		["the empty string", ""],
		["a number", 404],
		["NaN", Number.NaN],
		["undefined", undefined],
		["null", null],
		["false", false],
		["a BigInt", 5n],
		["a plain object", { status: 404, at: new Date(0) }],
		["an object that is nearly an error", { name: "E", message: "m" }],
		["an array", [1, undefined, new Map()]],
	])("%s comes back as it was", (_, thrown) => {
		expect(throwAgain(thrown)).toStrictEqual(thrown);
	});

	it.each<[string, unknown, string]>([
		["a symbol", Symbol("gone"), "Symbol(gone)"],
		["a function", Object, String(Object)],
		["an instance of a class", new (class Gone {})(), "[object Object]"],
		["an object with a function in it", { run: () => 1 }, "[object Object]"],
		[
			"an instance that prints itself",
			new (class {
				toString = () => "gone";
			})(),
			"gone",
		],
	])("%s that cannot be stored comes back as text", (_, thrown, text) => {
		expect(throwAgain(thrown)).toBe(text);
	});

	it.each<[ThrownRecord, string]>([
		[{ value: "gone" }, "gone"],
		[{ value: undefined }, "undefined"],
		[{ value: null }, "null"],
		[{ value: 404 }, "404"],
		[{ name: "TypeError", message: "m", stack: "s" }, "m"],
		[{ name: "Error", message: "" }, ""],
	])("%j has a line that stands for it", (record, line) => {
		expect(thrownMessage(record)).toBe(line);
	});
});

describe("an error too large for its row", () => {
	const MAX = LIMITS.errorTextLength;

	it("a message is kept up to its limit, and clipped one past it", () => {
		const longest = "m".repeat(MAX);
		expect(toThrownRecord(new Error(longest))).toMatchObject({ message: longest });
		expect(toThrownRecord(new Error(`${longest}m`))).toMatchObject({
			message: `${"m".repeat(MAX - 1)}…`,
		});
	});

	it("a stack and a name are clipped likewise", () => {
		const long = "s".repeat(MAX + 1);
		const clipped = `${"s".repeat(MAX - 1)}…`;
		const thrown = Object.assign(new Error("m"), { stack: long, name: long });
		expect(toThrownRecord(thrown)).toEqual({ name: clipped, message: "m", stack: clipped });
	});

	it("one with many large causes keeps name, message, stack and code alone", () => {
		const cause = new AggregateError(manyErrors(16, "x".repeat(MAX)), "inner");
		const thrown = Object.assign(new RangeError("m", { cause }), { code: "E_BIG", status: 1 });
		expect(decodeThrown(encodeThrown(thrown))).toEqual({
			name: "RangeError",
			message: "m",
			stack: thrown.stack,
			code: "E_BIG",
		});
	});

	it("a thrown text past the limit is clipped", () => {
		const again = throwAgain("x".repeat(LIMITS.errorBytes));
		expect(again).toBe(`${"x".repeat(MAX - 1)}…`);
	});

	const itself = new AggregateError([], "itself");
	itself.errors.push(itself, itself);
	itself.cause = itself;
	let long = new Error("end");
	for (let link = 0; link < 1_000; link++) long = new Error("x".repeat(MAX), { cause: long });
	const wide = Object.fromEntries(
		Array.from({ length: 5_000 }, (_, index) => [`f${index}`, index]),
	);
	const shout = (text: string) => Object.assign(new Error(text), { name: text, stack: text });

	it.each<[string, unknown]>([
		["a message of a megabyte", new Error("x".repeat(1_000_000))],
		["every text at its limit, in control characters", shout("\u0001".repeat(10_000))],
		["every text at its limit, in emoji", shout("🙂".repeat(10_000))],
		["every text at its limit, in halves of surrogate pairs", shout("\ud83d".repeat(10_000))],
		["a thousand causes", long],
		["a thousand errors", new AggregateError(manyErrors(1_000, "x".repeat(MAX)))],
		["errors of errors", new AggregateError([new AggregateError(manyErrors(99, "y".repeat(MAX)))])],
		["an error that holds itself three times", itself],
		["a field of a megabyte", Object.assign(new Error("m"), { body: "x".repeat(1_000_000) })],
		["five thousand fields", Object.assign(new Error("m"), wide)],
		["a buffer in a field", Object.assign(new Error("m"), { body: new Uint8Array(1_000_000) })],
		["a thrown text of three megabytes", "x".repeat(3_000_000)],
		["a thrown object of a megabyte", { body: "x".repeat(1_000_000) }],
		["a thrown buffer", new Uint8Array(100_000)],
		["a thrown BigInt of 100,000 digits", 10n ** 100_000n],
	])("%s fits the limit", (_, thrown) => {
		const text = encodeThrown(thrown);
		expect(encodedBytes(text)).toBeLessThanOrEqual(LIMITS.errorBytes);
		expect(typeof thrownMessage(decodeThrown(text))).toBe("string");
	});
});

describe("an error that fights back", () => {
	it.each<[string, unknown]>([
		["a stack that is no text", Object.assign(new Error("m"), { stack: 5 })],
		["errors that are no list", Object.assign(new Error("m"), { errors: "none" })],
		["a frozen one", Object.freeze(Object.assign(new Error("m"), { code: 1 }))],
		[
			"one without prototype",
			Object.setPrototypeOf(Object.assign(new Error("m"), { name: "E" }), null),
		],
		[
			"a field of __proto__",
			Object.defineProperty(new Error("m"), "__proto__", { value: 1, enumerable: true }),
		],
		["a getter that is not listed", Object.defineProperty(new Error("m"), "f", { get: fail })],
	])("%s is recorded", (_, thrown) => {
		expect(throwAgain(thrown)).toMatchObject({ message: "m" });
	});

	const revoked = Proxy.revocable({}, {});
	revoked.revoke();
	const getter = (key: string) =>
		Object.defineProperty(new Error("m"), key, { get: fail, enumerable: true });

	it.each<[string, unknown]>([
		["a message that throws", getter("message")],
		["a name that throws", getter("name")],
		["a stack that throws", getter("stack")],
		["a code that throws", getter("code")],
		["a cause that throws", getter("cause")],
		["a listed field that throws", getter("status")],
		["a name that is no text", Object.assign(new Error("m"), { name: 5 })],
		["a message that is undefined", Object.assign(new Error("m"), { message: undefined })],
		["a proxy whose traps throw", new Proxy({}, { get: fail, getPrototypeOf: fail })],
		["a revoked proxy", revoked.proxy],
	])("%s is recorded as an error with a name and a message", (_, thrown) => {
		const text = { name: expect.any(String), message: expect.any(String) };
		expect(decodeThrown(encodeThrown(thrown))).toMatchObject(text);
		const around = decodeThrown(encodeThrown(new TypeError("around", { cause: thrown })));
		expect(around).toMatchObject({ name: "TypeError", message: "around", cause: text });
	});

	it("an object that cannot be stored and cannot be printed is recorded", () => {
		expect(() => encodeThrown({ toString: fail })).not.toThrow();
	});
});

function fail(): never {
	throw new Error("a getter threw");
}
