/**
 * What is said to and by the index shards about the instances of a type: updates, filters, pages.
 */
import type { Attributes, AttributeValue } from "./attributes";
import type { WorkflowStatus } from "./status";

/**
 * What a shard is told of an instance. A smaller `seq` never overwrites a larger one (G12), unless
 * its `createdAt` is later: then the id has been removed and given anew.
 */
export interface IndexUpdate {
	id: string;
	seq: number;
	status: WorkflowStatus;
	createdAt: number;
	updatedAt: number;
	/** Left out: none. */
	attributes?: Attributes | undefined;
	/** The instance is being removed, and its row is to go. */
	removed?: true | undefined;
}

export interface IndexRow {
	id: string;
	status: WorkflowStatus;
	createdAt: number;
	updatedAt: number;
	/** Left out: it has none. */
	attributes?: Attributes;
}

/**
 * Which instances are meant; all that is given must hold. Times in ms since 1970, `After` includes
 * its moment and `Before` does not.
 *
 * @example
 * { status: ["errored"], createdAfter: Date.UTC(2026, 0, 1), attributes: { customer: "c-17" } }
 */
export interface InstanceFilter {
	/** One of these. Left out: any. */
	status?: readonly WorkflowStatus[] | undefined;
	createdAfter?: number | undefined;
	createdBefore?: number | undefined;
	updatedAfter?: number | undefined;
	updatedBefore?: number | undefined;
	idPrefix?: string | undefined;
	/** Attributes that it has with this value, compared as text; null: with any. */
	attributes?: Readonly<Record<string, AttributeValue | null>> | undefined;
}

export const LIST_ORDERS = ["desc", "asc"] as const;
/** By creation time, the id settling ties. */
export type ListOrder = (typeof LIST_ORDERS)[number];

/** The last row of a page; the next page starts behind it. */
export interface Position {
	createdAt: number;
	id: string;
}

/** A page of one shard. */
export interface PageRequest {
	filter: InstanceFilter;
	order: ListOrder;
	/** Rows, at most. */
	limit: number;
	/** Where the page before ended, which had the same filter and order; null: it is the first. */
	after: Position | null;
}

/**
 * A shard looks through so many rows at a time: a page of a filter that few of them pass may be
 * short, or empty, before the end.
 */
export interface Page extends Found<IndexRow> {
	/** How many shards the type is known to have; the first shard knows it for all. */
	shards: number;
}

/** Before 0 or after it, as `order` has it. */
export function comparePositions(a: Position, b: Position, order: ListOrder): number {
	const ascending = a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
	return order === "asc" ? ascending : -ascending;
}

/** What was found in one place, and how far it was looked for; null: to the end. */
export interface Found<Row extends Position> {
	rows: Row[];
	end: Position | null;
}

/** What was found in several places, as one: `limit` rows at most, in order. */
export function mergeFound<Row extends Position>(
	found: readonly Found<Row>[],
	{ order, limit }: Pick<PageRequest, "order" | "limit">,
): Found<Row> {
	const compare = (a: Position, b: Position) => comparePositions(a, b, order);
	// Behind the first end, that place may have rows which come before those of the others.
	const [horizon] = found.flatMap(({ end }) => end ?? []).sort(compare);
	const rows = found
		.flatMap((each) => each.rows)
		.filter((row) => horizon === undefined || compare(row, horizon) <= 0)
		.sort(compare);
	const page = rows.slice(0, limit);
	const last = page.at(-1);
	if (rows.length > limit && last !== undefined) return { rows: page, end: positionOf(last) };
	return { rows: page, end: horizon ?? null };
}

export function positionOf({ createdAt, id }: Position): Position {
	return { createdAt, id };
}

/** An attribute as one text, by which a shard finds its instances; numbers count as their text. */
export function tagOf(name: string, value: AttributeValue | null): string {
	return `${tagStart(name)}${value}`;
}

/** What every tag of an attribute begins with. No attribute's name has a colon. */
export function tagStart(name: string): string {
	return `${name}:`;
}
