/** The tables of an index shard, which its parts share, and their migrations. */
import { eq } from "drizzle-orm";
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
const insertSchema = new Statement(
	builder.insert(shardTable).values({ row: 1, schema: bound("schema") }),
);
const updateSchema = new Statement(
	builder
		.update(shardTable)
		.set({ schema: bound("schema") })
		.where(eq(shardTable.row, 1)),
);

export class ShardTables {
	#migrated = false;

	constructor(readonly storage: ObjectStorage) {}

	/** Whether anything was ever stored here; if so, the tables are of the newest schema now (G14). */
	open(): boolean {
		if (this.#migrated) return true;
		if (!hasTable(this.storage, "shard")) return false;
		this.migrate();
		return true;
	}

	/** Brings the tables to the newest schema, once per life of the object. */
	migrate(): void {
		if (this.#migrated) return;
		this.storage.transactionSync(() => {
			const [row] = hasTable(this.storage, "shard") ? selectSchema.all(this.storage) : [];
			const applied = row?.schema ?? 0;
			const newest = applyMigrations(this.storage, TABLES, applied);
			if (newest === applied) return;
			(row === undefined ? insertSchema : updateSchema).run(this.storage, { schema: newest });
		});
		this.#migrated = true;
	}

	/** Synchronous: nothing in `work` may await. All that it writes is there, or nothing. */
	transaction<T>(work: () => T): T {
		this.migrate();
		return this.storage.transactionSync(work);
	}
}
