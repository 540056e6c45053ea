/** A machine as a graph. Its nodes are named as its steps in the journal; a parallel step has none there. */
import { type Graph, type GraphEdge, type GraphNode, INTERVAL } from "../../model/graph";
import { type MachineStep, type Sequence, targetsOf } from "./definition";
import type { Answer, Check } from "./step-code";

export { INTERVAL };

export function graphOf(sequence: Sequence): Graph {
	const nodes: GraphNode[] = [];
	const edges: GraphEdge[] = [];
	draw(sequence, "", { nodes, edges });
	return { nodes, edges };
}

/** What the results of turns are, `step-code.ts` says. */
const MORE: { readonly [K in MachineStep["kind"]]?: Partial<GraphNode> } = {
	parallel: { isStep: false },
	loop: { turns: { field: "again", again: true } satisfies Turning<Answer> },
	poll: { turns: { field: "done", again: false } satisfies Turning<Check> },
};

type Turning<T> = { field: keyof T; again: boolean };

interface Drawing {
	nodes: GraphNode[];
	edges: GraphEdge[];
}

/** `prefix`: of the names of its steps in the journal. */
function draw({ steps }: Sequence, prefix: string, drawing: Drawing): void {
	const { nodes, edges } = drawing;
	for (const step of steps.values()) {
		const id = `${prefix}${step.name}`;
		const kind = step.kind === "job" ? "task" : step.kind;
		nodes.push({ id, kind, label: step.name, ...MORE[step.kind] });
		if (step.kind === "parallel") {
			for (const branch of step.branches) {
				const inside = `${id}/${branch.name}/`;
				edges.push({ from: id, to: `${inside}${branch.first}`, label: branch.name });
				draw(branch, inside, drawing);
			}
		}
		for (const { to, ...label } of targetsOf(step)) {
			for (const from of endsOf(step, prefix)) edges.push({ from, to: `${prefix}${to}`, ...label });
		}
	}
}

/** The nodes from which it goes on after a step: of a parallel one, the last ones of its branches. */
function endsOf(step: MachineStep, prefix: string): string[] {
	if (step.kind !== "parallel") return [`${prefix}${step.name}`];
	return step.branches.flatMap((branch) => {
		const last = [...branch.steps.values()].filter(
			(each) => each.kind !== "choice" && each.next === null,
		);
		return last.flatMap((each) => endsOf(each, `${prefix}${step.name}/${branch.name}/`));
	});
}
