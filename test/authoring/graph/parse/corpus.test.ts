// Owns what the parser says of the corpus: what is valid, and each fault with its place.
import { describe, expect, it } from "vitest";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { MARK } from "../corpus/corpus";
import { INVALID } from "../corpus/invalid";
import { VALID } from "../corpus/valid";
import { nodes } from "./nodes";

/** Line and column, from 1, of each mark in a text, and the text without them. */
function unmarked(marked: string): { text: string; places: { line: number; column: number }[] } {
	const parts = marked.split(MARK);
	const places = parts.slice(0, -1).map((_, index) => {
		const lines = parts
			.slice(0, index + 1)
			.join("")
			.split(/\r\n|\r|\n/);
		return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
	});
	return { text: parts.join(""), places };
}

describe("a valid definition", () => {
	it.each(VALID)("has %s", (_, text) => {
		expect(parseGraph(text, nodes)).toEqual({ definition: expect.anything() });
	});

	it("is one of at least 60", () => {
		expect(VALID.length).toBeGreaterThanOrEqual(60);
	});
});

describe("an invalid definition", () => {
	for (const [shows, marked, ...expected] of INVALID) {
		it(`has ${shows}`, () => {
			const { text, places } = unmarked(marked);
			const parsed = parseGraph(text, nodes);
			const at = places.length === 1 ? expected.map(() => places[0]) : places;
			expect("faults" in parsed && parsed.faults).toEqual(
				expected.map(([path, message], index) => ({
					path,
					message: expect.stringContaining(message),
					...at[index],
				})),
			);
		});
	}

	it("is one of at least 120", () => {
		expect(INVALID.length).toBeGreaterThanOrEqual(120);
	});
});
