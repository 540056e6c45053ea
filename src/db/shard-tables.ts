/** The tables of a shard: whether they are there, and how they come into being. */
import { sql } from "drizzle-orm";
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
		.onConflictDoUpdate({ target: shardTable.row, set: { schema: sql`excluded.schema` } }),
);

/** One for all stores of a shard. */
export class ShardTables {
	readonly #storage: ObjectStorage;
	#isOpen = false;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** To read from, at the newest schema; undefined, with nothing written, before a first write (G14). */
	get written(): ObjectStorage | undefined {
		return this.#isOpen || hasTable(this.#storage, "shard") ? this.open() : undefined;
	}

	/** To write to: brings the tables to the newest schema, once per life of the object. */
	open(): ObjectStorage {
		if (this.#isOpen) return this.#storage;
		this.#storage.transactionSync(() => {
			const [row] = hasTable(this.#storage, "shard") ? selectSchema.all(this.#storage) : [];
			const applied = row?.schema ?? 0;
			const newest = applyMigrations(this.#storage, TABLES, applied);
			if (newest !== applied) upsertSchema.run(this.#storage, { schema: newest });
		});
		this.#isOpen = true;
		return this.#storage;
	}
}
