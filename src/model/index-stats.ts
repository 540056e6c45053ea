/** How many instances a type has where, and how many came and ended of late. */
import { WORKFLOW_STATUSES, type WorkflowStatus } from "./status";

/** Instances by status; a status that none has may be left out. */
export type StatusCounts = Partial<Record<WorkflowStatus, number>>;

/** What happened in a stretch of time. */
export interface Throughput {
	created: number;
	/** Instances that ended, by how. */
	ended: StatusCounts;
}

/** What one shard knows, or all shards of a type together. */
export interface IndexStats {
	counts: StatusCounts;
	/** Instances ever created, those that are gone included. */
	executionCount: number;
	/** When the newest of them was created. */
	lastExecutionAt: number | null;
	lastHour: Throughput;
	lastDay: Throughput;
}

/** Of one shard; `shards` is how many the type is known to have. */
export interface ShardStats extends IndexStats {
	shards: number;
}

export const MINUTE_MS = 60_000;

export const NO_THROUGHPUT: Throughput = { created: 0, ended: {} };

export const NO_STATS: IndexStats = {
	counts: {},
	executionCount: 0,
	lastExecutionAt: null,
	lastHour: NO_THROUGHPUT,
	lastDay: NO_THROUGHPUT,
};

export function addCounts(a: StatusCounts, b: StatusCounts): StatusCounts {
	const sum: StatusCounts = {};
	for (const status of WORKFLOW_STATUSES) {
		const count = (a[status] ?? 0) + (b[status] ?? 0);
		if (count !== 0) sum[status] = count;
	}
	return sum;
}

export function addThroughput(a: Throughput, b: Throughput): Throughput {
	return { created: a.created + b.created, ended: addCounts(a.ended, b.ended) };
}

export function addStats(a: IndexStats, b: IndexStats): IndexStats {
	const latest = Math.max(a.lastExecutionAt ?? 0, b.lastExecutionAt ?? 0);
	return {
		counts: addCounts(a.counts, b.counts),
		executionCount: a.executionCount + b.executionCount,
		lastExecutionAt: latest === 0 ? null : latest,
		lastHour: addThroughput(a.lastHour, b.lastHour),
		lastDay: addThroughput(a.lastDay, b.lastDay),
	};
}

/** Every status with its number, 0 where there is none. */
export function allCounts(counts: StatusCounts): Record<WorkflowStatus, number> {
	const entries = WORKFLOW_STATUSES.map((status) => [status, counts[status] ?? 0] as const);
	return Object.fromEntries(entries) as Record<WorkflowStatus, number>; // fromEntries forgets the keys.
}
