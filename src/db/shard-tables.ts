/**
 * The tables of an index shard, which all of its stores use: made when something is first stored
 * here, brought to the newest schema when they are first used.
 */
import fresh from "../../drizzle/shard/fresh.sql";
import migrations from "../../drizzle/shard/migrations";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import { shardTable } from "./shard-schema";
import { bound, builder, Select, Statement } from "./statement";

const TABLES = { fresh, migrations };

const { schema } = shardTable;
const selectSchema = new Select<{ schema: number }>(builder.select({ schema }).from(shardTable), [
	"schema",
]);
const upsertSchema = new Statement(
	builder
		.insert(shardTable)
		.values({ row: 1, schema: bound("schema") })
		.onConflictDoUpdate({ target: shardTable.row, set: { schema: bound("schema") } }),
);

export class ShardTables {
	readonly storage: ObjectStorage;
	#areNewest = false;

	constructor(storage: ObjectStorage) {
		this.storage = storage;
	}

	/** Whether anything was ever stored here; where not, asking writes nothing (G14). */
	get exist(): boolean {
		if (this.#areNewest) return true;
		if (!hasTable(this.storage, "shard")) return false;
		this.make();
		return true;
	}

	/** To be called before anything is stored. */
	make(): void {
		if (this.#areNewest) return;
		this.storage.transactionSync(() => {
			const [row] = hasTable(this.storage, "shard") ? selectSchema.all(this.storage) : [];
			const applied = row?.schema ?? 0;
			const newest = applyMigrations(this.storage, TABLES, applied);
			if (newest !== applied) upsertSchema.run(this.storage, { schema: newest });
		});
		this.#areNewest = true;
	}

	/** Synchronous: nothing in `work` may await. All that it writes is there, or nothing. */
	transaction<T>(work: () => T): T {
		this.make();
		return this.storage.transactionSync(work);
	}
}
