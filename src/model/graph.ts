/**
 * The steps of a type as a graph, for people and dashboards. It is data: what a style knows of its
 * steps before any of them has run.
 *
 *   { nodes: [{ id: "check", kind: "choice", label: "check" }, …],
 *     edges: [{ from: "check", to: "backorder", label: "default" }, …] }
 *
 * Without the edges that lead back, no way in it is a circle.
 */

export interface GraphNode {
	/** Unique in its graph; the name of its step in the journal, where it has one. */
	id: string;
	/** As its style calls it: `task`, `choice`, `parallel`, … */
	kind: string;
	label: string;
	/**
	 * False for one that has no step of its own in the journal: all of its ways are taken, side by side.
	 * Default true.
	 */
	isStep?: boolean;
	/** Of one that may have several turns: each result has this field, with this value if another follows. */
	turns?: { field: string; again: boolean | string };
}

export interface GraphEdge {
	from: string;
	to: string;
	label?: string;
	/** Leads back to a step that has been, for another turn. */
	isBack?: true;
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

const SHAPES: Readonly<Record<string, readonly [open: string, close: string]>> = {
	choice: ["{", "}"],
	loop: ["{", "}"],
	condition: ["{", "}"],
	switch: ["{", "}"],
	parallel: ["[[", "]]"],
	fork: ["[[", "]]"],
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
