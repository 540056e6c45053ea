// Owns what the parser and the schema say of the nodes that are built in, and of the examples.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../../src/authoring/graph/definition";
import { definitionSchema } from "../../../../src/authoring/graph/definition-schema";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { NodeRegistry } from "../../../../src/authoring/graph/registry";

const nodes = new NodeRegistry();
const validator = new Validator(definitionSchema(nodes), "2020-12");
const EXAMPLES = join(import.meta.dirname, "../../../../examples/definitions");

describe("an example", () => {
	it.each(readdirSync(EXAMPLES))("is taken by the parser and by the schema: %s", (name) => {
		const text = readFileSync(join(EXAMPLES, name), "utf8");
		expect(parseGraph(text, nodes)).toHaveProperty("definition");
		expect(validator.validate(JSON.parse(text))).toEqual({ valid: true, errors: [] });
	});
});

describe("a place of a built-in node", () => {
	const having = (place: Json): Json => ({
		id: "t",
		name: "T",
		version: "1.0.0",
		workflow: [place],
	});

	it.each<[string, Json]>([
		["a short form", { log: "Hello, {{ input.name }}" }],
		["an expression", { condition: { if: "total > 100", "true?": [] } }],
		["an expression in the place of a number", { loop: { times: "count + 1", "loop?": [] } }],
		["a template in the place of a number", { loop: { times: "{{ count }}", "loop?": [] } }],
		["a template in the place of an object", { http: { url: "u", headers: "{{ headers }}" } }],
		["an edge by a status", { http: { url: "u", "status404?": { fail: {} } } }],
		["branches", { parallel: { "a?": { log: "a" }, "b?": { log: "b" }, "done?": [] } }],
	])("may have %s", (_, place) => {
		expect(parseGraph(having(place), nodes)).toHaveProperty("definition");
		expect(validator.validate(having(place))).toEqual({ valid: true, errors: [] });
	});

	it.each<[string, Json, string]>([
		["no unknown parameter", { log: { mesage: "x" } }, 'Did you mean "message"?'],
		["no unknown edge", { condition: { if: "a", "ture?": [] } }, 'Did you mean "true"?'],
		["no half an expression", { condition: "a >" }, "Unexpected end of expression"],
		["no loop without an end", { loop: { "loop?": [] } }, "a loop has an end"],
		["no event without a name", { "wait-event": {} }, "event: "],
	])("has %s", (_, place, message) => {
		expect(parseGraph(having(place), nodes)).toEqual({
			faults: [expect.objectContaining({ message: expect.stringContaining(message) })],
		});
	});
});
