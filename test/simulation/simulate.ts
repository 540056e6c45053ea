/**
 * Runs cases: one by one from seeds, each against the same plan undisturbed where its result does
 * not depend on time. A case that fails is shrunk, and can be replayed from its text.
 */
import fc from "fast-check";
import { anyCase, type Case, caseOf, onlyCaseOf } from "./case";
import { isBeyond, isStable, type Plan, some } from "./plan";
import { comparable, endedByItself, type History } from "./verdict";
import { Violation } from "./witness";
import { World } from "./world";

export interface Failure {
	seed: number;
	message: string;
	/** Of the shortest case found that fails: what happens in it, and its text for a regression. */
	story: string[];
	text: string;
}

const SHRINKING_MS_MAX = 60_000;

/** What was seen, by name. */
export type Counts = Map<string, number>;

/** Resolves if every guarantee held. */
export async function runCase(given: Case, counts: Counts = new Map()): Promise<void> {
	const world = new World(given);
	const histories = await world.run();
	for (const [what, count] of world.counts) add(counts, what, count);
	for (const feature of featuresOf(given)) add(counts, `with ${feature}`, 1);
	for (const { workflow } of histories) add(counts, `ended ${workflow.status}`, 1);
	const isComparable = (history: History) => isStable(history.plan) && endedByItself(history);
	if (!histories.some(isComparable)) return;
	add(counts, "compared with an undisturbed run", 1);
	const calm = { ...given, happenings: [], order: 0, lateCommits: false, hasDeadline: false };
	const undisturbed = await new World(calm).run();
	for (const [index, history] of histories.entries()) {
		const other = undisturbed[index];
		if (!isComparable(history) || other === undefined || !endedByItself(other)) continue;
		const [came, wanted] = [comparable(history), comparable(other)];
		if (came !== wanted) throw new Violation(`it came to ${came}, undisturbed to ${wanted}`);
	}
}

/** Runs seeds until one fails, which is shrunk. */
export async function runSeeds(
	{ from, seeds }: { from: number; seeds: number },
	progress: (done: number) => void = () => {},
): Promise<{ counts: Counts; failure?: Failure }> {
	const counts: Counts = new Map();
	for (let seed = from; seed < from + seeds; seed++) {
		try {
			await runCase(caseOf(seed), counts);
		} catch (error) {
			return { counts, failure: await shrink(seed, error) };
		}
		progress(seed + 1 - from);
	}
	return { counts };
}

async function shrink(seed: number, first: unknown): Promise<Failure> {
	const property = fc.asyncProperty(anyCase, (given) => runCase(given));
	const found = await fc.check(property, {
		...onlyCaseOf(seed),
		interruptAfterTimeLimit: SHRINKING_MS_MAX,
	});
	const error = found.errorInstance ?? first;
	const shrunk = found.counterexample?.[0] ?? caseOf(seed);
	return {
		seed,
		message: error instanceof Error ? (error.stack ?? error.message) : String(error),
		story: await storyOf(shrunk),
		text: JSON.stringify(shrunk),
	};
}

/** What happens in a case, line by line, to its end or its fault. */
async function storyOf(given: Case): Promise<string[]> {
	const lines: string[] = [];
	await new World(given, (line) => lines.push(line)).run().catch(() => {});
	return lines;
}

function add(counts: Counts, what: string, count: number): void {
	counts.set(what, (counts.get(what) ?? 0) + count);
}

function featuresOf({ plan, crowd, listens }: Case): string[] {
	const features: Record<string, (node: Plan) => boolean> = {
		retries: (node) => node.op === "do" && node.fails + node.hangs > 0 && node.limit > 1,
		"step timeouts": (node) => node.op === "do" && node.timeoutMs !== null,
		"awaits of no step": (node) => node.op === "do" && node.idles > 0,
		sleeps: ({ op }) => op === "sleep",
		waits: ({ op }) => op === "wait",
		all: ({ op }) => op === "all",
		"race or any": ({ op }) => op === "race" || op === "any",
		"try/catch": ({ op }) => op === "try",
		loops: ({ op }) => op === "loop",
		"a state machine": (each) => each.op === "seq" && each.asMachine === true,
		"a graph": (each) => each.op === "seq" && each.asGraph === true,
		choices: ({ op }) => op === "choice",
		"choices by the clock": (node) => node.op === "choice" && node.fickle,
		polls: ({ op }) => op === "poll",
		"a machine's loops": ({ op }) => op === "again",
		"bounds that are too small": (node) =>
			(node.op === "poll" || node.op === "again") && isBeyond(node),
		"branches that fail fast": (node) => node.op === "parallel" && node.onError === "fail-fast",
		"branches that wait for all": (node) => node.op === "parallel" && node.onError === "wait-all",
		handlers: (node) => node.op === "do" && node.handler !== undefined,
		"circuit breakers": (node) => node.op === "do" && node.breaker !== undefined,
		panics: (node) => node.op === "do" && (node.panics ?? 0) > 0,
	};
	const guards: Record<string, boolean | undefined> = {
		"a guard": crowd !== undefined,
		"a guard by key": crowd && crowd.guard.keyLimit !== null,
		"a guard that takes slots back": crowd?.guard.releases,
		"a guard of a start rate": crowd && crowd.guard.rate !== null,
		"a receiver of events": listens,
	};
	return [
		...Object.keys(features).filter((name) => some(plan, features[name] ?? (() => false))),
		...Object.keys(guards).filter((name) => guards[name]),
	];
}
