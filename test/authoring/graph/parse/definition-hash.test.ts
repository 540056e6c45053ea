// Owns which definitions are the same content.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Json } from "../../../../src/authoring/graph/definition";
import { definitionHash } from "../../../../src/authoring/graph/definition-hash";
import { VALID } from "../corpus/valid";

const about = { id: "t", name: "T", version: "1.0.0" };
const flow = (...workflow: Json[]): Json => ({ ...about, workflow });

it("the hash is the SHA-256 of the canonical JSON", async () => {
	const text =
		'{"id":"t","name":"T","version":"1.0.0","workflow":[{"log":{"a":1,"b":[true,null]}}]}';
	const definition = {
		workflow: [{ log: { b: [true, null], a: 1.0 } }],
		version: "1.0.0",
		name: "T",
		id: "t",
	};
	expect(await definitionHash(definition)).toBe(createHash("sha256").update(text).digest("hex"));
});

it.each<[string, Json, Json]>([
	[
		"the order of fields",
		{ ...about, workflow: [] },
		{ workflow: [], version: "1.0.0", name: "T", id: "t" },
	],
	[
		"the order of parameters",
		flow({ custom: { a: 1, b: { c: 2, d: 3 } } }),
		flow({ custom: { b: { d: 3, c: 2 }, a: 1 } }),
	],
	[
		"the order of edges",
		flow({ custom: { "a?": [], "b?": [] } }),
		flow({ custom: { "b?": [], "a?": [] } }),
	],
	[
		"the order of parameters in a route",
		flow({ custom: { "a?": { custom: { x: 1, y: 2 } } } }),
		flow({ custom: { "a?": { custom: { y: 2, x: 1 } } } }),
	],
	[
		"the order of keys in a step",
		{ name: "t", steps: [{ id: "a", type: "log" }] },
		{ steps: [{ type: "log", id: "a" }], name: "t" },
	],
])("%s does not count", async (_, one, other) => {
	expect(await definitionHash(one)).toBe(await definitionHash(other));
});

it.each<[string, Json, Json]>([
	["a value", flow({ custom: { a: 1 } }), flow({ custom: { a: 2 } })],
	["the kind of a value", flow({ custom: { a: 1 } }), flow({ custom: { a: "1" } })],
	["the order of a list", flow({ custom: { a: [1, 2] } }), flow({ custom: { a: [2, 1] } })],
	["the order of places", flow({ a: {} }, { b: {} }), flow({ b: {} }, { a: {} })],
	["the order of places in an object", flow({ a: {}, b: {} }), flow({ b: {}, a: {} })],
	[
		"the order of places in a route",
		flow({ x: { "e?": { a: {}, b: {} } } }),
		flow({ x: { "e?": { b: {}, a: {} } } }),
	],
	[
		"the order of places in a list of a route",
		flow({ x: { "e?": [{ a: {}, b: {} }] } }),
		flow({ x: { "e?": [{ b: {}, a: {} }] } }),
	],
	[
		"the order of places in a route in a route",
		flow({ x: { "e?": { x: { "f?": { a: {}, b: {} } } } } }),
		flow({ x: { "e?": { x: { "f?": { b: {}, a: {} } } } } }),
	],
	["an object of places or a list of them", flow({ a: {}, b: {} }), flow({ a: {} }, { b: {} })],
])("%s counts", async (_, one, other) => {
	expect(await definitionHash(one)).not.toBe(await definitionHash(other));
});

it("no two valid definitions have the same", async () => {
	const hashes = await Promise.all(VALID.map(([, text]) => definitionHash(JSON.parse(text))));
	expect(new Set(hashes).size).toBe(VALID.length);
});
