/** Pages of a shard: complete, in order, and of what the filter means; whatever is in the shard. */
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IndexStore, IndexStore as Store } from "../../src/db/index-store";
import { ShardTables } from "../../src/db/shard-tables";
import {
	comparePositions,
	type IndexRow,
	type IndexUpdate,
	type InstanceFilter,
	type PageRequest,
	type Position,
} from "../../src/model/index-rpc";
import { WORKFLOW_STATUSES } from "../../src/model/status";
import { removalOf, rowOf as storedRow } from "../../src/shards/instance-rows";
import { TestInstance } from "../support/instance";
import { rowOf, update } from "../support/updates";

let objects = 0;

/** Runs `work` on the store of a fresh shard. */
function onStore<T>(work: (store: IndexStore, storage: DurableObjectStorage) => T): Promise<T> {
	const { stub } = new TestInstance(`pages-${++objects}`);
	return runInDurableObject(stub, (_, { storage }) =>
		work(new Store(new ShardTables(storage)), storage),
	);
}

/** All pages after each other, each of at most `limit` rows. */
function listAll(store: IndexStore, request: Omit<PageRequest, "after">): IndexRow[] {
	const rows: IndexRow[] = [];
	let after: Position | null = null;
	do {
		const page = store.page({ ...request, after });
		expect(page.rows.length).toBeLessThanOrEqual(request.limit);
		rows.push(...page.rows);
		after = page.end;
	} while (after !== null);
	return rows;
}

function passes(filter: InstanceFilter, row: IndexRow): boolean {
	const { status, createdAfter, createdBefore, updatedAfter, updatedBefore } = filter;
	const { idPrefix = "", attributes = {} } = filter;
	return (
		(status === undefined || status.includes(row.status)) &&
		(createdAfter === undefined || row.createdAt >= createdAfter) &&
		(createdBefore === undefined || row.createdAt < createdBefore) &&
		(updatedAfter === undefined || row.updatedAt >= updatedAfter) &&
		(updatedBefore === undefined || row.updatedAt < updatedBefore) &&
		row.id.startsWith(idPrefix) &&
		Object.entries(attributes).every(([name, value]) => {
			const has = row.attributes?.[name];
			return has !== undefined && (value === null || String(has) === String(value));
		})
	);
}

const moment = fc.integer({ min: 0, max: 12 });
const id = fc.stringMatching(/^[ab][a-c.:]{0,3}$/);
const name = fc.constantFrom("vip", "customer", "a.b-c");
const value = fc.constantFrom<string | number>("c-17", "", "é:ü", 3, "3", 0.1, 1e21);
const change = fc.record({
	id,
	status: fc.constantFrom(...WORKFLOW_STATUSES),
	createdAt: moment,
	updatedAt: moment,
	attributes: fc.option(fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true }), {
		nil: undefined,
	}),
	removed: fc.constantFrom(undefined, undefined, undefined, true as const),
});
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const filters: fc.Arbitrary<InstanceFilter> = fc.record({
	status: optional(fc.uniqueArray(fc.constantFrom(...WORKFLOW_STATUSES), { minLength: 1 })),
	createdAfter: optional(moment),
	createdBefore: optional(moment),
	updatedAfter: optional(moment),
	updatedBefore: optional(moment),
	idPrefix: optional(fc.stringMatching(/^[ab][a-c.:]{0,1}$/)),
	attributes: optional(
		fc.dictionary(name, fc.option(value), { maxKeys: 2, noNullPrototype: true }),
	),
});
const order = fc.constantFrom("asc" as const, "desc" as const);
const limit = fc.integer({ min: 1, max: 8 });

describe("the pages of a shard", () => {
	it("are all that passes the filter, once and in order, whatever the rows and the filter", () =>
		onStore((store) => {
			const shown = new Map<string, IndexUpdate>();
			let seq = 0;
			const put = (changed: Partial<IndexUpdate>) => {
				const told = update({ ...changed, seq: ++seq });
				store.transaction(() => {
					const row = told.removed ? removalOf(told, 0) : storedRow(told);
					store.put(row, store.find(told.id));
				});
				if (told.removed) shown.delete(told.id);
				else shown.set(told.id, told);
			};
			fc.assert(
				fc.property(
					fc.array(change, { maxLength: 12 }),
					fc.array(fc.tuple(filters, order, limit), { minLength: 1, maxLength: 4 }),
					(changes, asked) => {
						// On top of what earlier runs have left.
						for (const each of changes) put(each);
						for (const [filter, order, limit] of asked) {
							const wanted = Array.from(shown.values(), rowOf)
								.map(withoutEmpty)
								.filter((row) => passes(filter, row))
								.sort((a, b) => comparePositions(a, b, order));
							expect(listAll(store, { filter, order, limit })).toEqual(wanted);
						}
					},
				),
				{ numRuns: 300 },
			);
		}));
});

function withoutEmpty(row: IndexRow): IndexRow {
	const { attributes, ...rest } = row;
	return Object.keys(attributes ?? {}).length === 0 ? rest : row;
}
