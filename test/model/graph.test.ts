/** Graphs: whose a step of the journal is, and what one is to Mermaid. */
import { expect, it } from "vitest";
import { type Graph, kindsOf, mermaid } from "../../src/model/graph";

const graph: Graph = {
	nodes: [
		{ id: "a", kind: "task", label: "a" },
		{ id: "b", kind: "choice", label: 'say "b"' },
		{ id: "p/x/c", kind: "parallel", label: "c <#1>" },
		{ id: "d", kind: "pass", label: "d" },
	],
	edges: [
		{ from: "a", to: "b" },
		{ from: "b", to: "p/x/c", label: "default" },
		{ from: "p/x/c", to: "b", label: "again" },
	],
};

it("a step of the journal is of the node that it is named after, or of its wait between turns", () => {
	const kindOf = kindsOf(graph);
	const names = ["a", "p/x/c", "b/interval", "d/interval/interval", "x", "x/interval", "/interval"];
	expect(names.map(kindOf)).toEqual([
		...["task", "parallel", "interval"],
		...[undefined, undefined, undefined, undefined],
	]);
});

it("as Mermaid text each node has a shape by its kind, and no label ends its quotes", () => {
	expect(mermaid(graph)).toBe(`flowchart TD
	n0["a"]
	n1{"say #quot;b#quot;"}
	n2[["c #60;#35;1#62;"]]
	n3("d")
	n0 --> n1
	n1 -->|"default"| n2
	n2 -->|"again"| n1
`);
});
