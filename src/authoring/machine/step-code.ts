/**
 * What happens inside a step's function: user code, and the schemas around it. All of it is called
 * for an attempt and never on replay, so none of it needs to be deterministic. What would fail the
 * same way again is thrown as a `NonRetryableError`.
 */
import type { Services } from "../../engine/program";
import { NonRetryableError, ValidationError } from "../../model/errors";
import { printable } from "../../model/printable";
import { isSchema, parseWith, type Schema } from "../../model/standard-schema";
import type { MachineContext } from "./context";
import type { Bounds, ChoiceStep, JobStep, LoopStep, PollStep, TaskStep, Work } from "./definition";

/** What a step's code is called with. */
export interface Call {
	/** Of the step in the journal. */
	readonly name: string;
	/** Its input, where it says nothing of that. */
	readonly given: unknown;
	/** What is one is thrown as it is. */
	isPanic(thrown: unknown): boolean;
}

export function doTask({ work, handler }: TaskStep, ctx: MachineContext, call: Call): unknown {
	if (work.input === null && work.output === null) return handler(call.given, ctx);
	return doChecked(work, handler, { ctx, call });
}

async function doChecked(
	work: Work,
	handler: TaskStep["handler"],
	{ ctx, call }: { ctx: MachineContext; call: Call },
): Promise<unknown> {
	const input = work.input === null ? call.given : await inputOf(work.input, call, ctx);
	return await outputOf(work, call, await handler(input, ctx));
}

export async function doJob(
	step: JobStep,
	ctx: MachineContext,
	{ services, ...call }: Call & { services: Services },
): Promise<unknown> {
	const { jobs = {} } = services;
	const job = Object.hasOwn(jobs, step.job) ? jobs[step.job] : undefined;
	if (job === undefined) {
		const known = Object.keys(jobs).join(", ") || "none";
		throw new NonRetryableError(
			`The step "${call.name}" asks for the job "${step.job}", which this service was not given. Its jobs: ${known}. Give it to workflowRunner(registry, { services: { jobs } }).`,
		);
	}
	const input =
		step.input === null ? call.given : await mapped(call, "input", () => step.input?.(ctx));
	// Which input a job takes, its step knows.
	const result = await job(input as never, ctx as never);
	if (step.output === null) return result;
	return await mapped(call, "output", () => step.output?.(result, ctx));
}

/** The name of the step that comes next. */
export async function choose(
	step: ChoiceStep,
	ctx: MachineContext,
	{ name }: Pick<Call, "name">,
): Promise<string> {
	for (const { condition, next } of step.choices) if (await condition(ctx)) return next;
	if (step.fallback !== null) return step.fallback;
	throw new NonRetryableError(
		`None of the conditions of the choice "${name}" holds, and it has no default.`,
	);
}

/** How far a step with several turns is. */
export interface Turns {
	/** Checks of a poll, the one under way included; times that a loop has gone back. */
	readonly count: number;
	/** When the first one was, in ms since 1970; null: it is now. */
	readonly firstAt: number | null;
}

export type Check = { done: true; result: unknown } | { done: false; at: number };

export async function check(
	step: PollStep,
	ctx: MachineContext,
	{ turns, now, ...call }: Call & { turns: Turns; now: number },
): Promise<Check> {
	const { work, bounds } = step;
	const { name, given } = call;
	const input = work.input === null ? given : await inputOf(work.input, call, ctx);
	const answer = await step.check(input, ctx);
	if (!isAnswer(answer)) {
		throw new NonRetryableError(
			`The check of "${name}" is to return { done: false } or { done: true, result }; received ${printable(answer)}.`,
		);
	}
	if (answer.done) return { done: true, result: await outputOf(work, call, answer.result) };
	const spent = spentBound(bounds, turns, now);
	if (spent !== null) throw new NonRetryableError(`The poll "${name}" is not done after ${spent}.`);
	return { done: false, at: now };
}

/** Whether to go back once more, and when that was asked. */
export interface Answer {
	again: boolean;
	at: number;
}

export async function goesOn(
	step: LoopStep,
	ctx: MachineContext,
	{ name, turns, now }: Pick<Call, "name"> & { turns: Turns; now: number },
): Promise<Answer> {
	const again = Boolean(await step.condition(ctx));
	const spent = again ? spentBound(step.bounds, turns, now) : null;
	if (spent !== null) {
		throw new NonRetryableError(`The loop "${name}" wants to go on after ${spent}.`);
	}
	return { again, at: now };
}

/** What there is no more of; null: there is. */
function spentBound({ times, timeoutMs }: Bounds, turns: Turns, now: number): string | null {
	if (times !== null && turns.count >= times) return `${times} turns, which is its limit`;
	const elapsedMs = now - (turns.firstAt ?? now);
	if (timeoutMs !== null && elapsedMs >= timeoutMs) return `its timeout of ${timeoutMs} ms`;
	return null;
}

function isAnswer(answer: unknown): answer is { done: boolean; result?: unknown } {
	return (
		typeof answer === "object" &&
		answer !== null &&
		typeof (answer as { done?: unknown }).done === "boolean"
	);
}

/** A schema is for the workflow's input, a function makes one of that and of what came before. */
function inputOf(
	input: NonNullable<Work["input"]>,
	call: Call,
	ctx: MachineContext,
): Promise<unknown> {
	if (isSchema(input)) return parsed(input, ctx.input, `input of step "${call.name}"`);
	return mapped(call, "inputSchema", () => input(ctx.prev, ctx.input));
}

async function outputOf({ output }: Work, { name }: Call, value: unknown): Promise<unknown> {
	return output === null ? value : parsed(output, value, `output of step "${name}"`);
}

/** A mapper is given what is recorded: what it throws, it would throw again. */
async function mapped({ name, isPanic }: Call, what: string, map: () => unknown): Promise<unknown> {
	try {
		return await map();
	} catch (cause) {
		if (isPanic(cause)) throw cause;
		const why = cause instanceof Error ? cause.message : printable(cause);
		throw new NonRetryableError(`The ${what} of step "${name}" threw: ${why}`, { cause });
	}
}

/** The issues are in the message, and as data in `details`. */
async function parsed(schema: Schema, value: unknown, what: string): Promise<unknown> {
	try {
		return await parseWith(schema, value, what);
	} catch (cause) {
		// What the schema's own code throws is no refusal: it fails as a handler does.
		if (!(cause instanceof ValidationError)) throw cause;
		const refused = new NonRetryableError(cause.message, { cause });
		throw Object.assign(refused, { details: cause.details });
	}
}
