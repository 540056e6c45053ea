/**
 * How far a machine is, at each moment of its run: made and taken at random, with branches, loops in
 * loops, arms, polls and failures.
 */
import { describe, expect, it } from "vitest";
import type { StepRow } from "../../src/db/instance-store";
import type { RunningAttempt } from "../../src/engine/describe";
import { type Program, type RunInfo, type StyleStep, toProgram } from "../../src/engine/program";
import { Progress, progressOf } from "../../src/engine/progress";
import { type Untyped, workflow } from "../../src/library";
import { type Encoded, encode } from "../../src/model/codec";
import type { Graph } from "../../src/model/graph";
import { stepKey } from "../../src/model/ids";
import type { ProgressView } from "../../src/model/rpc";
import { randomFrom } from "../support/random";

const SEEDS = 400;

/** Writes a machine of random steps. */
class Author {
	readonly #random: () => number;
	#names = 0;

	constructor(random: () => number) {
		this.#random = random;
	}

	machine(): Program {
		const builder: Untyped = workflow("machine");
		this.#write(builder, 2);
		return builder.build()[toProgram]();
	}

	/** Returns the names of the steps that it has written. */
	#write(builder: Untyped, depth: number, next?: string): string[] {
		const names: string[] = [];
		const parts = 1 + this.#below(4);
		for (let part = 0; part < parts; part++) {
			const isLast = part === parts - 1;
			names.push(...this.#part(builder, depth, names, isLast ? next : undefined));
		}
		return names;
	}

