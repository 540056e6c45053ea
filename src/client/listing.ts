/**
 * Listings over types and shards: each shard gives its page, the pages are merged in order, and a
 * cursor says where to go on.
 */
import { parseTypeName } from "../model/ids";
import {
	type Found,
	type IndexRow,
	mergeFound,
	type PageRequest,
	type Position,
} from "../model/index-rpc";
import {
	type ListOptions,
	type ListRequest,
	listingText,
	parseListOptions,
} from "../model/list-options";
import { readCursor, writeCursor } from "./cursor";
import type { RunnerNamespace } from "./runner-client";
import { askShards } from "./shard-client";

export interface ListedRow extends IndexRow {
	type: string;
}

/** Rounds over the shards in search of a page's rows; what has not been found then is left to the next page. */
const ROUNDS_MAX = 10;

/**
 * A page of the instances of some types, in order. It may be short, or empty, before the end when
 * few rows pass the filter; only `nextCursor: null` is the end. `secret` signs cursors.
 *
 * @throws {ValidationError} for a cursor of another listing, or a forged one.
 */
export async function listInstances(
	runners: RunnerNamespace,
	request: ListRequest,
	secret: string | undefined,
): Promise<{ rows: ListedRow[]; nextCursor: string | null }> {
	const listing = listingText(request);
	const { cursor } = request;
	const after = cursor === undefined ? null : await readCursor(cursor, listing, secret);
	const { rows, end } = await listAfter(runners, request, after);
	return { rows, nextCursor: end === null ? null : await writeCursor(end, listing, secret) };
}

/** A page of the instances of one type, with options as callers give them. */
export async function listType(
	{ WORKFLOW_RUNNER: runners, API_TOKEN: secret }: ListingEnv,
	type: string,
	options: ListOptions,
): Promise<{ instances: IndexRow[]; nextCursor: string | null }> {
	const request = { types: [parseTypeName(type)], ...parseListOptions(options) };
	const { rows, nextCursor } = await listInstances(runners, request, secret);
	return { instances: rows.map(({ type: _, ...row }) => row), nextCursor };
}

interface ListingEnv {
	WORKFLOW_RUNNER: RunnerNamespace;
	API_TOKEN?: string;
}

/** `end` is how far it has looked; null: there are no more. */
export async function listAfter(
	runners: RunnerNamespace,
	{ types, filter, order, limit }: Omit<ListRequest, "cursor">,
	after: Position | null,
): Promise<Found<ListedRow>> {
	const rows: ListedRow[] = [];
	let end = after;
	for (let round = 0; round < ROUNDS_MAX; round++) {
		const request = { filter, order, limit: limit - rows.length, after: end };
		const found = await askAll(runners, types, request);
		rows.push(...found.rows);
		end = found.end;
		if (end === null || rows.length === limit) break;
	}
	return { rows, end };
}

async function askAll(
	runners: RunnerNamespace,
	types: readonly string[],
	request: PageRequest,
): Promise<Found<ListedRow>> {
	const pages = await Promise.all(
		types.map(async (type) => {
			const ofShards = await askShards(runners, type, (shard) => shard.indexList(request));
			return ofShards.map(({ rows, end }) => ({
				rows: rows.map((row) => ({ type, ...row })),
				end,
			}));
		}),
	);
	return mergeFound(pages.flat(), request);
}
