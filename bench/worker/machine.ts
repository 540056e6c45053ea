/** Ours in the style of a state machine: as many tasks in a row, or turns, as the work asks for. */
import { createInstance } from "../../src/client/create-instance";
import { describeInstance } from "../../src/client/runner-client";
import { workflow } from "../../src/library";
import { statusResponse } from "../../src/model/http";
import { type Contestant, outcome } from "./contestant";
import { seen, type Work } from "./program";

function machineOf(tasks: number) {
	const builder = workflow(tasksOf(tasks));
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

function loopOf(intervalMs: number) {
	return workflow(turningOf("loop", intervalMs))
		.task("count", {
			handler: async (_, ctx) => {
				const { id, count } = ctx.input as Work;
				const n = (ctx.getStepResult<number>("count") ?? 0) + 1;
				if (n === count) seen.lastLine.add(id);
				return n;
			},
		})
		.loop("again", {
			condition: (ctx) => ctx.steps.count < (ctx.input as Work).count,
			target: "count",
			interval: intervalMs,
			maxIterations: TURNS_MAX,
		})
		.build();
}

function pollOf(intervalMs: number) {
	return workflow(turningOf("poll", intervalMs))
		.poll("ask", {
			interval: intervalMs,
			check: async (_, ctx) => {
				const { id, count } = ctx.input as Work;
				const n = Number(/#(\d+)$/.exec(ctx.idempotencyKey)?.[1] ?? 1);
				if (n === count) seen.lastLine.add(id);
				return n < count ? { done: false } : { done: true, result: n };
			},
		})
		.build();
}

function turningOf(turning: "loop" | "poll", intervalMs: number): string {
	return `${turning}-${intervalMs}`;
}

const TURNS_MAX = 10_000;

function tasksOf(tasks: number): string {
	return `machine-${tasks}`;
}

function typeOf({ turning, count, size = 0 }: Work): string {
	return turning === undefined ? tasksOf(count) : turningOf(turning, size);
}

/** Of the warm-up, and of what is measured. */
export const machines = Object.fromEntries(
	[machineOf(10), machineOf(100), ...[0, 1].flatMap((ms) => [loopOf(ms), pollOf(ms)])].map(
		(machine) => [machine.name, machine],
	),
);

export const machine: Contestant = {
	create: (env, work) =>
		createInstance(env.WORKFLOW_RUNNER, {
			type: typeOf(work),
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
