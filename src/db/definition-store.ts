/** Reads and writes of a type's stored definitions. It decides nothing. */
import { desc, eq, getTableColumns } from "drizzle-orm";
import { type DefinitionRow, definitionsTable, shardTable } from "./shard-schema";
import type { ShardTables } from "./shard-tables";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { DefinitionRow };

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

	/** All or nothing. */
	write({ added, removed, place }: DefinitionChange): void {
		const { storage } = this.#tables;
		this.#tables.transaction(() => {
			for (const seq of removed) deleteRow.run(storage, { seq });
			if (added !== undefined) insertRow.run(storage, { ...added });
			updatePlace.run(storage, { ...place });
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
}
