/**
 * What an index shard is made of: parts that each keep their own tables and may have something to
 * do at some time. The shard's one alarm stands at the earliest of those times.
 */
export interface ShardPart {
	/** When it wants to be woken, in ms since 1970; null: not by itself. */
	dueAt(): number | null;
	/** Does what is due by then. What fails is tried again later, and is the part's to remember. */
	wake(now: number): Promise<void>;
}
