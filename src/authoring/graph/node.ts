/**
 * Nodes: what a graph is made of. A node is a class with `metadata` and `execute`, which does its work
 * and says by which edges it may be left; the first edge whose function returns something is taken,
 * and what it returned is the node's output.
 *
 *   class Greet extends WorkflowNode {
 *     metadata = { id: "greet", name: "Greet", version: "1.0.0", inputs: ["who"], outputs: ["text"] };
 *     async execute({ inputs }: ExecutionContext): Promise<EdgeMap> {
 *       return { success: () => ({ text: `Hello, ${inputs.who}!` }) };
 *     }
 *   }
 *
 * It runs as a journaled step: `execute` may be called again after a crash or a failure, and never
 * once its outcome is recorded. What it changes in `state` counts when it has succeeded.
 */

import type { RetryOptions } from "../../model/retry";
import type { Schema } from "../../model/standard-schema";
import type { Untyped } from "./untyped";

export interface NodeMetadata {
	readonly id: string;
	readonly name: string;
	readonly description?: string;
	/** `1.2.3` */
	readonly version: string;
	/** Names that `inputs` has: each is the parameter of that name, or else the key of the state. */
	readonly inputs?: readonly string[];
	/** Names of what it gives, for people. */
	readonly outputs?: readonly string[];
	/** Edges that it may be left by. Default: any. */
	readonly edges?: readonly string[];
	/** The parameter that a value gives which is no object: `{ "log": "hello" }`. */
	readonly shorthand?: string;
	/** Of its parameters: a Standard Schema. Default: any. */
	readonly config?: Schema;
	/** Parameters that are JSONata where they are text: the node is given what they come to. */
	readonly expressions?: readonly string[];
	/** Of its places, where neither they nor their definition say anything of it. */
	readonly retry?: RetryOptions;
}

export interface ExecutionContext {
	/** A copy: changes to it become the state's when the node has succeeded. */
	readonly state: Record<string, Untyped>;
	readonly inputs: Readonly<Record<string, Untyped>>;
	/** What the instance was created with. */
	readonly input: Untyped;
	/** The type. */
	readonly workflowId: string;
	readonly nodeId: string;
	/** The instance's id. */
	readonly executionId: string;
	/** The edges that lead somewhere from here. */
	readonly edges: readonly string[];
	/** Of the attempt: from 1. */
	readonly attempt: number;
	/** How many there are at most; null: what the type or the instance says. */
	readonly attemptsMax: number | null;
	/** The same for each attempt (`<execution>/<place>`): for the other side to tell a repeat by. */
	readonly idempotencyKey: string;
	/** Aborted when the attempt times out, the instance ends, or a branch beside it has failed. */
	readonly signal: AbortSignal;
	log(
		level: "debug" | "info" | "warn" | "error",
		message: string,
		fields?: Record<string, unknown>,
	): void;
	/**
	 * Keeps other branches from changing keys of the state until the node has ended.
	 *
	 * @throws {WorkflowError} `STATE_LOCKED`, naming the key and who has it.
	 */
	lock(keys: readonly string[]): void;
}

/** The output, if the node is left by this edge; undefined: it is not. */
export type EdgeFunction = (context: ExecutionContext) => Untyped;
export type EdgeMap = Record<string, EdgeFunction>;

export abstract class WorkflowNode {
	abstract readonly metadata: NodeMetadata;
	abstract execute(
		context: ExecutionContext,
		config?: Readonly<Record<string, Untyped>>,
	): Promise<EdgeMap>;
}
