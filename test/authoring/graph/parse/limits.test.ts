// Owns the limits of definitions: at the limit, and one past it.
import { describe, expect, it } from "vitest";
import type { Json } from "../../../../src/authoring/graph/definition";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { LIMITS } from "../../../../src/model/limits";
import { nodes } from "./nodes";

function faultsOf(source: string | Json): string[] {
	const parsed = parseGraph(source, nodes);
	return "faults" in parsed ? parsed.faults.map(({ path, message }) => `${path} ${message}`) : [];
}

const definition = (workflow: Json, more: object = {}): Json => ({
	id: "t",
	name: "T",
	version: "1.0.0",
	workflow,
	...more,
});
const padded = (bytes: number, sign: string) => {
	const [before, after] = JSON.stringify(definition([{ custom: { a: "…" } }])).split("…");
	const size = bytes - `${before}${after}`.length;
	const width = new TextEncoder().encode(sign).length;
	return `${before}${sign.repeat(Math.floor(size / width))}${"x".repeat(size % width)}${after}`;
};

describe("the size of a text", () => {
	it.each(["x", "é", "語"])("is its bytes: of %s as many as fit", (sign) => {
		expect(faultsOf(padded(LIMITS.definitionBytes, sign))).toEqual([]);
		expect(faultsOf(padded(LIMITS.definitionBytes + 1, sign))).toEqual([
			` Expected a definition of at most ${LIMITS.definitionBytes} bytes; received a longer one.`,
		]);
	});
});

describe("levels of objects and lists", () => {
	const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
	const at = (levels: number) =>
		`{ "id": "t", "name": "T", "version": "1.0.0", "workflow": [{ "custom": { "a": ${nested(levels - 4)} } }] }`;

	it("are as many as a stored value may have", () => {
		expect(faultsOf(at(LIMITS.valueDepth))).toEqual([]);
		expect(faultsOf(at(LIMITS.valueDepth + 1))).toEqual([
			expect.stringContaining(`at most ${LIMITS.valueDepth} levels`),
		]);
	});

	it("are counted before anything recurses", () => {
		for (const sign of ["[", '{"a":', '[{"a":'])
			expect(faultsOf(sign.repeat(40_000))).toEqual([expect.stringContaining("levels")]);
	});
});

describe("places", () => {
	const ends = (count: number) => [{ switch: { value: "a", ...routes(count - 1) } }];
	const routes = (count: number) =>
		Object.fromEntries(Array.from({ length: count }, (_, index) => [`e${index}?`, "fail"]));

	it("are at most so many, in lists and routes", () => {
		expect(faultsOf(definition(ends(LIMITS.graphPlaces)))).toEqual([]);
		expect(faultsOf(definition(ends(LIMITS.graphPlaces + 1)))).toEqual([
			expect.stringContaining(`Expected at most ${LIMITS.graphPlaces} places`),
		]);
	});

	it("are at most so many in a list of steps", () => {
		const list = (count: number) => ({
			name: "t",
			steps: Array.from({ length: count }, (_, index) => ({ id: `${index}`, type: "delay" })),
		});
		expect(faultsOf(list(LIMITS.graphPlaces))).toEqual([]);
		expect(faultsOf(list(LIMITS.graphPlaces + 1))).toEqual([
			`/steps/${LIMITS.graphPlaces} Expected at most ${LIMITS.graphPlaces} steps; received more.`,
		]);
	});
});

