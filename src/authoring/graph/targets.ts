/** What a string in a route means: a place of the top list, by its `$name` or its node. */
import type { TopPlace } from "./flow";

export class Targets {
	/** Indexes in the top list. */
	readonly #byWord = new Map<string, number[]>();

	constructor(readonly tops: readonly TopPlace[]) {
		const names = new Set<string>();
		for (const [index, { node, name }] of tops.entries()) {
			this.#add(node, index);
			// Of two names alike, which is a fault, the first is meant.
			if (name === null || name === node || names.has(name)) continue;
			names.add(name);
			this.#add(name, index);
		}
	}

	/** More than one: the word is ambiguous. */
	of(word: string): readonly { index: number; top: TopPlace }[] {
		return (this.#byWord.get(word) ?? []).flatMap((index) => {
			const top = this.tops[index];
			return top === undefined ? [] : [{ index, top }];
		});
	}

	words(): Iterable<string> {
		return this.#byWord.keys();
	}

	#add(word: string, index: number): void {
		const indexes = this.#byWord.get(word);
		if (indexes === undefined) this.#byWord.set(word, [index]);
		else indexes.push(index);
	}
}
