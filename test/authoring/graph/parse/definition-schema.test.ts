// Owns the JSON Schema of the format: it takes what the parser takes, and refuses faults of structure.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import { definitionSchema } from "../../../../src/authoring/graph/definition-schema";
import { graphs } from "../../../../src/authoring/graph/graphs";
import { parseGraph } from "../../../../src/authoring/graph/parse";
import { MARK } from "../corpus/corpus";
import { FIELDS } from "../corpus/invalid-fields";
import { PLACES } from "../corpus/invalid-places";
import { VALID } from "../corpus/valid";
import { nodes } from "./nodes";

const schema = definitionSchema(nodes);
const validator = new Validator(schema, "2020-12", false);
const takes = (value: unknown) => validator.validate(value).valid;

it("with the built-in nodes is the file of the package (else: npm run schema:generate)", () => {
	const file = join(import.meta.dirname, "../../../../definition.schema.json");
	expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(graphs().schema());
});

describe("a valid definition", () => {
	it.each(VALID)("is taken that has %s", (_, text) => {
		expect(takes(JSON.parse(text))).toBe(true);
	});
});

/** Faults that no schema of the format can see. */
const UNSEEN = [
	/ is taken: /,
	/ may be any of /,
	/^Nothing is called /,
	/ is the "\$name" of a place inside /,
	/ cannot jump there/,
	/^Never reached/,
	/^A cycle /,
	/check of its parameters failed/,
	/ is not a duration/,
	/ is longer than /,
	/ is at least 1000 ms/,
	/ which the journal uses/,
	// Of a string that is a node, or of a step, whose parameters depend on its type.
	/Invalid input/,
	// Of a list, whose name is its id.
	/1 to 64 letters.*received "Say hello"/,
];

describe("an invalid definition", () => {
	for (const [shows, marked] of [...FIELDS, ...PLACES]) {
		const text = marked.replaceAll(MARK, "");
		const parsed = parseGraph(text, nodes);
		const faults = "faults" in parsed ? parsed.faults : [];
		const isSeen = faults.some(
			({ path, message }) =>
				!UNSEEN.some((unseen) => unseen.test(message)) ||
				(message.includes("Invalid input") && /^.workflow.\d.\w+.\w+$/.test(path)),
		);
		if (!isSeen) continue;
		it(`is refused that has ${shows}`, () => {
			expect(takes(JSON.parse(text))).toBe(false);
		});
	}
});

describe("the schema", () => {
	const places = (schema.$defs as Record<string, unknown>).places;

	it("names the nodes", () => {
		expect(places).toMatchObject({
			properties: { log: { $ref: "#/$defs/node:log" }, loop: {} },
			additionalProperties: false,
		});
	});

	it("names parameters, options and edges of a node, and its short form", () => {
		expect((schema.$defs as Record<string, unknown>)["node:condition"]).toMatchObject({
			anyOf: [
				{ type: ["string", "array"] },
				{
					properties: {
						if: { type: "string" },
						$name: {},
						$retry: {},
						"true?": { $ref: "#/$defs/route" },
						"false?": {},
						"error?": {},
					},
					required: ["if"],
					additionalProperties: false,
				},
			],
		});
	});

	it("takes a template in the place of anything", () => {
		const having = (config: object) => ({
			id: "t",
			name: "T",
			version: "1.0.0",
			workflow: [{ http: { url: "u", ...config } }],
		});
		expect(takes(having({ method: "{{ m }}", headers: "{{ h }}" }))).toBe(true);
		expect(takes(having({ method: "m" }))).toBe(false);
		expect(takes(having({ headers: "h" }))).toBe(false);
	});

	it("takes any text where text is JSONata", () => {
		const counted = {
			edges: null,
			returning: [],
			expressions: ["times"],
			schema: { type: "object", properties: { times: { type: "integer" } } },
			check: () => [],
		};
		const of = new Validator(definitionSchema({ ids: ["a"], get: () => counted }), "2020-12");
		const given = (times: unknown) => ({
			id: "t",
			name: "T",
			version: "1.0.0",
			workflow: [{ a: { times } }],
		});
		expect([3, "n + 1", true].map((times) => of.validate(given(times)).valid)).toEqual([
			true,
			true,
			false,
		]);
	});

	it("is plain JSON", () => {
		expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
		expect(parseGraph(schema, nodes)).toHaveProperty("faults");
	});
});
