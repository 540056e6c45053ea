/**
 * Runs cases: one by one from seeds, each against the same plan undisturbed where its result does
 * not depend on time. A case that fails is shrunk, and can be replayed from its text.
 */
import fc from "fast-check";
import { anyCase, type Case } from "./case";
import { isStable, type Plan, some } from "./plan";
import { comparable, endedByItself } from "./verdict";
import { Violation } from "./witness";
import { World } from "./world";

export interface Failure {
	seed: number;
	message: string;
	/** The shortest case found that fails. */
	shrunk: Case;
}

/** What happened in a case, line by line, to its end or its fault. */
export async function storyOf(given: Case): Promise<string[]> {
	const lines: string[] = [];
	await new World(given, (line) => lines.push(line)).run().catch(() => {});
	return lines;
}

/** What was seen, by name. */
export type Counts = Map<string, number>;

/** Resolves if every guarantee held. */
export async function runCase(given: Case, counts: Counts = new Map()): Promise<void> {
	const world = new World(given);
	const history = await world.run();
	for (const [what, count] of world.counts) add(counts, what, count);
	for (const feature of featuresOf(given.plan)) add(counts, `with ${feature}`, 1);
	add(counts, `ended ${history.workflow.status}`, 1);
	if (!isStable(given.plan) || !endedByItself(history)) return;
	add(counts, "compared with an undisturbed run", 1);
	const calm = { ...given, happenings: [], order: 0, lateCommits: false, hasDeadline: false };
	const wanted = comparable(await new World(calm).run());
	const came = comparable(history);
	if (came !== wanted) throw new Violation(`it came to ${came}, undisturbed to ${wanted}`);
}

/** Runs the case of a seed; resolves with what failed, shrunk. */
export async function runSeed(seed: number, counts: Counts): Promise<Failure | undefined> {
	const property = fc.asyncProperty(anyCase, (given) => runCase(given, counts));
	const found = await fc.check(property, {
		seed: scattered(seed),
		numRuns: 1,
		unbiased: true,
	});
	if (!found.failed || found.counterexample === null) return undefined;
	const { errorInstance: error } = found;
	const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
	return { seed, message, shrunk: found.counterexample[0] };
}

/** fast-check's generators start alike from neighbouring seeds (murmur3's finalizer). */
function scattered(seed: number): number {
	let mixed = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return mixed ^ (mixed >>> 16);
}

function add(counts: Counts, what: string, count: number): void {
	counts.set(what, (counts.get(what) ?? 0) + count);
}

function featuresOf(plan: Plan): string[] {
	const features: Record<string, (node: Plan) => boolean> = {
		retries: (node) => node.op === "do" && node.fails + node.hangs > 0 && node.limit > 1,
		"step timeouts": (node) => node.op === "do" && node.timeoutMs !== null,
		sleeps: ({ op }) => op === "sleep",
		waits: ({ op }) => op === "wait",
		all: ({ op }) => op === "all",
		"race or any": ({ op }) => op === "race" || op === "any",
		"try/catch": ({ op }) => op === "try",
		loops: ({ op }) => op === "loop",
	};
	return Object.keys(features).filter((name) => some(plan, features[name] ?? (() => false)));
}
