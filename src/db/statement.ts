/**
 * Queries as drizzle builds them, once per isolate instead of once per object: an instance is an
 * object, a short one uses each statement once, and building one costs drizzle more (some 65 µs)
 * than SQLite needs to run it.
 */
import {
	getTableColumns,
	is,
	Placeholder,
	placeholder,
	type SQL,
	sql,
	type Table,
} from "drizzle-orm";
import { drizzle } from "drizzle-orm/durable-sqlite";
import type { ObjectStorage } from "./database";

/** Builds queries for `Statement`; there is no database behind it. */
export const builder = drizzle({} as DurableObjectStorage);

/** A query of drizzle's, before it is run. */
interface Query {
	toSQL(): { sql: string; params: unknown[] };
}

/** What is bound, by name. */
export type Values = Readonly<Record<string, SqlStorageValue | undefined>>;

/**
 * A statement that can be run on any object's storage.
 *
 * @example
 * const rename = new Statement(builder.update(table).set({ name: bound("name") }));
 * rename.run(storage, { name: "b" });
 */
export class Statement {
	readonly #sql: string;
	/** In the order of the query: its own values, null where something is bound. */
	readonly #values: readonly SqlStorageValue[];
	/** The names of what is bound, and where. */
	readonly #bound: readonly { name: string; at: number }[];

	constructor(query: Query) {
		const { sql, params } = query.toSQL();
		this.#sql = sql;
		// What is not bound has been encoded by its column.
		this.#values = params.map((param) =>
			is(param, Placeholder) ? null : (param as SqlStorageValue),
		);
		this.#bound = params.flatMap((param, at) =>
			is(param, Placeholder) ? [{ name: param.name, at }] : [],
		);
	}

	run(
		{ sql }: ObjectStorage,
		values: Values = {},
	): SqlStorageCursor<Record<string, SqlStorageValue>> {
		const params = this.#values.slice();
		for (const { name, at } of this.#bound) params[at] = values[name] ?? null;
		return sql.exec(this.#sql, ...params);
	}
}

/** A `Statement` that reads rows; the names are the query's own, in its order. */
export class Select<Row> {
	readonly #statement: Statement;
	readonly #names: readonly (keyof Row & string)[];

	constructor(query: Query, names: readonly (keyof Row & string)[]) {
		this.#statement = new Statement(query);
		this.#names = names;
	}

	all(storage: ObjectStorage, bound?: Values): Row[] {
		return Array.from(this.#statement.run(storage, bound).raw(), (values) => {
			const row: Partial<Record<keyof Row, unknown>> = {};
			this.#names.forEach((name, index) => {
				row[name] = values[index];
			});
			return row as Row; // As drizzle types the columns.
		});
	}
}

/** The names of a table's columns. */
export function columnsOf<T extends Table>(table: T): (keyof T["$inferSelect"] & string)[] {
	return Object.keys(getTableColumns(table));
}

/** A parameter that is given when the statement runs. */
export function bound(name: string): SQL {
	return sql`${placeholder(name)}`;
}

/** A bound parameter for each of these columns, by the column's name. */
export function boundColumns<K extends string>(names: readonly K[]): Record<K, SQL> {
	const entries = names.map((name) => [name, bound(name)] as const);
	return Object.fromEntries(entries) as Record<K, SQL>; // fromEntries forgets the keys.
}
