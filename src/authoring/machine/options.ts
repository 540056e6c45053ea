/**
 * What users write of each step, typed so that inputs, outputs and earlier steps are known to the
 * handlers. What is made of it: `parse-step.ts`.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "../../model/duration";
import type { Schema } from "../../model/standard-schema";
import type { TypeDeclaration } from "../declaration";
import type { Branch } from "./definition";
import type { Untyped } from "./services";

/** What a machine may say of itself beside its steps; retries and timeout: by its builder. */
export interface MachineOptions extends Omit<TypeDeclaration, "timeout" | "defaults"> {
	/** A Standard Schema: an input that it refuses creates nothing. */
	input?: Schema;
	/** Of each attempt of tasks and polls that say nothing of it. */
	stepTimeout?: Duration | string;
}

export interface RetryConfig {
	/** Attempts in all, the first included. Default 3. */
	maxAttempts?: number;
	/** Before the second attempt, in ms. Default 1,000. */
	intervalMs?: number;
	/** By which the delay grows with each attempt, at least 1. Default 2. */
	backoffRate?: number;
	/** No delay is longer, in ms. Default 30,000. */
	maxIntervalMs?: number;
	/** Which errors are worth another attempt: by name, code, or a part of the message. Default: all. */
	retryOn?: readonly string[] | ((error: Error & { code?: unknown }, attempt: number) => boolean);
}

/** Where it goes on. Neither: with the step written after it, if there is one. */
export interface Flow<Next extends string, End extends boolean> {
	/** Name of a step. */
	next?: Next;
	/** The machine, or the branch, ends with this step. */
	end?: End;
}

export interface Attempts {
	retry?: RetryConfig;
	/** Of each attempt. */
	timeout?: Duration;
}

/** A step's output goes through the schema; what it refuses fails the instance. */
type Output<Returned, Out> = StandardSchemaV1<Returned, Out>;
type Handler<In, Ctx, Returned> = (input: In, ctx: Ctx) => Returned | Promise<Returned>;

export interface SchemaTask<S extends Schema, Ctx, Returned, Out> extends Attempts {
	/** Of the workflow's input; the handler is given what it makes of it. */
	inputSchema: S;
	outputSchema?: Output<Returned, Out>;
	handler: Handler<StandardSchemaV1.InferOutput<S>, Ctx, Returned>;
}

export interface MappedTask<Prev, Input, In, Ctx, Returned, Out> extends Attempts {
	/** From the output of the step before, and the workflow's input. */
	inputSchema: (prev: Prev, workflowInput: Input) => In;
	outputSchema?: Output<Returned, Out>;
	handler: Handler<In, Ctx, Returned>;
}

export interface PlainTask<In, Ctx, Returned, Out> extends Attempts {
	inputSchema?: undefined;
	outputSchema?: Output<Returned, Out>;
	/** Its input is the output of the step before; of the first one, the workflow's input. */
	handler: Handler<In, Ctx, Returned>;
}

export interface JobTask<Ctx, Out> extends Attempts {
	/** One of the jobs that the service was given. */
	job: string;
	/** Default: as a handler without a schema is given it. */
	input?: (ctx: Ctx) => unknown;
	/** Default: what the job returned. */
	output?: (result: Untyped, ctx: Ctx) => Out | Promise<Out>;
}

export interface ParallelOptions<Branches extends readonly Branch[]> {
	branches: Branches;
	/**
	 * `fail-fast`: the first error is the step's, the other branches are told by their signals and go
	 * no further. `wait-all`: all branches end, then their errors are one `AggregateError`. Default
	 * `"fail-fast"`.
	 */
	onError?: "fail-fast" | "wait-all";
}

export interface ChoiceOptions<Ctx, Next extends string> {
	/** The first one whose condition holds is taken. */
	choices: readonly { condition: (ctx: Ctx) => unknown; next: Next }[];
	/** Where none holds; without it, that is an error. */
	default?: Next;
}

/** Neither: what came before goes on. */
export interface PassOptions<Ctx, Out> {
	transform?: (ctx: Ctx) => Out | Promise<Out>;
	result?: Out;
}

export type Checked<Result> = { done: false } | { done: true; result?: Result };

interface PollBasics extends Attempts {
	/** Between two checks, in ms. */
	interval: Duration;
	/** From the first check on, in ms: past it, one more check has the last word. */
	timeout?: Duration;
	/** Checks in all. */
	maxAttempts?: number;
}

/** `check` is called until it says `done`; what it throws fails the step. */
export interface SchemaPoll<S extends Schema, Ctx, Result> extends PollBasics {
	inputSchema: S;
	check: Handler<StandardSchemaV1.InferOutput<S>, Ctx, Checked<Result>>;
}

export interface MappedPoll<Prev, Input, In, Ctx, Result> extends PollBasics {
	inputSchema: (prev: Prev, workflowInput: Input) => In;
	check: Handler<In, Ctx, Checked<Result>>;
}

export interface PlainPoll<In, Ctx, Result> extends PollBasics {
	inputSchema?: undefined;
	check: Handler<In, Ctx, Checked<Result>>;
}

/** At least one of `maxIterations` and `timeout`. */
export interface LoopOptions<Ctx, Target extends string> {
	/** Whether to go back once more. */
	condition: (ctx: Ctx) => unknown;
	/** A step before this one. */
	target: Target;
	/** Before each turn, in ms. Default 0. */
	interval?: Duration;
	/** How often it may go back; wanting more is an error. */
	maxIterations?: number;
	/** From the first time that the condition is asked, in ms. */
	timeout?: Duration;
}

/** One of the two. */
export interface SleepOptions {
	duration?: Duration;
	until?: Date | number;
}

export interface WaitOptions {
	/** Default: the step's name. */
	event?: string;
	/** Default: no end. */
	timeout?: Duration;
}
