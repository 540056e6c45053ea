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
	/** Attributes that it has with this value; null: with any. */
	attributes?: Readonly<Record<string, AttributeValue | null>> | undefined;
}

/** By creation time, the id settling ties. */
export type ListOrder = "desc" | "asc";

/** The last row of a page; the next page starts behind it. */
export interface Position {
	createdAt: number;
	id: string;
}
