/** What followers of a machine are told beside its steps: turns of polls and loops, and progress. */
import { expect, it } from "vitest";
import { followInstance } from "../../../src/client/runner-client";
import { workflow } from "../../../src/library";
import { Follower, type Told } from "../../support/follower";
import { runners, type TestInstance } from "../../support/instance";
import { ended, newName, start } from "./deploy";

async function told({ id }: TestInstance, from?: string): Promise<Told[]> {
	const stream = await followInstance(runners, id, { from });
	return stream === null ? [] : new Follower(stream).until();
}

const dataOf = (all: readonly Told[], event: string) =>
	all.filter((each) => each.event === event).map(({ data }) => data);

const machine = workflow(newName())
	.task("increment", {
		handler: (input: { count?: number }) => ({ count: (input?.count ?? 0) + 1 }),
	})
	.loop("repeat", {
		condition: (ctx) => ctx.steps.increment.count < 3,
		target: "increment",
		maxIterations: 10,
	})
	.poll("ask", { interval: 1, maxAttempts: 5, check: () => ({ done: true, result: "ready" }) })
	.end("done")
	.build();

it("each turn of a loop and a poll is told, and after each step how far the machine is", async () => {
	const instance = await start(machine);
	await ended(instance);
	const all = await told(instance);
	expect(
		dataOf(all, "workflow.step.loop").map(({ stepName, loopCount }) => [stepName, loopCount]),
	).toEqual([
		["repeat", 1],
		["repeat", 2],
		["repeat", 3],
	]);
	expect(dataOf(all, "workflow.step.poll")).toMatchObject([
		{ stepName: "ask", pollCount: 1, result: { done: true, result: "ready" } },
	]);
	const progress = dataOf(all, "workflow.progress");
	expect(
		progress.map(({ progress, currentStep, completedSteps, totalSteps }) => [
			...[progress, currentStep, completedSteps, totalSteps],
		]),
	).toEqual([
		[25, "repeat", 1, 4],
		[25, "increment", 1, 4],
		[25, "repeat", 1, 4],
		[25, "increment", 1, 4],
		[25, "repeat", 1, 4],
		[50, "ask", 2, 4],
		[75, "done", 3, 4],
		[99, null, 4, 4],
		[100, null, 4, 4],
	]);
	expect(all.at(-2)).toMatchObject({ event: "workflow.progress", data: { progress: 100 } });
	expect(all.at(-1)).toMatchObject({ event: "workflow.completed" });
});

it("a follower goes on in the middle of what one outcome has to tell", async () => {
	const instance = await start(machine);
	await ended(instance);
	const all = await told(instance);
	for (const [index, { id }] of all.slice(0, -1).entries()) {
		expect(await told(instance, id)).toEqual(all.slice(index + 1));
	}
});
