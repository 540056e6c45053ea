/**
 * Follows a machine over the engine. What runs between the engine's steps is this file and no user
 * code, and it decides by recorded outcomes alone: so a replay goes the same way.
 *
 * - R1 User code is called inside a step's function (`step-code.ts`).
 * - R2 A step in the journal has the name of the machine's step, in a branch
 *   `<parallel>/<branch>/<step>`. A further turn of it is a further call of that name.
 * - R3 A branch that goes no further waits for ever: nothing it could still do is of interest.
 */
import type { RunInfo, Services, StepContext, StepOptions, StyleStep } from "../../engine/program";
import { NonDeterminismError } from "../../model/errors";
import { INTERVAL } from "../../model/graph";
import { allFailures, firstFailure, Stop } from "./branches";
import { contextOf, type MachineContext } from "./context";
import type {
	LoopStep,
	MachineStep,
	ParallelStep,
	PollStep,
	Sequence,
	SleepStep,
	WaitStep,
} from "./definition";
import {
	type Call,
	type Check,
	check,
	choose,
	doJob,
	doTask,
	goesOn,
	type Turns,
} from "./step-code";

/** What a run of a machine has to do with. */
export interface Stage {
	readonly step: StyleStep;
	readonly input: unknown;
	readonly run: RunInfo;
	readonly services: Services;
	isPanic(thrown: unknown): boolean;
}

/** The step before; null: there is none. */
type Before = { readonly output: unknown } | null;

/** What a step leads to. `output` is for those that come after, `before` for the next one alone. */
interface Taken {
	output: unknown;
	before: Before;
	next: string | null;
}

/** Where a sequence is: in the machine itself, or in a branch. */
interface Place {
	/** Of the names of its steps in the journal. */
	readonly prefix: string;
	/** Outputs of steps outside. */
	readonly outside: ReadonlyMap<string, unknown>;
	/** Null: no branch beside it can stop it. */
	readonly stop: Stop | null;
}

export function follow(sequence: Sequence, stage: Stage): Promise<unknown> {
	const place = { prefix: "", outside: new Map<string, unknown>(), stop: null };
	return new Track(sequence, stage, place).run(null);
}

class Track {
	readonly #sequence: Sequence;
	readonly #stage: Stage;
	readonly #place: Place;
	readonly #results = new Map<string, unknown>();
	/** Of loops that have gone back and will be asked again. */
	readonly #turns = new Map<string, Turns>();

	constructor(sequence: Sequence, stage: Stage, place: Place) {
		this.#sequence = sequence;
		this.#stage = stage;
		this.#place = place;
	}

