/** What a definition may say of a node: what the parser asks of it. */
import { inputJsonSchema, isSchema, type Schema } from "../../model/standard-schema";
import { ControlNode } from "./control";
import type { JsonObject, NodeShape } from "./definition";
import type { WorkflowNode } from "./node";
import { isRecord } from "./records";
import { isTemplate, type ParameterFault, templateFaults } from "./templates";

export function nodeShape(node: WorkflowNode): NodeShape {
	const { edges = null, config, expressions = [], shorthand } = node.metadata;
	return {
		edges,
		returning: node instanceof ControlNode ? node.returning : [],
		...(shorthand === undefined ? {} : { shorthand }),
		expressions,
		// When it is asked for: a deployment has little time to start.
		get schema() {
			const schema = isSchema(config) ? inputJsonSchema(config) : null;
			return (schema ?? undefined) as JsonObject | undefined;
		},
		check(parameters) {
			const faults = templateFaults(parameters, expressions);
			if (!isSchema(config)) return faults;
			const open = (path: readonly (string | number)[]) => isOpen(parameters, path, expressions);
			const refused = schemaFaults(config, parameters).filter(({ path }) => !open(path));
			return [...faults, ...refused];
		},
	};
}

function schemaFaults(schema: Schema, parameters: JsonObject): ParameterFault[] {
	const result = schema["~standard"].validate(parameters);
	// A schema that needs time says what it has to say when the place is run.
	if (result instanceof Promise) return [];
	return (result.issues ?? []).map(({ path = [], message }) => ({
		path: path.map((segment) => {
			const key = typeof segment === "object" ? segment.key : segment;
			return typeof key === "number" ? key : String(key);
		}),
		message,
	}));
}

/** Whether the value there is not known before the place is run. */
function isOpen(
	parameters: JsonObject,
	path: readonly (string | number)[],
	expressions: readonly string[],
): boolean {
	let value: unknown = parameters;
	for (const [index, key] of path.entries()) {
		if (Array.isArray(value)) value = value[Number(key)];
		else if (isRecord(value)) value = Object.hasOwn(value, key) ? value[key] : undefined;
		else return false;
		if (index === 0 && expressions.includes(`${key}`) && typeof value === "string") return true;
		if (isTemplate(value)) return true;
	}
	return false;
}
