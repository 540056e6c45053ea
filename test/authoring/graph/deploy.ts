/** Graphs under test: parsed, put into the registry of programs, created, and driven through their waits. */

import type { GraphDefinition, Json, JsonObject } from "../../../src/authoring/graph/definition";
import type { EdgeMap, ExecutionContext } from "../../../src/authoring/graph/node";
import { WorkflowNode } from "../../../src/authoring/graph/node";
import { parseGraph } from "../../../src/authoring/graph/parse";
import { type GraphServices, graphProgram } from "../../../src/authoring/graph/program";
import { NodeRegistry } from "../../../src/authoring/graph/registry";
import type { Program } from "../../../src/engine/program";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { isTerminal } from "../../../src/model/status";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";

let types = 0;

export interface Written {
	workflow: Json[];
	initialState?: JsonObject;
	settings?: JsonObject;
	input?: JsonObject;
}

export interface Surroundings extends GraphServices {
	nodes?: NodeRegistry;
}

export function definitionOf(written: Written, nodes: NodeRegistry): GraphDefinition {
	const id = `graph-${++types}`;
	const parsed = parseGraph({ id, name: id, version: "1.0.0", ...written } as Json, nodes);
	if ("faults" in parsed) throw new Error(parsed.faults.map(({ message }) => message).join("\n"));
	return parsed.definition;
}

export interface Deployed {
	definition: GraphDefinition;
	program: Program;
	instance: TestInstance;
}

export async function start(
	written: Written | Json[],
	payload: unknown = null,
	{ nodes = new NodeRegistry(), ...services }: Surroundings = {},
): Promise<Deployed> {
	const definition = definitionOf(Array.isArray(written) ? { workflow: written } : written, nodes);
	const program = graphProgram(definition, nodes, services);
	programs.set(definition.id, program);
	return { definition, program, instance: await TestInstance.create(definition.id, payload) };
}

/** What may come between two waits of an instance: each is to change nothing. */
export const UPSETS: Readonly<Record<string, (instance: TestInstance) => Promise<void>>> = {
	"in one piece": async () => {},
	"evicted at each wait": (instance) => instance.evict(),
	"crashed at each wait": (instance) => instance.crash(),
};

/** The status once it has ended, however often it sleeps before. */
export async function ended(
	instance: TestInstance,
	upset: (instance: TestInstance) => Promise<void> = async () => {},
): Promise<WorkflowStatusResponse> {
	for (;;) {
		const status = await instance.until(({ status }) => status !== "running");
		if (isTerminal(status.status)) return status;
		await upset(instance);
		await instance.advance((status.wakeAt ?? clock.now()) - clock.now());
	}
}

/** Runs it to its end, which is to be a good one; returns the state. */
export async function resultOf(
	written: Written | Json[],
	payload: unknown = null,
	surroundings: Surroundings = {},
): Promise<Record<string, unknown>> {
	const { instance } = await start(written, payload, surroundings);
	const { status, result, errorDetails } = await ended(instance);
	if (status !== "completed") throw new Error(`${status}: ${JSON.stringify(errorDetails)}`);
	return result as Record<string, unknown>;
}

export type Execute = (context: ExecutionContext, config: JsonObject) => EdgeMap | Promise<EdgeMap>;

/** A registry that has these nodes too, by id. */
export function nodesWith(
	own: Readonly<Record<string, Execute>>,
	settings: ConstructorParameters<typeof NodeRegistry>[0] = {},
): NodeRegistry {
	const nodes = new NodeRegistry(settings);
	for (const [id, execute] of Object.entries(own)) nodes.register(nodeClass(id, execute));
	return nodes;
}

export function nodeClass(id: string, execute: Execute, more: object = {}) {
	return class extends WorkflowNode {
		readonly metadata = { id, name: id, version: "1.0.0", ...more };
		async execute(context: ExecutionContext, config: JsonObject): Promise<EdgeMap> {
			return await execute(context, config);
		}
	};
}

/** Nodes that note their calls: each gives the number of its call. */
export function witness() {
	const calls: string[] = [];
	const noted =
		(name: string, execute: Execute = () => ({ success: () => calls.length })): Execute =>
		(context, config) => {
			calls.push(name);
			return execute(context, config);
		};
	return { calls, noted };
}
