/**
 * The programs that are measured. Every contestant runs these same functions; what differs is what
 * its `Steps` does with a result, a sleep or a wait.
 *
 * A program tells of its first step and of its last line by entries in `seen`, which the driver in
 * the same isolate looks at: no contestant is slowed by being asked.
 */

/** What an instance is asked to do; its payload. */
export interface Work {
	id: string;
	program: keyof typeof PROGRAMS;
	/** How many steps or turns. */
	count: number;
	/** It is delayed until then, in ms since 1970. */
	startAt?: number;
	/** Ten of these are at work at once. */
	isGuarded?: true;
	/** Written in the fluent style. */
	isFluent?: true;
	/** A machine of one that has so many turns. */
	turning?: "loop" | "poll";
	/** Of each result, where the program has results of a size; of each sleep, in ms. */
	size?: number;
}

export interface Steps {
	do<T extends Value>(name: string, fn: () => Promise<T>): Promise<T>;
	sleep(name: string, ms: number): Promise<void>;
	waitForEvent(name: string): Promise<unknown>;
}

export type Value = number | string | { n: number; done: boolean } | { n: number; text: string };

/** What a program returns, so that the driver can tell that all of it ran. */
export type Result = number;

/** The name of the one event. */
export const EVENT = "go";

/** Of instances that run: what their program has told. The driver takes them out. */
export const seen = {
	firstStep: new Set<string>(),
	lastLine: new Set<string>(),
	/** How late a sleep or a delay ended, in ms. */
	lateness: new Map<string, number>(),
};

/** Runs the program of `work` to its end. */
export async function runProgram(steps: Steps, work: Work): Promise<Result> {
	const result = await PROGRAMS[work.program](steps, work);
	seen.lastLine.add(work.id);
	return result;
}

/** What the program of `work` has to return. */
export function expectedResult({ program, count }: Work): Result {
	return program === "sequence" || program === "parallel" || program === "results"
		? (count * (count + 1)) / 2
		: count;
}

const PROGRAMS = { sequence, parallel, results, event, sleep, ticks, delayed };

async function sequence(steps: Steps, { id, count }: Work): Promise<number> {
	let sum = 0;
	for (let n = 1; n <= count; n++) {
		const result = await steps.do(`step-${n}`, async () => {
			if (n === 1) seen.firstStep.add(id);
			return { n, done: true };
		});
		sum += result.n;
	}
	return sum;
}

async function parallel(steps: Steps, { count }: Work): Promise<number> {
	const results = await Promise.all(
		Array.from({ length: count }, (_, index) =>
			steps.do(`step-${index + 1}`, async () => ({ n: index + 1, done: true })),
		),
	);
	return results.reduce((sum, { n }) => sum + n, 0);
}

async function results(steps: Steps, { count, size = 0 }: Work): Promise<number> {
	let sum = 0;
	for (let n = 1; n <= count; n++) {
		// Made anew each time: a string repeated is not yet its bytes.
		const result = await steps.do(`step-${n}`, async () => ({ n, text: "x".repeat(size) }));
		if (result.text.length !== size) throw new Error(`a result of ${result.text.length}`);
		sum += result.n;
	}
	return sum;
}

async function event(steps: Steps, { count }: Work): Promise<number> {
	await steps.waitForEvent(EVENT);
	return count;
}

async function sleep(steps: Steps, { id, count, size = 0 }: Work): Promise<number> {
	const beganAt = await steps.do("began", async () => Date.now());
	await steps.sleep("nap", size);
	seen.lateness.set(id, Date.now() - beganAt - size);
	return count;
}

async function delayed(steps: Steps, { id, count, startAt = Number.NaN }: Work): Promise<number> {
	seen.lateness.set(id, Date.now() - startAt);
	await steps.do("began", async () => count);
	return count;
}

async function ticks(steps: Steps, { count, size = 0 }: Work): Promise<number> {
	for (let n = 1; n <= count; n++) await steps.sleep(`tick-${n}`, size);
	return count;
}
