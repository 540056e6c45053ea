/** Graphs under test: parsed, put into the registry of programs, created, and driven through their waits. */

import type {
	GraphDefinition,
	Json,
	JsonObject,
	Place,
	Route,
	Stop,
} from "../../../src/authoring/graph/definition";
import type { EdgeMap, ExecutionContext } from "../../../src/authoring/graph/node";
import { WorkflowNode } from "../../../src/authoring/graph/node";
import { type GraphServices, graphProgram } from "../../../src/authoring/graph/program";
import { NodeRegistry } from "../../../src/authoring/graph/registry";
import type { Program } from "../../../src/engine/program";
import type { WorkflowStatusResponse } from "../../../src/model/http";
import { LIMITS } from "../../../src/model/limits";
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

export function definitionOf({
	workflow,
	initialState = {},
	settings = {},
	input,
}: Written): GraphDefinition {
	const id = `graph-${++types}`;
	const places = new Map<string, Place>();
	const tops = new Map<string, string>();
	for (const [index, item] of workflow.entries()) {
		for (const [node, value] of Object.entries(item as JsonObject)) {
			const address = `${index}/${node}`;
			if (!tops.has(node)) tops.set(node, address);
			const name = (value as JsonObject).$name;
			if (typeof name === "string") tops.set(name, address);
		}
	}
	const stopOf = (node: string, value: JsonObject, address: string): Stop => {
		const edges = new Map<string, Route>();
		const config: JsonObject = {};
		const options: Record<string, unknown> = {};
		places.set(address, {
			address,
			node,
			name: typeof value.$name === "string" ? value.$name : null,
			config,
			options,
			edges,
		});
		for (const [key, given] of Object.entries(value)) {
			if (key.endsWith("?")) edges.set(key.slice(0, -1), routeOf(given, `${address}/${key}`));
			else if (key === "$name") continue;
			else if (key.startsWith("$")) options[key.slice(1)] = given;
			else config[key] = given;
		}
		return { place: address };
	};
	const routeOf = (route: Json, address: string): Stop[] => {
		if (typeof route === "string") {
			const jump = tops.get(route);
			return jump === undefined ? [stopOf(route, {}, `${address}/${route}`)] : [{ jump }];
		}
		if (Array.isArray(route))
			return route.flatMap((item, index) => routeOf(item, `${address}/${index}`));
		return Object.entries(route as JsonObject).map(([node, value]) =>
			stopOf(node, value as JsonObject, `${address}/${node}`),
		);
	};
	const start = workflow.flatMap((item, index) => routeOf(item, `${index}`));
	return {
		id,
		name: id,
		version: "1.0.0",
		about: { description: null, tags: [], metadata: null },
		initialState,
		input: input ?? null,
		settings: {
			maxIterations: LIMITS.graphIterations,
			maxExecutions: LIMITS.graphExecutions,
			...settings,
		},
		places,
		start,
	};
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
	const definition = definitionOf(Array.isArray(written) ? { workflow: written } : written);
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
			return execute(context, config);
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
