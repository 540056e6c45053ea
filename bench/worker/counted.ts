/**
 * The runner with counters: what an instance and its shard write, and how large they are. A class
 * of its own, so that what is timed is not what is counted.
 */
import { createInstance } from "../../src/client/create-instance";
import { shardName } from "../../src/model/ids";
import { workflowRunner } from "../../src/workflow-runner";
import type { Env } from "./contestant";
import { completes } from "./driver";
import { BenchWorkflow, ours } from "./ours";

export interface Counts {
	/** As Cloudflare bills them: rows of tables and indexes, those of the schema included. */
	rowsWritten: number;
	alarmWrites: number;
	sizeBytes: number;
}

export class CountedRunner extends workflowRunner({ bench: BenchWorkflow }) {
	#rowsWritten = 0;
	#alarmWrites = 0;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, { WORKFLOW_RUNNER: env.COUNTED_RUNNER });
		const { storage } = ctx;
		const { sql } = storage;
		const exec = sql.exec.bind(sql);
		sql.exec = (...args) => {
			const cursor = exec(...args);
			// A statement that writes has run to its end when `exec` returns.
			this.#rowsWritten += cursor.rowsWritten;
			return cursor as never;
		};
		const { setAlarm, deleteAlarm } = storage;
		storage.setAlarm = (...args) => {
			this.#alarmWrites++;
			return setAlarm.apply(storage, args);
		};
		storage.deleteAlarm = (...args) => {
			this.#alarmWrites++;
			return deleteAlarm.apply(storage, args);
		};
	}

	counts(): Counts {
		return {
			rowsWritten: this.#rowsWritten,
			alarmWrites: this.#alarmWrites,
			sizeBytes: this.ctx.storage.sql.databaseSize,
		};
	}
}

/** What the shard has to have gathered and written by then. */
const SHARD_MS = 500;

/** Runs one instance of `steps` steps; what it wrote, and what its shard did. */
export async function countInstance(
	env: Env,
	id: string,
	steps: number,
): Promise<{ instance: Counts; shard: Counts }> {
	const runners = env.COUNTED_RUNNER;
	const countsOf = (name: string) => (runners.getByName(name) as unknown as CountedRunner).counts();
	const counted = { ...env, WORKFLOW_RUNNER: runners };
	const work = { id, program: "sequence", count: steps } as const;
	const before = await countsOf(shardName("bench"));
	await createInstance(runners, { type: "bench", id, payload: work });
	await completes(ours, counted, work);
	await scheduler.wait(SHARD_MS);
	const after = await countsOf(shardName("bench"));
	return {
		instance: await countsOf(id),
		shard: {
			rowsWritten: after.rowsWritten - before.rowsWritten,
			alarmWrites: after.alarmWrites - before.alarmWrites,
			sizeBytes: after.sizeBytes,
		},
	};
}
