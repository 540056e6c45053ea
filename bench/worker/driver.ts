/**
 * The driver: loads one contestant, from inside the Worker, as one request asks for it, and answers
 * with the times of each instance.
 *
 * A Worker's clock counts whole ms. Marks that are streamed to a finer clock outside are no way
 * out: what blocks the process after a mark (a commit, a new object) delays it on its way.
 */
import { type Contestant, type Env, PAGE, type PageOf } from "./contestant";
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
	list?: PageOf;
	/** The index is told of instances, in place of running them. */
	index?: true;
	/** What is looked at between `begin` and `completed`. */
	watch?: "firstStep" | "event";
	/** All are delayed to the same moment, so many ms after the first is created. */
	delayMs?: number;
	/** Ms from one creation to the next, whatever the contestant does; default: none. */
	everyMs?: number;
}

const PATIENCE_MS = 180_000;
/** In which delayed instances are to have started. */
const DELAYED_START_MS = 5_000;

/** Of one instance, or one page: ms since 1970. */
export interface Times {
	begin: number;
	completed: number;
	firstStep?: number;
	accepted?: number;
	/** In ms. */
	lateness?: number | undefined;
}

export async function drive(contestant: Contestant, env: Env, load: Load): Promise<Times[]> {
	const times: Times[] = [];
	let next = 0;
	const startedAt = Date.now();
	const delay = load.delayMs === undefined ? {} : { startAt: startedAt + load.delayMs };
	const lane = async () => {
		while (next < load.instances) {
			const n = next++;
			const dueAt = startedAt + n * (load.everyMs ?? 0);
			if (dueAt > Date.now()) await scheduler.wait(dueAt - Date.now());
			const work = { ...load.work, ...delay, id: `${load.prefix}-${n}` };
			times.push(await runOf(contestant, env, load, work));
		}
	};
	await Promise.all(Array.from({ length: load.inFlight }, lane));
	return times;
}

function runOf(contestant: Contestant, env: Env, load: Load, work: Work): Promise<Times> {
	if (load.list !== undefined) return listOne(contestant, env, load.list);
	if (load.index) return indexOne(contestant, env, work.id);
	return runOne(contestant, env, load, work);
}

async function indexOne(contestant: Contestant, env: Env, id: string): Promise<Times> {
	const begin = Date.now();
	await contestant.index?.(env, id);
	return { begin, completed: Date.now() };
}

async function listOne(contestant: Contestant, env: Env, of: PageOf): Promise<Times> {
	const begin = Date.now();
	const rows = await contestant.list?.(env, of);
	if (rows?.length !== PAGE) throw new Error(`a page of ${rows?.length} rows`);
	return { begin, completed: Date.now() };
}

async function runOne(
	contestant: Contestant,
	env: Env,
	{ watch }: Load,
	work: Work,
): Promise<Times> {
	const times: Times = { begin: Date.now(), completed: 0 };
	await contestant.create(env, work);
	if (watch === "firstStep") {
		await appears(seen.firstStep, work.id);
		times.firstStep = Date.now();
	}
	if (watch === "event") {
		// It is to wait already: one that is ahead of its wait is another path.
		await scheduler.wait(30);
		await contestant.sendEvent(env, work.id);
		times.accepted = Date.now();
	}
	if (work.startAt !== undefined) {
		const restMs = work.startAt - Date.now();
		if (restMs < 0) throw new Error(`${work.id} was created ${-restMs} ms after its start`);
		// Nobody looks while they start.
		await scheduler.wait(restMs + DELAYED_START_MS);
	}
	await appears(seen.lastLine, work.id);
	await completes(contestant, env, work);
	times.completed = Date.now();
	times.lateness = seen.lateness.get(work.id);
	seen.lateness.delete(work.id);
	seen.firstStep.delete(work.id);
	return times;
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
