// Owns the schema of a payload: its patterns have an end, wherever they stand.
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/authoring/graph/definition";
import { inputSchema } from "../../../../src/authoring/graph/input-schema";
import { LIMITS } from "../../../../src/model/limits";
import { inputJsonSchema } from "../../../../src/model/standard-schema";

const takes = (schema: JsonObject, value: unknown) => {
	const result = inputSchema(schema)["~standard"].validate(value);
	if (result instanceof Promise) throw new Error("expected an answer at once");
	return result.issues === undefined;
};

const SLOW = { type: "string", pattern: "^(a+)+$" };
const hostile = `${"a".repeat(50_000)}!`;

describe("a pattern in the schema of a payload", () => {
	it.each<[string, JsonObject, unknown, unknown]>([
		["itself", SLOW, "aa", hostile],
		["a property", { type: "object", properties: { a: SLOW } }, { a: "a" }, { a: hostile }],
		["a list", { type: "array", items: SLOW }, ["a"], ["a", hostile]],
		["a tuple", { type: "array", prefixItems: [SLOW] }, ["a"], [hostile]],
		["one of several", { anyOf: [SLOW, { type: "number" }] }, 1, hostile],
		["both", { allOf: [SLOW, { type: "string", minLength: 1 }] }, "a", hostile],
		["any other key", { type: "object", additionalProperties: SLOW }, { b: "a" }, { b: hostile }],
		[
			"keys by pattern",
			{ type: "object", patternProperties: { "^(x+)+$": { type: "number" } } },
			{ x: 1, [hostile]: "a" },
			{ xx: "a" },
		],
		[
			"a reference",
			{
				type: "object",
				properties: { a: { $ref: "#/$defs/a" }, next: { $ref: "#" } },
				$defs: { a: SLOW },
			},
			{ a: "a", next: { a: "aa" } },
			{ next: { next: { a: hostile } } },
		],
	])("of %s is matched in no time", (_, schema, good, bad) => {
		expect(takes(schema, good)).toBe(true);
		expect(takes(schema, bad)).toBe(false);
	});

	it("is found anywhere in a text, and shown as it is written", () => {
		expect(takes({ type: "string", pattern: "b+/" }, "ab/c")).toBe(true);
		expect(takes({ type: "string", pattern: "b+/" }, "abc")).toBe(false);
		const schema = { type: "string", pattern: "^b+$" };
		expect(inputJsonSchema(inputSchema(schema))).toMatchObject(schema);
	});

	it.each<[JsonObject, RegExp]>([
		[{ type: "string", pattern: "(" }, /Invalid regular expression/],
		[{ type: "string", pattern: "(a)\\1" }, /cannot be matched in bounded time/],
		[{ properties: { a: { type: "string", pattern: "(?=a)" } } }, /cannot be matched/],
		[
			{ type: "object", patternProperties: { a: {} }, additionalProperties: false },
			/additionalProperties: false/,
		],
		[{ type: "number", pattern: "a" }, /there can be no pattern/],
		[{ type: "object", propertyNames: SLOW }, /there can be no pattern/],
		[{ type: "array", contains: SLOW }, /there can be no pattern/],
	])("of %j is refused where it cannot be", (schema, why) => {
		expect(() => inputSchema(schema)).toThrow(why);
	});

	it("is none where it is data", () => {
		expect(takes({ enum: ["a"], default: { pattern: "(" } }, "a")).toBe(true);
	});
});

describe("a schema that refers to itself", () => {
	const either = (of: string) => ({ anyOf: [{ $ref: of }, { $ref: of }] });
	/** Twice as many ways with each. */
	const doubled = (levels: number): JsonObject => ({
		$defs: Object.fromEntries([
			["a0", { type: "string" }],
			...Array.from({ length: levels }, (_, n) => [`a${n + 1}`, either(`#/$defs/a${n}`)] as const),
		]),
		$ref: `#/$defs/a${levels}`,
	});
	const nested = (levels: number): unknown => (levels === 0 ? 1 : { n: nested(levels - 1) });
	const n = { type: "object", properties: { n: { $ref: "#/$defs/n" } }, required: ["n"] };

	it.each<[string, JsonObject, unknown]>([
		["itself at once", { $ref: "#" }, 1],
		["in all of its ways", { $defs: { a: either("#/$defs/a") }, $ref: "#/$defs/a" }, 1],
		["in twice as many ways with each level", doubled(60), 1],
	])("%s refuses what it would look at without end", (_, schema, value) => {
		const result = inputSchema(schema)["~standard"].validate(value);
		expect(result).toMatchObject({ issues: [{ message: expect.stringContaining("looks") }] });
	});

	it("in a deep value, in several ways at each level, has an end", () => {
		const deep = inputSchema({ $defs: { n: { anyOf: [n, n] } }, $ref: "#/$defs/n" });
		expect(deep["~standard"].validate(nested(100))).toHaveProperty("issues");
	});

	it("looks as often as it may, anew each time, and is shown as it is written", () => {
		const list = inputSchema({ type: "array", items: { type: "number" } });
		const most = Array.from({ length: LIMITS.schemaLooks - 1 }, () => 1);
		for (let turn = 0; turn < 2; turn++) {
			expect(list["~standard"].validate(most)).not.toHaveProperty("issues");
		}
		expect(list["~standard"].validate([...most, 1])).toHaveProperty("issues");
		const schema = doubled(60);
		expect(inputJsonSchema(inputSchema(schema))).toBe(schema);
	});
});
