/** Reads and writes of an index shard's table. */
import { desc, eq, lt, sql } from "drizzle-orm";
import type { IndexFilter, IndexRow, IndexUpdate } from "../model/rpc";
import { type Database, isEmpty, migrateDatabase } from "./database";
import { instancesTable } from "./shard-schema";

export class IndexStore {
	readonly #db: Database;
	#migrated = false;

	constructor(db: Database) {
		this.#db = db;
	}

	/** Keeps the update unless a newer one is there already (G12). */
	async write(update: IndexUpdate): Promise<void> {
		if (!this.#migrated) {
			await migrateDatabase(this.#db, "shard");
			this.#migrated = true;
		}
		this.#db
			.insert(instancesTable)
			.values(update)
			.onConflictDoUpdate({
				target: instancesTable.id,
				set: { status: update.status, seq: update.seq, updatedAt: update.updatedAt },
				setWhere: lt(instancesTable.seq, sql`excluded.seq`),
			})
			.run();
	}

	/** The newest instances first; the id settles a tie, so the order is total. */
	list({ status, limit }: IndexFilter): IndexRow[] {
		if (!this.#migrated && isEmpty(this.#db)) return [];
		const { id, createdAt, updatedAt } = instancesTable;
		return this.#db
			.select({ id, status: instancesTable.status, createdAt, updatedAt })
			.from(instancesTable)
			.where(status === undefined ? undefined : eq(instancesTable.status, status))
			.orderBy(desc(createdAt), desc(id))
			.limit(limit)
			.all();
	}
}
