/** Reads and writes of an index shard's table. */
import { desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/durable-sqlite";
import migrations from "../../drizzle/shard/migrations";
import type { IndexFilter, IndexRow, IndexUpdate } from "../model/rpc";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import { instancesTable, shardTable } from "./shard-schema";
import { boundColumns, builder, Statement } from "./statement";

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

export class IndexStore {
	readonly #storage: ObjectStorage;
	readonly #db;
	#migrated = false;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
		this.#db = drizzle(storage as DurableObjectStorage); // It uses no more than these two.
	}

	/** Keeps each update unless a newer one is there already (G12). All or none is written. */
	write(updates: readonly IndexUpdate[]): void {
		this.#migrate();
		this.#storage.transactionSync(() => {
			for (const update of updates) upsertInstance.run(this.#storage, { ...update });
		});
	}

	/** The newest instances first; the id settles a tie, so the order is total. */
	list({ status, limit }: IndexFilter): IndexRow[] {
		if (!hasTable(this.#storage, "shard")) return [];
		this.#migrate();
		const { id, createdAt, updatedAt } = instancesTable;
		return this.#db
			.select({ id, status: instancesTable.status, createdAt, updatedAt })
			.from(instancesTable)
			.where(status === undefined ? undefined : eq(instancesTable.status, status))
			.orderBy(desc(createdAt), desc(id))
			.limit(limit)
			.all();
	}

	/** Brings the tables to the newest schema, once per life of the object. */
	#migrate(): void {
		if (this.#migrated) return;
		this.#db.transaction(() => {
			const isNew = !hasTable(this.#storage, "shard");
			const applied = isNew ? 0 : (this.#db.select().from(shardTable).get()?.schema ?? 0);
			const schema = applyMigrations(this.#storage, migrations, applied);
			if (schema === applied) return;
			const row = { row: 1, schema };
			const { row: target } = shardTable;
			this.#db.insert(shardTable).values(row).onConflictDoUpdate({ target, set: { schema } }).run();
		});
		this.#migrated = true;
	}
}
