/**
 * The Worker that is measured: the contestants, and a driver that loads one of them per request.
 *
 * All run the same `program`; what differs is what `step` does with a result. The driver learns of
 * a program's end from a variable that the program's last line sets, and only then asks for the
 * status until it is `completed`: so no contestant is slowed by polling, and each one's time ends
 * with an answer that its output gate has held until the rows are on disk.
 */
import {
	DurableObject,
	WorkflowEntrypoint,
	type WorkflowEvent,
	type WorkflowStep,
} from "cloudflare:workers";
import { BaseWorkflow, type Step, type WorkflowEnv } from "../src/library";
import { workflowRunner } from "../src/workflow-runner";

// ── The program ───────────────────────────────────────────────────────────────

/** What an instance is asked to do; its payload. */
interface Work {
	id: string;
	steps: number;
}

interface StepResult {
	n: number;
	done: boolean;
}

type RunStep = (name: string, fn: () => Promise<StepResult>) => Promise<StepResult>;

/** Ids of instances whose program has come to its last line; the driver takes them out. */
const ended = new Set<string>();

async function program(step: RunStep, { id, steps }: Work): Promise<number> {
	let sum = 0;
	for (let n = 1; n <= steps; n++) {
		const result = await step(`step-${n}`, async () => ({ n, done: true }));
		sum += result.n;
	}
	ended.add(id);
	return sum;
}

// ── The contestants ───────────────────────────────────────────────────────────

interface Env extends WorkflowEnv {
	FLOOR: DurableObjectNamespace<Floor>;
	CLOUDFLARE: Workflow<Work>;
}

interface Contestant {
	create(env: Env, work: Work): Promise<unknown>;
	/** The program's result once the instance is completed; undefined while it runs. */
	result(env: Env, id: string): Promise<unknown>;
}

class OurSteps extends BaseWorkflow<Work, number> {
	static override type = "steps";

	run(step: Step, work: Work): Promise<number> {
		return program((name, fn) => step.do(name, fn), work);
	}
}

export class WorkflowRunner extends workflowRunner({ steps: OurSteps }) {}

const ours: Contestant = {
	create: (env, work) => OurSteps.create(env, { id: work.id, payload: work }),
	async result(env, id) {
		const { status, result } = await OurSteps.status(env, id);
		return outcome(id, status, "completed", result);
	},
};

export class CloudflareSteps extends WorkflowEntrypoint<Env, Work> {
	override run({ payload }: Readonly<WorkflowEvent<Work>>, step: WorkflowStep): Promise<number> {
		return program((name, fn) => step.do(name, fn), payload);
	}
}

const cloudflare: Contestant = {
	create: (env, work) => env.CLOUDFLARE.create({ id: work.id, params: work }),
	async result(env, id) {
		const { status, output } = await (await env.CLOUDFLARE.get(id)).status();
		return outcome(id, status, "complete", output);
	},
};

/** The rows that any engine on a Durable Object has to write, and nothing else. */
export class Floor extends DurableObject<Env> {
	create(work: Work, synced: boolean): void {
		const { sql } = this.ctx.storage;
		sql.exec(
			`CREATE TABLE workflow (row INTEGER PRIMARY KEY, id TEXT NOT NULL, status TEXT NOT NULL,
				payload TEXT NOT NULL, result TEXT, created_at INTEGER NOT NULL, completed_at INTEGER)`,
		);
		sql.exec(
			`CREATE TABLE steps (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL,
				status TEXT NOT NULL, attempts INTEGER NOT NULL, result TEXT,
				started_at INTEGER NOT NULL, completed_at INTEGER, outcome INTEGER)`,
		);
		sql.exec(
			"INSERT INTO workflow VALUES (1, ?, 'running', ?, NULL, ?, NULL)",
			work.id,
			JSON.stringify(work),
			Date.now(),
		);
		this.ctx.waitUntil(this.#run(work, synced));
	}

	status(): { status: string; result: number } {
		const [row] = this.ctx.storage.sql.exec("SELECT status, result FROM workflow");
		return { status: String(row?.status), result: Number(row?.result) };
	}

	async #run(work: Work, synced: boolean): Promise<void> {
		// As in an engine, `create` answers first.
		await scheduler.wait(0);
		const { storage } = this.ctx;
		let seq = 0;
		const sum = await program(async (name, fn) => {
			const startedAt = Date.now();
			const result = await fn();
			seq++;
			storage.sql.exec(
				"INSERT INTO steps VALUES (?, ?, 'do', 'completed', 1, ?, ?, ?, ?)",
				seq,
				name,
				JSON.stringify(result),
				startedAt,
				Date.now(),
				seq,
			);
			if (synced) await storage.sync();
			return result;
		}, work);
		storage.sql.exec(
			"UPDATE workflow SET status = 'completed', result = ?, completed_at = ?",
			JSON.stringify(sum),
			Date.now(),
		);
	}
}

