// Owns where faults stand: lines and columns as editors count them, in the text or its printed form.
import { expect, it } from "vitest";
import type { Json } from "../../../../src/authoring/graph/definition";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { nodes } from "./nodes";

/** `line:column path` of each fault. */
function places(source: string | Json): string[] {
	const parsed = parseGraph(source, nodes);
	if ("definition" in parsed) return [];
	return parsed.faults.map(({ line, column, path }) => `${line}:${column} ${path}`);
}

const LINES = [
	"{",
	'  "id": "t",',
	'  "name": "T",',
	'  "version": "1.0",',
	'  "workflow": [',
	'    { "htpp": {} },',
	'    { "log": { "message": 5 } }',
	"  ]",
	"}",
];
const EXPECTED = ["4:14 /version", "6:7 /workflow/0/htpp", "7:27 /workflow/1/log/message"];

it.each([
	["\\n", "\n"],
	["\\r\\n", "\r\n"],
	["\\r", "\r"],
])("lines end with %s", (_, end) => {
	expect(places(LINES.join(end))).toEqual(EXPECTED);
});

it("faults of syntax have a line for each, and none of what may follow from them", () => {
	expect(places('{\n  "id": t,\n  "name" "T",\n  "htpp": {}')).toEqual(["2:9 ", "3:10 ", "4:13 "]);
});

it("a tab is one column, and so is each half of a surrogate pair", () => {
	expect(places('{\t"name": "\u{1f600}",\t"x": 1 }')).toEqual(["1:1 ", "1:1 ", "1:1 ", "1:17 /x"]);
});

it("a fault of a key is at the key, one of a value at the value", () => {
	expect(
		places('{ "id": "t", "name": 1, "version": "1.0.0", "workflow": [{}], "wrkflw": [] }'),
	).toEqual(["1:22 /name", "1:58 /workflow/0", "1:63 /wrkflw"]);
});

it("a JSON pointer escapes what it must", () => {
	expect(places('{ "a/b~c": { } }').at(-1)).toBe("1:3 /a~1b~0c");
});

it("a value without a text has the places of its text with an indent of two", () => {
	expect(places(JSON.parse(LINES.join("\n")))).toEqual([
		"4:14 /version",
		"7:7 /workflow/0/htpp",
		"11:20 /workflow/1/log/message",
	]);
});

it.each([
	["a cycle", () => loopOf({})],
	["a date", () => ({ id: new Date(0) })],
	["undefined", () => ({ id: undefined })],
	["a function", () => ({ id: () => 1 })],
	["no number", () => ({ id: Number.NaN })],
	["a map", () => new Map()],
])("a value that is no JSON is refused: %s", (_, make) => {
	expect(parseGraph(make() as unknown as Json, nodes)).toEqual({
		faults: [
			{ path: "", line: 1, column: 1, message: expect.stringContaining("Expected plain JSON") },
		],
	});
});

function loopOf(value: Record<string, unknown>): unknown {
	value.self = value;
	return value;
}

it("faults come in the order of the text", () => {
	const text =
		'{ "workflow": [{ "a": {} }, { "b": {} }], "id": "?", "x": 1, "name": "", "version": "" }';
	const columns = places(text).map((place) => Number(/:(\d+)/.exec(place)?.[1]));
	expect(columns).toEqual(columns.toSorted((a, b) => a - b));
	expect(columns).toHaveLength(6);
});
