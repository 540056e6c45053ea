/**
 * A machine as data: what the builder makes and the runner follows. Nothing here is as users write
 * it (`options.ts`): defaults are filled in, targets are resolved, all of it has been checked.
 *
 *   workflow("greet").task("look-up", { handler: lookUp }).pass("done", { transform }).build()
 *
 * is
 *
 *   { type: "greet", steps: new Map([
 *       ["look-up", { kind: "task", name: "look-up", next: "done", work: { handler: lookUp, … } }],
 *       ["done", { kind: "pass", name: "done", next: null, … }],
 *     ]), first: "look-up", … }
 */
import type { StepOptions } from "../../engine/program";
import type { Schema } from "../../model/standard-schema";
import type { MachineContext } from "./context";

/** What user code is given, whatever its own types say. */
export type AnyContext = MachineContext<unknown, object, unknown>;

/** Gives a step its input: from what came before, and what the instance was created with. */
export type Mapper = (prev: unknown, workflowInput: unknown) => unknown;

export interface Work {
	/** A schema is for the workflow's input. Null: the step is given what came before it. */
	readonly input: Schema | Mapper | null;
	readonly output: Schema | null;
	/** Of the engine's step; undefined: the machine's. */
	readonly options: StepOptions | undefined;
}

interface Named {
	readonly name: string;
}

/** Null: the machine, or the branch, ends with this step. */
interface Leading extends Named {
	readonly next: string | null;
}

export interface TaskStep extends Leading {
	readonly kind: "task";
	readonly work: Work;
	readonly handler: (input: unknown, ctx: AnyContext) => unknown;
}

/** A task whose handler is a job that the service was given. */
export interface JobStep extends Leading {
	readonly kind: "job";
	readonly job: string;
	readonly options: StepOptions | undefined;
	readonly input: ((ctx: AnyContext) => unknown) | null;
	readonly output: ((result: unknown, ctx: AnyContext) => unknown) | null;
}

export interface ParallelStep extends Leading {
	readonly kind: "parallel";
	readonly branches: readonly Branch[];
	readonly onError: "fail-fast" | "wait-all";
}

export interface ChoiceStep extends Named {
	readonly kind: "choice";
	readonly choices: readonly {
		readonly condition: (ctx: AnyContext) => unknown;
		readonly next: string;
	}[];
	readonly fallback: string | null;
}

export interface PassStep extends Leading {
	readonly kind: "pass";
	/** Null: what came before goes on. */
	readonly transform: ((ctx: AnyContext) => unknown) | null;
}

export interface PollStep extends Leading {
	readonly kind: "poll";
	readonly work: Work;
	readonly check: (input: unknown, ctx: AnyContext) => unknown;
	readonly intervalMs: number;
	readonly bounds: Bounds;
}

export interface LoopStep extends Leading {
	readonly kind: "loop";
	readonly condition: (ctx: AnyContext) => unknown;
	/** A step before it. */
	readonly target: string;
	readonly intervalMs: number;
	readonly bounds: Bounds;
}

export interface SleepStep extends Leading {
	readonly kind: "sleep";
	/** So long, or until then. */
	readonly until: { readonly lengthMs: number } | { readonly moment: Date | number };
}

export interface WaitStep extends Leading {
	readonly kind: "wait";
	readonly event: string;
	readonly timeoutMs: number | null;
}

/** Null: none. */
export interface Bounds {
	/** Checks of a poll, turns of a loop. */
	readonly times: number | null;
	/** From the first of them. */
	readonly timeoutMs: number | null;
}

export type MachineStep =
	| TaskStep
	| JobStep
	| ParallelStep
	| ChoiceStep
	| PassStep
	| PollStep
	| LoopStep
	| SleepStep
	| WaitStep;

/** Steps and where they begin: of a machine, or of a branch. */
export interface Sequence {
	/** By name, in the order in which they were written. */
	readonly steps: ReadonlyMap<string, MachineStep>;
	readonly first: string;
}

/** `workflow.branch("shipping")…build()` */
export interface Branch extends Sequence {
	readonly name: string;
}

/** Where a step may lead, with the word for when, if there is one. */
export interface Lead {
	to: string;
	label?: string;
	/** Back, to another turn. */
	isBack?: true;
}

/** The steps that may follow a step. */
export function targetsOf(step: MachineStep): Lead[] {
	switch (step.kind) {
		case "choice": {
			const arms = step.choices.map(({ next }, index) => ({ to: next, label: `${index + 1}` }));
			return step.fallback === null ? arms : [...arms, { to: step.fallback, label: "default" }];
		}
		case "loop": {
			const back: Lead = { to: step.target, label: "again", isBack: true };
			return step.next === null ? [back] : [back, { to: step.next }];
		}
		case "poll": {
			const again: Lead = { to: step.name, label: "again", isBack: true };
			return step.next === null ? [again] : [again, { to: step.next }];
		}
		default:
			return step.next === null ? [] : [{ to: step.next }];
	}
}
