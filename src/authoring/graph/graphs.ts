/**
 * What a service needs to store definitions and to run them: given to `workflowRunner`, which runs
 * them, and to `createApp`, which takes them in.
 *
 *   const definitions = graphs({ nodes });
 *   export class WorkflowRunner extends workflowRunner(registry, { definitions }) {}
 *   export default { fetch: createApp({ types: catalogueOf(registry), definitions }).fetch };
 */
import { catalogueEntry } from "../../engine/catalogue";
import type { DefinitionSupport, Program } from "../../engine/program";
import { type Definition, DefinitionFaults, type DefinitionFormat } from "../../model/definition";
import { inputJsonSchema } from "../../model/standard-schema";
import { serviceChildren as children } from "./children";
import type { GraphDefinition, Json } from "./definition";
import { definitionHash } from "./definition-hash";
import { definitionSchema } from "./definition-schema";
import type { NodeMetadata } from "./node";
import { parseGraph } from "./parse";
import { graphProgram } from "./program";
import { NodeRegistry } from "./registry";

export type Graphs = DefinitionSupport & DefinitionFormat;

/** Programs that an isolate keeps. */
const KEPT = 100;

export function graphs({ nodes = new NodeRegistry() }: { nodes?: NodeRegistry } = {}): Graphs {
	const programs = new Map<string, Program>();
	const compile = ({ hash, text }: Pick<Definition, "hash" | "text">): Program => {
		const program = programs.get(hash) ?? graphProgram(parsed(text, nodes), nodes, { children });
		programs.delete(hash);
		programs.set(hash, program);
		const [oldest] = programs.keys();
		if (programs.size > KEPT && oldest !== undefined) programs.delete(oldest);
		return program;
	};
	return {
		compile,
		async read(text) {
			const definition = parsed(text, nodes);
			// It throws what the settings of a type cannot be.
			graphProgram(definition, nodes);
			const { id: type, version, name, about } = definition;
			const hash = await definitionHash(JSON.parse(text) as Json);
			return { type, hash, version, name, description: about.description, text };
		},
		entry: (definition) => catalogueEntry(compile(definition)),
		nodesOf: (text) => {
			const { places } = parsed(text, nodes);
			return [...new Set(Array.from(places.values(), ({ node }) => node))];
		},
		startsOf: (text) => {
			const { places } = parsed(text, nodes);
			const starting = [...places.values()].filter(({ node }) => node === "sub-workflow");
			return starting.map(({ config }) => String(config.type));
		},
		schema: () => definitionSchema(nodes),
		nodes: () => nodes.listNodes().map(nodeJson),
	};
}

/** @throws {DefinitionFaults} */
function parsed(text: string, nodes: NodeRegistry): GraphDefinition {
	const result = parseGraph(text, nodes);
	if ("faults" in result) throw new DefinitionFaults(result.faults);
	return result.definition;
}

/** What `GET /nodes` says of one. */
function nodeJson({ config, ...metadata }: NodeMetadata): Record<string, unknown> {
	const schema = config === undefined ? null : inputJsonSchema(config);
	return schema === null ? { ...metadata } : { ...metadata, config: schema };
}
