/** Reads and writes of what the guard of a type keeps. It decides nothing. */
import { asc, eq, lte } from "drizzle-orm";
import type { ObjectStorage } from "./database";
import { type SlotRow as StoredSlot, shardTable, slotsTable, startsTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, Select, Statement } from "./statement";

export type SlotRow = Omit<StoredSlot, "isStart"> & { isStart: boolean };

const SLOT_COLUMNS = [
	"slot",
	"id",
	"createdAt",
	"seq",
	"state",
	"key",
	"priority",
	"isStart",
	"askAt",
] as const satisfies (keyof StoredSlot)[];

const insertSlot = new Statement(builder.insert(slotsTable).values(boundColumns(SLOT_COLUMNS)));
/** The rest of a row never changes. */
const updateSlot = new Statement(
	builder
		.update(slotsTable)
		.set(boundColumns(["state", "askAt"]))
		.where(eq(slotsTable.slot, bound("slot"))),
);
const deleteSlot = new Statement(
	builder.delete(slotsTable).where(eq(slotsTable.slot, bound("slot"))),
);
const selectSlots = new Select<StoredSlot>(
	builder.select().from(slotsTable).orderBy(asc(slotsTable.slot)),
	SLOT_COLUMNS,
);

const insertStart = new Statement(builder.insert(startsTable).values({ at: bound("at") }));
const deleteStarts = new Statement(
	builder.delete(startsTable).where(lte(startsTable.at, bound("at"))),
);
const selectStarts = new Select<{ at: number }>(
	builder.select({ at: startsTable.at }).from(startsTable).orderBy(asc(startsTable.start)),
	["at"],
);

const { limits } = shardTable;
const updateLimits = new Statement(builder.update(shardTable).set({ limits: bound("limits") }));
const selectLimits = new Select<{ limits: string | null }>(
	builder.select({ limits }).from(shardTable),
	["limits"],
);

/** What is written together. */
export interface GuardChanges {
	added: Iterable<SlotRow>;
	changed: Iterable<SlotRow>;
	removed: Iterable<SlotRow>;
	/** When instances were let start, and up to when such times are of no use any more. */
	starts: readonly number[];
	forgetUntil: number | null;
}

export class GuardStore {
	readonly #tables: ShardTables;
	readonly #storage: ObjectStorage;

	constructor(tables: ShardTables) {
		this.#tables = tables;
		this.#storage = tables.storage;
	}

	/** In the order in which they came; nothing is written (G14). */
	slots(): SlotRow[] {
		if (!this.#tables.open()) return [];
		return selectSlots.all(this.#storage).map((row) => ({ ...row, isStart: row.isStart === 1 }));
	}

	/** In order. */
	starts(): number[] {
		if (!this.#tables.open()) return [];
		return selectStarts.all(this.#storage).map(({ at }) => at);
	}

	/** `LimitOverrides` as JSON; null: none. */
	limits(): string | null {
		if (!this.#tables.open()) return null;
		return selectLimits.all(this.#storage)[0]?.limits ?? null;
	}

	/** All or nothing. */
	write({ added, changed, removed, starts, forgetUntil }: GuardChanges): void {
		this.#tables.migrate();
		this.#storage.transactionSync(() => {
			for (const { slot } of removed) deleteSlot.run(this.#storage, { slot });
			for (const row of added)
				insertSlot.run(this.#storage, { ...row, isStart: Number(row.isStart) });
			for (const { slot, state, askAt } of changed) {
				updateSlot.run(this.#storage, { slot, state, askAt });
			}
			for (const at of starts) insertStart.run(this.#storage, { at });
			if (forgetUntil !== null) deleteStarts.run(this.#storage, { at: forgetUntil });
		});
	}

	writeLimits(limits: string | null): void {
		this.#tables.migrate();
		updateLimits.run(this.#storage, { limits });
	}
}
