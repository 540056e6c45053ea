/**
 * Where the places of the top list lead: which of them nothing leads to, and ways that come back
 * without a loop. Places inside of routes are not jumped to, so what they lead to counts for the
 * place of the top list that they are in.
 */
import type { Faults, Located } from "./faults";

interface Jump {
	/** Index of the place in the top list. */
	readonly to: number;
	readonly at: Located;
	/** Whether it is inside of a `loop?` route, which may lead back. */
	readonly isInLoop: boolean;
}

/** A place of the top list. */
export interface TopPlace extends Located {
	readonly address: string;
	readonly node: string;
	readonly name: string | null;
	/** Whether it may be left to the next one; null: its node is not known. */
	goesOn: boolean | null;
	readonly jumps: Jump[];
}

/** As messages call it. */
function label(top: TopPlace | undefined): string {
	return top?.name ?? top?.address ?? "";
}

/** As many places of a cycle are named. */
const NAMED_MAX = 8;

/** Faults at the places that the run cannot come to. Of those that only lead to each other, at the first. */
export function checkReached(tops: readonly TopPlace[], faults: Faults): void {
	const reached = new Set<number>();
	reach(0, tops, reached);
	for (const [index, top] of tops.entries()) {
		if (reached.has(index)) continue;
		faults.add(
			top,
			`Never reached: no route leads to "${label(top)}", and the place before it is always left by a route. Name it in a route, or take it away.`,
		);
		reach(index, tops, reached);
	}
}

function reach(start: number, tops: readonly TopPlace[], reached: Set<number>): void {
	reached.add(start);
	const open = [start];
	for (let index = open.pop(); index !== undefined; index = open.pop()) {
		const top = tops[index];
		if (top === undefined) continue;
		const next = top.goesOn === false ? [] : [index + 1];
		for (const to of [...next, ...top.jumps.map((jump) => jump.to)]) {
			if (to >= tops.length || reached.has(to)) continue;
			reached.add(to);
			open.push(to);
		}
	}
}

/** One way out of a place; `at`: the jump, if it is one. */
interface Way {
	readonly from: number;
	readonly to: number;
	readonly at: Located | null;
}

/**
 * Faults at jumps that close a cycle. Goes down from each place by ways that are not in loops: a way
 * to a place that it is still below of closes one.
 */
export function checkCycles(tops: readonly TopPlace[], faults: Faults): void {
	const done = new Set<number>();
	const depths = new Map<number, number>();
	for (const start of tops.keys()) {
		if (done.has(start)) continue;
		const trail: { way: Way | null; left: Iterator<Way> }[] = [];
		const enter = (index: number, way: Way | null) => {
			depths.set(index, trail.length);
			done.add(index);
			trail.push({ way, left: waysOf(index, tops).values() });
		};
		enter(start, null);
		for (let frame = trail.at(-1); frame !== undefined; frame = trail.at(-1)) {
			if (faults.isFull) return;
			const { value: way } = frame.left.next();
			if (way === undefined) {
				trail.pop();
				depths.delete(frame.way?.to ?? start);
			} else if (!done.has(way.to)) {
				enter(way.to, way);
			} else {
				const depth = depths.get(way.to);
				if (depth !== undefined) {
					const cycle = trail.slice(depth + 1).flatMap((each) => each.way ?? []);
					refuseCycle([...cycle, way], tops, faults);
				}
			}
		}
	}
}

function waysOf(from: number, tops: readonly TopPlace[]): Way[] {
	const top = tops[from];
	if (top === undefined) return [];
	const ways: Way[] = top.jumps
		.filter((jump) => !jump.isInLoop)
		.map(({ to, at }) => ({ from, to, at }));
	// The next one first: then a cycle is found by the jump that closes it.
	if (top.goesOn === true && from + 1 < tops.length) ways.unshift({ from, to: from + 1, at: null });
	return ways;
}

function refuseCycle(cycle: readonly Way[], tops: readonly TopPlace[], faults: Faults): void {
	// Not all of its ways lead forward, and only jumps lead back.
	const back = cycle.findLastIndex(({ from, to, at }) => at !== null && to <= from);
	const closing = cycle[back]?.at;
	if (closing == null) return;
	const turned = [...cycle.slice(back + 1), ...cycle.slice(0, back + 1)];
	const labels = turned.map(({ to }) => label(tops[to]));
	const named = [label(tops[turned[0]?.from ?? 0]), ...labels];
	const shortened =
		named.length > NAMED_MAX ? [...named.slice(0, NAMED_MAX - 2), "…", ...named.slice(-1)] : named;
	faults.add(
		closing,
		`A cycle that is no loop: ${shortened.join(" → ")}. Only a "loop?" route may lead back: put what is to be repeated into one, as { "loop": { …, "loop?": [ … ] } }.`,
	);
}
