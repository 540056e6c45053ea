/** Medians and percentiles. */

/**
 * The value below which a share of `values` lies: 0.5 is the median. Values that are equal are whole
 * ms of a coarse clock: they are taken as spread evenly over the ms around them.
 */
export function percentile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	const rank = Math.max(1, Math.ceil(sorted.length * share));
	const value = sorted[rank - 1] ?? Number.NaN;
	const first = sorted.indexOf(value);
	const ties = sorted.lastIndexOf(value) - first + 1;
	return Math.max(0, value + (rank - first - 0.5) / ties - 0.5);
}

/** Of the rounds of one metric; the median of an even number is the mean of the two in the middle. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
	const sorted = values.toSorted((a, b) => a - b);
	const upper = sorted[sorted.length >> 1] ?? Number.NaN;
	const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
	return {
		median: (lower + upper) / 2,
		min: sorted[0] ?? Number.NaN,
		max: sorted.at(-1) ?? Number.NaN,
	};
}
