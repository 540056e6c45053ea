/** Reads and writes of a bulk job's tables. It decides nothing. */
import { asc, getTableColumns } from "drizzle-orm";
import fresh from "../../drizzle/job/fresh.sql";
import migrations from "../../drizzle/job/migrations";
import type { BulkError } from "../model/bulk";
import { applyMigrations, hasTable, type ObjectStorage } from "./database";
import { type JobRow, jobErrorsTable, jobTable } from "./job-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { JobRow };

const TABLES = { fresh, migrations };

const { row: _row, schema, ...COLUMNS } = getTableColumns(jobTable);
const NAMES = columnsOf(jobTable).filter((name) => name !== "row" && name !== "schema");

const insertJob = new Statement(
	builder.insert(jobTable).values({ row: 1, schema: bound("schema"), ...boundColumns(NAMES) }),
);
const updateJob = new Statement(builder.update(jobTable).set(boundColumns(NAMES)));
const selectJob = new Select<JobRow>(builder.select(COLUMNS).from(jobTable), NAMES);
const selectSchema = new Select<{ schema: number }>(builder.select({ schema }).from(jobTable), [
	"schema",
]);
const updateSchema = new Statement(builder.update(jobTable).set({ schema: bound("schema") }));

const ERROR_NAMES = ["id", "code", "message"] as const;
const { id, code, message } = jobErrorsTable;
const insertError = new Statement(builder.insert(jobErrorsTable).values(boundColumns(ERROR_NAMES)));
const selectErrors = new Select<BulkError>(
	builder.select({ id, code, message }).from(jobErrorsTable).orderBy(asc(jobErrorsTable.seq)),
	ERROR_NAMES,
);

export class JobStore {
	readonly #storage: ObjectStorage;
	#isNewest = false;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** Undefined, with nothing written, when no job was started here (G14). */
	read(): JobRow | undefined {
		// Asked each time: a job that is forgotten takes its tables along.
		if (!hasTable(this.#storage, "job")) return undefined;
		this.#upgrade();
		return selectJob.all(this.#storage)[0];
	}

	/** Creates the tables with the job's row in them. */
	create(row: JobRow): void {
		this.transaction(() => {
			insertJob.run(this.#storage, { schema: applyMigrations(this.#storage, TABLES, 0), ...row });
		});
		this.#isNewest = true;
	}

	/** Nothing in `work` may await. */
	transaction<T>(work: () => T): T {
		return this.#storage.transactionSync(work);
	}

	update(row: JobRow): void {
		updateJob.run(this.#storage, row);
	}

	errors(): BulkError[] {
		return selectErrors.all(this.#storage);
	}

	insertError({ id, code, message }: BulkError): void {
		insertError.run(this.#storage, { id, code, message });
	}

	/** Brings the tables to the newest schema, once per life of the object. */
	#upgrade(): void {
		if (this.#isNewest) return;
		this.transaction(() => {
			const [{ schema: applied } = { schema: 0 }] = selectSchema.all(this.#storage);
			const newest = applyMigrations(this.#storage, TABLES, applied);
			if (newest !== applied) updateSchema.run(this.#storage, { schema: newest });
		});
		this.#isNewest = true;
	}
}
