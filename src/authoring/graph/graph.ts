/**
 * `graph(definition)`: a graph in a project's code, as an entry of its registry. Definitions that are
 * stored while a service runs are parsed by the same parser.
 *
 *   definition.ts  the format        parse.ts      and what is wrong with one
 *   node.ts        what a node is    registry.ts   and which there are
 *   program.ts     what is run       thread.ts     and how
 */
import { type Program, type ProgramSource, toProgram } from "../../engine/program";
import { DefinitionFaults } from "../../model/definition";
import { serviceChildren } from "./children";
import type { GraphDefinition, Json } from "./definition";
import { parseGraph } from "./parse";
import { type GraphServices, graphProgram } from "./program";
import { NodeRegistry } from "./registry";

export interface GraphOptions extends GraphServices {
	/** Default: the built-in ones. */
	nodes?: NodeRegistry | undefined;
}

/** An entry of the registry. */
export interface GraphWorkflow extends ProgramSource {
	/** The type. */
	readonly id: string;
	readonly definition: GraphDefinition;
}

/**
 * The text of a definition, or its JSON, as a type.
 *
 * @throws {DefinitionFaults} with all that is wrong with it.
 * @example
 * import approval from "./order-approval.json";
 * const order = graph(approval, { nodes });
 * export const registry = { [order.id]: order };
 */
export function graph(
	source: string | Json,
	{ nodes, children = serviceChildren }: GraphOptions = {},
): GraphWorkflow {
	const known = nodes ?? new NodeRegistry();
	const parsed = parseGraph(source, known);
	if ("faults" in parsed) throw new DefinitionFaults(parsed.faults);
	const { definition } = parsed;
	let program: Program | undefined;
	return {
		id: definition.id,
		definition,
		[toProgram]() {
			program ??= graphProgram(definition, known, { children });
			return program;
		},
	};
}
