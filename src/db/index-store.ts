/** Reads and writes of an index shard's table. */
import { desc, eq, lt, sql } from "drizzle-orm";
import fresh from "../../drizzle/shard/fresh.sql";
import migrations from "../../drizzle/shard/migrations";
import type { IndexRow, IndexUpdate } from "../model/index-rpc";
import type { IndexFilter } from "../model/rpc";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import { instancesTable, shardTable } from "./shard-schema";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

const TABLES = { fresh, migrations };

const COLUMNS = ["id", "seq", "status", "createdAt", "updatedAt"] as const;

const upsertInstance = new Statement(
	builder
		.insert(instancesTable)
		.values(boundColumns(COLUMNS))
		.onConflictDoUpdate({
			target: instancesTable.id,
			set: {
				status: sql`excluded.status`,
				seq: sql`excluded.seq`,
				updatedAt: sql`excluded.updated_at`,
			},
			setWhere: lt(instancesTable.seq, sql`excluded.seq`),
		}),
);

const deleteInstance = new Statement(
	builder.delete(instancesTable).where(eq(instancesTable.id, bound("id"))),
);

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

export class IndexStore {
	readonly #storage: ObjectStorage;
	#migrated = false;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** Keeps each update unless a newer one is there already (G12). All or none is written. */
	write(updates: readonly IndexUpdate[]): void {
		this.#migrate();
		this.#storage.transactionSync(() => {
			for (const update of updates) {
				const { id, seq, status, createdAt, updatedAt } = update;
				if (update.removed) deleteInstance.run(this.#storage, { id });
				else upsertInstance.run(this.#storage, { id, seq, status, createdAt, updatedAt });
			}
		});
	}

	/** The newest instances first; the id settles a tie, so the order is total. */
	list({ status, limit }: IndexFilter): IndexRow[] {
		if (!hasTable(this.#storage, "shard")) return [];
		this.#migrate();
		const { id, status: statusColumn, createdAt, updatedAt } = instancesTable;
		const page = new Select<IndexRow>(
			builder
				.select({ id, status: statusColumn, createdAt, updatedAt })
				.from(instancesTable)
				.where(status === undefined ? undefined : eq(statusColumn, status))
				.orderBy(desc(createdAt), desc(id))
				.limit(limit),
			["id", "status", "createdAt", "updatedAt"],
		);
		return page.all(this.#storage);
	}

	/** Brings the tables to the newest schema, once per life of the object. */
	#migrate(): void {
		if (this.#migrated) return;
		this.#storage.transactionSync(() => {
			const [row] = hasTable(this.#storage, "shard") ? selectSchema.all(this.#storage) : [];
			const applied = row?.schema ?? 0;
			const schema = applyMigrations(this.#storage, TABLES, applied);
			if (schema !== applied) upsertSchema.run(this.#storage, { schema });
		});
		this.#migrated = true;
	}
}
