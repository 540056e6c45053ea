/**
 * A heap that knows where its items are: the first one at once, any one put, moved or taken out in
 * O(log n). Plain data in memory; it owns no rule about what comes first.
 */
export class Heap<T> {
	readonly #comesBefore: (a: T, b: T) => boolean;
	readonly #items: T[] = [];
	readonly #places = new Map<T, number>();

	constructor(comesBefore: (a: T, b: T) => boolean) {
		this.#comesBefore = comesBefore;
	}

	get size(): number {
		return this.#items.length;
	}

	get first(): T | undefined {
		return this.#items[0];
	}

	/** In no order. */
	get items(): readonly T[] {
		return this.#items;
	}

	/** Puts an item in, or moves it after what it is ordered by has changed. */
	put(item: T): void {
		const place = this.#places.get(item) ?? this.#items.length;
		this.#set(place, item);
		this.#sink(this.#rise(place));
	}

	/** Takes an item out, if it is there. */
	remove(item: T): void {
		const place = this.#places.get(item);
		if (place === undefined) return;
		this.#places.delete(item);
		const last = this.#items.pop();
		if (last === undefined || last === item) return;
		this.#set(place, last);
		this.#sink(this.#rise(place));
	}

	#rise(from: number): number {
		let place = from;
		while (place > 0) {
			const parent = (place - 1) >> 1;
			if (!this.#swapUnlessOrdered(parent, place)) break;
			place = parent;
		}
		return place;
	}

	#sink(from: number): void {
		let place = from;
		for (;;) {
			const left = 2 * place + 1;
			const [a, b] = [this.#items[left], this.#items[left + 1]];
			if (a === undefined) return;
			const child = b !== undefined && this.#comesBefore(b, a) ? left + 1 : left;
			if (!this.#swapUnlessOrdered(place, child)) return;
			place = child;
		}
	}

	/** True: the lower one had to go up. */
	#swapUnlessOrdered(upper: number, lower: number): boolean {
		const [above, below] = [this.#items[upper], this.#items[lower]];
		if (above === undefined || below === undefined || !this.#comesBefore(below, above)) {
			return false;
		}
		this.#set(upper, below);
		this.#set(lower, above);
		return true;
	}

	#set(place: number, item: T): void {
		this.#items[place] = item;
		this.#places.set(item, place);
	}
}
