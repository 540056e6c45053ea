/**
 * The steps of a type as a graph, for people and dashboards. It is data: what a style knows of its
 * steps before any of them has run.
 *
 *   { nodes: [{ id: "check", kind: "choice", label: "check" }, …],
 *     edges: [{ from: "check", to: "backorder", label: "default" }, …] }
 */

export interface GraphNode {
	/** Unique in its graph; the name of its step in the journal, where it has one. */
	id: string;
	/** As its style calls it: `task`, `choice`, `parallel`, … */
	kind: string;
	label: string;
	/** False for one that has no step of its own in the journal. Default true. */
	isStep?: boolean;
}

export interface GraphEdge {
	from: string;
	to: string;
	label?: string;
}

export interface Graph {
	/** In the order in which they were written; the first one is where it starts. */
	readonly nodes: readonly GraphNode[];
	readonly edges: readonly GraphEdge[];
}

/** After a node's name: the step by which it waits between its turns. */
export const INTERVAL = "/interval";

/** What the step by which a node waits between its turns is of. */
const INTERVAL_KIND = "interval";

/** The kinds of steps, by their names in the journal; undefined: of none of the graph. */
export function kindsOf({ nodes }: Graph): (name: string) => string | undefined {
	const kinds = new Map(nodes.map(({ id, kind }) => [id, kind]));
	return (name) => {
		const kind = kinds.get(name);
		if (kind !== undefined || !name.endsWith(INTERVAL)) return kind;
		return kinds.has(name.slice(0, -INTERVAL.length)) ? INTERVAL_KIND : undefined;
	};
}

/** The nodes to which a way leads from one of `from`, themselves included. */
export function reachable({ edges }: Graph, from: Iterable<string>): Set<string> {
	const targets = Map.groupBy(edges, (edge) => edge.from);
	const reached = new Set(from);
	// A set is gone through in the order in which it grows.
	for (const id of reached) for (const { to } of targets.get(id) ?? []) reached.add(to);
	return reached;
}

const SHAPES: Readonly<Record<string, readonly [open: string, close: string]>> = {
	choice: ["{", "}"],
	loop: ["{", "}"],
	parallel: ["[[", "]]"],
	pass: ["(", ")"],
};

/** The graph as text for Mermaid (mermaid.js.org, `flowchart`). */
export function mermaid({ nodes, edges }: Graph): string {
	const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
	const lines = nodes.map(({ id, kind, label }) => {
		const [open, close] = SHAPES[kind] ?? ["[", "]"];
		return `${names.get(id)}${open}"${quoted(label)}"${close}`;
	});
	for (const { from, to, label } of edges) {
		const text = label === undefined ? "" : `|"${quoted(label)}"|`;
		lines.push(`${names.get(from)} -->${text} ${names.get(to)}`);
	}
	return ["flowchart TD", ...lines.map((line) => `\t${line}`), ""].join("\n");
}

/** Mermaid takes HTML entities for what ends a label, and for its own entities' sign. */
function quoted(label: string): string {
	return label
		.replaceAll("#", "#35;")
		.replaceAll('"', "#quot;")
		.replace(/[<>&]/g, (sign) => `#${sign.charCodeAt(0)};`)
		.replace(/\s+/g, " ");
}
