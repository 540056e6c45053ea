// Owns the limits of a stored value, depth and size: at the limit, and one past it (G15).
import { describe, expect, it } from "vitest";
import { decode, encode, encodedBytes } from "../../src/model/codec";
import { LIMITS } from "../../src/model/limits";

const WHAT = 'the result of step "charge"';

/** `leaf` inside `levels` objects. */
function nested(levels: number, wrap: (inner: unknown) => unknown, leaf: unknown): unknown {
	return levels === 0 ? leaf : wrap(nested(levels - 1, wrap, leaf));
}

describe("the depth of a value", () => {
	const WRAPS: [string, (inner: unknown) => unknown][] = [
		["objects", (inner) => ({ inner })],
		["arrays", (inner) => [inner]],
		["Maps", (inner) => new Map([["k", inner]])],
		["keys of Maps", (inner) => new Map([[inner, 1]])],
		["Sets", (inner) => new Set([inner])],
	];

	it.each(WRAPS)("200 levels of %s come back", (_, wrap) => {
		const value = nested(LIMITS.valueDepth, wrap, "leaf");
		expect(decode(encode(value, WHAT))).toEqual(value);
	});

	it.each(WRAPS)("201 levels of %s are refused", (_, wrap) => {
		const value = nested(LIMITS.valueDepth + 1, wrap, "leaf");
		expect(() => encode(value, WHAT)).toThrow(
			expect.objectContaining({
				code: "VALUE_NOT_STORABLE",
				message: expect.stringContaining("it is nested deeper than 200 levels"),
			}),
		);
	});

	it("a hundred thousand levels are refused, not a crash", () => {
		let value: unknown = 1;
		for (let level = 0; level < 100_000; level++) value = { value };
		expect(() => encode(value, WHAT)).toThrow("it is nested deeper than 200 levels");
	});

	it("a wide value is not a deep one", () => {
		const value = Array.from({ length: 1_000 }, (_, index) => ({ index }));
		expect(decode(encode(value, WHAT))).toEqual(value);
	});
});

describe("the size of a value", () => {
	const AROUND = '=""'.length;

	it.each([
		["ASCII", "a", 1],
		["two bytes each", "é", 2],
		["three bytes each", "€", 3],
		["four bytes each", "🙂", 4],
	])(
		"text of %s is taken up to the limit in UTF-8, and refused one byte past it",
		(_, char, size) => {
			const fill = Math.floor((LIMITS.valueBytes - AROUND) / size);
			const rest = "a".repeat(LIMITS.valueBytes - AROUND - fill * size);
			const largest = char.repeat(fill) + rest;
			const text = encode(largest, WHAT);
			expect(encodedBytes(text)).toBe(LIMITS.valueBytes);
			expect(decode(text)).toBe(largest);
			expect(() => encode(`${largest}a`, WHAT)).toThrow(
				expect.objectContaining({
					code: "VALUE_TOO_LARGE",
					message: expect.stringContaining(
						'The result of step "charge" takes 1868929 bytes; the limit is 1868928.',
					),
					details: { sizeBytes: LIMITS.valueBytes + 1, limitBytes: LIMITS.valueBytes },
				}),
			);
		},
	);

	it("another limit may be given", () => {
		expect(encode("abc", WHAT, AROUND + 3)).toBe('="abc"');
		expect(() => encode("abcd", WHAT, AROUND + 3)).toThrow("takes 7 bytes; the limit is 6");
		expect(() => encode({ a: 1 }, WHAT, 0)).toThrow("the limit is 0");
	});
});
