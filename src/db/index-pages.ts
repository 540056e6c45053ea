/**
 * Pages of a shard's listing, at a cost that does not grow with the rows that are not on them.
 *
 * Where the rows come from:
 * - the few rows of a rare prefix, or of an attribute that few have, are read whole, then sorted;
 * - else, where the filter names an attribute's value: a range of the index of tags, in order;
 * - else: a range of the index of statuses for each status, merged in order.
 *
 * What is left of the filter is looked at row by row, `SCAN_ROWS` for a page: the shard has other
 * work than a search through millions. The queries themselves are `index-queries.ts`'s.
 */
import {
	type Found,
	type IndexRow,
	mergeFound,
	type PageRequest,
	positionOf,
} from "../model/index-rpc";
import type { ObjectStorage } from "./database";
import { type PageRow, queriesOf, valuesOf } from "./index-queries";

export function readPage(storage: ObjectStorage, request: PageRequest): Found<IndexRow> {
	const { narrow, sorted } = queriesOf(request);
	const values = valuesOf(request);
	const few = narrow.find(({ more }) => more.all(storage, values).length === 0);
	if (few !== undefined) return pageOf(few.page.all(storage, values), request);
	const found = sorted.map(({ page, end }) => {
		const part = pageOf(page.all(storage, values), request);
		// A search that did not find a whole page may have stopped before the rows ended.
		return part.end !== null || end === null
			? part
			: { rows: part.rows, end: end.all(storage, values)[0] ?? null };
	});
	return mergeFound(found, request);
}

/** One row more than asked for tells that there are more. */
function pageOf(found: readonly PageRow[], { limit }: PageRequest): Found<IndexRow> {
	const rows = found.slice(0, limit).map(indexRow);
	const last = rows.at(-1);
	const hasMore = found.length > limit && last !== undefined;
	return { rows, end: hasMore ? positionOf(last) : null };
}

function indexRow({ attributes, ...row }: PageRow): IndexRow {
	return attributes === null ? row : { ...row, attributes: JSON.parse(attributes) };
}
