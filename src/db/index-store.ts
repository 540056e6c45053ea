/**
 * Reads and writes of the rows of a shard's instances, and of the tags by which they are found. It
 * decides nothing: which update counts is said by whoever writes.
 */
import { and, asc, eq, gt, lte, ne, sql } from "drizzle-orm";
import type { Attributes } from "../model/attributes";
import { type Page, type PageRequest, tagOf } from "../model/index-rpc";
import { readPage } from "./index-pages";
import { type InstanceIndexRow, instancesTable, REMOVED, tagsTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

export { type InstanceIndexRow, REMOVED };

const COLUMNS = ["id", "status", "seq", "createdAt", "updatedAt", "attributes"] as const;

const { id, status, createdAt, updatedAt } = instancesTable;

const selectInstance = new Select<InstanceIndexRow>(
	builder
		.select()
		.from(instancesTable)
		.where(eq(id, bound("id"))),
	COLUMNS,
);
const upsertInstance = new Statement(
	builder
		.insert(instancesTable)
		.values(boundColumns(COLUMNS))
		.onConflictDoUpdate({
			target: id,
			set: {
				status: sql`excluded.status`,
				seq: sql`excluded.seq`,
				createdAt: sql`excluded.created_at`,
				updatedAt: sql`excluded.updated_at`,
				attributes: sql`excluded.attributes`,
			},
		}),
);
/** What the index of statuses does not have: it would be written, too, by the statement above. */
const updateInPlace = new Statement(
	builder
		.update(instancesTable)
		.set(boundColumns(["seq", "updatedAt", "attributes"]))
		.where(eq(id, bound("id"))),
);
const selectIds = new Select<{ id: string }>(
	builder
		.select({ id })
		.from(instancesTable)
		.where(and(gt(id, bound("after")), lte(createdAt, bound("until")), ne(status, REMOVED)))
		.orderBy(asc(id))
		.limit(sql.placeholder("limit")),
	["id"],
);
const selectOldestRemoval = new Select<{ at: number | null }>(
	builder
		.select({ at: sql<number | null>`min(${updatedAt})` })
		.from(instancesTable)
		.where(eq(status, REMOVED)),
	["at"],
);
const deleteRemovals = new Statement(
	builder.delete(instancesTable).where(and(eq(status, REMOVED), lte(updatedAt, bound("until")))),
);

const insertTag = new Statement(
	builder.insert(tagsTable).values(boundColumns(["tag", "createdAt", "id"])),
);
const deleteTag = new Statement(
	builder
		.delete(tagsTable)
		.where(
			and(
				eq(tagsTable.tag, bound("tag")),
				eq(tagsTable.createdAt, bound("createdAt")),
				eq(tagsTable.id, bound("id")),
			),
		),
);

export class IndexStore {
	readonly #tables: ShardTables;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	transaction<T>(work: () => T): T {
		return this.#tables.transaction(work);
	}

	/** The row of an id, a removed one's too. */
	find(id: string): InstanceIndexRow | undefined {
		return selectInstance.all(this.#tables.storage, { id })[0];
	}

	/** Puts a row in the place of `before`, the one that its id has. */
	put(row: InstanceIndexRow, before: InstanceIndexRow | undefined): void {
		const { storage } = this.#tables;
		const isSameBirth = row.createdAt === before?.createdAt;
		const isInPlace = isSameBirth && row.status === before.status;
		(isInPlace ? updateInPlace : upsertInstance).run(storage, row);
		if (isSameBirth && row.attributes === before.attributes) return;
		const { id } = row;
		const had = before === undefined ? [] : tagsOf(before);
		const has = tagsOf(row);
		for (const tag of had) {
			if (isSameBirth && has.includes(tag)) continue;
			deleteTag.run(storage, { tag, createdAt: before?.createdAt, id });
		}
		for (const tag of has) {
			if (isSameBirth && had.includes(tag)) continue;
			insertTag.run(storage, { tag, createdAt: row.createdAt, id });
		}
	}

	page(request: PageRequest): Omit<Page, "shards"> {
		return this.#tables.open() ? readPage(this.#tables.storage, request) : { rows: [], end: null };
	}

	/** The next ids, in their order, of instances that were created by then. */
	idsAfter(after: string, { until, limit }: { until: number; limit: number }): string[] {
		const rows = selectIds.all(this.#tables.storage, { after, until, limit });
		return rows.map(({ id }) => id);
	}

	/** When the oldest of the removals that are remembered was made. */
	oldestRemovalAt(): number | null {
		if (!this.#tables.open()) return null;
		return selectOldestRemoval.all(this.#tables.storage)[0]?.at ?? null;
	}

	/** Forgets the removals made up to then. */
	forgetRemovals(until: number): void {
		deleteRemovals.run(this.#tables.storage, { until });
	}
}

function tagsOf({ attributes }: InstanceIndexRow): string[] {
	if (attributes === null) return [];
	const named: Attributes = JSON.parse(attributes);
	return Object.entries(named).map(([name, value]) => tagOf(name, value));
}
