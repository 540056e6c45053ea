/**
 * Plans as state machines: built by the builder and followed over the same `Step`, under the names
 * of the plan's places. Plans for it have no race, no error branch and no code between their steps.
 * So the model of a plan is the model of its machine: a machine that fails
 * anywhere is over, and until then its branches are `Promise.all`.
 */
import {
	type RunInfo,
	type StepContext,
	type StyleStep,
	toProgram,
} from "../../src/engine/program";
import { type MachineContext, type Untyped, workflow } from "../../src/library";
import { childPath, type DoPlan, type Plan, ROOT, roundPath } from "./plan";

/** What an attempt of a step does. */
export type Attempt = (plan: DoPlan, context: Pick<StepContext, "key" | "attempt">) => unknown;

export async function runMachine(
	{ step, info }: { step: StyleStep; info: RunInfo },
	plan: Plan,
	attempt: Attempt,
): Promise<unknown> {
	const machine = new PlanMachine(attempt);
	const builder = workflow("plan").defaultRetry({ maxAttempts: 1 });
	machine.write(builder as Untyped, plan, ROOT);
	const program = builder.build()[toProgram]();
	await program.run(machine.renaming(step, info), null, info);
	return machine.valueOf(plan, ROOT);
}

type Builder = Record<
	"task" | "sleep" | "wait" | "parallel" | "pass",
	(...args: unknown[]) => void
> & {
	build(): Untyped;
};

class PlanMachine {
	readonly #attempt: Attempt;
	/** By the machine's own name of a step: its place, and what the engine called it. */
	readonly #places = new Map<string, string>();
	readonly #keys = new Map<string, string>();
	/** By place: what its calls gave, in order. */
	readonly #values = new Map<string, unknown[]>();
	#steps = 0;

	constructor(attempt: Attempt) {
		this.#attempt = attempt;
	}

	/** `prefix`: of the machine's names of steps, in branches. */
	write(builder: Builder, plan: Plan, path: string, prefix = ""): void {
		switch (plan.op) {
			case "do": {
				const name = this.#name(path, prefix);
				const { limit, delayMs, timeoutMs } = plan;
				builder.task(name, {
					handler: (_: unknown, { attempt }: MachineContext) =>
						this.#attempt(plan, { attempt, key: this.#keys.get(`${prefix}${name}`) ?? "" }),
					retry: {
						maxAttempts: limit,
						intervalMs: delayMs,
						backoffRate: 1,
						maxIntervalMs: delayMs,
					},
					...(timeoutMs === null ? {} : { timeout: timeoutMs }),
				});
				return;
			}
			case "sleep":
				builder.sleep(this.#name(path, prefix), { duration: plan.ms });
				return;
			case "wait": {
				const { event, timeoutMs } = plan;
				const timeout = timeoutMs ?? undefined;
				builder.wait(this.#name(path, prefix), { event, timeout });
				return;
			}
			case "seq":
				for (const [index, node] of plan.of.entries()) {
					this.write(builder, node, childPath(path, index), prefix);
				}
				return;
			case "loop":
				for (let round = 0; round < plan.times; round++) {
					this.write(builder, plan.body, roundPath(path, plan.body, round), prefix);
				}
				return;
			case "try":
			case "any":
			case "race":
				throw new Error(`a machine has no "${plan.op}"`);
			case "all":
				this.#parallel(builder, plan.of, { path, prefix });
		}
	}

	#parallel(builder: Builder, of: Plan[], at: { path: string; prefix: string }): void {
		const name = `all ${++this.#steps}`;
		const branches = of.map((node, index) => {
			const branch: Untyped = workflow.branch(`${index}`);
			const prefix = `${at.prefix}${name}/${index}/`;
			this.write(branch, node, childPath(at.path, index), prefix);
			return branch.build();
		});
		builder.parallel(name, { branches });
	}

	#name(place: string, prefix: string): string {
		const name = `step ${++this.#steps}`;
		this.#places.set(`${prefix}${name}`, place);
		return name;
	}

	#place(name: string): string {
		const place = this.#places.get(name);
		if (place === undefined) throw new Error(`the machine asks for a step "${name}"`);
		return place;
	}

	/** `step`, which is asked by the machine's names, under those of the places. */
	renaming(step: StyleStep, info: RunInfo): StyleStep {
		const kept = <T>(name: string, ask: (place: string) => Promise<T>): Promise<T> => {
			const place = this.#place(name);
			const values = this.#values.get(place) ?? [];
			this.#values.set(place, values);
			info.log("info", place);
			return ask(place).then((value) => {
				values.push(value);
				return value;
			});
		};
		return {
			...step,
			do: (name: string, fn: Untyped, options: Untyped) => {
				const noted = (context: StepContext) => {
					this.#keys.set(name, context.key);
					return fn(context);
				};
				return kept(name, (place) => step.do(place, noted, options));
			},
			sleep: (name, duration) => kept(name, (place) => step.sleep(place, duration)),
			waitForEvent: (name: string, options: Untyped) =>
				kept(name, (place) => step.waitForEvent(place, options)),
		} as StyleStep;
	}

	/** What the plan gives once the machine has completed. */
	valueOf(plan: Plan, path: string): unknown {
		switch (plan.op) {
			case "seq":
			case "all":
				return plan.of.map((node, index) => this.valueOf(node, childPath(path, index)));
			case "loop":
				return Array.from({ length: plan.times }, (_, round) =>
					this.valueOf(plan.body, roundPath(path, plan.body, round)),
				);
			default:
				return this.#values.get(path)?.shift();
		}
	}
}
