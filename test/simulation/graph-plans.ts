/**
 * Plans as graphs: written as definitions, parsed, and run over the same `Step`. A graph names its
 * steps by their addresses; here they have the places of the plan. Plans for it have sequences, loops,
 * branches and routes for errors. What they come to: `graph-model.ts`.
 */
import type {
	GraphDefinition,
	Json,
	JsonObject,
	KnownNodes,
} from "../../src/authoring/graph/definition";
import { parseGraph } from "../../src/authoring/graph/parse";
import { graphProgram } from "../../src/authoring/graph/program";
import type { RunInfo, StepContext, StyleStep } from "../../src/engine/program";
import {
	type EdgeMap,
	type ExecutionContext,
	NodeRegistry,
	type Untyped,
	WorkflowNode,
} from "../../src/library";
import { keyOf, QUICK } from "./machine-plans";
import { childPath, type DoPlan, type Plan, ROOT } from "./plan";

/** What an attempt of a step does. */
type Attempt = (plan: DoPlan, context: Pick<StepContext, "key" | "attempt">) => unknown;

interface Written {
	definition: GraphDefinition;
	/** Of steps in the journal, by their addresses. */
	names: ReadonlyMap<string, string>;
	/** What is done at a place of the plan. */
	steps: ReadonlyMap<string, DoPlan>;
}

/** Gives the steps that its state knows of. */
export async function runGraph(
	{ step, info }: { step: StyleStep; info: RunInfo },
	plan: Plan,
	attempt: Attempt,
): Promise<unknown> {
	const { definition, names, steps } = writtenOf(plan);
	const nodes = new NodeRegistry();
	nodes.register(nodeOf(steps, attempt));
	const program = graphProgram(definition, nodes);
	// What a loop or branches do themselves is told as well.
	const around = (context: StepContext) => attempt(QUICK, context);
	const state = await program.run(renamed({ step, info }, names, around), null, info);
	return didOf(state as Record<string, unknown>);
}

export function didOf(state: Record<string, unknown>): string[] {
	return Object.keys(state)
		.filter((key) => key.startsWith("did "))
		.sort();
}

/** The place of a loop's body, of what is tried, and of what is done about its error. */
export const PART = { body: "again", tried: "try", inner: "in", rescue: "catch" } as const;

const KEPT = 50;
const kept = new Map<string, Written>();

/** A plan is replayed many times. */
function writtenOf(plan: Plan): Written {
	const text = JSON.stringify(plan);
	const written = kept.get(text) ?? new Writer().write(plan);
	kept.delete(text);
	kept.set(text, written);
	const [oldest] = kept.keys();
	if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
	return written;
}

function nodeOf(steps: ReadonlyMap<string, DoPlan>, attempt: Attempt) {
	return class extends WorkflowNode {
		readonly metadata = { id: "act", name: "Act", version: "1.0.0" };

		async execute(context: ExecutionContext, config: Untyped): Promise<EdgeMap> {
			const key = keyOf(context);
			const plan = steps.get(config.at);
			if (plan === undefined) throw new Error(`no plan is at "${config.at}"`);
			const result = await attempt(plan, { key, attempt: context.attempt });
			context.state[`did ${key}`] = true;
			return { success: () => result };
		}
	};
}

/** `step` by the places of the plan, with a line of the log for each call, as if the program wrote it. */
function renamed(
	{ step, info }: { step: StyleStep; info: RunInfo },
	names: ReadonlyMap<string, string>,
	around: (context: StepContext) => unknown,
): StyleStep {
	const noted = (address: string): string => {
		const name = names.get(address);
		if (name === undefined) throw new Error(`the graph asks for a step "${address}"`);
		info.log("info", name);
		return name;
	};
	return {
		do: (address: string, fn: Untyped, options: Untyped) => {
			const name = noted(address);
			if (address.endsWith("/act")) return step.do(name, fn, options);
			const told = (context: StepContext) => {
				around(context);
				return fn(context);
			};
			return step.do(name, told, options);
		},
		sleep: (name, duration) => step.sleep(noted(name), duration),
		waitForEvent: (name: string, options: Untyped) => step.waitForEvent(noted(name), options),
	} as StyleStep;
}

const known: KnownNodes = (() => {
	const nodes = new NodeRegistry();
	nodes.register(nodeOf(new Map(), () => undefined));
	return nodes;
})();

class Writer {
	/** By the `$name` of its place. */
	readonly #paths = new Map<string, string>();
	readonly #steps = new Map<string, DoPlan>();

	write(plan: Plan): Written {
		const workflow = this.#list(plan, ROOT);
		const parsed = parseGraph({ id: "plan", name: "plan", version: "1.0.0", workflow }, known);
		if ("faults" in parsed) throw new Error(JSON.stringify(parsed.faults));
		const { definition } = parsed;
		const names = Array.from(definition.places.values(), ({ address, name }) => {
			return [address, this.#paths.get(name ?? "") ?? address] as const;
		});
		return { definition, names: new Map(names), steps: this.#steps };
	}

	#list(plan: Plan, path: string): Json[] {
		switch (plan.op) {
			case "do": {
				const { limit, delayMs, timeoutMs } = plan;
				this.#steps.set(path, plan);
				const $retry = { limit, delay: delayMs, backoff: "fixed" };
				const timeout: JsonObject = timeoutMs === null ? {} : { $timeout: timeoutMs };
				return [{ act: { ...this.#name(path), at: path, $retry, ...timeout } }];
			}
			case "sleep":
				return [{ delay: { ...this.#name(path), duration: plan.ms } }];
			case "wait": {
				const { event, timeoutMs } = plan;
				const timeout: JsonObject = timeoutMs === null ? {} : { timeout: timeoutMs };
				return [{ "wait-event": { ...this.#name(path), event, ...timeout } }];
			}
			case "seq":
				return plan.of.flatMap((node, index) => this.#list(node, childPath(path, index)));
			case "again": {
				const body = this.#list(plan.body, childPath(path, PART.body));
				return [{ loop: { ...this.#name(path), times: plan.times, "loop?": body } }];
			}
			case "parallel": {
				const branches = plan.of.map((node, index): [string, Json] => {
					return [`${index}?`, this.#list(node, childPath(path, index))];
				});
				const { onError } = plan;
				return [{ parallel: { ...this.#name(path), onError, ...Object.fromEntries(branches) } }];
			}
			case "try": {
				// A route is the rest of its list: what comes after is outside of a branch around it.
				const inner: JsonObject = {
					...this.#name(childPath(path, PART.inner)),
					[`${PART.tried}?`]: this.#list(plan.body, childPath(path, PART.tried)),
					"error?": this.#list(plan.handler, childPath(path, PART.rescue)),
				};
				return [{ parallel: { ...this.#name(path), "whole?": [{ parallel: inner }] } }];
			}
			default:
				throw new Error(`a graph has no "${plan.op}"`);
		}
	}

	#name(path: string): { $name: string } {
		const $name = `s${this.#paths.size}`;
		this.#paths.set($name, path);
		return { $name };
	}
}
