/** Reads and writes of a type's stored definitions. It decides nothing. */
import { desc, eq, getTableColumns, gt, lte, sql } from "drizzle-orm";
import {
	type DefinitionAuditRow,
	type DefinitionRow,
	definitionAuditTable,
	definitionsTable,
	shardTable,
} from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { DefinitionAuditRow, DefinitionRow };

/** A row without its text. */
export type DefinitionAbout = Omit<DefinitionRow, "text">;

/** What the shard's row says of definitions. */
export interface DefinitionPlace {
	/** The `seq` of the current one; null: none. */
	definition: number | null;
	/** Of the latest word for the directory, and of the one that it has acknowledged. */
	directorySeq: number;
	directoryAckedSeq: number;
}

const COLUMNS = columnsOf(definitionsTable);
const { definition, directorySeq, directoryAckedSeq } = shardTable;
const PLACE = { definition, directorySeq, directoryAckedSeq };
const PLACE_NAMES = ["definition", "directorySeq", "directoryAckedSeq"] as const;

const { text, ...ABOUT } = getTableColumns(definitionsTable);
const selectAll = new Select<DefinitionAbout>(
	builder.select(ABOUT).from(definitionsTable).orderBy(desc(definitionsTable.seq)),
	COLUMNS.filter((name) => name !== "text"),
);
const selectText = new Select<{ text: string }>(
	builder
		.select({ text })
		.from(definitionsTable)
		.where(eq(definitionsTable.seq, bound("seq"))),
	["text"],
);
const selectPlace = new Select<DefinitionPlace>(
	builder.select(PLACE).from(shardTable),
	PLACE_NAMES,
);
const updatePlace = new Statement(builder.update(shardTable).set(boundColumns(PLACE_NAMES)));
const insertRow = new Statement(builder.insert(definitionsTable).values(boundColumns(COLUMNS)));
const deleteRow = new Statement(
	builder.delete(definitionsTable).where(eq(definitionsTable.seq, bound("seq"))),
);

const AUDIT_COLUMNS = columnsOf(definitionAuditTable);
const insertAudit = new Statement(
	builder
		.insert(definitionAuditTable)
		.values(boundColumns(AUDIT_COLUMNS.filter((name) => name !== "seq"))),
);
const pruneAudit = new Statement(
	builder
		.delete(definitionAuditTable)
		.where(
			lte(
				definitionAuditTable.seq,
				sql`(SELECT max(seq) FROM definition_audit) - ${bound("rowsMax")}`,
			),
		),
);
const selectAudit = new Select<DefinitionAuditRow>(
	builder.select().from(definitionAuditTable).orderBy(desc(definitionAuditTable.seq)),
	AUDIT_COLUMNS,
);
const selectAuditByKey = new Select<DefinitionAuditRow>(
	builder
		.select()
		.from(definitionAuditTable)
		.where(eq(definitionAuditTable.key, bound("key")))
		.orderBy(desc(definitionAuditTable.seq))
		.limit(1),
	AUDIT_COLUMNS,
);
const freeKeys = new Statement(
	builder
		.update(definitionAuditTable)
		.set({ key: null })
		.where(
			gt(
				definitionAuditTable.seq,
				sql`(SELECT coalesce(max(seq), 0) FROM definition_audit WHERE action IN ('delete', 'withdraw'))`,
			),
		),
);

const NO_PLACE: DefinitionPlace = { definition: null, directorySeq: 0, directoryAckedSeq: 0 };

/** Where it stands is kept in memory, since it is asked for at every turn. */
export class DefinitionStore {
	readonly #tables: ShardTables;
	#place: DefinitionPlace | undefined;
	#current: DefinitionAbout | null | undefined;

	constructor(tables: ShardTables) {
		this.#tables = tables;
	}

	/** The newest first. Nothing is written (G14). */
	all(): DefinitionAbout[] {
		return this.#tables.open() ? selectAll.all(this.#tables.storage) : [];
	}

	textOf(seq: number): string {
		return selectText.all(this.#tables.storage, { seq })[0]?.text ?? "";
	}

	get place(): Readonly<DefinitionPlace> {
		this.#place ??= this.#readPlace();
		return this.#place;
	}

	/** The one that new instances begin with; null: there is none. */
	get current(): DefinitionAbout | null {
		const { definition } = this.place;
		if (definition === null) return null;
		this.#current ??= this.all().find(({ seq }) => seq === definition) ?? null;
		return this.#current;
	}

	/** The newest first. */
	audit(): DefinitionAuditRow[] {
		return this.#tables.open() ? selectAudit.all(this.#tables.storage) : [];
	}

	/** The entry that was made with an idempotency key. */
	auditOf(key: string): DefinitionAuditRow | undefined {
		return this.#tables.open() ? selectAuditByKey.all(this.#tables.storage, { key })[0] : undefined;
	}

	/** All or nothing. */
	write({ added, removed, place, noted }: DefinitionChange): void {
		const { storage } = this.#tables;
		this.#tables.transaction(() => {
			for (const seq of removed) deleteRow.run(storage, { seq });
			if (added !== undefined) insertRow.run(storage, { ...added });
			updatePlace.run(storage, { ...place });
			if (noted === undefined) return;
			if (noted.row.action === "withdraw") freeKeys.run(storage);
			insertAudit.run(storage, { ...noted.row });
			pruneAudit.run(storage, { rowsMax: noted.rowsMax });
		});
		this.#place = place;
		this.#current = undefined;
	}

	#readPlace(): DefinitionPlace {
		const [row] = this.#tables.open() ? selectPlace.all(this.#tables.storage) : [];
		return row ?? NO_PLACE;
	}
}

export interface DefinitionChange {
	added?: DefinitionRow | undefined;
	removed: readonly number[];
	place: Readonly<DefinitionPlace>;
	/**
	 * For the audit, which keeps so many rows. What is withdrawn was refused: the keys of those
	 * requests are free again, back to when there were no definitions.
	 */
	noted?: { row: Omit<DefinitionAuditRow, "seq">; rowsMax: number };
}
