/** Ours: a class workflow on the real `WorkflowRunner`, with its journal, alarm and index delivery. */
import { listAfter } from "../../src/client/listing";
import { deliverToIndex } from "../../src/client/shard-client";
import { BaseWorkflow, type Step, Workflow, type WorkflowContext } from "../../src/library";
import type { IndexUpdate, InstanceFilter } from "../../src/model/index-rpc";
import { type Contestant, outcome, PAGE, RARE_CUSTOMER, RARE_ROWS } from "./contestant";
import { EVENT, type Result, runProgram, type Work } from "./program";

export class BenchWorkflow extends BaseWorkflow<Work, Result> {
	static override type = "bench";

	run(step: Step, work: Work): Promise<Result> {
		return runProgram(
			{
				do: (name, fn) => step.do(name, fn),
				sleep: (name, ms) => step.sleep(name, ms),
				waitForEvent: (name) => step.waitForEvent(name),
			},
			work,
		);
	}
}

export class GuardedWorkflow extends BenchWorkflow {
	static override type = "guarded";
	static override concurrency = { limit: 10 };
}

export const fluentWorkflow = Workflow.define("fluent", (ctx: WorkflowContext<Work>) =>
	runProgram(
		{
			// Awaited as it is, which is how users write it.
			do: <T>(name: string, fn: () => Promise<T>) =>
				ctx.step(name, fn) as PromiseLike<T> as Promise<T>,
			sleep: (name, ms) => ctx.sleep(name, ms),
			waitForEvent: (name) => ctx.waitForEvent(name),
		},
		ctx.input,
	),
);

/** A type of which there are index rows only. */
const LISTED = "listed";
/** Updates that an index gets at a time. */
const BATCH = 500;

export const ours: Contestant = {
	create: (env, work) => {
		const { id, startAt } = work;
		if (work.isFluent) return Workflow.create(fluentWorkflow, { id, input: work }, env);
		const Class = work.isGuarded ? GuardedWorkflow : BenchWorkflow;
		return Class.create(env, { id, payload: work, ...(startAt !== undefined && { startAt }) });
	},
	sendEvent: (env, id) => BenchWorkflow.sendEvent(env, { id, event: EVENT, payload: null }),
	async result(env, id) {
		const { status, result } = await BenchWorkflow.status(env, id, { steps: false });
		return outcome(id, status, "completed", result);
	},
	async fill(env, rows) {
		const tell = (update: IndexUpdate) =>
			deliverToIndex(env.WORKFLOW_RUNNER, { type: LISTED, shard: 0, update });
		for (let begin = 0; begin < rows; begin += BATCH) {
			const count = Math.min(BATCH, rows - begin);
			await Promise.all(Array.from({ length: count }, (_, n) => tell(listed(begin + n, rows))));
		}
	},
	async list(env, of) {
		const filter: InstanceFilter = {
			any: {},
			"rare status": { status: ["errored" as const] },
			attribute: { attributes: { customer: RARE_CUSTOMER } },
		}[of];
		const request = { types: [LISTED], filter, order: "desc", limit: PAGE } as const;
		return (await listAfter(env.WORKFLOW_RUNNER, request, null)).rows;
	},
	index: (env, id) => {
		const now = Date.now();
		const update = { id, seq: 2, status: "completed", createdAt: now, updatedAt: now } as const;
		return deliverToIndex(env.WORKFLOW_RUNNER, { type: LISTED, shard: 0, update });
	},
};

/** The `n`th of so many rows: the rare ones lie evenly among the others. */
function listed(n: number, rows: number): IndexUpdate {
	const turn = n % Math.floor(rows / RARE_ROWS);
	return {
		id: `i-${n}`,
		seq: 2,
		status: turn === 0 ? "errored" : "completed",
		createdAt: n,
		updatedAt: n,
		attributes: { customer: turn === 1 ? RARE_CUSTOMER : `customer-${n}` },
	};
}
