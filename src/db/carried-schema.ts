/**
 * The table of an instance whose program is a stored definition: a copy, so that none of its replays
 * meets another one. Other instances have no such table.
 */
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row. */
export const carriedTable = sqliteTable("carried", {
	row: integer("row").primaryKey(),
	/** How many of the migrations this table has had. */
	schema: integer("schema").notNull(),
	text: text("text").notNull(),
});
