/**
 * Each step as it is written becomes a draft: checked by itself, with its defaults. What is still
 * missing is where it leads if it does not say so, which the steps after it decide (`build.ts`).
 */
import type { StepOptions } from "../../engine/program";
import { durationMs } from "../../model/duration";
import { ValidationError } from "../../model/errors";
import { parseEventName, parseStepName } from "../../model/ids";
import { LIMITS } from "../../model/limits";
import { requireKnown, wholeNumber } from "../../model/options";
import { printable } from "../../model/printable";
import { retryPolicy } from "../../model/retry";
import { isSchema, type Schema } from "../../model/standard-schema";
import type { AnyContext, Bounds, Branch, MachineStep, Mapper, Work } from "./definition";
import type { RetryConfig } from "./options";
import { retryOptionsOf } from "./retries";

export type DraftKind = Exclude<MachineStep["kind"], "job">;

export interface Draft {
	readonly name: string;
	readonly kind: DraftKind;
	readonly flow: { readonly next: string | null; readonly end: boolean };
	/** The step, once it is known which one it leads to; null: it ends. */
	finish(next: string | null): MachineStep;
}

/** Options as they come: each is checked where it is read. */
type Given = Readonly<Record<string, unknown>>;
type Code = (ctx: AnyContext) => unknown;

interface Parser {
	readonly options: readonly string[];
	parse(given: Given, name: string, where: string): (next: string | null) => MachineStep;
}

const FLOW = ["next", "end"];
const WORK = ["inputSchema", "outputSchema", "retry", "timeout"];

const PARSERS: Readonly<Record<DraftKind, Parser>> = {
	task: { options: [...WORK, "handler", "job", "input", "output"], parse: task },
	parallel: { options: ["branches", "onError"], parse: parallel },
	choice: { options: ["choices", "default"], parse: choice },
	pass: { options: ["transform", "result"], parse: pass },
	poll: { options: [...WORK, "check", "interval", "maxAttempts"], parse: poll },
	loop: {
		options: ["condition", "target", "interval", "maxIterations", "timeout"],
		parse: loop,
	},
	sleep: { options: ["duration", "until"], parse: sleep },
	wait: { options: ["event", "timeout"], parse: wait },
};

/** @throws {ValidationError} that names the step and the option. */
export function draftOf(kind: DraftKind, name: unknown, options: unknown): Draft {
	parseStepName(name);
	const where = `${kind} "${name}"`;
	if (typeof name !== "string" || name.includes("/")) {
		throw fault(where, 'a name has no "/": in the journal that is between a branch and its steps');
	}
	const parser = PARSERS[kind];
	const flow = kind === "choice" ? [] : FLOW;
	requireKnown(options, [...parser.options, ...flow], where);
	const given = options as Given;
	const next = given.next === undefined ? null : text(given.next, `${where}: next`);
	const end = given.end === true;
	if (next !== null && end) {
		throw fault(where, `it ends, and goes on with "${next}": give it either end or next`);
	}
	return { name, kind, flow: { next, end }, finish: parser.parse(given, name, where) };
}

function task(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	if (given.job === undefined) {
		const handler = code(given.handler, `${where}: handler`) as Mapper & Work["input"];
		refuse(given, ["input", "output"], where, "go with job");
		const work = workOf(given, where);
		return (next) => ({ kind: "task", name, next, work, handler });
	}
	refuse(given, ["handler", "inputSchema", "outputSchema"], where, "do not go with job");
	const parts = {
		job: text(given.job, `${where}: job`),
		options: attempts(given, where),
		input: optional(given.input, (value) => code(value, `${where}: input`)),
		output: optional(given.output, (value) => code(value, `${where}: output`) as never),
	};
	return (next) => ({ kind: "job", name, next, ...parts });
}

function parallel(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const { branches, onError = "fail-fast" } = given;
	if (!Array.isArray(branches) || branches.length === 0) {
		throw fault(where, "branches is a list of at least one branch", branches);
	}
	const names = new Set<string>();
	for (const branch of branches as Partial<Branch>[]) {
		if (typeof branch?.name !== "string" || !(branch.steps instanceof Map)) {
			throw fault(where, 'a branch is what workflow.branch("…")….build() gives', branch);
		}
		if (names.has(branch.name)) {
			throw fault(where, `two of its branches have the name "${branch.name}"`);
		}
		names.add(branch.name);
	}
	if (onError !== "fail-fast" && onError !== "wait-all") {
		throw fault(where, 'onError is "fail-fast" or "wait-all"', onError);
	}
	return (next) => ({ kind: "parallel", name, next, branches: branches as Branch[], onError });
}

