/** Ours: a class workflow on the real `WorkflowRunner`, with its journal, alarm and index delivery. */
import { deliverToIndex, listInstances } from "../../src/client/runner-client";
import { BaseWorkflow, type Step } from "../../src/library";
import type { IndexUpdate } from "../../src/model/index-rpc";
import { type Contestant, outcome, PAGE } from "./contestant";
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

/** A type of which there are index rows only. */
const LISTED = "listed";
/** Updates that an index gets at a time. */
const BATCH = 500;

export const ours: Contestant = {
	create: (env, work) => {
		const Workflow = work.isGuarded ? GuardedWorkflow : BenchWorkflow;
		return Workflow.create(env, { id: work.id, payload: work });
	},
	sendEvent: (env, id) => BenchWorkflow.sendEvent(env, { id, event: EVENT, payload: null }),
	async result(env, id) {
		const { status, result } = await BenchWorkflow.status(env, id, { steps: false });
		return outcome(id, status, "completed", result);
	},
	async fill(env, rows) {
		const updates = Array.from({ length: rows }, (_, n): IndexUpdate => {
			return { id: `i-${n}`, seq: 2, status: "completed", createdAt: n, updatedAt: n };
		});
		const deliver = (update: IndexUpdate) => deliverToIndex(env.WORKFLOW_RUNNER, LISTED, update);
		while (updates.length > 0) await Promise.all(updates.splice(0, BATCH).map(deliver));
	},
	list: (env) => listInstances(env.WORKFLOW_RUNNER, LISTED, { limit: PAGE }),
};
