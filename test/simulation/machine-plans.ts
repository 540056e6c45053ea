/**
 * Plans as state machines: written with the builder, and run over the same `Step`. A machine's steps
 * are named by their places in the plan, and in the journal as every machine's are. Plans for it have
 * no race, no error branch and no code between their steps. What they come to: `machine-model.ts`.
 */
import {
	type RunInfo,
	type StepContext,
	type StyleStep,
	toProgram,
} from "../../src/engine/program";
import { type MachineContext, type Untyped, workflow } from "../../src/library";
import { childPath, type DoPlan, type Plan, ROOT } from "./plan";

export interface Stagehand {
	/** What an attempt of a step does. */
	attempt(plan: DoPlan, context: Pick<StepContext, "key" | "attempt">): unknown;
	now(): number;
}

/** What only takes time. */
export const QUICK: DoPlan = {
	...{ op: "do", idles: 0, hangs: 0, fails: 0, fatal: false, turns: 0, workMs: 0 },
	...{ timeoutMs: null, limit: 1, delayMs: 0 },
};

export async function runMachine(
	{ step, info }: { step: StyleStep; info: RunInfo },
	plan: Plan,
	hand: Stagehand,
): Promise<unknown> {
	const builder: Untyped = workflow("plan").defaultRetry({ maxAttempts: 1 });
	write(builder, new Writer(hand).calls(plan, ROOT));
	const program = builder.build()[toProgram]();
	return program.run(noting(step, info), null, info);
}

/** `step`, with a line of the log for each call, as if the program wrote it. */
function noting(step: StyleStep, info: RunInfo): StyleStep {
	const noted = <T>(name: string, ask: () => Promise<T>): Promise<T> => {
		info.log("info", name);
		return ask();
	};
	return {
		do: (name: string, fn: Untyped, options: Untyped) =>
			noted(name, () => step.do(name, fn, options)),
		sleep: (name, duration) => noted(name, () => step.sleep(name, duration)),
		waitForEvent: (name: string, options: Untyped) =>
			noted(name, () => step.waitForEvent(name, options)),
	} as StyleStep;
}

type Method = "task" | "sleep" | "wait" | "choice" | "poll" | "loop" | "parallel" | "pass";

/** A step before it is written: where it leads may still be added. */
interface Call {
	method: Method;
	name: string;
	options: Record<string, unknown>;
}

function write(builder: Untyped, calls: readonly Call[]): void {
	for (const { method, name, options } of calls) builder[method](name, options);
}

/** Where the arms of a choice meet. */
export function joinOf(path: string): string {
	return `${path}.join`;
}

class Writer {
	readonly #hand: Stagehand;

	constructor(hand: Stagehand) {
		this.#hand = hand;
	}

