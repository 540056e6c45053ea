/** Work on many things, some of them at a time. */

/**
 * What `work` makes of each item, in the order of the items; `size` of them are worked on at once.
 * A failure of one is thrown, while the others go on: let `work` answer with what may go wrong.
 */
export async function inPool<Item, Result>(
	items: readonly Item[],
	size: number,
	work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
	const results: Result[] = [];
	const queue = items.entries();
	const worker = async () => {
		// One iterator for all workers: each takes what is next.
		for (const [index, item] of queue) results[index] = await work(item);
	};
	await Promise.all(Array.from({ length: size }, worker));
	return results;
}
