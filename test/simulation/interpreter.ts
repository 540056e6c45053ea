/**
 * Runs a plan as a program over `Step`, in Node and in workerd alike. It knows no faults: what an
 * attempt does outside goes through `Outside`.
 *
 * Between a step's outcome and the next call lie at most about ten microtasks: the plans are only
 * so deep, and nothing is awaited that need not be. See "Order is kept" in ARCHITECTURE.md.
 */
import type {
	FailedAttempt,
	Handled,
	Program,
	RunInfo,
	StepContext,
	StyleStep,
} from "../../src/engine/program";
import { breakerPolicy } from "../../src/model/breaker";
import { NonRetryableError, PanicError } from "../../src/model/errors";
import { programOf } from "../support/program";
import { runGraph } from "./graph-plans";
import { runMachine } from "./machine-plans";
import {
	childPath,
	type DoPlan,
	type HandlerPlan,
	handlerPath,
	type Plan,
	ROOT,
	roundPath,
} from "./plan";

/** The world as the function of a step sees it. */
export interface Outside {
	/** The attempt's effect. */
	called(key: string, attempt: number): void;
	/** In ms since 1970. */
	now(): number;
	turn(): Promise<void>;
	after(ms: number, work: () => void): void;
}

/** Plans whose place is a line of the log, before they are asked for. */
const LOGGED = new Set<Plan["op"]>(["do", "wait", "sleep"]);

/** Ends every instance that is older. */
const DEADLINE_MS = 7_200_000;
const BREAKER_RESET_MS = 5_000;
/** How long an ended instance is kept, where it expires. */
export const RETENTION_MS = 3_600_000;

/** The types that run the plan which is their payload; `policies` are those of all. */
export function planPrograms(outside: Outside, policies: Partial<Program> = {}): Program[] {
	const runPlan: Program["run"] = async (step, payload, info) => {
		const plan = payload as Extract<Plan, { op: "seq" }>;
		const result = await runStyled({ step, outside, info }, plan);
		if (info.restartAttempt < (plan.panics ?? 0)) throw new PanicError("the program panics");
		return result;
	};
	return [null, DEADLINE_MS].flatMap((timeoutMs) =>
		[0, RETENTION_MS].map((retentionMs) => {
			const type = typeOf({ hasDeadline: timeoutMs !== null, expires: retentionMs > 0 });
			return programOf(runPlan, { ...policies, type, timeoutMs, retentionMs });
		}),
	);
}

/** The type of plans that are treated so. */
export function typeOf({ hasDeadline = false, expires = false }): string {
	return `plan${hasDeadline ? "-with-deadline" : ""}${expires ? "-expiring" : ""}`;
}

interface Stage {
	step: StyleStep;
	outside: Outside;
	info: RunInfo;
	/** Of a handler's body: its places are told apart from the program's, and are no lines. */
	isHandler?: boolean;
}

/** As it says: by the machine style, as a graph, or by hand. */
function runStyled(stage: Stage, plan: Plan): Promise<unknown> {
	if (plan.op === "seq" && plan.asGraph) {
		return runGraph(stage, plan, (each, context) => attempt(each, stage, context));
	}
	if (plan.op !== "seq" || !plan.asMachine) return run(stage, plan, ROOT);
	return runMachine(stage, plan, {
		attempt: (each, context) => attempt(each, stage, context),
		now: () => stage.outside.now(),
	});
}

function run(stage: Stage, plan: Plan, path: string): Promise<unknown> {
	const { step, info } = stage;
	if (LOGGED.has(plan.op) && !stage.isHandler) info.log("info", path);
	const child = (node: Plan, index: number) => run(stage, node, childPath(path, index));
	switch (plan.op) {
		case "do":
			return plan.idles > 0 ? idleThenDo(stage, plan, path) : runDo(stage, plan, path);
		case "sleep":
			return step.sleep(path, plan.ms);
		case "wait": {
			const { event, timeoutMs } = plan;
			return step.waitForEvent(
				path,
				timeoutMs === null ? { event } : { event, timeout: timeoutMs },
			);
		}
		case "seq":
			return runSequence(plan.of, child, plan.fails);
		case "all":
			return Promise.all(plan.of.map(child));
		case "any":
			return Promise.any(plan.of.map(child));
		case "race":
			return Promise.race(plan.of.map(child));
		case "try":
			return runTry(stage, plan, path);
		case "loop":
			return runLoop(stage, plan, path);
		default:
			throw new Error(`only a machine has "${plan.op}"`);
	}
}

