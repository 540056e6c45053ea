// Owns what holds for any text: an answer, in bounded time, with places that are in the text.
import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../../../../src/authoring/graph/definition";
import { definitionHash } from "../../../../src/authoring/graph/definition-hash";
import { definitionSchema } from "../../../../src/authoring/graph/definition-schema";
import { jsonOf, parseDocument } from "../../../../src/authoring/graph/document";
import { Faults } from "../../../../src/authoring/graph/faults";
import { graphOf } from "../../../../src/authoring/graph/graph-of";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { LIMITS } from "../../../../src/model/limits";
import { VALID } from "../corpus/valid";
import { damagedText, damagedValue, validDefinition } from "./arbitrary";
import { nodes } from "./nodes";

vi.setConfig({ testTimeout: 60_000 });

const anyText = fc.oneof(
	fc.string({ unit: "binary", maxLength: 200 }),
	fc.json({ maxDepth: 6 }),
	damagedText,
	damagedValue.map((value) => JSON.stringify(value, null, 1)),
	fc
		.array(fc.constantFrom(...'{}[]":,\\u0 \n/*ae'), { maxLength: 60 })
		.map((signs) => signs.join("")),
);

function json(text: string): { value: Json } | null {
	try {
		return { value: JSON.parse(text) };
	} catch {
		return null;
	}
}

/** What a pointer leads to; undefined: nothing. */
function resolved(value: Json, pointer: string): Json | undefined {
	return pointer
		.split("/")
		.slice(1)
		.map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
		.reduce<Json | undefined>((at, segment) => {
			if (typeof at !== "object" || at === null) return undefined;
			return Object.getOwnPropertyDescriptor(at, segment)?.value;
		}, value);
}

describe("any text", () => {
	it("has an answer: a definition that can be drawn, or faults with places in the text", () => {
		fc.assert(
			fc.property(anyText, (text) => {
				const parsed = parseGraph(text, nodes);
				if ("definition" in parsed) {
					graphOf(parsed.definition, nodes);
					return;
				}
				const lines = text.split(/\r\n|\r|\n/);
				expect(parsed.faults.length).toBeGreaterThan(0);
				expect(parsed.faults.length).toBeLessThanOrEqual(LIMITS.graphFaults);
				for (const { line, column, message } of parsed.faults) {
					expect(message).not.toBe("");
					expect(line).toBeGreaterThan(0);
					expect(column).toBeGreaterThan(0);
					expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
				}
			}),
			{ numRuns: 4_000 },
		);
	});

	it("has the same answer each time", () => {
		fc.assert(
			fc.property(anyText, (text) => {
				expect(parseGraph(text, nodes)).toEqual(parseGraph(text, nodes));
			}),
			{ numRuns: 500 },
		);
	});

	it("is a document if JSON.parse takes it, and the same value", () => {
		fc.assert(
			fc.property(anyText, (text) => {
				const faults = new Faults();
				const document = parseDocument(text, faults);
				const expected = json(text);
				if (expected === null) expect(faults.count).toBeGreaterThan(0);
				else expect(document && jsonOf(document)).toEqual(expected.value);
			}),
			{ numRuns: 4_000 },
		);
	});

	it("has pointers that lead to something in it", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					damagedText,
					damagedValue.map((value) => JSON.stringify(value)),
				),
				(text) => {
					const value = json(text);
					const parsed = parseGraph(text, nodes);
					if (value === null || "definition" in parsed) return;
					for (const { path } of parsed.faults) expect(resolved(value.value, path)).toBeDefined();
				},
			),
			{ numRuns: 3_000 },
		);
	});
});

describe("any definition that keeps the rules", () => {
	const validator = new Validator(definitionSchema(nodes), "2020-12");

	it("is taken, by the parser and by the schema", () => {
		fc.assert(
			fc.property(validDefinition, (definition) => {
				expect(parseGraph(definition, nodes)).toHaveProperty("definition");
				expect(validator.validate(definition).valid).toBe(true);
			}),
			{ numRuns: 150 },
		);
	});

	it("is the same with its keys in another order, but for keys that are places", async () => {
		const valid = fc.oneof(
			validDefinition,
			fc.constantFrom(...VALID.map(([, text]): JsonObject => JSON.parse(text))),
		);
		await fc.assert(
			fc.asyncProperty(valid, fc.infiniteStream(fc.nat()), async (definition, random) => {
				const other = reordered(definition, random);
				expect(parseGraph(other, nodes)).toEqual(parseGraph(definition, nodes));
				expect(await definitionHash(other)).toBe(await definitionHash(definition));
			}),
			{ numRuns: 150 },
		);
	});
});