function choice(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	if (!Array.isArray(given.choices)) {
		throw fault(where, "choices is a list of { condition, next }", given.choices);
	}
	const choices = given.choices.map((arm: Given, index) => {
		const at = `${where}: choices[${index}]`;
		requireKnown(arm, ["condition", "next"], at);
		return {
			condition: code(arm.condition, `${at}.condition`),
			next: text(arm.next, `${at}.next`),
		};
	});
	const fallback = optional(given.default, (value) => text(value, `${where}: default`));
	if (choices.length === 0 && fallback === null)
		throw fault(where, "it has nothing to choose from");
	return () => ({ kind: "choice", name, choices, fallback });
}

function pass(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const { transform, result } = given;
	if (transform !== undefined && result !== undefined) {
		throw fault(where, "it has a transform and a result: give it one of them");
	}
	const made = optional(transform, (value) => code(value, `${where}: transform`));
	const given_ = "result" in given && result !== undefined ? () => result : null;
	return (next) => ({ kind: "pass", name, next, transform: made ?? given_ });
}

function poll(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const check = code(given.check, `${where}: check`) as Mapper;
	const bounds = boundsOf(given.maxAttempts, given.timeout, where, "maxAttempts");
	const intervalMs = durationMs(given.interval, `interval of ${where}`);
	const work = workOf(given, where);
	return (next) => ({ kind: "poll", name, next, work, check, intervalMs, bounds });
}

function loop(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const condition = code(given.condition, `${where}: condition`);
	const target = text(given.target, `${where}: target`);
	const bounds = boundsOf(given.maxIterations, given.timeout, where, "maxIterations");
	if (bounds.times === null && bounds.timeoutMs === null) {
		throw fault(where, "a loop without a bound may never end: give it maxIterations or timeout");
	}
	const intervalMs = durationMs(given.interval ?? 0, `interval of ${where}`);
	return (next) => ({ kind: "loop", name, next, condition, target, intervalMs, bounds });
}

function sleep(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const { duration, until } = given;
	if ((duration === undefined) === (until === undefined)) {
		throw fault(where, "give it either duration or until");
	}
	if (duration !== undefined) {
		const lengthMs = durationMs(duration, `duration of ${where}`);
		return (next) => ({ kind: "sleep", name, next, until: { lengthMs } });
	}
	if (!(until instanceof Date) && typeof until !== "number") {
		throw fault(where, "until is a Date or a number of ms since 1970", until);
	}
	return (next) => ({ kind: "sleep", name, next, until: { moment: until } });
}

function wait(given: Given, name: string, where: string): ReturnType<Parser["parse"]> {
	const event = parseEventName(given.event ?? name);
	const timeoutMs = optional(given.timeout, (value) => durationMs(value, `timeout of ${where}`));
	return (next) => ({ kind: "wait", name, next, event, timeoutMs });
}

function workOf(given: Given, where: string): Work {
	const { inputSchema, outputSchema } = given;
	if (outputSchema !== undefined && !isSchema(outputSchema)) {
		throw fault(where, "outputSchema is a Standard Schema", outputSchema);
	}
	const input = optional(inputSchema, (value): Schema | Mapper => {
		// Some libraries' schemas are functions.
		if (isSchema(value)) return value;
		return code(value, `${where}: inputSchema, where it is no schema,`) as Mapper;
	});
	return { input, output: outputSchema ?? null, options: attempts(given, where) };
}

function attempts({ retry, timeout }: Given, where: string): StepOptions | undefined {
	if (retry === undefined && timeout === undefined) return undefined;
	const options: StepOptions = {};
	if (retry !== undefined) {
		options.retries = retryOptionsOf(retry as RetryConfig, where);
		retryPolicy(options.retries);
	}
	if (timeout !== undefined) options.timeout = durationMs(timeout, `timeout of ${where}`);
	return options;
}

function boundsOf(times: unknown, timeout: unknown, where: string, what: string): Bounds {
	const range = { min: 1, max: LIMITS.steps };
	return {
		times: optional(times, (value) => wholeNumber(value, `${what} of ${where}`, range)),
		timeoutMs: optional(timeout, (value) => durationMs(value, `timeout of ${where}`)),
	};
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | null {
	return value === undefined ? null : parse(value);
}

function code(value: unknown, what: string): Code {
	if (typeof value === "function") return value as Code; // What it is given, the builder's types say.
	throw new ValidationError(`${what} is a function; received ${printable(value)}.`, { path: what });
}

function text(value: unknown, what: string): string {
	if (typeof value === "string" && value !== "") return value;
	throw new ValidationError(`${what} is the name of one; received ${printable(value)}.`, {
		path: what,
	});
}

function refuse(given: Given, names: readonly string[], where: string, why: string): void {
	const found = names.find((name) => given[name] !== undefined);
	if (found !== undefined) throw fault(where, `its options ${names.join(", ")} ${why}`);
}

/** `received`: what was given in the place of what is expected. */
function fault(where: string, problem: string, ...received: [unknown?]): ValidationError {
	const given = received.length === 0 ? "" : `; received ${printable(received[0])}`;
	return new ValidationError(`${where}: ${problem}${given}.`, { path: where });
}
