/** Graphs: what can be reached in one, and what it is to Mermaid. */
import { expect, it } from "vitest";
import { type Graph, mermaid, reachable } from "../../src/model/graph";

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

it("what can be reached is what a way leads to, loops and the start itself included", () => {
	expect(reachable(graph, ["b"])).toEqual(new Set(["b", "p/x/c"]));
	expect(reachable(graph, ["a"])).toEqual(new Set(["a", "b", "p/x/c"]));
	expect(reachable(graph, ["d"])).toEqual(new Set(["d"]));
	expect(reachable(graph, [])).toEqual(new Set());
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
