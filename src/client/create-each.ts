/** Creating many instances in one call: each for itself, with its own outcome. */
import { ValidationError, WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import { inPool } from "../model/pool";
import type { CreateReceipt } from "../model/rpc";

export interface CreateFault {
	code: string;
	message: string;
	details?: Record<string, unknown>;
}

/** What became of one of many. */
export type CreateResult = CreateReceipt | { error: CreateFault };

const AT_A_TIME = 10;

/**
 * The outcome of each item, in their order.
 *
 * @throws {ValidationError} for no items, and for more than `LIMITS.batchItems`.
 */
export async function createEach<Item>(
	items: readonly Item[],
	create: (item: Item, index: number) => Promise<CreateReceipt>,
): Promise<CreateResult[]> {
	const { length } = items;
	if (length < 1 || length > LIMITS.batchItems) {
		throw new ValidationError(
			`items has 1 to ${LIMITS.batchItems} entries; received ${length}. Send them in parts.`,
			{ path: "items" },
		);
	}
	return inPool([...items.entries()], AT_A_TIME, async ([index, item]) => {
		try {
			return await create(item, index);
		} catch (error) {
			return { error: errorOf(error, index) };
		}
	});
}

function errorOf(error: unknown, index: number): CreateFault {
	if (error instanceof WorkflowError) {
		const { code, message, details } = error;
		return details === undefined ? { code, message } : { code, message, details };
	}
	console.error(`item ${index} of a batch failed`, error);
	return {
		code: "INTERNAL_ERROR",
		message: "It failed by a fault of the service, and may have been created or not.",
	};
}
