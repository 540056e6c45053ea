/** The name that somebody may have meant. */

/** Undefined: none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
	let best: { name: string; distance: number } | undefined;
	for (const each of known) {
		const distance = editDistance(name.toLowerCase(), each.toLowerCase());
		if (best === undefined || distance < best.distance) best = { name: each, distance };
	}
	const near = Math.max(1, Math.floor(name.length / 2));
	return best !== undefined && best.distance <= near ? best.name : undefined;
}

/** Letters to add, take away or change (Levenshtein). */
function editDistance(from: string, to: string): number {
	if (from.length > 100) return from.length;
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let i = 1; i <= from.length; i++) {
		const next = [i];
		for (let j = 1; j <= to.length; j++) {
			const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
			next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[to.length] ?? 0;
}
