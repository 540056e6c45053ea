// Owns what holds for anything thrown: it is recorded within its limit and thrown again the same,
// as often as it is replayed. Never is an error lost to its own fields, getters or causes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	decodeThrown,
	type ErrorRecord,
	encodeThrown,
	fromThrownRecord,
	thrownMessage,
	toThrownRecord,
} from "../../src/model/error-record";
import { LIMITS } from "../../src/model/limits";
import { anyText, difference, storable } from "./storable-values";

const KNOWN = ["name", "message", "stack", "code", "cause", "errors"];

interface Parts {
	name: string;
	message: string;
	code: string | number | undefined;
	fields: [string, unknown][];
}

const parts: fc.Arbitrary<Parts> = fc.record({
	name: fc.oneof(fc.constantFrom("TypeError", "WorkflowError", "PaymentError"), anyText),
	message: anyText,
	code: fc.oneof(anyText, fc.integer(), fc.constant(undefined)),
	fields: fc.uniqueArray(
		fc.tuple(
			fc.oneof(anyText, fc.constantFrom("__proto__", "then", "toString", "value")),
			storable,
		),
		{ maxLength: 3, selector: ([key]) => key },
	),
});

function errorOf({ name, message, code, fields }: Parts, options?: ErrorOptions): Error {
	const error = new Error(message, options);
	const own = { name, ...(code === undefined ? {} : { code }) };
	for (const [key, value] of [...fields, ...Object.entries(own)]) {
		Object.defineProperty(error, key, {
			value,
			enumerable: true,
			configurable: true,
			writable: true,
		});
	}
	return error;
}

const thrownError = fc
	.array(parts, { minLength: 1, maxLength: 4 })
	.map((chain) =>
		chain.reduceRight<Error | undefined>((cause, each) => errorOf(each, { cause }), undefined),
	);

describe("any error", () => {
	it("keeps name, message, code and fields, live and on replay", () => {
		fc.assert(
			fc.property(parts, (given) => {
				const record = decodeThrown(encodeThrown(errorOf(given))) as ErrorRecord;
				const { name, message, code } = given;
				expect(record).toMatchObject({ name: name || "Error", message });
				expect(record.code).toBe(code);
				// `__proto__` is a field of no plain object; those that errors have are kept elsewhere.
				const fields = Object.fromEntries(
					given.fields.filter(
						([key, value]) => ![...KNOWN, "__proto__"].includes(key) && value !== undefined,
					),
				);
				expect(difference(fields, record.fields ?? {})).toBeUndefined();
			}),
			{ numRuns: 300 },
		);
	});

	it("thrown again and caught again is the same record, causes and all", () => {
		fc.assert(
			fc.property(thrownError, (error) => {
				const text = encodeThrown(error);
				const again = fromThrownRecord(decodeThrown(text));
				expect(again).toBeInstanceOf(Error);
				expect(difference(decodeThrown(text), decodeThrown(encodeThrown(again)))).toBeUndefined();
			}),
			{ numRuns: 300 },
		);
	});
});

it("any storable value that is thrown is caught as it was", () => {
	fc.assert(
		fc.property(storable, (thrown) => {
			expect(
				difference(thrown, fromThrownRecord(decodeThrown(encodeThrown(thrown)))),
			).toBeUndefined();
		}),
	);
});

const refuse = () => {
	throw new Error("no");
};

interface HostilePlan {
	isError: boolean;
	own: [key: string, value: unknown, isGetter: boolean][];
	trap: keyof ProxyHandler<object> | null;
}

const value = fc.oneof(
	fc.anything({ withNullPrototype: true, withBoxedValues: true }),
	fc.constantFrom<unknown>(Symbol("x"), refuse, "x".repeat(200_000)),
);
const hostile: fc.Arbitrary<HostilePlan> = fc.record({
	isError: fc.boolean(),
	own: fc.array(fc.tuple(fc.constantFrom(...KNOWN, "field"), value, fc.boolean())),
	trap: fc.constantFrom(
		null,
		"get",
		"has",
		"ownKeys",
		"getPrototypeOf",
		"getOwnPropertyDescriptor",
	),
});

/** An object, perhaps an error, whose parts may throw when they are read. */
function build({ isError, own, trap }: HostilePlan): object {
	const target = isError ? new Error("m") : {};
	for (const [key, given, isGetter] of own) {
		const how = isGetter ? { get: refuse } : { value: given };
		Object.defineProperty(target, key, { ...how, enumerable: true, configurable: true });
	}
	return trap === null ? target : new Proxy(target, { [trap]: refuse });
}

describe("anything at all", () => {
	const recorded = (thrown: unknown) => {
		const text = encodeThrown(thrown);
		expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMITS.errorBytes);
		expect(typeof thrownMessage(decodeThrown(text))).toBe("string");
		fromThrownRecord(toThrownRecord(thrown));
	};

	it("is recorded within the limit, with a line that stands for it", () => {
		fc.assert(fc.property(value, recorded));
	});

	it("that fights its reader is recorded likewise", () => {
		fc.assert(
			fc.property(hostile, (plan) => recorded(build(plan))),
			{ numRuns: 300 },
		);
	});
});
