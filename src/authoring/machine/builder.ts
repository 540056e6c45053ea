/**
 * The builder: a method for each kind of step, and `build()`. It keeps what is written, in order;
 * what is wrong with a step by itself is said as it is written, what is wrong with the whole when it
 * is built.
 */
import type { ProgramSource } from "../../engine/program";
import type { Duration } from "../../model/duration";
import type { Schema } from "../../model/standard-schema";
import { branchOf, machineOf, type Written } from "./build";
import type { Branch } from "./definition";
import type {
	ChoiceOptions,
	Flow,
	JobTask,
	LoopOptions,
	MappedPoll,
	MappedTask,
	ParallelOptions,
	PassOptions,
	PlainPoll,
	PlainTask,
	RetryConfig,
	SchemaPoll,
	SchemaTask,
	SleepOptions,
	WaitOptions,
} from "./options";
import { draftOf } from "./parse-step";
import type { Untyped } from "./services";
import type {
	ContextOf,
	InputAfter,
	InputOf,
	Leaves,
	OutputsOf,
	PrevOf,
	Shape,
	Unknown,
	With,
} from "./shape";

/** A built machine: an entry of the registry. */
export interface Machine<Input = unknown> extends ProgramSource {
	readonly name: string;
	/** For the compiler only. */
	readonly types?: { input: Input };
}

/** `workflow.branch("shipping")…build()`; `types` is for the compiler only. */
export interface BuiltBranch<Name extends string, Output> extends Branch {
	readonly name: Name;
	readonly types?: { output: Output };
}

/** What is being built: a machine, or a branch of that name. */
export type Target = { machine: true } | { branch: string };

type Built<K extends Shape, T extends Target> = T extends { branch: infer Name extends string }
	? BuiltBranch<Name, K["prev"]>
	: Machine<K["input"]>;

export class MachineBuilder<K extends Shape, T extends Target> {
	readonly #written: Written;

	/** `workflow(name)` and `workflow.branch(name)` make one. */
	constructor(written: Written) {
		this.#written = written;
	}

