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
	(table) => [
		index("instances_by_creation").on(table.createdAt, table.id),
		index("instances_by_status").on(table.status, table.createdAt, table.id),
	],
);
