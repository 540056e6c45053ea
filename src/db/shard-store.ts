/** Reads and writes of how many shards a type has, and of what an operator decided about it. */
import { NEW_TYPE, type TypeStatus } from "../model/type-state";
import { shardTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, builder, Select, Statement } from "./statement";

const { shards, typeStatus } = shardTable;

const selectShards = new Select<{ shards: number }>(builder.select({ shards }).from(shardTable), [
	"shards",
]);
const updateShards = new Statement(builder.update(shardTable).set({ shards: bound("shards") }));
const selectType = new Select<{ status: TypeStatus }>(
	builder.select({ status: typeStatus }).from(shardTable),
	["status"],
);
const updateType = new Statement(builder.update(shardTable).set({ typeStatus: bound("status") }));

export class ShardStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	/** How many shards the type has come to have, as far as this one was told. */
	get shards(): number {
		const [row] = this.#tables.open() ? selectShards.all(this.#tables.storage) : [];
		return row?.shards ?? 1;
	}

	set shards(shards: number) {
		this.#tables.migrate();
		updateShards.run(this.#tables.storage, { shards });
	}

	get typeStatus(): TypeStatus {
		const [row] = this.#tables.open() ? selectType.all(this.#tables.storage) : [];
		return row?.status ?? NEW_TYPE.status;
	}

	set typeStatus(status: TypeStatus) {
		this.#tables.migrate();
		updateType.run(this.#tables.storage, { status });
	}
}
