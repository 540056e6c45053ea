/** From a definition to the program that the engine runs. */
import type { Program, RunInfo, StyleStep } from "../../engine/program";
import type { PanicOptions } from "../../model/panic";
import type { RetryOptions } from "../../model/retry";
import type { Schema } from "../../model/standard-schema";
import type { ConcurrencyOptions, RateOptions } from "../../model/type-policy";
import { panicOptions, retryOptions } from "../configs";
import { declared } from "../declaration";
import type { Children } from "./control";
import type { GraphDefinition } from "./definition";
import { inspection } from "./execution";
import { graphOf } from "./graph-of";
import { inputSchema } from "./input-schema";
import { SUB_WORKFLOW, SUFFIX } from "./outcome";
import { worthRetrying } from "./prepared";
import type { NodeRegistry } from "./registry";
import { GraphCode, Run } from "./run";
import { Thread } from "./thread";

/** What a service gives the graphs that it runs. */
export interface GraphServices {
	/** Of the node `sub-workflow`. */
	readonly children?: Children | undefined;
}

/**
 * The program of a parsed definition. Its result is the state at the end.
 *
 * @throws {ValidationError} for settings that no type can have, and for an `input` that is no schema.
 * @example
 * const parsed = parseGraph(text, nodes);
 * if ("definition" in parsed) programs.set(parsed.definition.id, graphProgram(parsed.definition, nodes));
 */
export function graphProgram(
	definition: GraphDefinition,
	nodes: NodeRegistry,
	{ children = undefined }: GraphServices = {},
): Program {
	const code = new GraphCode(definition, nodes, children ?? null);
	return {
		...declaredBy(definition),
		graph: graphOf(definition, nodes),
		inspect: inspection(definition),
		beginOf: (key) => beginOf(definition, key),
		async run(step: StyleStep, payload: unknown, info: RunInfo): Promise<unknown> {
			const run = new Run(code, step, payload, info);
			await new Thread(run, definition.start, null).run();
			return run.state.values();
		},
	};
}

/** The wait for a sub-workflow goes on with its start: its end is told once. */
function beginOf({ places }: GraphDefinition, key: string): string {
	const [, address = "", visit = ""] = /^(.*?)(#\d+)?$/s.exec(key) ?? [];
	const waits = places.get(address)?.node === SUB_WORKFLOW;
	return waits ? `${address}${SUFFIX.start}${visit}` : key;
}

function declaredBy(definition: GraphDefinition): Omit<Program, "run"> {
	const { id, version, about, settings, input } = definition;
	const { retry, panic, timeout, concurrency, rate, retention } = settings;
	// The parser has looked at all of these; `declared` does again, for definitions made otherwise.
	const retries = retry === undefined ? {} : retryOptions(retry as unknown as RetryOptions);
	const { description, tags, metadata } = about;
	const schema: Schema | undefined = input === null ? undefined : inputSchema(input);
	return declared(
		id,
		{
			version,
			defaults: { retries: { ...retries, retryOn: worthRetrying(retries.retryOn) } },
			timeout: timeout as string | undefined,
			panic: panic === undefined ? undefined : panicOptions(panic as unknown as PanicOptions),
			concurrency: concurrency as unknown as ConcurrencyOptions | undefined,
			rate: rate as unknown as RateOptions | undefined,
			retention: retention as string | undefined,
			...(description === null ? {} : { description }),
			tags,
			...(metadata === null ? {} : { metadata }),
		},
		schema,
	);
}
