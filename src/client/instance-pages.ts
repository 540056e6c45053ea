/** Pages of the instances that a filter means, over all of their types, in the order of creation. */
import type { ReadPage } from "../model/bulk";
import { listAfter } from "./listing";
import type { RunnerNamespace } from "./runner-client";

export function pagesOf(runners: RunnerNamespace): ReadPage {
	return async ({ types, filter, after, limit }) => {
		const { rows, end } = await listAfter(runners, { types, filter, order: "asc", limit }, after);
		return { rows, after: end };
	};
}
