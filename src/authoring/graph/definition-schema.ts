/**
 * The format as JSON Schema (draft 2020-12), for editors: fields, nodes, edges and parameters. What
 * no schema can say, as where a jump leads, only the parser checks.
 */
import { LIMITS } from "../../model/limits";
import type { Json, JsonObject, KnownNodes, NodeShape } from "./definition";
import { type Fields, isObject } from "./fields";
import { ABOUT, LIST_ABOUT, PLACE_OPTIONS, SETTINGS } from "./settings";
import { edgesOf } from "./shape";
import { STEP } from "./steps-list";

const ROUTE = { $ref: "#/$defs/route" };
const EDGE = "^[a-zA-Z0-9_-]+\\?$";
/** In the place of anything that is no text, and of texts that are not just any. */
const TEMPLATE = { type: "string", pattern: "\\{\\{", description: "A text with {{ JSONata }}." };
const EXPRESSION = { type: "string", description: "JSONata." };

/** The schema of what `parseGraph` takes where there are these nodes. */
export function definitionSchema(nodes: KnownNodes): JsonObject {
	const shapes = [...nodes.ids].flatMap((id) => {
		const shape = nodes.get(id);
		return shape === undefined ? [] : [{ id, shape }];
	});
	const defined = shapes.map(({ id, shape }) => [`node:${id}`, nodeSchema(shape)]);
	const used = shapes.map(({ id }) => [id, { $ref: `#/$defs/node:${id}` }]);
	return {
		$schema: "https://json-schema.org/draft/2020-12/schema",
		title: "Workflow definition",
		type: "object",
		if: { required: ["steps"], not: { required: ["workflow"] } },
		// biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
		then: { $ref: "#/$defs/list" },
		else: { $ref: "#/$defs/graph" },
		$defs: {
			graph: GRAPH,
			list: LIST,
			step: closed({ ...schemasOf(STEP), type: { enum: shapes.map(({ id }) => id) } }, [
				"id",
				"type",
			]),
			places: { ...closed(Object.fromEntries(used)), minProperties: 1 },
			route: {
				description: "Where it goes on: a place of the top list, or places that follow each other.",
				anyOf: [
					{ type: "string" },
					{ type: "array", items: { anyOf: [{ type: "string" }, { $ref: "#/$defs/places" }] } },
					{ $ref: "#/$defs/places" },
				],
			},
			...schemasOf(PLACE_OPTIONS),
			...Object.fromEntries(defined),
		},
	};
}

const schemasOf = (fields: Fields): JsonObject =>
	Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema]));

const closed = (properties: JsonObject, required: string[] = []): JsonObject => ({
	type: "object",
	properties,
	required,
	additionalProperties: false,
});

/** Each node has them. */
const OPTIONS: JsonObject = Object.fromEntries(
	Object.keys(PLACE_OPTIONS).map((name) => [name, { $ref: `#/$defs/${name}` }]),
);

const GRAPH = closed(
	{
		...schemasOf(ABOUT),
		settings: closed(schemasOf(SETTINGS)),
		workflow: { type: "array", minItems: 1, items: { $ref: "#/$defs/places" } },
	},
	["id", "name", "version", "workflow"],
);
const LIST = closed(
	{
		...schemasOf(LIST_ABOUT),
		steps: {
			type: "array",
			minItems: 1,
			maxItems: LIMITS.graphPlaces,
			items: { $ref: "#/$defs/step" },
		},
	},
	["name", "steps"],
);

/** Parameters, options and edges; or the one parameter that it has a short form for. */
function nodeSchema(shape: NodeShape): JsonObject {
	const { properties, required, isClosed } = parametersOf(shape);
	const edges = edgesOf(shape);
	const routes = edges?.map((edge): [string, Json] => [`${edge}?`, ROUTE]) ?? [];
	const object = {
		type: "object",
		properties: { ...properties, ...OPTIONS, ...Object.fromEntries(routes) },
		required,
		...(edges === null ? { patternProperties: { [EDGE]: ROUTE } } : {}),
		// Of a node without a schema, anything may be a parameter that is neither edge nor option.
		...(isClosed ? { additionalProperties: false } : { propertyNames: namesOf(edges) }),
	};
	const { shorthand } = shape;
	if (shorthand === undefined) return object;
	const short = properties[shorthand];
	const kinds: JsonObject = { type: ["string", "array"] };
	return { anyOf: [{ ...kinds, ...(short === undefined ? {} : { allOf: [short] }) }, object] };
}

/** What is no known option and no known edge is no parameter either. */
function namesOf(edges: readonly string[] | null): JsonObject {
	const known = [...Object.keys(PLACE_OPTIONS), ...(edges?.map((edge) => `${edge}?`) ?? [])];
	const isParameter = { pattern: "^(?:[^$?]|[^$][\\s\\S]*[^?])?$" };
	return { anyOf: [isParameter, { enum: known }, ...(edges === null ? [{ pattern: EDGE }] : [])] };
}

interface Parameters {
	properties: JsonObject;
	required: string[];
	isClosed: boolean;
}

/**
 * Of a node whose schema is that of one object. Of another, nothing is said, nor of one with `$defs`
 * of its own, whose references would lead elsewhere here.
 */
function parametersOf({ schema, expressions = [] }: NodeShape): Parameters {
	const properties = schema?.$defs === undefined ? schema?.properties : undefined;
	if (schema?.type !== "object" || properties === undefined || !isObject(properties)) {
		return { properties: {}, required: [], isClosed: false };
	}
	const { required } = schema;
	return {
		properties: Object.fromEntries(
			Object.entries(properties).map(([name, each]) => [
				name,
				expressions.includes(name) ? { anyOf: [EXPRESSION, each] } : templated(each),
			]),
		),
		required: Array.isArray(required) ? required.filter((name) => typeof name === "string") : [],
		isClosed: schema.additionalProperties === false,
	};
}

/** Whether a schema says nothing, or nothing but that it is a text. */
function isAnyText({ type, ...more }: JsonObject): boolean {
	const says = Object.keys(more).some((key) => !["title", "description", "default"].includes(key));
	return !says && (type === undefined || type === "string");
}

/** Any value inside of a parameter may be a text with templates. */
function templated(schema: Json): Json {
	if (!isObject(schema) || isAnyText(schema)) return schema;
	const { items, properties, additionalProperties } = schema;
	const inside: JsonObject = { ...schema };
	if (items !== undefined) inside.items = templated(items);
	if (additionalProperties !== undefined) {
		inside.additionalProperties = templated(additionalProperties);
	}
	if (properties !== undefined && isObject(properties)) {
		inside.properties = Object.fromEntries(
			Object.entries(properties).map(([name, each]) => [name, templated(each)]),
		);
	}
	return { anyOf: [inside, TEMPLATE] };
}
