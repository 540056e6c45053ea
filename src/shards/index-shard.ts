/** The second role of the object class: the list of a type's instances (G12). */
import type { IndexStore } from "../db/index-store";
import type { IndexFilter, IndexRow, IndexUpdate } from "../model/rpc";

export class IndexShard {
	readonly #store: IndexStore;

	constructor(store: IndexStore) {
		this.#store = store;
	}

	write(update: IndexUpdate): null {
		this.#store.write(update);
		return null;
	}

	list(filter: IndexFilter): IndexRow[] {
		return this.#store.list(filter);
	}
}
