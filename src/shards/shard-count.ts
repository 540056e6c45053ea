/**
 * How many shards a type has. A further shard tells the first one before it writes its first row,
 * so whoever lists asks the first one and misses none: also those that came into use when the type
 * declared more shards than it does now.
 */
import type { ShardStore } from "../db/shard-store";
import type { ShardId } from "../model/ids";

export class ShardCount {
	readonly #id: ShardId;
	readonly #store: ShardStore;
	readonly #join: (id: ShardId) => Promise<void>;
	#joined: Promise<void> | undefined;

	/** `join` tells the first shard of this one. */
	constructor(id: ShardId, store: ShardStore, join: (id: ShardId) => Promise<void>) {
		this.#id = id;
		this.#store = store;
		this.#join = join;
	}

	/** As far as this shard was told: the first one knows of all. */
	get known(): number {
		return this.#store.shards;
	}

	/** Of the first shard: this one is in use. */
	add(shard: number): null {
		if (shard >= this.known) this.#store.shards = shard + 1;
		return null;
	}

	/** Resolves once the first shard knows of this one, for good. */
	async join(): Promise<void> {
		if (this.#id.shard === 0) return;
		try {
			this.#joined ??= this.#tell();
			await this.#joined;
		} catch (error) {
			this.#joined = undefined;
			throw error;
		}
	}

	async #tell(): Promise<void> {
		const { shard } = this.#id;
		if (this.known > shard) return;
		await this.#join(this.#id);
		this.#store.shards = shard + 1;
	}
}
