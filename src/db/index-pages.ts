/**
 * Pages of a shard's listing, at a cost that does not grow with the rows that are not on them.
 *
 * Where the rows come from:
 * - the few rows of a rare prefix, or of an attribute that few have, are read whole, then sorted;
 * - else, where the filter names an attribute's value: a range of the index of tags, in order;
 * - else: a range of the index of statuses for each status, merged in order by SQLite.
 *
 * What is left of the filter is looked at row by row, `SCAN_ROWS` for a page: the shard has other
 * work than a search through millions.
 */
import {
	and,
	asc,
	desc,
	eq,
	exists,
	gte,
	inArray,
	lt,
	ne,
	type SQL,
	Subquery,
	sql,
} from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import {
	type Found,
	type IndexRow,
	type InstanceFilter,
	mergeFound,
	type PageRequest,
	type Position,
	positionOf,
	tagOf,
	tagStart,
} from "../model/index-rpc";
import { WORKFLOW_STATUSES } from "../model/status";
import type { ObjectStorage } from "./database";
import { instancesTable, REMOVED, tagsTable } from "./shard-schema";
import { builder, Select } from "./statement";

const SCAN_ROWS = 10_000;
const FEW_ROWS = 1_000;
/** Queries that SQLite unites in an object: workerd sets this limit. */
const UNION_MAX = 5;

const { id, status, createdAt, updatedAt, attributes } = instancesTable;
const FIELDS = { id, status, createdAt, updatedAt, attributes };
const COLUMNS = ["id", "status", "createdAt", "updatedAt", "attributes"] as const;
type PageRow = Omit<IndexRow, "attributes"> & { attributes: string | null };

/** Rows from which a page is taken. */
interface Source {
	/** A query of `FIELDS`, without a limit. */
	rows: SQL;
	/** Whether they come in the order of the listing. */
	isSorted: boolean;
	/** What of the filter they have still to meet. */
	rest: SQL[];
}

export function readPage(storage: ObjectStorage, request: PageRequest): Found<IndexRow> {
	const single = fewRows(storage, request) ?? byTag(request);
	const sources = single === undefined ? byStatus(request) : [single];
	return mergeFound(
		sources.map((source) => readSource(storage, source, request)),
		request,
	);
}

function readSource(
	storage: ObjectStorage,
	{ rows, isSorted, rest }: Source,
	{ order, limit }: PageRequest,
): Found<IndexRow> {
	const isSearch = isSorted && rest.length > 0;
	// One more than asked for tells whether there are more.
	const most = isSearch ? SCAN_ROWS : isSorted ? limit + 1 : FEW_ROWS;
	const query = builder
		.select(FIELDS)
		.from(part(rows, most))
		.where(and(...rest))
		.orderBy(...(isSorted ? [] : inOrder(order, createdAt, id)))
		.limit(limit + 1);
	const found = new Select<PageRow>(query, COLUMNS).all(storage);
	const page = found.slice(0, limit).map(indexRow);
	const last = page.at(-1);
	if (found.length > limit && last !== undefined) return { rows: page, end: positionOf(last) };
	return { rows: page, end: isSearch ? endOfSearch(storage, rows) : null };
}

/** Where a search stopped that did not find a whole page; null: where the rows end. */
function endOfSearch(storage: ObjectStorage, rows: SQL): Position | null {
	const last = builder.select({ createdAt, id }).from(part(rows, 1, SCAN_ROWS - 1));
	return new Select<Position>(last, ["createdAt", "id"]).all(storage)[0] ?? null;
}

/** Rows of a query, under the table's name: conditions read alike wherever they come from. */
function part(rows: SQL, limit: number, offset = 0) {
	return new Subquery(sql`${rows} limit ${limit} offset ${offset}`, FIELDS, "instances");
}

// ── Where the rows come from ────────────────────────────────────────────────

/** Undefined when the filter asks for nothing that only a few rows have. */
function fewRows(
	storage: ObjectStorage,
	{ filter, order, after }: PageRequest,
): Source | undefined {
	const { idPrefix, attributes: wanted = {} } = filter;
	const narrow: SQL[] = [];
	if (idPrefix !== undefined) {
		narrow.push(
			builder.select(FIELDS).from(instancesTable).where(startsWith(id, idPrefix)).getSQL(),
		);
	}
	for (const [name, value] of Object.entries(wanted)) {
		if (value === null) narrow.push(tagged(startsWith(tagsTable.tag, tagStart(name))).getSQL());
	}
	const rows = narrow.find((each) => !hasMore(storage, each, FEW_ROWS));
	if (rows === undefined) return undefined;
	const range = rangeOf({ filter, order, after }, createdAt, id);
	return { rows, isSorted: false, rest: [statusIn(filter), ...range, ...leftOf(filter)] };
}

