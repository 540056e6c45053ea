/** Calls to the index shards of a type, which one answer is made of where it has several. */
import { type ShardId, shardName } from "../model/ids";
import { addStats, type IndexStats, NO_STATS } from "../model/index-stats";
import {
	isRunning,
	type ReindexProgress,
	type ReindexRequest,
	reindexRunning,
} from "../model/reindex-rpc";
import { type Announcement, type Answer, type ShardRpc, unwrap } from "../model/rpc";
import type { TypeChange, TypeState } from "../model/type-state";
import type { RunnerNamespace } from "./runner-client";

/** Asks the first shard, whose answer tells how many there are, then the others at once. */
export async function askShards<T extends { shards: number }>(
	runners: RunnerNamespace,
	type: string,
	ask: (shard: ShardRpc) => Promise<Answer<T>>,
): Promise<[T, ...T[]]> {
	const answerOf = async (shard: number) =>
		unwrap(await ask(runners.getByName(shardName(type, shard))));
	const first = await answerOf(0);
	const others = Array.from({ length: first.shards - 1 }, (_, before) => answerOf(before + 1));
	return [first, ...(await Promise.all(others))];
}

// ── From instances, and from shard to shard ─────────────────────────────────

export async function deliverToIndex(
	runners: RunnerNamespace,
	{ type, shard, update }: Announcement,
): Promise<void> {
	unwrap(await runners.getByName(shardName(type, shard)).indexWrite(update));
}

/** Tells a type's first shard that a further one is in use. */
export async function joinShard(runners: RunnerNamespace, { type, shard }: ShardId): Promise<void> {
	unwrap(await runners.getByName(shardName(type)).joinShard({ shard }));
}

export async function startShardReindex(
	runners: RunnerNamespace,
	{ type, shard }: ShardId,
	request: ReindexRequest,
): Promise<ReindexProgress> {
	return unwrap(await runners.getByName(shardName(type, shard)).startReindex(request));
}

// ── From operators ──────────────────────────────────────────────────────────

export async function typeStats(runners: RunnerNamespace, type: string): Promise<IndexStats> {
	const ofShards = await askShards(runners, type, (shard) => shard.indexStats());
	return ofShards.reduce<IndexStats>(addStats, NO_STATS);
}

export async function typeState(runners: RunnerNamespace, type: string): Promise<TypeState> {
	return unwrap(await runners.getByName(shardName(type)).typeState());
}

export async function changeType(
	runners: RunnerNamespace,
	type: string,
	change: TypeChange,
): Promise<TypeState> {
	return unwrap(await runners.getByName(shardName(type)).changeType(change));
}

/**
 * Has the index of a type rebuilt from what its instances say; it goes on by itself.
 *
 * @throws {WorkflowError} `REINDEX_RUNNING` while a run before it has not finished.
 */
export async function startReindex(
	runners: RunnerNamespace,
	type: string,
	ids: readonly string[],
): Promise<ReindexProgress> {
	if (isRunning(await reindexProgress(runners, type))) throw reindexRunning(type);
	return startShardReindex(runners, { type, shard: 0 }, { ids });
}

/** Of the latest run, all shards together. */
export async function reindexProgress(
	runners: RunnerNamespace,
	type: string,
): Promise<ReindexProgress> {
	const [first, ...others] = await askShards(runners, type, (shard) => shard.reindexProgress());
	return others.reduce(addProgress, first);
}

function addProgress(first: ReindexProgress, other: ReindexProgress): ReindexProgress {
	const { startedAt, finishedAt: oneEnd, shards } = first;
	const otherEnd = other.finishedAt;
	return {
		startedAt,
		finishedAt: oneEnd === null || otherEnd === null ? null : Math.max(oneEnd, otherEnd),
		shards,
		checked: first.checked + other.checked,
		repaired: first.repaired + other.repaired,
		removed: first.removed + other.removed,
		added: first.added + other.added,
		unanswered: first.unanswered + other.unanswered,
	};
}
