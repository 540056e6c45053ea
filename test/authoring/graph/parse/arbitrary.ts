/** Random definitions, and random damage to texts. */
import fc from "fast-check";
import type { Json, JsonObject } from "../../../../src/authoring/graph/definition";
import { VALID } from "../corpus/valid";

/** A use of a node that may be left to the next, whatever routes it has. */
interface Use {
	node: string;
	name: boolean;
	routes: { edge: string; uses: Use[]; form: string; jump: number | null }[];
}

/** -0 is no JSON that is kept. */
const anyJson = fc
	.json({ maxDepth: 2 })
	.filter((text) => !/__proto__|constructor|prototype/.test(text))
	.map((text): Json => JSON.parse(text, (_, value) => (value === 0 ? 0 : value)));
const parameters = fc
	.array(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), anyJson), { maxLength: 3 })
	.map((entries): JsonObject => Object.fromEntries(entries));
const edge = fc.stringMatching(/^[a-zA-Z0-9_-]{1,5}$/).filter((name) => name !== "loop");

const useOf = (depth: number): fc.Arbitrary<Use> =>
	fc.record({
		node: fc.constantFrom("custom", "switch"),
		name: fc.boolean(),
		routes:
			depth === 0
				? fc.constant([])
				: fc.uniqueArray(
						fc.record({
							edge,
							uses: fc.array(useOf(depth - 1), { maxLength: 2 }),
							form: fc.constantFrom("list", "object"),
							jump: fc.option(fc.nat(20)),
						}),
						{ selector: (route) => route.edge, maxLength: 3 },
					),
	});

/** A definition that keeps all rules: its jumps lead forward, and each place may be left to the next. */
export const validDefinition: fc.Arbitrary<JsonObject> = fc
	.tuple(fc.array(useOf(3), { minLength: 1, maxLength: 8 }), parameters, parameters)
	.map(([uses, initialState, given]) => {
		let names = 0;
		const write = (each: Use, index: number): JsonObject => {
			const routes = each.routes.map(({ edge: name, uses: inside, form, jump }): [string, Json] => {
				const places = inside.map((one) => write(one, index));
				const target = jump === null ? uses.length : index + 1 + jump;
				if (target < uses.length) return [`${name}?`, [...places, `top${target}`]];
				const [only] = places;
				return [`${name}?`, form === "object" && places.length === 1 && only ? only : places];
			});
			const name: JsonObject = each.name ? { $name: `in${names++}` } : {};
			const value = each.node === "switch" ? { value: "a" } : given;
			return { [each.node]: { ...value, ...name, ...Object.fromEntries(routes) } };
		};
		const workflow = uses.map((each, index): JsonObject => {
			const written = write({ ...each, name: false }, index);
			return { [each.node]: { ...(written[each.node] as JsonObject), $name: `top${index}` } };
		});
		const definition = { id: "t", name: "T", version: "1.0.0", initialState, workflow };
		// No object in two places.
		return JSON.parse(JSON.stringify(definition)) as JsonObject;
	});

const TOKENS = [
	...'{}[],:"\\/0-',
	..."\n\t\u0000\u{1f600}",
	"true",
	"null",
	"1e999",
	'"__proto__":1,',
	'"?":',
	'"$name":"a"',
	'"loop?":',
	"//",
	"/*",
	"\\ud800",
];

/** A valid text, damaged at some places. */
export const damagedText: fc.Arbitrary<string> = fc
	.tuple(
		fc.constantFrom(...VALID.map(([, text]) => text)),
		fc.array(
			fc.record({
				at: fc.double({ min: 0, max: 1, noNaN: true }),
				cut: fc.nat(8),
				put: fc.oneof(fc.constantFrom(...TOKENS), fc.string({ maxLength: 3 }), fc.constant("")),
			}),
			{ minLength: 1, maxLength: 4 },
		),
	)
	.map(([text, damages]) =>
		damages.reduce((damaged, { at, cut, put }) => {
			const start = Math.floor(at * damaged.length);
			return damaged.slice(0, start) + put + damaged.slice(start + cut);
		}, text),
	);

/** A valid definition in which some value has become another. */
export const damagedValue: fc.Arbitrary<Json> = fc
	.tuple(
		fc.constantFrom(...VALID.map(([, text]) => text)),
		fc.nat(60),
		fc.oneof(
			anyJson,
			fc.constantFrom<Json>("log", "end", [], {}, ["log", "log"], { log: {} }, { "error?": "log" }),
		),
	)
	.map(([text, at, put]) => {
		let left = at;
		return JSON.parse(text, (_, value) => (left-- === 0 ? put : value)) as Json;
	});
