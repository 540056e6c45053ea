/**
 * The rows of a type's instances in a shard (G12).
 *
 * All instances of a type tell one shard, so its commits are what is scarce: updates that arrive
 * within a moment of each other are written in one, and answered when it is made.
 */
import type { IndexStore } from "../db/index-store";
import type { IndexRow, IndexUpdate } from "../model/index-rpc";
import type { Clock } from "../model/ports";
import type { IndexFilter } from "../model/rpc";

/** How long an update waits for others to be written with it. */
const GATHER_MS = 50;

export class InstanceRows {
	readonly #store: IndexStore;
	readonly #clock: Clock;
	#gathered: IndexUpdate[] = [];
	#written: Promise<void> | undefined;

	constructor(store: IndexStore, clock: Clock) {
		this.#store = store;
		this.#clock = clock;
	}

	/** Resolves once the update is written; the sender tries again if this object dies before. */
	async write(update: IndexUpdate): Promise<null> {
		this.#gathered.push(update);
		this.#written ??= this.#writeGathered();
		await this.#written;
		return null;
	}

	list(filter: IndexFilter): IndexRow[] {
		return this.#store.list(filter);
	}

	async #writeGathered(): Promise<void> {
		await new Promise<void>((resolve) => {
			this.#clock.after(GATHER_MS, resolve);
		});
		const updates = this.#gathered;
		this.#gathered = [];
		this.#written = undefined;
		this.#store.write(updates);
	}
}
