/** The tables of an index shard's object (`__index:<type>`). */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { WorkflowStatus } from "../model/status";

export const instancesTable = sqliteTable(
	"instances",
	{
		id: text("id").primaryKey(),
		status: text("status").$type<WorkflowStatus>().notNull(),
		/** Of the newest update that arrived: an older one changes nothing (G12). */
		seq: integer("seq").notNull(),
		createdAt: integer("created_at").notNull(),
		updatedAt: integer("updated_at").notNull(),
	},
	(table) => [index("instances_by_creation").on(table.createdAt, table.id)],
);

/** One row: how many of the migrations these tables have had. */
export const shardTable = sqliteTable("shard", {
	row: integer("row").primaryKey(),
	schema: integer("schema").notNull(),
});
