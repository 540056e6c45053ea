/** A definition as a graph. Its nodes are named as its steps in the journal: by their addresses. */
import type { Graph, GraphEdge, GraphNode } from "../../model/graph";
import type { GraphDefinition, KnownNodes, Place, Route, Stop } from "./definition";
import { isReturning, mayGoOn, shapeOf } from "./shape";

export function graphOf({ places, start }: GraphDefinition, nodes: KnownNodes): Graph {
	const drawn: GraphNode[] = [];
	const edges: GraphEdge[] = [];

	/** `after`: the place that the end of the list comes back to, if it does. */
	const drawList = (route: Route, after: string | null): void => {
		for (const [index, stop] of route.entries()) {
			const place = "place" in stop ? places.get(stop.place) : undefined;
			if (place !== undefined) drawPlace(place, addressOf(route[index + 1]) ?? after, after);
		}
	};
	const drawPlace = (place: Place, next: string | null, after: string | null): void => {
		const { address, node, name } = place;
		const shape = shapeOf(nodes, node);
		drawn.push({ id: address, kind: node, label: name ?? node });
		for (const [edge, route] of place.edges) {
			const back = isReturning(shape, edge) ? address : after;
			const to = addressOf(route[0]) ?? back;
			if (to !== null) edges.push({ from: address, to, label: edge });
			drawList(route, back);
		}
		if (next !== null && mayGoOn(shape, (edge) => place.edges.has(edge))) {
			edges.push({ from: address, to: next });
		}
	};
	drawList(start, null);
	return { nodes: drawn, edges };
}

function addressOf(stop: Stop | undefined): string | null {
	if (stop === undefined) return null;
	return "place" in stop ? stop.place : stop.jump;
}
