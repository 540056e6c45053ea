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
import { contextOf, type MachineContext, type Progress } from "./context";
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

/** What the loop of a machine's steps goes on with. `output` is known to all that come after. */
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
			const taken = takenBy(step, last, await this.#perform(step, last));
			this.#results.set(step.name, taken.output);
			last = taken.before;
			at = taken.next;
		}
		return last?.output;
	}

	/** No promise of its own: a machine of many steps has one for each, and its steps' `await`. */
	#perform(step: MachineStep, before: Before): Promise<unknown> {
		switch (step.kind) {
			case "task":
				return this.#do(
					step,
					before,
					(ctx) => doTask(step, ctx, this.#call(step, before)),
					step.work.options,
				);
			case "job":
				return this.#do(
					step,
					before,
					(ctx) =>
						doJob(step, ctx, {
							...this.#call(step, before),
							services: this.#stage.services,
						}),
					step.options,
				);
			case "pass":
				return this.#do(step, before, (ctx) =>
					step.transform === null ? this.#given(before) : step.transform(ctx),
				);
			case "choice":
				return this.#do(step, before, (ctx) => choose(step, ctx, this.#call(step, before)));
			case "parallel":
				return this.#parallel(step, before);
			case "poll":
				return this.#poll(step, before);
			case "loop":
				return this.#loop(step, before);
			case "sleep":
				return this.#sleep(step);
			case "wait":
				return this.#wait(step);
		}
	}

	/** Functions that are made for each attempt have no names: a bundler that keeps names keeps them dearly. */
	#do<T>(
		{ name }: MachineStep,
		before: Before,
		work: (ctx: MachineContext, attempt: StepContext) => Promise<T> | T,
		options?: StepOptions,
	): Promise<T> {
		const { stop } = this.#place;
		const key = this.#key(name);
		return this.#stage.step.do(
			key,
			stop === null
				? (attempt) => work(this.#context(before, attempt), attempt)
				: (attempt) => stop.guard(key, () => work(this.#context(before, attempt), attempt)),
			options,
		);
	}

	#context(before: Before, attempt: StepContext): MachineContext {
		return contextOf(new Sight(this, before), attempt, this.#stage);
	}

	get input(): unknown {
		return this.#stage.input;
	}

	/** Of the branches that it is in. */
	get signals(): readonly AbortSignal[] {
		return this.#place.stop?.signals ?? [];
	}

	#call({ name }: MachineStep, before: Before): Call {
		const { isPanic } = this.#stage;
		return { name: this.#key(name), given: this.#given(before), isPanic };
	}

	/** What a step is given that does not say what it takes. */
	#given(before: Before): unknown {
		return before === null ? this.#stage.input : before.output;
	}

	/** Outputs of all that has completed, by name. */
	known(): ReadonlyMap<string, unknown> {
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
		const outside = new Map(this.known());
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

	/** Its end is a turn more, or none. */
	async #loop(step: LoopStep, before: Before): Promise<LoopEnd> {
		const { name, intervalMs } = step;
		const turns = this.#turns.get(name) ?? { count: 0, firstAt: null };
		const { again, at } = await this.#do(step, before, (ctx, { startedAt: now }) =>
			goesOn(step, ctx, { name: this.#key(name), turns, now }),
		);
		if (!again) {
			this.#turns.delete(name);
			return { again, iterations: turns.count };
		}
		const iterations = turns.count + 1;
		this.#turns.set(name, { count: iterations, firstAt: turns.firstAt ?? at });
		if (intervalMs > 0) await this.#pause(step, intervalMs);
		return { again, iterations };
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

interface LoopEnd {
	again: boolean;
	iterations: number;
}

/** What one of a machine's steps sees of the others. */
class Sight implements Progress {
	readonly #track: Track;
	readonly prev: unknown;

	constructor(track: Track, before: Before) {
		this.#track = track;
		this.prev = before?.output;
	}

	get input(): unknown {
		return this.#track.input;
	}

	get signals(): readonly AbortSignal[] {
		return this.#track.signals;
	}

	results(): ReadonlyMap<string, unknown> {
		return this.#track.known();
	}
}

/** Where a step leads with what it came to. */
function takenBy(step: MachineStep, before: Before, end: unknown): Taken {
	switch (step.kind) {
		case "choice":
			return { output: end, before, next: end as string }; // `choose` gives a name.
		case "loop": {
			const { again, iterations } = end as LoopEnd;
			return { output: { iterations }, before, next: again ? step.target : step.next };
		}
		case "sleep":
			return { output: undefined, before, next: step.next };
		default:
			return { output: end, before: { output: end }, next: step.next };
	}
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