function floor(synced: boolean): Contestant {
	return {
		create: (env, work) => env.FLOOR.getByName(work.id).create(work, synced),
		async result(env, id) {
			const { status, result } = await env.FLOOR.getByName(id).status();
			return outcome(id, status, "completed", result);
		},
	};
}

const contestants = new Map<string, Contestant>([
	["ours", ours],
	["floor", floor(false)],
	["floor-synced", floor(true)],
	["cloudflare", cloudflare],
]);

/** Statuses of an instance that still runs, in the words of all contestants. */
const UNFINISHED = ["created", "queued", "running"];

function outcome(id: string, status: string, completed: string, result: unknown): unknown {
	if (status === completed) return result;
	if (UNFINISHED.includes(status)) return undefined;
	throw new Error(`instance "${id}" is "${status}"`);
}

// ── The driver ────────────────────────────────────────────────────────────────

/** One measurement, as `run.mjs` asks for it. */
interface Load {
	contestant: string;
	/** Ids begin with it: never used before. */
	prefix: string;
	instances: number;
	steps: number;
	inFlight: number;
}

const POLL_MS = 1;
const PATIENCE_MS = 120_000;

/**
 * Waits for the last lines of programs. It looks at `ended` itself, since a promise that another
 * object resolves does not last: past some 17,000 of them workerd fails every request.
 */
class LastLines {
	readonly #waiting = new Map<string, () => void>();

	of(id: string): Promise<void> {
		return new Promise((resolve) => this.#waiting.set(id, resolve));
	}

	/** One timer for all lanes. */
	async watch(isRunning: () => boolean): Promise<void> {
		const began = performance.now();
		while (isRunning()) {
			if (performance.now() - began > PATIENCE_MS) throw new Error("it takes too long");
			await scheduler.wait(POLL_MS);
			for (const [id, resolve] of this.#waiting) {
				if (!ended.delete(id)) continue;
				this.#waiting.delete(id);
				resolve();
			}
		}
	}
}

/** Runs one instance to its end; returns the time until its program's last line. */
async function runInstance(
	contestant: Contestant,
	env: Env,
	work: Work,
	lastLines: LastLines,
): Promise<number> {
	const began = performance.now();
	const lastLine = lastLines.of(work.id);
	await contestant.create(env, work);
	await lastLine;
	const ranMs = performance.now() - began;
	let result = await contestant.result(env, work.id);
	while (result === undefined) {
		await scheduler.wait(POLL_MS);
		result = await contestant.result(env, work.id);
	}
	const expected = (work.steps * (work.steps + 1)) / 2;
	if (result !== expected) throw new Error(`"${work.id}" returned ${result}, not ${expected}`);
	return ranMs;
}

async function runLoad(env: Env, load: Load): Promise<{ totalMs: number; ranMs: number }> {
	const contestant = contestants.get(load.contestant);
	if (contestant === undefined) throw new Error(`no contestant "${load.contestant}"`);
	const lastLines = new LastLines();
	let next = 0;
	let ranMs = 0;
	const lane = async () => {
		while (next < load.instances) {
			const work = { id: `${load.prefix}-${++next}`, steps: load.steps };
			// Not `ranMs += await …`, which would add to what it was before the wait.
			const instanceMs = await runInstance(contestant, env, work, lastLines);
			ranMs += instanceMs;
		}
	};
	let running = true;
	const lanes = async () => {
		const began = performance.now();
		try {
			await Promise.all(Array.from({ length: load.inFlight }, lane));
			return performance.now() - began;
		} finally {
			running = false;
		}
	};
	const [totalMs] = await Promise.all([lanes(), lastLines.watch(() => running)]);
	return { totalMs, ranMs };
}

export default {
	async fetch(request: Request, env: Env): Promise<Response> {
		try {
			return Response.json(await runLoad(env, await request.json<Load>()));
		} catch (error) {
			return new Response(String(error), { status: 500 });
		}
	},
};
