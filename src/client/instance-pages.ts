/** Pages of the instances that a filter means, over all of their types, in the order of creation. */
import type { InstancePage, ReadPage } from "../model/bulk";
import type { IndexRow, InstanceFilter, Position } from "../model/index-rpc";
import { LIMITS } from "../model/limits";
import { listInstances, type RunnerNamespace } from "./runner-client";

export function pagesOf(runners: RunnerNamespace): ReadPage {
	return async ({ types, filter, after, limit }): Promise<InstancePage> => {
		const lists = await Promise.all(
			types.map(async (type) => {
				const rows = await listInstances(runners, type, { limit: LIMITS.listPage });
				return rows.map((row) => ({ ...row, type }));
			}),
		);
		const rows = lists
			.flat()
			.filter((row) => isMeant(row, filter) && (after === null || compare(row, after) > 0))
			.sort(compare);
		const page = rows.slice(0, limit);
		return { rows: page, after: (rows.length > limit && page.at(-1)) || null };
	};
}

function isMeant({ id, status, createdAt, updatedAt }: IndexRow, filter: InstanceFilter): boolean {
	return (
		(filter.status?.includes(status) ?? true) &&
		createdAt >= (filter.createdAfter ?? 0) &&
		createdAt < (filter.createdBefore ?? Number.POSITIVE_INFINITY) &&
		updatedAt >= (filter.updatedAfter ?? 0) &&
		updatedAt < (filter.updatedBefore ?? Number.POSITIVE_INFINITY) &&
		id.startsWith(filter.idPrefix ?? "")
	);
}

function compare(a: Position, b: Position): number {
	return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
