/** Ours in the style of a state machine: as many tasks in a row as the work asks for. */
import { createInstance } from "../../src/client/create-instance";
import { describeInstance } from "../../src/client/runner-client";
import { workflow } from "../../src/library";
import { statusResponse } from "../../src/model/http";
import { type Contestant, outcome } from "./contestant";
import { seen, type Work } from "./program";

function machineOf(tasks: number) {
	const builder = workflow(typeOf(tasks));
	for (let n = 1; n <= tasks; n++) {
		builder.task(`step-${n}`, {
			handler: async (_, ctx) => {
				const { id } = ctx.input as Work;
				if (n === 1) seen.firstStep.add(id);
				if (n === tasks) seen.lastLine.add(id);
				return n === tasks ? (n * (n + 1)) / 2 : { n, done: true };
			},
		});
	}
	return builder.build();
}

function typeOf(tasks: number): string {
	return `machine-${tasks}`;
}

/** Of the warm-up, and of what is measured. */
export const machines = { [typeOf(10)]: machineOf(10), [typeOf(100)]: machineOf(100) };

export const machine: Contestant = {
	create: (env, work) =>
		createInstance(env.WORKFLOW_RUNNER, {
			type: typeOf(work.count),
			id: work.id,
			payload: work,
		}),
	sendEvent: () => Promise.reject(new Error("a machine of tasks waits for no event")),
	async result(env, id) {
		const view = await describeInstance(env.WORKFLOW_RUNNER, id, { steps: false });
		const { status, result } = statusResponse(view);
		return outcome(id, status, "completed", result);
	},
};
