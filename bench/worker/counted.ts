/**
 * The runner with counters: what an instance and its shard write, and how large they are. A class
 * of its own, so that what is timed is not what is counted.
 */
import { createInstance } from "../../src/client/create-instance";
import { type RunnerNamespace, removeInstance } from "../../src/client/runner-client";
import { deliverToIndex } from "../../src/client/shard-client";
import { shardName } from "../../src/model/ids";
import type { IndexUpdate } from "../../src/model/index-rpc";
import { workflowRunner } from "../../src/workflow-runner";
import type { Env } from "./contestant";
import { completes } from "./driver";
import { BenchWorkflow, ours } from "./ours";
import type { Work } from "./program";

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

/** Of one instance: rows as Cloudflare bills them. */
export interface InstanceCounts {
	/** In its own object, alarm settings included. */
	rows: number;
	alarms: number;
	indexRows: number;
	/** To forget it, in its object and in the index. */
	removalRows: number;
	sizeBytes: number;
}

/** Updates that a busy shard gets within a moment. */
const AT_ONCE = 256;
/** Longer than a shard gathers. */
const SHARD_MS = 500;

/** Runs one instance to its end, then deletes it; what each wrote, and what its shard did. */
export async function countInstance(env: Env, work: Work): Promise<InstanceCounts> {
	const runners = env.COUNTED_RUNNER;
	const counts = async () => {
		const countsOf = countsIn(runners);
		// The shard has to have gathered and written.
		await scheduler.wait(SHARD_MS);
		return { instance: await countsOf(work.id), shard: await countsOf(shardName("bench")) };
	};
	const before = await counts();
	await createInstance(runners, { type: "bench", id: work.id, payload: work });
	await completes(ours, { ...env, WORKFLOW_RUNNER: runners }, work);
	const ended = await counts();
	await removeInstance(runners, work.id, { actor: "bench" });
	const removed = await counts();
	return {
		rows: since(before.instance, ended.instance),
		alarms: ended.instance.alarmWrites - before.instance.alarmWrites,
		indexRows: since(before.shard, ended.shard),
		removalRows: since(ended.instance, removed.instance) + since(ended.shard, removed.shard),
		sizeBytes: ended.instance.sizeBytes,
	};
}

/** An alarm that is set is billed as a row. */
function since(before: Counts, after: Counts): number {
	return after.rowsWritten + after.alarmWrites - before.rowsWritten - before.alarmWrites;
}

/** What a busy shard writes and holds for each of so many instances. */
export interface IndexCounts {
	/** For one that is new, for another status of it, and for a further attribute. */
	rowsCreated: number;
	rowsChanged: number;
	rowsAttribute: number;
	bytes: number;
	bytesAttribute: number;
}

export async function countIndex(
	{ COUNTED_RUNNER: runners }: Env,
	instances: number,
): Promise<IndexCounts> {
	const type = "busy";
	const count = () => countsIn(runners)(shardName(type));
	const ids = Array.from({ length: instances }, () => crypto.randomUUID());
	const createdAt = Date.now();
	const tell = async (change: Pick<IndexUpdate, "status" | "seq" | "attributes">) => {
		const before = await count();
		for (let from = 0; from < instances; from += AT_ONCE) {
			const page = ids.slice(from, from + AT_ONCE);
			const updates = page.map((id) => ({ id, createdAt, updatedAt: createdAt, ...change }));
			await Promise.all(
				updates.map((update) => deliverToIndex(runners, { type, shard: 0, update })),
			);
		}
		const { rowsWritten, sizeBytes } = await count();
		return { rows: (rowsWritten - before.rowsWritten) / instances, bytes: sizeBytes / instances };
	};
	const created = await tell({ status: "running", seq: 1 });
	const changed = await tell({ status: "completed", seq: 2 });
	const attributes = { customer: "customer-17" };
	const tagged = await tell({ status: "completed", seq: 3, attributes });
	return {
		rowsCreated: created.rows,
		rowsChanged: changed.rows,
		rowsAttribute: tagged.rows,
		bytes: changed.bytes,
		bytesAttribute: tagged.bytes - changed.bytes,
	};
}

function countsIn(runners: RunnerNamespace): (name: string) => Promise<Counts> {
	return async (name) => (runners.getByName(name) as unknown as CountedRunner).counts();
}
