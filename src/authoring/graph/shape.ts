/** What follows from a node's shape for the places that use it. */
import type { KnownNodes, NodeShape } from "./definition";

/** The edge of each place that fails and has a route for it. */
export const ERROR = "error";
/** The edge whose route goes back to its place, which is then executed again. */
export const LOOP = "loop";
/** The edge by which a place is left that all of its other routes come back to. */
export const DONE = "done";

/** Whether the route of an edge comes back to its place. */
export function isReturning({ returning }: NodeShape, edge: string): boolean {
	if (edge === ERROR) return false;
	if (returning === "all") return edge !== DONE;
	return edge === LOOP || returning.includes(edge);
}

/** Whether a place goes on only when the route of an edge has ended: then nothing may jump out of it. */
export function isAwaited(shape: NodeShape, edge: string): boolean {
	return isReturning(shape, edge) && (edge !== LOOP || shape.returning === "all");
}

/** Whether a place may be left to the next of its list, when these edges have routes. */
export function mayGoOn(shape: NodeShape, hasRoute: (edge: string) => boolean): boolean {
	if (shape.returning === "all") return !hasRoute(DONE);
	if (shape.edges === null) return true;
	return shape.edges.some((edge) => edge !== ERROR && !isReturning(shape, edge) && !hasRoute(edge));
}

/** Names of the edges that a definition may give routes; null: any. */
export function edgesOf({ edges, returning }: NodeShape): readonly string[] | null {
	if (edges === null || returning === "all") return null;
	return [...new Set([...edges, ...returning, ERROR])];
}

/** @throws {RangeError} for a place of a node that is no longer there. */
export function shapeOf(nodes: KnownNodes, node: string): NodeShape {
	const shape = nodes.get(node);
	if (shape === undefined) throw new RangeError(`There is no node "${node}".`);
	return shape;
}
