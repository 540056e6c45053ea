/**
 * The queries of a page. drizzle needs longer to build one than SQLite to run it, so they are built
 * once for each shape of request: what they look for is bound when they run.
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
	type Placeholder,
	type SQL,
	Subquery,
	sql,
} from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import {
	type IndexRow,
	type InstanceFilter,
	type PageRequest,
	type Position,
	tagOf,
	tagStart,
} from "../model/index-rpc";
import { WORKFLOW_STATUSES } from "../model/status";
import { instancesTable, REMOVED, tagsTable } from "./shard-schema";
import { bound, builder, Select, type Values } from "./statement";

/** Rows that a search looks through for a page. */
const SCAN_ROWS = 10_000;
/** Up to so many rows of a prefix or an attribute are read whole. */
const FEW_ROWS = 1_000;
/** Queries that SQLite unites in an object: workerd sets this limit. */
const UNION_MAX = 5;
/** Shapes that are remembered. */
const SHAPES_MAX = 200;

export type PageRow = Omit<IndexRow, "attributes"> & { attributes: string | null };

export interface PageQueries {
	/** Rows that may be few: `more` finds none then, and `page` reads all of them. */
	narrow: readonly { more: Select<{ id: string }>; page: Select<PageRow> }[];
	/**
	 * Rows in order, from sources that are to be merged. `end`: where a search stops that finds less
	 * than a page; null: it is no search, and stops where the rows end.
	 */
	sorted: readonly { page: Select<PageRow>; end: Select<Position> | null }[];
}

const { id, status, createdAt, updatedAt, attributes } = instancesTable;
const FIELDS = { id, status, createdAt, updatedAt, attributes };
const COLUMNS = ["id", "status", "createdAt", "updatedAt", "attributes"] as const;

const known = new Map<string, PageQueries>();

export function queriesOf(request: PageRequest): PageQueries {
	const { filter, order, after } = request;
	const { attributes: wanted = {}, status: statuses, ...rest } = filter;
	const shape = JSON.stringify([
		order,
		after === null,
		statuses,
		Object.entries(rest).map(([name, value]) => value !== undefined && name),
		Object.values(wanted).map((value) => value === null),
	]);
	let queries = known.get(shape);
	if (queries === undefined) {
		if (known.size >= SHAPES_MAX) known.clear();
		queries = { narrow: narrowQueries(request), sorted: sortedQueries(request) };
		known.set(shape, queries);
	}
	return queries;
}

/** What is bound in the queries of a request. */
export function valuesOf({ filter, limit, after }: PageRequest): Values {
	const { status: _, idPrefix, attributes: wanted = {}, ...moments } = filter;
	const tags = Object.entries(wanted).map(([name, value], at) =>
		value === null
			? { [`path${at}`]: `$."${name}"`, ...startingWith(`tag${at}`, tagStart(name)) }
			: { [`tag${at}`]: tagOf(name, value) },
	);
	return {
		...moments,
		limit: limit + 1,
		afterAt: after?.createdAt,
		afterId: after?.id,
		...(idPrefix === undefined ? {} : startingWith("idPrefix", idPrefix)),
		...Object.assign({}, ...tags),
	};
}

// ── Where rows come from ────────────────────────────────────────────────────

function narrowQueries({ filter, order, after }: PageRequest): PageQueries["narrow"] {
	const sources: SQL[] = [];
	if (filter.idPrefix !== undefined) {
		const ofPrefix = builder.select(FIELDS).from(instancesTable).where(startsWith(id, "idPrefix"));
		sources.push(ofPrefix.getSQL());
	}
	Object.values(filter.attributes ?? {}).forEach((value, at) => {
		if (value === null) sources.push(tagged(startsWith(tagsTable.tag, `tag${at}`)).getSQL());
	});
	const range = rangeOf({ filter, order, after }, createdAt, id);
	return sources.map((rows) => ({
		more: new Select(builder.select({ id }).from(part(rows, 1, FEW_ROWS)), ["id"]),
		page: new Select(
			builder
				.select(FIELDS)
				.from(part(rows, FEW_ROWS))
				.where(and(statusIn(filter), ...range, ...restOf(filter)))
				.orderBy(...inOrder(order, createdAt, id))
				.limit(sql.placeholder("limit")),
			COLUMNS,
		),
	}));
}

function sortedQueries(request: PageRequest): PageQueries["sorted"] {
	const { filter } = request;
	const driving = Object.values(filter.attributes ?? {}).findIndex((value) => value !== null);
	if (driving === -1) return byStatus(request).map((rows) => sorted(rows, restOf(filter)));
	const status = filter.status === undefined ? [] : [statusIn(filter)];
	return [sorted(byTag(request, driving), [...status, ...restOf(filter, driving)])];
}