/** Undefined when the filter names no value of an attribute. */
function byTag({ filter, order, after }: PageRequest): Source | undefined {
	const [driving] = Object.entries(filter.attributes ?? {}).filter(([, value]) => value !== null);
	if (driving === undefined) return undefined;
	const [name, value] = driving;
	const { tag, createdAt: taggedAt, id: taggedId } = tagsTable;
	const rows = tagged(
		and(eq(tag, tagOf(name, value)), ...rangeOf({ filter, order, after }, taggedAt, taggedId)),
	).orderBy(...inOrder(order, taggedAt, taggedId));
	return {
		rows: rows.getSQL(),
		isSorted: true,
		rest: [...(filter.status === undefined ? [] : [statusIn(filter)]), ...leftOf(filter, name)],
	};
}

function byStatus({ filter, order, after }: PageRequest): Source[] {
	const range = rangeOf({ filter, order, after }, createdAt, id);
	const ofEach = (filter.status ?? WORKFLOW_STATUSES).map((each) =>
		builder
			.select(FIELDS)
			.from(instancesTable)
			.where(and(eq(status, each), ...range))
			.getSQL(),
	);
	const sorted = sql.join(inOrder(order, sql`created_at`, sql`id`), sql`, `);
	const rest = leftOf(filter);
	return inGroups(ofEach, UNION_MAX).map((group) => {
		const merged = sql.join(group, sql` union all `);
		return { rows: sql`${merged} order by ${sorted}`, isSorted: true, rest };
	});
}

function tagged(condition: SQL | undefined) {
	return builder
		.select(FIELDS)
		.from(tagsTable)
		.innerJoin(instancesTable, eq(instancesTable.id, tagsTable.id))
		.where(condition);
}

function hasMore(storage: ObjectStorage, rows: SQL, count: number): boolean {
	const next = builder.select({ id }).from(part(rows, 1, count));
	return new Select<{ id: string }>(next, ["id"]).all(storage).length > 0;
}

// ── Conditions ──────────────────────────────────────────────────────────────

/** From where the page before ended to the last moment that is asked for. */
function rangeOf(
	{ filter, order, after }: Pick<PageRequest, "filter" | "order" | "after">,
	at: SQLiteColumn,
	settling: SQLiteColumn,
): SQL[] {
	const { createdAfter, createdBefore } = filter;
	const behind = order === "asc" ? sql`>` : sql`<`;
	const range: SQL[] = [];
	if (after !== null) {
		range.push(sql`(${at}, ${settling}) ${behind} (${after.createdAt}, ${after.id})`);
	}
	// Behind a page, its position says more than the moment from which the listing began.
	if (createdAfter !== undefined && (after === null || order === "desc")) {
		range.push(gte(at, createdAfter));
	}
	if (createdBefore !== undefined && (after === null || order === "asc")) {
		range.push(lt(at, createdBefore));
	}
	return range;
}

function statusIn({ status: wanted }: InstanceFilter): SQL {
	return wanted === undefined ? ne(status, REMOVED) : inArray(status, [...wanted]);
}

/** What no source has seen to; `seenTo`: the attribute by which the rows were found. */
function leftOf(filter: InstanceFilter, seenTo?: string): SQL[] {
	const { updatedAfter, updatedBefore, idPrefix, attributes: wanted = {} } = filter;
	const left: SQL[] = [];
	if (updatedAfter !== undefined) left.push(gte(updatedAt, updatedAfter));
	if (updatedBefore !== undefined) left.push(lt(updatedAt, updatedBefore));
	if (idPrefix !== undefined) left.push(startsWith(id, idPrefix));
	for (const [name, value] of Object.entries(wanted)) {
		if (name !== seenTo)
			left.push(value === null ? hasAttribute(name) : hasTag(tagOf(name, value)));
	}
	return left;
}

function startsWith(column: SQLiteColumn, start: string): SQL {
	// No pattern: one takes 50 bytes at most, and no index.
	const behind = start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
	return sql`${column} >= ${start} and ${column} < ${behind}`;
}

function hasAttribute(name: string): SQL {
	return sql`json_type(${attributes}, ${`$."${name}"`}) is not null`;
}

function hasTag(tag: string): SQL {
	return exists(
		builder
			.select({ tag: tagsTable.tag })
			.from(tagsTable)
			.where(and(eq(tagsTable.tag, tag), eq(tagsTable.createdAt, createdAt), eq(tagsTable.id, id))),
	);
}

function inOrder(order: PageRequest["order"], ...columns: (SQLiteColumn | SQL)[]): SQL[] {
	return columns.map((column) => (order === "asc" ? asc(column) : desc(column)));
}

// ── Rows ────────────────────────────────────────────────────────────────────

function indexRow({ attributes, ...row }: PageRow): IndexRow {
	return attributes === null ? row : { ...row, attributes: JSON.parse(attributes) };
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
	const groups: T[][] = [];
	for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
	return groups;
}
