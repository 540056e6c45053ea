/**
 * A definition as a graph. Its nodes are named as its steps in the journal: by their addresses. A place
 * that is left when all of its routes have come back has its step at their end; where they begin is a
 * node of its own, which has none.
 */
import type { Graph, GraphEdge, GraphNode } from "../../model/graph";
import type { GraphDefinition, KnownNodes, Place, Route } from "./definition";
import { DONE, ERROR, isReturning, LOOP, mayGoOn, shapeOf } from "./shape";

/** After its address: where the branches of a place begin. */
const FORK = "/fork";

export function graphOf(definition: GraphDefinition, nodes: KnownNodes): Graph {
	return new Drawing(definition, nodes).graph;
}

/** Where a list stands. */
interface Context {
	/** The node that its end leads to; null: the run ends. */
	readonly after: string | null;
	/** Index of the place of the top list that it is in. */
	readonly top: number;
}

class Drawing {
	readonly #nodes: GraphNode[] = [];
	readonly #edges: GraphEdge[] = [];
	readonly #definition: GraphDefinition;
	readonly #known: KnownNodes;
	/** Indexes of the places of the top list. */
	readonly #tops: ReadonlyMap<string, number>;

	constructor(definition: GraphDefinition, known: KnownNodes) {
		this.#definition = definition;
		this.#known = known;
		const tops = definition.start.flatMap((stop) => ("place" in stop ? [stop.place] : []));
		this.#tops = new Map(tops.map((address, index) => [address, index]));
		this.#drawList(definition.start, null);
	}

	get graph(): Graph {
		return { nodes: this.#nodes, edges: this.#edges };
	}

	/** Null: it is the top list. */
	#drawList(route: Route, context: Context | null): void {
		for (const [index, stop] of route.entries()) {
			const place = "place" in stop ? this.#definition.places.get(stop.place) : undefined;
			if (place === undefined) continue;
			const within = context ?? { after: null, top: index };
			this.#drawPlace(place, this.#begins(route.slice(index + 1), within.after), within);
		}
	}

	/** `next`: what follows it in its list. */
	#drawPlace(place: Place, next: string | null, context: Context): void {
		const { address, node, name } = place;
		const shape = shapeOf(this.#known, node);
		const isFork = shape.returning === "all";
		const label = name ?? node;
		if (isFork) this.#nodes.push({ id: this.#entry(address), kind: "fork", label, isStep: false });
		const turns = place.edges.has(LOOP) && !isFork ? { turns: { field: "edge", again: LOOP } } : {};
		this.#nodes.push({ id: address, kind: node, label, ...turns });
		let hasBranches = false;
		for (const [edge, route] of place.edges) {
			const isBranch = isFork && edge !== DONE && edge !== ERROR;
			hasBranches ||= isBranch;
			const after = isReturning(shape, edge) ? address : context.after;
			const from = isBranch ? this.#entry(address) : address;
			// Another turn of a loop leads to its route, which leads to it again.
			this.#draw(from, { route, after, edge, isTurn: edge === LOOP && !isFork }, context);
			this.#drawList(route, { ...context, after });
		}
		if (isFork && !hasBranches) this.#edges.push({ from: this.#entry(address), to: address });
		if (next !== null && mayGoOn(shape, (edge) => place.edges.has(edge))) {
			this.#edges.push({ from: address, to: next });
		}
	}

	#draw(
		from: string,
		way: { route: Route; after: string | null; edge: string; isTurn: boolean },
		{ top }: Context,
	): void {
		const { route, after, edge, isTurn } = way;
		const to = this.#begins(route, after);
		if (to === null) return;
		const [first] = route;
		const isJumpBack =
			first !== undefined && "jump" in first && (this.#tops.get(first.jump) ?? 0) <= top;
		this.#edges.push({ from, to, label: edge, ...(isTurn || isJumpBack ? { isBack: true } : {}) });
	}

	/** The node that a list begins with, or that comes after it. */
	#begins([first]: Route, after: string | null): string | null {
		if (first === undefined) return after;
		return this.#entry("place" in first ? first.place : first.jump);
	}

	/** Where a way to a place leads. */
	#entry(address: string): string {
		const place = this.#definition.places.get(address);
		const isFork = place !== undefined && shapeOf(this.#known, place.node).returning === "all";
		return isFork ? `${address}${FORK}` : address;
	}
}
