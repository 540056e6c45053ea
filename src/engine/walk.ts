/**
 * Follows an instance through the graph of its type, by what its journal says: where it stands, what
 * it is past for good, and what can still come.
 *
 * - W1 What can still come is what ways lead to from where it stands; so it only ever shrinks.
 * - W2 A node is passed once it has completed and has no other turn. It stays so, whatever loop it
 *   is in.
 * So what is passed, as a share of that and what can still come, never falls within a run.
 */
import type { Graph, GraphEdge } from "../model/graph";

/** A place where the instance stands: one of these nodes is under way, or comes next. */
type Position = readonly string[];

export class Walk {
	readonly #edges: ReadonlyMap<string, readonly GraphEdge[]>;
	/** Nodes without a step: all of their ways are taken, side by side. */
	readonly #forks: ReadonlySet<string>;
	readonly #passed = new Set<string>();
	#positions: readonly Position[];

	constructor({ nodes, edges }: Graph) {
		this.#edges = Map.groupBy(edges, ({ from }) => from);
		this.#forks = new Set(nodes.filter(({ isStep }) => isStep === false).map(({ id }) => id));
		this.#positions = nodes.slice(0, 1).map(({ id }) => [id]);
	}

	/** What it has gone past. */
	get passed(): ReadonlySet<string> {
		return this.#passed;
	}

	/** The node that it is at, or that comes next; null: that is not known, or there is none. */
	get at(): string | null {
		const [node, ...others] = this.#positions.at(-1) ?? [];
		return node === undefined || others.length > 0 || this.#forks.has(node) ? null : node;
	}

	/** A step of the node is under way, or has been. */
	enter(node: string): void {
		let isKnown = false;
		this.#positions = this.#positions.flatMap((position) => {
			const taken = this.#towards(node, position);
			if (taken !== undefined) isKnown = true;
			return taken ?? [position];
		});
		// A deploy may have changed the ways.
		if (!isKnown) this.#positions = [...this.#positions, [node]];
	}

	/** The step of the node has completed. */
	leave(node: string, { again }: { again: boolean }): void {
		this.enter(node);
		if (!again) this.#passed.add(node);
		const next = this.#waysFrom(node)
			.filter(({ isBack = false }) => isBack === again)
			.map(({ to }) => to);
		const rest = this.#positions.filter((other) => other[0] !== node || other.length > 1);
		// Where branches join, they all lead to the same.
		const isKnown = rest.some((other) => next.every((to) => other.includes(to)));
		this.#positions = isKnown || next.length === 0 ? rest : [...rest, next];
	}

	/** What can still come, what is under way included. */
	ahead(): Set<string> {
		const reached = new Set(this.#positions.flat());
		// A set is gone through in the order in which it grows.
		for (const node of reached) for (const { to } of this.#waysFrom(node)) reached.add(to);
		return reached;
	}

	/** What becomes of a position once the node is seen; undefined: it does not lead there. */
	#towards(node: string, position: Position): Position[] | undefined {
		const way = position.find((to) => to === node || this.#opensInto(to, node));
		if (way === undefined) return undefined;
		if (way === node) return [[node]];
		return this.#waysFrom(way).flatMap(({ to }) => this.#towards(node, [to]) ?? [[to]]);
	}

	/** Whether a fork, or one right behind it, leads to the node. */
	#opensInto(fork: string, node: string): boolean {
		if (!this.#forks.has(fork)) return false;
		return this.#waysFrom(fork).some(({ to }) => to === node || this.#opensInto(to, node));
	}

	#waysFrom(node: string): readonly GraphEdge[] {
		return this.#edges.get(node) ?? [];
	}
}
