/** What the compiler knows of a machine while it is being written. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "../../model/standard-schema";
import type { MachineContext } from "./context";
import type { Branch } from "./definition";
import type { Untyped } from "./services";

/** In the place of the output of a step before, where there is none. */
export interface Start {
	readonly start: "of the machine";
}

/** Known of a machine so far. */
export interface Shape {
	/** The workflow's input. */
	input: unknown;
	/** Outputs by step. */
	steps: object;
	/** Output of the step that leads to the next one written. */
	prev: unknown;
	/** Names that `next`, `default` and choices have asked for. */
	targets: string;
}

export type IsUntyped<T> = 0 extends 1 & T ? true : false;

/** A step that is jumped to may come after any other. */
type Before<K extends Shape, Name> = [Name] extends [K["targets"]] ? Untyped : K["prev"];

/** `prev` of the step `Name`. */
export type PrevOf<K extends Shape, Name> =
	IsUntyped<Before<K, Name>> extends true
		? Untyped
		: [Before<K, Name>] extends [Start]
			? undefined
			: Before<K, Name>;

/** What a step is given that does not say what it takes. */
export type InputOf<K extends Shape, Name> =
	IsUntyped<Before<K, Name>> extends true
		? Untyped
		: [Before<K, Name>] extends [Start]
			? K["input"]
			: Before<K, Name>;

export type ContextOf<K extends Shape, Name> = MachineContext<
	K["input"],
	K["steps"],
	PrevOf<K, Name>
>;

/** The machine with one step more. */
export interface With<
	K extends Shape,
	Name extends string,
	Out,
	Step extends { next?: string; leaves?: boolean; prev?: unknown; input?: unknown },
> {
	input: Step extends { input: infer Input } ? Input : K["input"];
	steps: K["steps"] & { readonly [Key in Name]: Out };
	prev: Step["leaves"] extends true ? Untyped : Step extends { prev: infer Prev } ? Prev : Out;
	targets: K["targets"] | (Step extends { next: infer Next extends string } ? Next : never);
}

/** Whether what is written next is not what comes next. */
export type Leaves<Next extends string, End extends boolean> = [Next] extends [never]
	? true extends End
		? true
		: false
	: true;

/** A schema says what the workflow's input is where nothing else has. */
export type InputAfter<K extends Shape, S extends Schema> =
	IsUntyped<K["input"]> extends true ? StandardSchemaV1.InferInput<S> : K["input"];

/** What a parallel step gives: each branch's output. */
export type OutputsOf<Branches extends readonly Branch[]> = {
	[B in Branches[number] as B["name"]]: B extends { readonly types?: { output: infer Out } }
		? Out
		: Untyped;
};

/** Names that were asked for and are no steps; names that are any string are left to `build()`. */
export type Unknown<K extends Shape> = string extends K["targets"]
	? never
	: Exclude<K["targets"], keyof K["steps"] & string>;