async function runSequence(
	of: Plan[],
	child: (node: Plan, index: number) => Promise<unknown>,
	fails: boolean,
): Promise<unknown> {
	const values: unknown[] = [];
	for (const [index, node] of of.entries()) values.push(await child(node, index));
	if (fails) throw new Error(SEQUENCE_FAILED);
	return values;
}

async function runTry(
	stage: Stage,
	{ body, handler, last }: Extract<Plan, { op: "try" }>,
	path: string,
): Promise<unknown> {
	try {
		return await run(stage, body, childPath(path, "try"));
	} catch (error) {
		return [(error as Error).message, await run(stage, handler, childPath(path, "catch"))];
	} finally {
		if (last !== null) await run(stage, last, childPath(path, "finally"));
	}
}

async function runLoop(
	stage: Stage,
	{ times, body }: Extract<Plan, { op: "loop" }>,
	path: string,
): Promise<unknown> {
	const values: unknown[] = [];
	for (let round = 0; round < times; round++) {
		values.push(await run(stage, body, roundPath(path, body, round)));
	}
	return values;
}

function runDo(stage: Stage, plan: DoPlan, path: string): Promise<unknown> {
	const { limit, delayMs, timeoutMs, handler, breaker } = plan;
	const options = {
		retries: { limit, delay: delayMs, backoff: "fixed" as const },
		...(timeoutMs === null ? {} : { timeout: timeoutMs }),
	};
	const call = (context: StepContext) => attempt(plan, stage, context);
	if (handler === undefined && breaker === undefined) return stage.step.do(path, call, options);
	const policy =
		breaker === undefined
			? {}
			: { breaker: breakerPolicy({ failureThreshold: breaker, resetTimeout: BREAKER_RESET_MS }) };
	const onFailure =
		handler === undefined
			? {}
			: { onFailure: (failure: FailedAttempt) => handle(stage, handler, failure) };
	return stage.step.doHandled(path, call, { ...options, ...policy, ...onFailure });
}

async function handle(
	stage: Stage,
	{ body, retries, then }: HandlerPlan,
	{ attempt }: FailedAttempt,
): Promise<Handled> {
	const value = await run({ ...stage, isHandler: true }, body, handlerPath(body, attempt));
	if (attempt <= retries) return { retry: true };
	if (then === "throw") throw new Error(HANDLER_THREW);
	return { value: [MENDED, value] };
}

async function idleThenDo(stage: Stage, plan: DoPlan, path: string): Promise<unknown> {
	for (let turn = 0; turn < plan.idles; turn++) await stage.outside.turn();
	return await runDo(stage, plan, path);
}

/** Not an async function: some attempts end before they return. */
function attempt(
	plan: DoPlan,
	{ outside, info }: Stage,
	context: Pick<StepContext, "key" | "attempt">,
): unknown {
	outside.called(context.key, context.attempt);
	if (context.attempt <= plan.hangs) return new Promise(() => {});
	if (plan.turns === 0 && plan.workMs === 0) return end(plan, info, context);
	return work(plan, outside).then(() => end(plan, info, context));
}

async function work({ turns, workMs }: DoPlan, outside: Outside): Promise<void> {
	for (let turn = 0; turn < turns; turn++) await outside.turn();
	if (workMs > 0) await new Promise<void>((resolve) => outside.after(workMs, resolve));
}

function end(
	{ hangs, fails, fatal, panics = 0 }: DoPlan,
	{ restartAttempt }: RunInfo,
	{ key, attempt }: Pick<StepContext, "key" | "attempt">,
): unknown {
	if (restartAttempt < panics) throw new PanicError(`${key} panics`);
	if (attempt > hangs + fails) return resultOf(key);
	throw fatal ? new NonRetryableError(failureOf(key, attempt)) : new Error(failureOf(key, attempt));
}

export const SEQUENCE_FAILED = "the sequence failed";
export const HANDLER_THREW = "the handler threw";
/** What a handler's value begins with. */
export const MENDED = "mended";

export function resultOf(key: string): string {
	return `done ${key}`;
}

export function failureOf(key: string, attempt: number): string {
	return `${key} failed at attempt ${attempt}`;
}
