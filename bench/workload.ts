/** What a workload is, and what cases and metrics are made of. */
import { percentile } from "./statistics";
import type { Load, Times } from "./worker/driver";

export const CONTESTANTS = ["ours", "floor", "floor-synced", "cloudflare"] as const;
/** Ours in other styles, where they are compared with classes. */
export const STYLES = ["machine", "graph"] as const;
export type Contestant = (typeof CONTESTANTS)[number] | (typeof STYLES)[number];

export interface Metric {
	name: string;
	unit: string;
	of(times: readonly Times[]): number;
}

export interface Case {
	name: string;
	contestants: readonly Contestant[];
	/** `http`: each instance by requests from outside, instead of by the driver in the Worker. */
	via: "worker" | "http";
	load: Omit<Load, "contestant" | "prefix">;
	metrics: readonly Metric[];
	/** Rows that the index has before the first round. */
	indexRows?: number;
}

/**
 * Ours is to be at least so many times as good as `to`, or to take at most so many times as much;
 * without `to`, to be at most so much.
 */
export interface Target {
	metric: string;
	/** In the place of ours. */
	of?: Contestant;
	to?: Contestant | { metric: string };
	atLeast?: number;
	atMost?: number;
}

export interface Workload {
	id: string;
	title: string;
	cases: readonly Case[];
	targets: readonly Target[];
	/** Measured once, by counting instead of by the clock. */
	isCounted?: true;
	/** A guard is measured by itself, too. */
	isOfGuard?: true;
	/** Circuit breakers, likewise. */
	isOfBreakers?: true;
	/** What graphs that have ended keep in memory is measured, too. */
	isOfGraphs?: true;
}

export const TEN_STEPS = { program: "sequence", count: 10 } as const;

export const startToEnd = ({ begin, completed }: Times) => completed - begin;

/** From the first beginning to the last end, in ms. */
export function span(times: readonly Times[]): number {
	const begin = Math.min(...times.map((each) => each.begin));
	return Math.max(...times.map(({ completed }) => completed)) - begin;
}

export const perSecond: Metric = {
	name: "throughput",
	unit: "instances/s",
	of: (times) => (1000 * times.length) / span(times),
};

export function percentiles(name: string, take: (times: Times) => number | undefined): Metric[] {
	return [0.5, 0.99].map((share) => ({
		name: `${name} p${share * 100}`,
		unit: "ms",
		of: (times) =>
			percentile(
				times.map((each) => take(each) ?? Number.NaN),
				share,
			),
	}));
}

/** Of instances, or pages, in turn: the mean time of one, divided among its `count` steps. */
export function each(name: string, count: number): Metric {
	return { name, unit: "µs", of: (times) => (1000 * span(times)) / times.length / count };
}

/** One instance after the other. */
export function inTurn(
	name: string,
	instances: number,
	work: Load["work"],
	metrics: readonly Metric[],
	contestants: readonly Contestant[] = CONTESTANTS,
): Case {
	return { name, contestants, via: "worker", load: { instances, inFlight: 1, work }, metrics };
}