describe("routes in routes", () => {
	/** So many levels, the top list included. */
	const deep = (levels: number): Json =>
		levels === 1 ? [{ set: {} }] : [{ set: { "error?": deep(levels - 1) } }];

	it("are at most so deep", () => {
		const c = (levels: number): Json => (levels === 1 ? { c: {} } : { c: { "e?": c(levels - 1) } });
		const known = { ids: ["c"], get: (id: string) => (id === "c" ? SHORT : undefined) };
		expect(parseGraph(definition([c(LIMITS.graphDepth)]), known)).toHaveProperty("definition");
		expect(parseGraph(definition([c(LIMITS.graphDepth + 1)]), known)).toEqual({
			faults: [
				expect.objectContaining({
					message: expect.stringContaining(`at most ${LIMITS.graphDepth} levels`),
				}),
			],
		});
	});

	it("have addresses that can name steps", () => {
		// 0/set, and /error?/0/set for each level: 5 + 13 * 19 = 252 characters; one more has 265.
		expect(faultsOf(definition(deep(20)))).toEqual([]);
		expect(faultsOf(definition(deep(21)))).toEqual([
			expect.stringContaining(`at most ${LIMITS.stepNameLength} characters`),
		]);
	});
});

const SHORT = { edges: null, returning: [], check: () => [] };

it("a state has at most so many bytes", () => {
	const state = (bytes: number) => ({ initialState: { a: "x".repeat(bytes - '{"a":""}'.length) } });
	expect(faultsOf(definition([{ fail: {} }], state(LIMITS.graphStateBytes)))).toEqual([]);
	expect(faultsOf(definition([{ fail: {} }], state(LIMITS.graphStateBytes + 1)))).toEqual([
		expect.stringContaining(`/initialState Expected at most ${LIMITS.graphStateBytes} bytes`),
	]);
});

it.each([
	[
		"the id",
		LIMITS.typeNameLength,
		(n: number) => definition([{ fail: {} }], { id: "a".repeat(n) }),
	],
	[
		"the title",
		LIMITS.graphTitleLength,
		(n: number) => definition([{ fail: {} }], { name: "a".repeat(n) }),
	],
	[
		"the description",
		LIMITS.graphDescriptionLength,
		(n: number) => definition([{ fail: {} }], { description: "a".repeat(n) }),
	],
	[
		"the description of a list",
		LIMITS.graphDescriptionLength,
		(n: number) => ({
			...{ name: "t", description: "a".repeat(n) },
			steps: [{ id: "a", type: "delay" }],
		}),
	],
	[
		"tags",
		LIMITS.graphTags,
		(n: number) => definition([{ fail: {} }], { tags: Array.from({ length: n }, () => "a") }),
	],
	[
		"a tag",
		LIMITS.graphTagLength,
		(n: number) => definition([{ fail: {} }], { tags: ["a".repeat(n)] }),
	],
	[
		"metadata",
		LIMITS.graphMetadataBytes,
		(n: number) =>
			definition([{ fail: {} }], { metadata: { a: "x".repeat(n - '{"a":""}'.length) } }),
	],
	[
		"the version",
		LIMITS.versionLength,
		(n: number) => definition([{ fail: {} }], { version: `1.0.${"0".repeat(n - 4)}` }),
	],
	[
		"a name",
		LIMITS.placeNameLength,
		(n: number) => definition([{ fail: { $name: "a".repeat(n) } }]),
	],
	[
		"a step's id",
		LIMITS.stepNameLength,
		(n: number) => ({ name: "t", steps: [{ id: "a".repeat(n), type: "delay" }] }),
	],
	[
		"turns",
		LIMITS.graphIterations,
		(n: number) => definition([{ fail: {} }], { settings: { maxIterations: n } }),
	],
	[
		"executions",
		LIMITS.graphExecutions,
		(n: number) => definition([{ fail: {} }], { settings: { maxExecutions: n } }),
	],
])("%s: at most so much", (_, limit, make) => {
	expect(faultsOf(make(limit))).toEqual([]);
	expect(faultsOf(make(limit + 1))).toHaveLength(1);
});

it("faults are at most so many, and the first ones of the text are among them", () => {
	const wrong = (count: number) => definition(Array.from({ length: count }, () => ({ lgo: {} })));
	expect(faultsOf(wrong(LIMITS.graphFaults - 1))).toHaveLength(LIMITS.graphFaults - 1);
	expect(faultsOf(wrong(LIMITS.graphFaults + 1))).toHaveLength(LIMITS.graphFaults);
	expect(faultsOf(wrong(1_000))[0]).toContain("/workflow/0/lgo");
});
