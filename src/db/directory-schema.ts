/** The tables of the directory's object (`__types`). */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row. */
export const directoryTable = sqliteTable("directory", {
	row: integer("row").primaryKey(),
	/** How many of the migrations these tables have had. */
	schema: integer("schema").notNull(),
});

/** Types of which something was heard. */
export const definedTypesTable = sqliteTable("defined_types", {
	type: text("type").primaryKey(),
	/** Of the newest word: an older one changes nothing. */
	seq: integer("seq").notNull(),
	/** Whether there is a definition: 1 or 0. */
	isThere: integer("is_there").notNull(),
});

export type DefinedTypeRow = typeof definedTypesTable.$inferSelect;