	async run(before: Before): Promise<unknown> {
		let at: string | null = this.#sequence.first;
		let last = before;
		while (at !== null) {
			if (this.#place.stop?.isStopped) return never();
			const step = this.#sequence.steps.get(at);
			if (step === undefined) throw unknownStep(at, this.#sequence);
			const taken: Taken = await this.#take(step, last);
			this.#results.set(step.name, taken.output);
			last = taken.before;
			at = taken.next;
		}
		return last?.output;
	}

	async #take(step: MachineStep, before: Before): Promise<Taken> {
		switch (step.kind) {
			case "task": {
				const work = (ctx: MachineContext) => doTask(step, ctx, this.#call(step, before));
				return leading(step, await this.#do(step, before, work, step.work.options));
			}
			case "job": {
				const { services } = this.#stage;
				const work = (ctx: MachineContext) =>
					doJob(step, ctx, { ...this.#call(step, before), services });
				return leading(step, await this.#do(step, before, work, step.options));
			}
			case "pass": {
				const { transform } = step;
				const work = (ctx: MachineContext) =>
					transform === null ? this.#given(before) : transform(ctx);
				return leading(step, await this.#do(step, before, work));
			}
			case "choice": {
				const chosen = await this.#do(step, before, (ctx) =>
					choose(step, ctx, this.#call(step, before)),
				);
				return { output: chosen, before, next: chosen };
			}
			case "parallel":
				return leading(step, await this.#parallel(step, before));
			case "poll":
				return leading(step, await this.#poll(step, before));
			case "loop":
				return this.#loop(step, before);
			case "sleep":
				await this.#sleep(step);
				return { output: undefined, before, next: step.next };
			case "wait":
				return leading(step, await this.#wait(step));
		}
	}

	#do<T>(
		{ name }: MachineStep,
		before: Before,
		work: (ctx: MachineContext, attempt: StepContext) => Promise<T> | T,
		options?: StepOptions,
	): Promise<T> {
		const { step, input } = this.#stage;
		const { stop } = this.#place;
		const progress = {
			input,
			prev: before?.output,
			results: () => this.#known(),
			signals: stop?.signals ?? [],
		};
		const attempted = (attempt: StepContext) =>
			work(contextOf(progress, attempt, this.#stage), attempt);
		const guarded =
			stop === null
				? attempted
				: (attempt: StepContext) => stop.guard(this.#key(name), () => attempted(attempt));
		return step.do(this.#key(name), guarded, options);
	}

	#call({ name }: MachineStep, before: Before): Call {
		const { isPanic } = this.#stage;
		return { name: this.#key(name), given: this.#given(before), isPanic };
	}

	/** What a step is given that does not say what it takes. */
	#given(before: Before): unknown {
		return before === null ? this.#stage.input : before.output;
	}

	/** Outputs of all that has completed. */
	#known(): ReadonlyMap<string, unknown> {
		const { outside } = this.#place;
		return outside.size === 0 ? this.#results : new Map([...outside, ...this.#results]);
	}

	#key(name: string): string {
		return `${this.#place.prefix}${name}`;
	}

	async #parallel(step: ParallelStep, before: Before): Promise<Record<string, unknown>> {
		const { name, branches, onError } = step;
		const failsFast = onError === "fail-fast";
		const own = failsFast ? new Stop(this.#place.stop) : null;
		const outside = new Map(this.#known());
		const running = branches.map((branch) => {
			const prefix = `${this.#key(name)}/${branch.name}/`;
			const place = { prefix, outside, stop: own ?? this.#place.stop };
			const output = new Track(branch, this.#stage, place).run(before);
			return { name: branch.name, output };
		});
		return own === null ? allFailures(name, running) : firstFailure(name, running, own);
	}

	async #poll(step: PollStep, before: Before): Promise<unknown> {
		const { work, intervalMs, bounds } = step;
		let firstAt: number | null = null;
		for (let count = 1; ; count++) {
			if (this.#place.stop?.isStopped) return never();
			const turns: Turns = { count, firstAt };
			const answer: Check = await this.#do(
				step,
				before,
				(ctx, { startedAt: now }): Promise<Check> =>
					check(step, ctx, { ...this.#call(step, before), turns, now }),
				work.options,
			);
			if (answer.done) return answer.result;
			firstAt ??= answer.at;
			// The last check is at the deadline.
			const leftMs =
				bounds.timeoutMs === null ? intervalMs : firstAt + bounds.timeoutMs - answer.at;
			await this.#pause(step, Math.min(intervalMs, leftMs));
		}
	}

	async #loop(step: LoopStep, before: Before): Promise<Taken> {
		const { name, target, intervalMs, next } = step;
		const turns = this.#turns.get(name) ?? { count: 0, firstAt: null };
		const { again, at } = await this.#do(step, before, (ctx, { startedAt: now }) =>
			goesOn(step, ctx, { name: this.#key(name), turns, now }),
		);
		if (!again) {
			this.#turns.delete(name);
			return { output: { iterations: turns.count }, before, next };
		}
		const count = turns.count + 1;
		this.#turns.set(name, { count, firstAt: turns.firstAt ?? at });
		if (intervalMs > 0) await this.#pause(step, intervalMs);
		return { output: { iterations: count }, before, next: target };
	}

	#pause({ name }: MachineStep, lengthMs: number): Promise<void> {
		if (this.#place.stop?.isStopped) return never();
		return this.#stage.step.sleep(`${this.#key(name)}${INTERVAL}`, lengthMs);
	}

	#sleep({ name, until }: SleepStep): Promise<void> {
		const { step } = this.#stage;
		const key = this.#key(name);
		return "moment" in until ? step.sleepUntil(key, until.moment) : step.sleep(key, until.lengthMs);
	}

	#wait({ name, event, timeoutMs }: WaitStep): Promise<unknown> {
		const options = timeoutMs === null ? { event } : { event, timeout: timeoutMs };
		return this.#stage.step.waitForEvent(this.#key(name), options);
	}
}

function leading(step: { next: string | null }, output: unknown): Taken {
	return { output, before: { output }, next: step.next };
}

function never(): Promise<never> {
	return new Promise(() => {});
}

/** A choice is recorded by name: a deploy may have taken the step away. */
function unknownStep(name: string, { steps }: Sequence): NonDeterminismError {
	return new NonDeterminismError(
		`The journal records the choice of the step "${name}", which the machine does not have. Its steps: ${[...steps.keys()].join(", ")}.`,
		{ step: name },
	);
}
