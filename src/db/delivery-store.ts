/** Reads and writes of how far an instance's receivers are, and of the events kept for them. */
import { and, asc, desc, eq, isNotNull, isNull, lte, sql } from "drizzle-orm";
import fresh from "../../drizzle/delivery/fresh.sql";
import migrations from "../../drizzle/delivery/migrations";
import { applyMigrations, type ObjectStorage } from "./database";
import { type LetterRow, lettersTable, type ReceiverRow, receiversTable } from "./delivery-schema";
import { bound, boundColumns, builder, columnsOf, Select, Statement } from "./statement";

export type { LetterRow, ReceiverRow };

const TABLES = { fresh, migrations };

const RECEIVER_COLUMNS = columnsOf(receiversTable);
const LETTER_COLUMNS = columnsOf(lettersTable);

const insertReceiver = new Statement(
	builder.insert(receiversTable).values(boundColumns(RECEIVER_COLUMNS)),
);
const updateReceiver = new Statement(
	builder
		.update(receiversTable)
		.set(boundColumns(["place", "attempts", "retryAt", "error", "down"]))
		.where(eq(receiversTable.row, bound("row"))),
);
const selectReceivers = new Select<ReceiverRow>(
	builder.select().from(receiversTable).orderBy(asc(receiversTable.row)),
	RECEIVER_COLUMNS,
);

const insertLetter = new Select<{ seq: number }>(
	builder
		.insert(lettersTable)
		.values(boundColumns(LETTER_COLUMNS.filter((name) => name !== "seq")))
		.returning({ seq: lettersTable.seq }),
	["seq"],
);
const deleteLetter = new Statement(
	builder.delete(lettersTable).where(eq(lettersTable.seq, bound("seq"))),
);
const buryLetter = new Statement(
	builder
		.update(lettersTable)
		.set(boundColumns(["attempts", "error", "diedAt"]))
		.where(eq(lettersTable.seq, bound("seq"))),
);
const selectNext = new Select<LetterRow>(
	builder
		.select()
		.from(lettersTable)
		.where(and(eq(lettersTable.receiver, bound("receiver")), isNull(lettersTable.diedAt)))
		.orderBy(asc(lettersTable.seq))
		.limit(1),
	LETTER_COLUMNS,
);
const selectDead = new Select<LetterRow>(
	builder
		.select()
		.from(lettersTable)
		.where(isNotNull(lettersTable.diedAt))
		.orderBy(desc(lettersTable.seq)),
	LETTER_COLUMNS,
);
const pruneDead = new Statement(
	builder
		.delete(lettersTable)
		.where(
			and(
				isNotNull(lettersTable.diedAt),
				lte(
					lettersTable.seq,
					sql`(SELECT seq FROM letters WHERE died_at IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ${bound("rowsMax")})`,
				),
			),
		),
);
const reviveDead = new Statement(
	builder
		.update(lettersTable)
		.set({ diedAt: null, attempts: 0 })
		.where(and(isNotNull(lettersTable.diedAt), eq(lettersTable.receiver, bound("receiver")))),
);

/** The tables come with the first receiver; before, nothing may be read. */
export class DeliveryStore {
	readonly #storage: ObjectStorage;

	constructor(storage: ObjectStorage) {
		this.#storage = storage;
	}

	/** Whether tables with so many migrations are the newest. */
	isNewest(applied: number): boolean {
		return applied === migrations.journal.entries.length;
	}

	/** Brings the tables to the newest schema; returns the number to store. */
	migrate(applied: number): number {
		return applyMigrations(this.#storage, TABLES, applied);
	}

	readReceivers(): ReceiverRow[] {
		return selectReceivers.all(this.#storage);
	}

	insertReceiver(row: ReceiverRow): void {
		insertReceiver.run(this.#storage, row);
	}

	updateReceiver(row: ReceiverRow): void {
		updateReceiver.run(this.#storage, row);
	}

	/** Returns its number. */
	addLetter(letter: Omit<LetterRow, "seq">): number {
		return insertLetter.all(this.#storage, letter)[0]?.seq ?? 0;
	}

	deleteLetter(seq: number): void {
		deleteLetter.run(this.#storage, { seq });
	}

	/** The first one that is to be delivered. */
	nextLetter(receiver: string): LetterRow | undefined {
		return selectNext.all(this.#storage, { receiver })[0];
	}

	buryLetter(letter: Pick<LetterRow, "seq" | "attempts" | "error" | "diedAt">): void {
		buryLetter.run(this.#storage, letter);
	}

	/** Drops dead letters further back than `rowsMax`. */
	pruneDead(rowsMax: number): void {
		pruneDead.run(this.#storage, { rowsMax });
	}

	/** The latest first. */
	readDead(): LetterRow[] {
		return selectDead.all(this.#storage);
	}

	/** The dead letters of a receiver are to be delivered again. */
	reviveDead(receiver: string): void {
		reviveDead.run(this.#storage, { receiver });
	}
}
