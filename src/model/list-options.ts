/**
 * What a listing may be asked for: the options as people give them, and the filter that the shards
 * work with.
 */
import { type AttributeValue, parseAttributeChanges } from "./attributes";
import { ValidationError } from "./errors";
import { parseInstanceId } from "./ids";
import { type InstanceFilter, LIST_ORDERS, type ListOrder } from "./index-rpc";
import { LIMITS } from "./limits";
import { requireKnown, wholeNumber } from "./options";
import { printable, shortened } from "./printable";
import { WORKFLOW_STATUSES, type WorkflowStatus } from "./status";

/**
 * Which instances to list; all that is given must hold. `After` includes its moment, `Before` does
 * not.
 *
 * @example
 * { status: ["errored", "timed_out"], createdAfter: Date.now() - 3_600_000, attributes: { customer: "c-17" } }
 */
export interface ListOptions {
	/** One of these. */
	status?: WorkflowStatus | readonly WorkflowStatus[] | undefined;
	/** Moments are a `Date`, or ms since 1970. */
	createdAfter?: Date | number | undefined;
	createdBefore?: Date | number | undefined;
	updatedAfter?: Date | number | undefined;
	updatedBefore?: Date | number | undefined;
	idPrefix?: string | undefined;
	/** Attributes that it has with this value, compared as text; null: with any. */
	attributes?: Readonly<Record<string, AttributeValue | null>> | undefined;
	/** By creation; default `"desc"`, the newest first. */
	order?: ListOrder | undefined;
	/** Rows of a page, 1 to 1,000; default 50. */
	limit?: number | undefined;
	/** The `nextCursor` of the page before, which had the same filter and order. */
	cursor?: string | undefined;
}

/** A listing, checked. */
export interface ListRequest {
	types: readonly string[];
	filter: InstanceFilter;
	order: ListOrder;
	limit: number;
	cursor: string | undefined;
}

/** Milliseconds since 1970 that a `Date` can have. */
export const MOMENT_MS_MAX = 8.64e15;

const MOMENTS = ["createdAfter", "createdBefore", "updatedAfter", "updatedBefore"] as const;
const OPTIONS = ["status", ...MOMENTS, "idPrefix", "attributes", "order", "limit", "cursor"];

/** @throws {ValidationError} with the path of what is no option or no value of it. */
export function parseListOptions(
	options: ListOptions,
): Pick<ListRequest, "filter" | "order" | "limit" | "cursor"> {
	requireKnown(options, OPTIONS, "list");
	const { order = "desc", limit = LIMITS.listPageDefault, cursor } = options;
	if (!LIST_ORDERS.includes(order)) throw notOneOf("order", LIST_ORDERS, order);
	if (cursor !== undefined && typeof cursor !== "string") {
		throw new ValidationError(`cursor is a string; received ${typeof cursor}.`, { path: "cursor" });
	}
	return {
		filter: parseFilter(options),
		order,
		limit: wholeNumber(limit, "limit", { min: 1, max: LIMITS.listPage }),
		cursor,
	};
}

function parseFilter(options: ListOptions): InstanceFilter {
	const { status, idPrefix, attributes } = options;
	const filter: InstanceFilter = {};
	if (status !== undefined) {
		filter.status = [status].flat().map(parseStatus);
		if (filter.status.length === 0) throw notOneOf("status", WORKFLOW_STATUSES, "none");
	}
	for (const name of MOMENTS) {
		const moment = options[name];
		if (moment === undefined) continue;
		const ms = moment instanceof Date ? moment.getTime() : moment;
		filter[name] = wholeNumber(ms, name, { min: 0, max: MOMENT_MS_MAX });
	}
	// What an id begins with has the form of an id.
	if (idPrefix !== undefined) filter.idPrefix = parseInstanceId(idPrefix, "idPrefix");
	if (attributes !== undefined) {
		filter.attributes = parseAttributeChanges(attributes);
		const count = Object.keys(attributes).length;
		wholeNumber(count, "the number of attributes", { min: 0, max: LIMITS.attributes });
	}
	return filter;
}

function parseStatus(status: unknown): WorkflowStatus {
	const known = WORKFLOW_STATUSES.find((each) => each === status);
	if (known === undefined) throw notOneOf("status", WORKFLOW_STATUSES, status);
	return known;
}

function notOneOf(path: string, words: readonly string[], given: unknown): ValidationError {
	return new ValidationError(
		`${path} is one of ${words.join(", ")}; received ${shortened(printable(given))}.`,
		{ path },
	);
}

/** The same text for the same listing, however it is written; pages of it may follow each other. */
export function listingText({
	types,
	filter,
	order,
}: Pick<ListRequest, "types" | "filter" | "order">): string {
	const { status, idPrefix, attributes } = filter;
	return JSON.stringify([
		types.toSorted(),
		order,
		status?.toSorted(),
		MOMENTS.map((name) => filter[name]),
		idPrefix,
		Object.entries(attributes ?? {})
			.map(([name, value]) => [name, value === null ? null : String(value)])
			.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
	]);
}