/** `rest`: what the rows have still to meet. */
function sorted(rows: SQL, rest: SQL[]): PageQueries["sorted"][number] {
	const isSearch = rest.length > 0;
	const last = builder.select({ createdAt, id }).from(part(rows, 1, SCAN_ROWS - 1));
	const page = builder
		.select(FIELDS)
		.from(part(rows, isSearch ? SCAN_ROWS : sql.placeholder("limit")))
		.where(and(...rest))
		.limit(sql.placeholder("limit"));
	return {
		page: new Select(page, COLUMNS),
		end: isSearch ? new Select(last, ["createdAt", "id"]) : null,
	};
}

function byTag(request: PageRequest, driving: number): SQL {
	const { tag, createdAt: taggedAt, id: taggedId } = tagsTable;
	const range = rangeOf(request, taggedAt, taggedId);
	return tagged(and(eq(tag, bound(`tag${driving}`)), ...range))
		.orderBy(...inOrder(request.order, taggedAt, taggedId))
		.getSQL();
}

function byStatus(request: PageRequest): SQL[] {
	const range = rangeOf(request, createdAt, id);
	const ofEach = (request.filter.status ?? WORKFLOW_STATUSES).map((each) =>
		builder
			.select(FIELDS)
			.from(instancesTable)
			.where(and(eq(status, each), ...range))
			.getSQL(),
	);
	const order = sql.join(inOrder(request.order, sql`created_at`, sql`id`), sql`, `);
	const merged: SQL[] = [];
	for (let at = 0; at < ofEach.length; at += UNION_MAX) {
		const united = sql.join(ofEach.slice(at, at + UNION_MAX), sql` union all `);
		merged.push(sql`${united} order by ${order}`);
	}
	return merged;
}

function tagged(condition: SQL | undefined) {
	return builder
		.select(FIELDS)
		.from(tagsTable)
		.innerJoin(instancesTable, eq(instancesTable.id, tagsTable.id))
		.where(condition);
}

/** Rows of a query, under the table's name: conditions read alike wherever rows come from. */
function part(rows: SQL, limit: number | Placeholder, offset = 0) {
	return new Subquery(sql`${rows} limit ${limit} offset ${offset}`, FIELDS, "instances");
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
		range.push(sql`(${at}, ${settling}) ${behind} (${bound("afterAt")}, ${bound("afterId")})`);
	}
	// Behind a page, its end says more than the moment from which the listing began.
	if (createdAfter !== undefined && (after === null || order === "desc")) {
		range.push(gte(at, bound("createdAfter")));
	}
	if (createdBefore !== undefined && (after === null || order === "asc")) {
		range.push(lt(at, bound("createdBefore")));
	}
	return range;
}

function statusIn({ status: wanted }: InstanceFilter): SQL {
	return wanted === undefined ? ne(status, REMOVED) : inArray(status, [...wanted]);
}

/** What no source has seen to; `driving`: the attribute by which the rows were found. */
function restOf(filter: InstanceFilter, driving?: number): SQL[] {
	const rest: SQL[] = [];
	if (filter.updatedAfter !== undefined) rest.push(gte(updatedAt, bound("updatedAfter")));
	if (filter.updatedBefore !== undefined) rest.push(lt(updatedAt, bound("updatedBefore")));
	if (filter.idPrefix !== undefined) rest.push(startsWith(id, "idPrefix"));
	Object.values(filter.attributes ?? {}).forEach((value, at) => {
		if (at === driving) return;
		rest.push(value === null ? hasAttribute(`path${at}`) : hasTag(`tag${at}`));
	});
	return rest;
}

/** No pattern: one takes 50 bytes in an object, and no index. */
function startsWith(column: SQLiteColumn, name: string): SQL {
	return sql`${column} >= ${bound(name)} and ${column} < ${bound(`${name}End`)}`;
}

function startingWith(name: string, start: string): Values {
	const last = start.length - 1;
	const end = start.slice(0, last) + String.fromCharCode(start.charCodeAt(last) + 1);
	return { [name]: start, [`${name}End`]: end };
}

function hasAttribute(path: string): SQL {
	return sql`json_type(${attributes}, ${bound(path)}) is not null`;
}

function hasTag(tag: string): SQL {
	const { tag: tagColumn, createdAt: taggedAt, id: taggedId } = tagsTable;
	return exists(
		builder
			.select({ tag: tagColumn })
			.from(tagsTable)
			.where(and(eq(tagColumn, bound(tag)), eq(taggedAt, createdAt), eq(taggedId, id))),
	);
}

function inOrder(order: PageRequest["order"], ...columns: (SQLiteColumn | SQL)[]): SQL[] {
	return columns.map((column) => (order === "asc" ? asc(column) : desc(column)));
}
