/** Rebuilding a type's index from what its instances say. */
import { WorkflowError } from "./errors";

export interface ReindexRequest {
	/** By which the first shard starts the others: when it began, in ms since 1970. */
	startedAt?: number | undefined;
	/** Instances that may lack a row; the first shard finds out. */
	ids?: readonly string[] | undefined;
}

/** How far a shard has come with its latest run, or all shards of a type together. */
export interface ReindexProgress {
	/** Null: there has been no run. */
	startedAt: number | null;
	/** Null: it has not finished. */
	finishedAt: number | null;
	/** Of the first shard: how many have been started so far, itself included. */
	shards: number;
	/** Rows and ids that were looked at; of these ... */
	checked: number;
	/** ... rows that said something else than their instance, and say the same now, ... */
	repaired: number;
	/** ... rows whose instance is gone, which went, ... */
	removed: number;
	/** ... ids that had no row and have one, ... */
	added: number;
	/** ... and instances that did not answer, whose rows are as they were. */
	unanswered: number;
}

export const NO_REINDEX: ReindexProgress = {
	startedAt: null,
	finishedAt: null,
	shards: 1,
	checked: 0,
	repaired: 0,
	removed: 0,
	added: 0,
	unanswered: 0,
};

export function isRunning({ startedAt, finishedAt }: ReindexProgress): boolean {
	return startedAt !== null && finishedAt === null;
}

export function reindexRunning(type: string): WorkflowError {
	return new WorkflowError(
		"REINDEX_RUNNING",
		`The index of "${type}" is being rebuilt already; GET /admin/reindex?type=${type} tells how far it is.`,
		{ type },
	);
}