	/**
	 * A step that calls a handler. `inputSchema` is a schema of the workflow's input, or a function
	 * that makes the handler's input; left out, that is the output of the step before.
	 *
	 * @throws {ValidationError} for options that are none.
	 * @example
	 * .task("charge", {
	 *   inputSchema: (prev, order) => ({ amount: prev.total, card: order.card }),
	 *   handler: (input, ctx) => pay(input, ctx.idempotencyKey),
	 *   retry: { maxAttempts: 5 }, timeout: 30_000,
	 * })
	 */
	task<
		const Name extends string,
		S extends Schema,
		Returned,
		Out = Returned,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: SchemaTask<S, ContextOf<K, Name>, Returned, Out> & Flow<Next, End>,
	): MachineBuilder<
		With<K, Name, Out, { next: Next; leaves: Leaves<Next, End>; input: InputAfter<K, S> }>,
		T
	>;
	task<
		const Name extends string,
		In,
		Returned,
		Out = Returned,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: MappedTask<PrevOf<K, Name>, K["input"], In, ContextOf<K, Name>, Returned, Out> &
			Flow<Next, End>,
	): MachineBuilder<With<K, Name, Out, { next: Next; leaves: Leaves<Next, End> }>, T>;
	task<
		const Name extends string,
		Out = Untyped,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: JobTask<ContextOf<K, Name>, Out> & Flow<Next, End>,
	): MachineBuilder<With<K, Name, Out, { next: Next; leaves: Leaves<Next, End> }>, T>;
	task<
		const Name extends string,
		Returned,
		Out = Returned,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: PlainTask<InputOf<K, Name>, ContextOf<K, Name>, Returned, Out> & Flow<Next, End>,
	): MachineBuilder<With<K, Name, Out, { next: Next; leaves: Leaves<Next, End> }>, T>;
	task(name: string, options: object): unknown {
		return this.#add("task", name, options);
	}

	/** Branches side by side; its output is an object with each branch's output by name. */
	parallel<
		const Name extends string,
		const Branches extends readonly Branch[],
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: ParallelOptions<Branches> & Flow<Next, End>,
	): MachineBuilder<
		With<K, Name, OutputsOf<Branches>, { next: Next; leaves: Leaves<Next, End> }>,
		T
	> {
		return this.#add("parallel", name, options);
	}

	/** Goes on with the step of the first condition that holds. What came before it goes on as `prev`. */
	choice<const Name extends string, const Next extends string>(
		name: Name,
		options: ChoiceOptions<ContextOf<K, Name>, Next>,
	): MachineBuilder<With<K, Name, Next, { next: Next; leaves: true }>, T> {
		return this.#add("choice", name, options);
	}

	/** Makes data, or does nothing: without `transform` and `result`, what came before goes on. */
	pass<
		const Name extends string,
		Out = InputOf<K, Name>,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options?: PassOptions<ContextOf<K, Name>, Out> & Flow<Next, End>,
	): MachineBuilder<With<K, Name, Out, { next: Next; leaves: Leaves<Next, End> }>, T> {
		return this.#add("pass", name, options ?? {});
	}

	/** A `pass` with which the machine, or the branch, ends. */
	end<const Name extends string>(
		name: Name,
	): MachineBuilder<With<K, Name, InputOf<K, Name>, { leaves: true }>, T> {
		return this.#add("pass", name, { end: true });
	}

	/** Asks again and again, with a wait between, until it is done; its output is the `result`. */
	poll<
		const Name extends string,
		S extends Schema,
		Result,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: SchemaPoll<S, ContextOf<K, Name>, Result> & Flow<Next, End>,
	): MachineBuilder<
		With<K, Name, Result, { next: Next; leaves: Leaves<Next, End>; input: InputAfter<K, S> }>,
		T
	>;
	poll<
		const Name extends string,
		In,
		Result,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: MappedPoll<PrevOf<K, Name>, K["input"], In, ContextOf<K, Name>, Result> &
			Flow<Next, End>,
	): MachineBuilder<With<K, Name, Result, { next: Next; leaves: Leaves<Next, End> }>, T>;
	poll<
		const Name extends string,
		Result,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: PlainPoll<InputOf<K, Name>, ContextOf<K, Name>, Result> & Flow<Next, End>,
	): MachineBuilder<With<K, Name, Result, { next: Next; leaves: Leaves<Next, End> }>, T>;
	poll(name: string, options: object): unknown {
		return this.#add("poll", name, options);
	}

	/** Goes back to a step before it for as long as its condition holds. What came before goes on as `prev`. */
	loop<
		const Name extends string,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: LoopOptions<ContextOf<K, Name>, keyof K["steps"] & string> & Flow<Next, End>,
	): MachineBuilder<
		With<
			K,
			Name,
			{ iterations: number },
			{ next: Next; leaves: Leaves<Next, End>; prev: InputOf<K, Name> }
		>,
		T
	> {
		return this.#add("loop", name, options);
	}

	/** Waits for a length of time, or until a moment. What came before goes on as `prev`. */
	sleep<
		const Name extends string,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options: SleepOptions & Flow<Next, End>,
	): MachineBuilder<
		With<K, Name, undefined, { next: Next; leaves: Leaves<Next, End>; prev: InputOf<K, Name> }>,
		T
	> {
		return this.#add("sleep", name, options);
	}

	/** Waits for an event; its output is the event's payload. */
	wait<
		const Name extends string,
		const Next extends string = never,
		const End extends boolean = false,
	>(
		name: Name,
		options?: WaitOptions & Flow<Next, End>,
	): MachineBuilder<With<K, Name, Untyped, { next: Next; leaves: Leaves<Next, End> }>, T> {
		return this.#add("wait", name, options ?? {});
	}

	/** Of the whole instance, in ms: past it, it is `timed_out`. */
	timeout(this: MachineBuilder<K, { machine: true }>, timeout: Duration): MachineBuilder<K, T> {
		this.#written.options = { ...this.#written.options, timeout };
		return this as unknown as MachineBuilder<K, T>;
	}

	/** Of tasks and polls that say nothing of it. Without it, they are tried once. */
	defaultRetry(
		this: MachineBuilder<K, { machine: true }>,
		retry: RetryConfig,
	): MachineBuilder<K, T> {
		this.#written.retry = retry;
		return this as unknown as MachineBuilder<K, T>;
	}

	/** False: a create waits for the instance to rest, and answers with its output if it has ended. */
	isolated(this: MachineBuilder<K, { machine: true }>, isolated: boolean): MachineBuilder<K, T> {
		this.#written.isInline = !isolated;
		return this as unknown as MachineBuilder<K, T>;
	}

	/**
	 * Checks the whole and makes it an entry of the registry, or a branch for `parallel`.
	 *
	 * @throws {ValidationError} that names the step: no such target, never reached, two of one name,
	 * a way back that is no loop.
	 */
	build(..._problem: [Unknown<K>] extends [never] ? [] : [noStepIsNamed: Unknown<K>]): Built<K, T> {
		const { branch } = this.#written;
		// Which of the two it is, `T` says to the compiler.
		const built = branch === null ? machineOf(this.#written) : branchOf(this.#written, branch);
		return built as unknown as Built<K, T>;
	}

	#add<Next>(kind: Parameters<typeof draftOf>[0], name: string, options: object): Next {
		this.#written.drafts.push(draftOf(kind, name, options));
		// The same builder, of which the compiler knows one step more.
		return this as unknown as Next;
	}
}
