/** Reads and writes of an index shard's table. */
import { desc, eq, lt, sql } from "drizzle-orm";
import type { IndexRow, IndexUpdate } from "../model/index-rpc";
import type { IndexFilter } from "../model/rpc";
import type { ObjectStorage } from "./database";
import { instancesTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

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

export class IndexStore {
	readonly #tables: ShardTables;
	readonly #storage: ObjectStorage;

	constructor(tables: ShardTables) {
		this.#tables = tables;
		this.#storage = tables.storage;
	}

	/** Keeps each update unless a newer one is there already (G12). All or none is written. */
	write(updates: readonly IndexUpdate[]): void {
		this.#tables.migrate();
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
		if (!this.#tables.open()) return [];
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
}