	calls(plan: Plan, name: string): Call[] {
		switch (plan.op) {
			case "do": {
				const handler = (_: unknown, ctx: MachineContext) => this.#attempt(plan, ctx);
				return [{ method: "task", name, options: { handler, ...attemptsOf(plan) } }];
			}
			case "sleep":
				return [{ method: "sleep", name, options: { duration: plan.ms } }];
			case "wait": {
				const { event, timeoutMs } = plan;
				return [{ method: "wait", name, options: { event, timeout: timeoutMs ?? undefined } }];
			}
			case "seq":
				return plan.of.flatMap((node, index) => this.calls(node, childPath(name, index)));
			case "choice":
				return this.#choice(plan, name);
			case "poll":
				return [{ method: "poll", name, options: this.#poll(plan) }];
			case "again":
				return this.#again(plan, name);
			case "parallel": {
				const branches = plan.of.map((node, index) => {
					const branch: Untyped = workflow.branch(`${index}`);
					write(branch, this.calls(node, childPath(name, index)));
					return branch.build();
				});
				return [{ method: "parallel", name, options: { branches, onError: plan.onError } }];
			}
			case "look": {
				const transform = async (ctx: MachineContext) => {
					await this.#attempt(QUICK, ctx);
					return lookOf(ctx.prev, Object.entries(ctx.steps));
				};
				return [{ method: "pass", name, options: { transform } }];
			}
			default:
				throw new Error(`a machine has no "${plan.op}"`);
		}
	}

	#choice(plan: Extract<Plan, { op: "choice" }>, name: string): Call[] {
		const handOn = async (ctx: MachineContext) => {
			await this.#attempt(QUICK, ctx);
			return ctx.prev;
		};
		const join: Call = { method: "pass", name: joinOf(name), options: { transform: handOn } };
		const arms = plan.arms.map((arm, index) => {
			const calls = this.calls(arm, armPath(name, index));
			const last = calls.at(-1);
			if (last !== undefined) last.options.next = join.name;
			return { calls, first: (calls[0] ?? join).name };
		});
		let taken = 0;
		const conditions = arms.map(({ first: next }, index) => ({
			next,
			condition: async (ctx: MachineContext) => {
				if (index === 0) {
					await this.#attempt({ ...QUICK, turns: plan.turns }, ctx);
					taken = plan.fickle ? this.#hand.now() % arms.length : plan.take % arms.length;
				}
				return index === taken;
			},
		}));
		// The last one is taken where no other is.
		const fallback = conditions.length > 1 ? conditions.pop()?.next : undefined;
		const options = { choices: conditions, default: fallback ?? join.name };
		return [{ method: "choice", name, options }, ...arms.flatMap(({ calls }) => calls), join];
	}

	#poll({ checks, most, intervalMs, each }: Extract<Plan, { op: "poll" }>) {
		const check = async (_: unknown, ctx: MachineContext) => {
			const result = await this.#attempt(each, ctx);
			return turnOf(ctx) % checks === 0 ? { done: true, result } : { done: false };
		};
		return { check, interval: intervalMs, ...attemptsOf(each), ...bound("maxAttempts", most) };
	}

	#again(plan: Extract<Plan, { op: "again" }>, name: string): Call[] {
		const { times, most, intervalMs, turns, body } = plan;
		const calls = this.calls(body, bodyPath(name));
		const condition = async (ctx: MachineContext) => {
			await this.#attempt({ ...QUICK, turns }, ctx);
			return turnOf(ctx) % times !== 0;
		};
		const bounds = bound("maxIterations", most ?? times);
		const options = { condition, target: calls[0]?.name, interval: intervalMs, ...bounds };
		return [...calls, { method: "loop", name, options }];
	}

	#attempt(plan: DoPlan, ctx: MachineContext): unknown {
		return this.#hand.attempt(plan, { attempt: ctx.attempt, key: keyOf(ctx) });
	}
}

/** Of a loop's body. */
export function bodyPath(path: string): string {
	return childPath(path, "again");
}

export function armPath(path: string, index: number): string {
	return childPath(path, `arm${index}`);
}

/** What a look gives: no more of what it sees than tells it apart. */
export function lookOf(prev: unknown, steps: Iterable<readonly [string, unknown]>): unknown {
	const seen = (value: unknown) =>
		typeof value === "object" && value !== null ? Object.keys(value).join() : (value ?? null);
	const all = [...steps].sort(([a], [b]) => (a < b ? -1 : 1));
	return [seen(prev), ...all.map(([name, value]) => [name, seen(value)])];
}

function attemptsOf({ limit, delayMs, timeoutMs }: DoPlan) {
	const retry = {
		...{ maxAttempts: limit, intervalMs: delayMs },
		...{ backoffRate: 1, maxIntervalMs: delayMs },
	};
	// A poll's own timeout is of all its checks.
	return timeoutMs === null ? { retry } : { retry, timeout: timeoutMs };
}

function bound(name: string, most: number | null): Record<string, number> {
	return most === null ? {} : { [name]: most };
}

/** The key of the step in the journal. */
export function keyOf({ idempotencyKey }: { idempotencyKey: string }): string {
	return idempotencyKey.slice(idempotencyKey.indexOf("/") + 1);
}

/** Of all turns of the step. */
function turnOf(ctx: MachineContext): number {
	return Number(/#(\d+)$/.exec(keyOf(ctx))?.[1] ?? 1);
}
