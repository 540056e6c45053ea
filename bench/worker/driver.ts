/**
 * The driver: loads one contestant, from inside the Worker, as one request asks for it.
 *
 * Workers have no clock of their own (it stands still while code runs, and counts whole ms). So
 * the driver answers with a stream of marks, and whoever reads it looks at the clock when one
 * arrives. A mark is a line: its name and the number of the instance that it is about.
 */
import { type Contestant, type Env, PAGE } from "./contestant";
import { expectedResult, seen, type Work } from "./program";

/** One measurement. */
export interface Load {
	contestant: string;
	/** Ids begin with it: never used before. */
	prefix: string;
	instances: number;
	inFlight: number;
	work: Omit<Work, "id">;
	/** Pages of the index are asked for, in place of instances. */
	list?: boolean;
	/** What is marked between `begin` and `completed`. */
	watch?: "firstStep" | "event" | "lateness";
	/** Ms from one creation to the next, whatever the contestant does; default: none. */
	everyMs?: number;
}

const PATIENCE_MS = 180_000;

export type Mark = (name: string, instance: number, value?: number) => void;

export async function drive(
	contestant: Contestant,
	env: Env,
	load: Load,
	mark: Mark,
): Promise<void> {
	let next = 0;
	const startedAt = Date.now();
	const lane = async () => {
		while (next < load.instances) {
			const n = next++;
			const dueAt = startedAt + n * (load.everyMs ?? 0);
			if (dueAt > Date.now()) await scheduler.wait(dueAt - Date.now());
			await driveOne(contestant, env, load, mark, n);
		}
	};
	await Promise.all(Array.from({ length: load.inFlight }, lane));
}

async function driveOne(
	contestant: Contestant,
	env: Env,
	load: Load,
	mark: Mark,
	n: number,
): Promise<void> {
	if (load.list) {
		mark("begin", n);
		const rows = await contestant.list?.(env);
		mark("completed", n);
		if (rows?.length !== PAGE) throw new Error(`a page of ${rows?.length} rows`);
		return;
	}
	const work = { ...load.work, id: `${load.prefix}-${n}` };
	mark("begin", n);
	await contestant.create(env, work);
	if (load.watch === "firstStep") {
		await appears(seen.firstStep, work.id);
		mark("firstStep", n);
	}
	if (load.watch === "event") {
		// It is to wait already: one that is ahead of its wait is another path.
		await scheduler.wait(30);
		await contestant.sendEvent(env, work.id);
		mark("accepted", n);
	}
	await appears(seen.lastLine, work.id);
	await completes(contestant, env, work);
	mark("completed", n);
	const lateness = seen.lateness.get(work.id);
	if (lateness !== undefined) mark("lateness", n, lateness);
	seen.lateness.delete(work.id);
	seen.firstStep.delete(work.id);
}

/**
 * It looks itself, turn by turn: a promise that another object resolves does not last. (Past some
 * 17,000 of them workerd fails every request.)
 */
async function appears(ids: Set<string>, id: string): Promise<void> {
	const startedAt = Date.now();
	let turns = 0;
	while (!ids.delete(id)) {
		if (Date.now() - startedAt > PATIENCE_MS) throw new Error(`${id} takes too long`);
		// At first at every turn (5 µs), so that a short time is seen in full; then less often.
		await scheduler.wait(turns++ < 2_000 ? 0 : 1);
	}
}

/** The end is an answer that the output gate has held until the rows are on disk. */
export async function completes(contestant: Contestant, env: Env, work: Work): Promise<void> {
	let result = await contestant.result(env, work.id);
	while (result === undefined) {
		// Calls within the process alone would leave its event loop no time for timers.
		await scheduler.wait(0);
		result = await contestant.result(env, work.id);
	}
	const expected = expectedResult(work);
	if (result !== expected) throw new Error(`${work.id} returned ${result}, not ${expected}`);
}

/** Resolves when the program of `id` has come to its last line; for a load over HTTP. */
export function lastLine(id: string): Promise<void> {
	return appears(seen.lastLine, id);
}