	#part(builder: Untyped, depth: number, before: string[], next: string | undefined): string[] {
		const name = this.#name();
		const flow = next === undefined ? {} : { next };
		const kind = this.#below(depth > 0 ? 8 : 5);
		if (kind === 3) {
			builder.poll(name, { interval: 1, check: () => ({ done: this.#below(3) > 0 }), ...flow });
		} else if (kind === 4 && before.length > 0) {
			const target = before[this.#below(before.length)];
			let turns = 0;
			const condition = () => ++turns < 12 && this.#below(2) > 0;
			const interval = this.#below(2);
			builder.loop(name, { condition, target, interval, maxIterations: 20, ...flow });
		} else if (kind === 5) {
			return [name, ...this.#choice(builder, depth, name, next)];
		} else if (kind === 6) {
			const branches = Array.from({ length: 1 + this.#below(3) }, (_, index) => {
				const branch: Untyped = workflow.branch(`b${index}`);
				this.#write(branch, depth - 1);
				return branch.build();
			});
			builder.parallel(name, { branches, onError: this.#one("fail-fast", "wait-all"), ...flow });
		} else if (kind === 1) {
			builder.sleep(name, { duration: 1, ...flow });
		} else {
			builder.task(name, { handler: () => this.#fail(), ...flow });
		}
		return [name];
	}

	/** Arms that meet again, or go there at once. */
	#choice(builder: Untyped, depth: number, name: string, next: string | undefined): string[] {
		const join = this.#name();
		const heads = [join, join].map((target) => (this.#below(4) === 0 ? target : this.#name()));
		const [head = join, otherwise = join] = heads;
		const choices = [{ condition: () => this.#below(2) > 0, next: head }];
		builder.choice(name, { choices, default: otherwise });
		const written = [...new Set(heads)]
			.filter((first) => first !== join)
			.flatMap((first) => {
				builder.pass(first);
				return [first, ...this.#write(builder, depth - 1, join)];
			});
		builder.pass(join, next === undefined ? {} : { next });
		return [...written, join];
	}

	#fail(): void {
		if (this.#below(60) === 0) throw new Error("no");
	}

	#name(): string {
		return `s${++this.#names}`;
	}

	#one<T>(...of: readonly T[]): T | undefined {
		return of[this.#below(of.length)];
	}

	#below(n: number): number {
		return Math.floor(this.#random() * n);
	}
}

type Row = Pick<StepRow, "key" | "status" | "result" | "outcome">;

/** A journal without an engine: what is open is ended one by one, in any order. */
class Stage {
	readonly rows = new Map<string, Row>();
	readonly outcomes: Row[] = [];
	readonly running: RunningAttempt[] = [];
	readonly #ends: (() => void | Promise<void>)[] = [];
	readonly #counts = new Map<string, number>();

	readonly step = {
		do: (name: string, fn: Untyped) => {
			const key = this.#key(name);
			const attempt = { key, parent: null, attempt: 1, startedAt: 0 };
			this.running.push(attempt);
			return this.#later(async (resolve, reject) => {
				const end = await ended(() => fn({ ...attempt, metadata: {} }));
				this.running.splice(this.running.indexOf(attempt), 1);
				const { status } = end;
				this.#settle(key, status, status === "completed" ? encode(end.value, key) : null);
				if (status === "completed") resolve(end.value);
				else reject(end.error);
			});
		},
		sleep: (name: string) => {
			const key = this.#key(name);
			this.rows.set(key, { key, status: "sleeping", result: null, outcome: null });
			return this.#later((resolve) => {
				this.#settle(key, "completed");
				resolve(undefined);
			});
		},
	} as unknown as StyleStep;

	/** Ends one of what is open; false: nothing is. */
	async goOn(random: () => number): Promise<boolean> {
		const [end] = this.#ends.splice(Math.floor(random() * this.#ends.length), 1);
		await end?.();
		// What a step sets in motion comes to rest.
		await new Promise((resolve) => setTimeout(resolve, 0));
		return end !== undefined;
	}

	#key(name: string): string {
		const count = (this.#counts.get(name) ?? 0) + 1;
		this.#counts.set(name, count);
		return stepKey(name, count);
	}

	#settle(key: string, status: "completed" | "failed", result: Encoded | null = null): void {
		const row = { key, status, result, outcome: this.outcomes.length + 1 };
		this.rows.set(key, row);
		this.outcomes.push(row);
	}

	#later(
		end: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => unknown,
	): Promise<unknown> {
		return new Promise((resolve, reject) => {
			this.#ends.push(() => end(resolve, reject) as Promise<void>);
		});
	}
}

async function ended(work: () => unknown) {
	try {
		return { status: "completed" as const, value: await work() };
	} catch (error) {
		return { status: "failed" as const, error };
	}
}

function progress(graph: Graph, stage: Stage, status: "running" | "completed"): ProgressView {
	const rows = stage.rows.values() as Iterable<StepRow>;
	return progressOf(graph, status, { rows, running: stage.running });
}

/** How many steps have been, or can still come from where it rests. */
function stepsLeft({ nodes, edges }: Graph, stage: Stage, told: Progress): number {
	const rows = [...stage.rows.values()].filter(({ status }) => status !== "completed");
	const reached = new Set([...rows, ...stage.running].map(({ key }) => told.nodeOf(key)));
	for (const node of reached) for (const { from, to } of edges) if (from === node) reached.add(to);
	for (const key of stage.rows.keys()) reached.add(told.nodeOf(key));
	return nodes.filter(({ id, isStep = true }) => isStep && reached.has(id)).length;
}

/** It has gone on, and is not said to have ended. */
function expectOnward(views: readonly ProgressView[]): void {
	for (const [index, view] of views.entries()) {
		const before = views[index - 1] ?? { progress: 0, completedSteps: 0, totalSteps: Infinity };
		expect(view.progress).toBeGreaterThanOrEqual(before.progress);
		expect(view.progress).toBeLessThan(100);
		expect(view.completedSteps).toBeGreaterThanOrEqual(before.completedSteps);
		expect(view.totalSteps).toBeLessThanOrEqual(before.totalSteps);
	}
}

async function play(seed: number): Promise<{ isOver: boolean; ends: number }> {
	const random = randomFrom(seed);
	const program = new Author(random).machine();
	const graph = program.graph as Graph;
	const stage = new Stage();
	const info = { log() {}, emit() {} } as unknown as RunInfo;
	let end: "completed" | "errored" | undefined;
	void program.run(stage.step, null, info).then(
		() => {
			end = "completed";
		},
		() => {
			end = "errored";
		},
	);
	const seen: ProgressView[] = [];
	const told = new Progress(graph);
	do {
		const view = progress(graph, stage, "running");
		seen.push(view);
		const hasFailed = stage.outcomes.some(({ status }) => status === "failed");
		// What stops beside a failure rests between two steps.
		if (!hasFailed) expect(view.totalSteps).toBe(stepsLeft(graph, stage, told));
	} while ((await stage.goOn(random)) && end === undefined);
	expect(end).toBeDefined();
	const tellings = stage.outcomes.map((row) => {
		told.see(row);
		return told.view();
	});
	expectOnward(seen);
	// At each of these moments something was still to be done.
	for (const view of seen) expect(view.completedSteps).toBeLessThan(view.totalSteps);
	expectOnward(tellings);
	if (end === "completed") {
		const steps = new Set([...stage.rows.keys()].map((key) => told.nodeOf(key)));
		const last = {
			...{ progress: 100, currentStep: null },
			...{ completedSteps: steps.size, totalSteps: steps.size },
		};
		expect(progress(graph, stage, "completed")).toEqual(last);
		expect(told.end()).toEqual(last);
	} else {
		expect(progress(graph, stage, "running").currentStep).not.toBeNull();
	}
	return { isOver: end === "completed", ends: stage.outcomes.length };
}

describe("the progress of a machine", () => {
	it(`never falls, and is 100 when it has completed: ${SEEDS} machines`, async () => {
		let completed = 0;
		let turns = 0;
		for (let seed = 1; seed <= SEEDS; seed++) {
			try {
				const { isOver, ends } = await play(seed);
				if (isOver) completed++;
				turns += ends;
			} catch (error) {
				throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
			}
		}
		// They are no trifles, and some fail.
		expect(completed).toBeGreaterThan(SEEDS / 2);
		expect(completed).toBeLessThan(SEEDS);
		expect(turns).toBeGreaterThan(SEEDS * 8);
	});
});
