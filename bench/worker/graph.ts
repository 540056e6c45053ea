/** Ours as graphs: as many nodes in a row, or in a loop, as the work asks for. */
import { createInstance } from "../../src/client/create-instance";
import { describeInstance } from "../../src/client/runner-client";
import {
	type EdgeMap,
	type ExecutionContext,
	graph,
	NodeRegistry,
	WorkflowNode,
} from "../../src/library";
import { statusResponse } from "../../src/model/http";
import { type Contestant, outcome } from "./contestant";
import { seen, type Work } from "./program";

/** As a step of the other contestants: it gives a number, and the state has their sum. */
class Count extends WorkflowNode {
	readonly metadata = { id: "count", name: "Count", version: "1.0.0" };

	async execute({ state, input }: ExecutionContext): Promise<EdgeMap> {
		const { id, count } = input as Work;
		const n = (state.n ?? 0) + 1;
		if (n === 1) seen.firstStep.add(id);
		if (n === count) seen.lastLine.add(id);
		state.n = n;
		state.sum = (state.sum ?? 0) + n;
		return { success: () => ({ n, done: true }) };
	}
}

const nodes = new NodeRegistry();
nodes.register(Count);

function rowOf(count: number) {
	const workflow = Array.from({ length: count }, () => ({ count: {} }));
	return graph({ id: rowName(count), name: "row", version: "1.0.0", workflow }, { nodes });
}

const rowName = (count: number) => `graph-${count}`;
const LOOP = "graph-loop";

/** JSONata asks for each turn; a node and its loop are two of the journal's rows. */
const loop = graph(
	{
		...{ id: LOOP, name: "loop", version: "1.0.0" },
		initialState: { n: 0 },
		workflow: [{ loop: { while: "n < input.count", "loop?": { count: {} } } }],
	},
	{ nodes },
);

/** Of the warm-up, and of what is measured. */
export const graphTypes = Object.fromEntries(
	[rowOf(10), rowOf(1_000), loop].map((each) => [each.id, each]),
);

export const graphs: Contestant = {
	create: (env, work) =>
		createInstance(env.WORKFLOW_RUNNER, {
			type: work.turning === "loop" ? LOOP : rowName(work.count),
			id: work.id,
			payload: work,
		}),
	sendEvent: () => Promise.reject(new Error("these graphs wait for no event")),
	async result(env, id) {
		const view = await describeInstance(env.WORKFLOW_RUNNER, id, { steps: false });
		const { status, result } = statusResponse(view);
		return outcome(id, status, "completed", (result as { sum: number } | null)?.sum);
	},
};
