/** Reads and writes of the directory's tables. It decides nothing. */
import { asc, eq } from "drizzle-orm";
import fresh from "../../drizzle/directory/fresh.sql";
import migrations from "../../drizzle/directory/migrations";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import { type DefinedTypeRow, definedTypesTable, directoryTable } from "./directory-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { DefinedTypeRow };

const TABLES = { fresh, migrations };
const COLUMNS = columnsOf(definedTypesTable);
const { schema } = directoryTable;

const selectSchema = new Select<{ schema: number }>(
	builder.select({ schema }).from(directoryTable),
	["schema"],
);
const upsertSchema = new Statement(
	builder
		.insert(directoryTable)
		.values({ row: 1, schema: bound("schema") })
		.onConflictDoUpdate({ target: directoryTable.row, set: { schema: bound("schema") } }),
);
const selectTypes = new Select<DefinedTypeRow>(
	builder
		.select()
		.from(definedTypesTable)
		.where(eq(definedTypesTable.isThere, 1))
		.orderBy(asc(definedTypesTable.type)),
	COLUMNS,
);
const selectType = new Select<DefinedTypeRow>(
	builder
		.select()
		.from(definedTypesTable)
		.where(eq(definedTypesTable.type, bound("type"))),
	COLUMNS,
);
const upsertType = new Statement(
	builder
		.insert(definedTypesTable)
		.values(boundColumns(COLUMNS))
		.onConflictDoUpdate({ target: definedTypesTable.type, set: boundColumns(COLUMNS) }),
);

export class DirectoryStore {
	readonly #storage: ObjectStorage;
	#isNewest = false;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** Types that have definitions, in the order of their names. Nothing is written (G14). */
	all(): DefinedTypeRow[] {
		return this.#open() ? selectTypes.all(this.#storage) : [];
	}

	get(type: string): DefinedTypeRow | undefined {
		return this.#open() ? selectType.all(this.#storage, { type })[0] : undefined;
	}

	write(row: DefinedTypeRow): void {
		this.#migrate();
		upsertType.run(this.#storage, row);
	}

	#open(): boolean {
		if (this.#isNewest) return true;
		if (!hasTable(this.#storage, "directory")) return false;
		this.#migrate();
		return true;
	}

	/** Once per life of the object. */
	#migrate(): void {
		if (this.#isNewest) return;
		this.#storage.transactionSync(() => {
			const isThere = hasTable(this.#storage, "directory");
			const applied = isThere ? (selectSchema.all(this.#storage)[0]?.schema ?? 0) : 0;
			const newest = applyMigrations(this.#storage, TABLES, applied);
			if (newest !== applied) upsertSchema.run(this.#storage, { schema: newest });
		});
		this.#isNewest = true;
	}
}