/** With the keys of each object shuffled, but for objects of several places. */
function reordered<T extends Json>(value: T, random: Iterator<number>): T {
	const shuffled = (given: Json, isRoute: boolean): Json => {
		if (Array.isArray(given)) return given.map((item) => shuffled(item, isRoute));
		if (typeof given !== "object" || given === null) return given;
		const keys = Object.keys(given);
		const order = isRoute
			? keys
			: keys
					.map((key): [number, string] => [random.next().value ?? 0, key])
					.sort(([a], [b]) => a - b)
					.map(([, key]) => key);
		return Object.fromEntries(
			order.map((key) => [
				key,
				shuffled(given[key] ?? null, !isRoute && /^workflow$|\?$/.test(key)),
			]),
		);
	};
	return shuffled(value, false) as T;
}

/** Texts of about so many characters that are hard in some way. */
const HARD: Readonly<Record<string, (size: number) => string>> = {
	"a long text": (size) => `"${"x".repeat(size - 2)}"`,
	"a long key": (size) => `{"${"x".repeat(size - 6)}":1}`,
	"many unknown fields": (size) =>
		`{${Array.from({ length: size / 10 }, (_, index) => `"f${index}":1`).join()}}`,
	"many duplicate keys": (size) => `{${'"a":1,'.repeat(size / 6)}"a":1}`,
	"many errors of syntax": (size) => "{\n".repeat(100) + "x\n".repeat(size / 2 - 100),
	"many trailing commas": (size) => `[${"[1,],".repeat(size / 5)}1]`,
	"many comments": (size) => "/**/".repeat(size / 4),
	"many quotes": (size) => '"\n'.repeat(size / 2),
	"many escapes": (size) => `"${"\\u0041".repeat(size / 6)}"`,
	"many unknown nodes": (size) => definition('{"lgo":"x"}', size),
	"many nodes": (size) => definition('{"log":"x"}', size),
	"many jumps to nothing": (size) => `${routes('"lgo"', size)}]}`,
	"many jumps to one place": (size) => `${routes('"log"', size)},{"log":"x"}]}`,
	"many jumps back": (size) => `${routes('"custom"', size)}]}`,
	"many jumps to one of many": (size) =>
		`${routes('"log"', size / 2)},${'{"log":"x"},'.repeat(size / 24)}{"log":"x"}]}`,
	"many parameters": (size) =>
		definition(
			`{"custom":{${Array.from({ length: size / 12 }, (_, index) => `"p${index}":1`).join()}}}`,
			1,
		),
	"a large list": (size) => definition(`{"custom":{"a":[${"1,".repeat(size / 2)}1]}}`, 1),
	"many options": (size) => definition(`{"custom":{"$retry":{${options(size)}}}}`, 1),
};

const HEAD = '{"id":"t","name":"T","version":"1.0.0","workflow":[';
const definition = (place: string, size: number) =>
	`${HEAD}${Array.from({ length: Math.ceil(size / (place.length + 1)) }, () => place).join()}]}`;
const routes = (route: string, size: number) =>
	`${HEAD}{"custom":{${Array.from({ length: size / (route.length + 10) }, (_, index) => `"e${index}?":${route}`).join()}}}`;
const options = (size: number) =>
	Array.from({ length: size / 12 }, (_, index) => `"o${index}":1`).join();

describe("the time that a text takes", () => {
	/** The shortest of some times, in ms: the process's own, since other processes may be busy. */
	const timed = (text: string) =>
		Math.min(
			...Array.from({ length: 7 }, () => {
				const before = process.cpuUsage();
				parseGraph(text, nodes);
				return process.cpuUsage(before).user / 1_000;
			}),
		);

	const size = 240_000;
	/** Of a valid one with as many places as may be. */
	const usual = () => timed(definition(`{"log":"${"x".repeat(108)}"}`, size));

	it.each(Object.entries(HARD))("is not much more than that of a valid one: %s", (_, make) => {
		const text = make(size);
		expect(text.length).toBeLessThan(LIMITS.definitionBytes);
		// The square of what is in it would be a thousand times as much.
		expect(timed(text) / usual()).toBeLessThan(100);
	});
});
