/**
 * A JSON Schema as people read it: in the manner of a TypeScript type, names of other schemas as
 * they are.
 *
 * @example
 * { id: string; status: WorkflowStatus; attributes?: { [name]: string | number } }
 */
import type { JsonSchema } from "./document";

interface Shape {
	$ref?: string;
	type?: string | string[];
	enum?: readonly unknown[];
	const?: unknown;
	anyOf?: readonly JsonSchema[];
	oneOf?: readonly JsonSchema[];
	properties?: Readonly<Record<string, JsonSchema>>;
	required?: readonly string[];
	additionalProperties?: JsonSchema | boolean;
	items?: JsonSchema;
	description?: string;
}

export function schemaText(schema: JsonSchema, indent = ""): string {
	const shape: Shape = schema;
	const { $ref, anyOf, oneOf, items, type } = shape;
	if ($ref !== undefined) return $ref.slice($ref.lastIndexOf("/") + 1);
	if (shape.const !== undefined) return JSON.stringify(shape.const);
	if (shape.enum !== undefined) return shape.enum.map((each) => JSON.stringify(each)).join(" | ");
	const choices = anyOf ?? oneOf;
	if (choices !== undefined) {
		return [...new Set(choices.map((each) => schemaText(each, indent)))].join(" | ");
	}
	if (items !== undefined) {
		const text = schemaText(items, indent);
		return text.includes(" | ") && !text.startsWith("{") ? `(${text})[]` : `${text}[]`;
	}
	if (shape.properties !== undefined) return objectText(shape, indent);
	const { additionalProperties: values } = shape;
	if (typeof values === "object") return `{ [name]: ${schemaText(values, indent)} }`;
	return type === undefined ? "any JSON" : [type].flat().join(" | ");
}

function objectText({ properties = {}, required = [] }: Shape, indent: string): string {
	const inner = `${indent}  `;
	const lines = Object.entries(properties).map(([name, schema]) => {
		const { description } = schema as Shape;
		const mark = required.includes(name) ? "" : "?";
		const note = description === undefined ? "" : `  // ${description}`;
		return `${inner}${name}${mark}: ${schemaText(schema, inner)};${note}\n`;
	});
	return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
}
