/**
 * Rebuilds the rows of a shard from what the instances say, a page for each alarm, while the shard
 * goes on with its work. A page and how far it brings the run are one transaction: a death in the
 * middle repeats a page at most.
 *
 * An instance is asked, and its row replaced by what it says, unless the row has changed meanwhile:
 * then the instance has spoken for itself. Rows that came after the beginning are true already. The
 * rows are counted anew on the way.
 *
 * The first shard is asked for a run, and starts the others.
 */
import { type IndexStore, type InstanceIndexRow, REMOVED } from "../db/index-store";
import type { ReindexRow, ReindexStore } from "../db/reindex-store";
import type { ShardId } from "../model/ids";
import type { Clock } from "../model/ports";
import {
	isRunning,
	NO_REINDEX,
	type ReindexProgress,
	type ReindexRequest,
	reindexRunning,
} from "../model/reindex-rpc";
import type { Announcement } from "../model/rpc";
import { type InstanceRows, isNewer, type PutRow, removalOf, rowOf } from "./instance-rows";
import type { ShardCount } from "./shard-count";
import type { ShardPart } from "./shard-part";

/** Instances that are asked at a time. */
const PAGE = 100;
const RETRY_MS = 5_000;

export interface ReindexSettings {
	id: ShardId;
	store: ReindexStore;
	index: IndexStore;
	rows: InstanceRows;
	shards: ShardCount;
	clock: Clock;
	calls: ReindexCalls;
	/** Called when `dueAt` is another. */
	rescheduled(): void;
}

/** Calls to other objects. */
export interface ReindexCalls {
	/** What an instance says; null: there is none. Rejects when it does not answer. */
	announce(id: string): Promise<Announcement | null>;
	startReindex(id: ShardId, request: ReindexRequest): Promise<unknown>;
}

/** An instance that was asked. */
interface Asked {
	id: string;
	/** Its row at that time. */
	before: InstanceIndexRow | undefined;
	/** What it says; null: it is none; undefined: it did not answer. */
	said: Announcement | null | undefined;
}

const COLUMNS = ["status", "seq", "createdAt", "updatedAt", "attributes"] as const;

type Outcome = "same" | "repaired" | "removed" | "added" | "unanswered";

export class Reindex implements ShardPart {
	readonly #settings: ReindexSettings;
	/** Undefined: to be looked up. */
	#dueAt: number | null | undefined;

	constructor(settings: ReindexSettings) {
		this.#settings = settings;
	}

	progress(): ReindexProgress {
		const run = this.#settings.store.read();
		return run === undefined ? NO_REINDEX : progressOf(run);
	}

	/** @throws {WorkflowError} `REINDEX_RUNNING` */
	start({ startedAt, ids = [] }: ReindexRequest): ReindexProgress {
		const { store, clock, id } = this.#settings;
		const latest = this.progress();
		if (startedAt === undefined && isRunning(latest)) throw reindexRunning(id.type);
		if (startedAt !== undefined && startedAt === latest.startedAt) return latest;
		const run: ReindexRow = {
			...NO_REINDEX,
			// Another than that of the run before, by which the other shards tell them apart.
			startedAt: startedAt ?? Math.max(clock.now(), (latest.startedAt ?? 0) + 1),
			cursor: "",
		};
		store.transaction(() => {
			store.write(run);
			store.putIds(pagesOf(ids));
		});
		this.#dueAt = clock.now();
		this.#settings.rescheduled();
		return progressOf(run);
	}

	dueAt(): number | null {
		if (this.#dueAt === undefined) {
			const { startedAt, finishedAt } = this.progress();
			this.#dueAt = finishedAt === null ? startedAt : null;
		}
		return this.#dueAt;
	}

	async wake(now: number): Promise<void> {
		const dueAt = this.dueAt();
		const { store } = this.#settings;
		const run = store.read();
		if (run === undefined || dueAt === null || dueAt > now) return;
		// If this fails, or dies.
		this.#dueAt = now + RETRY_MS;
		await this.#startOthers(run);
		await this.#checkPage(run);
		this.#dueAt = isRunning(this.progress()) ? now : null;
	}

	/** Those too that have come into use since the beginning. */
	async #startOthers(run: ReindexRow): Promise<void> {
		const { id, store, shards, calls } = this.#settings;
		if (id.shard !== 0) return;
		const ids = store.ids().flatMap((page) => page.ids);
		while (run.shards < shards.known) {
			const other = { type: id.type, shard: run.shards };
			await calls.startReindex(other, { startedAt: run.startedAt, ids });
			run.shards++;
		}
	}

	/** The ids that were given come first, then the rows in the order of theirs. */
	async #checkPage(run: ReindexRow): Promise<void> {
		const { store, index, rows, clock } = this.#settings;
		const [given] = store.ids();
		const ids = given?.ids ?? index.idsAfter(run.cursor, { until: run.startedAt, limit: PAGE });
		const asked = await Promise.all(ids.map((id) => this.#ask(id)));
		rows.change((put, tally) => {
			// Another run may have begun meanwhile: it looks at them again.
			if (this.progress().startedAt !== run.startedAt) return;
			for (const each of asked) {
				const outcome = this.#mend(each, put);
				if (outcome === undefined) continue;
				run.checked++;
				if (outcome !== "same") run[outcome]++;
			}
			if (given === undefined) {
				if (run.cursor === "") tally.recountBegins();
				const isLast = ids.length < PAGE;
				run.cursor = ids.at(-1) ?? run.cursor;
				tally.recount(isLast ? null : run.cursor);
				if (isLast) run.finishedAt = clock.now();
			} else {
				store.deleteIds(given.row);
			}
			store.write(run);
		});
	}

	async #ask(id: string): Promise<Asked> {
		const before = this.#settings.index.find(id);
		try {
			return { id, before, said: await this.#settings.calls.announce(id) };
		} catch {
			return { id, before, said: undefined };
		}
	}

	/** Undefined for an id that is no matter of this shard. */
	#mend({ id, before, said }: Asked, put: PutRow): Outcome | undefined {
		const { index, clock, id: own } = this.#settings;
		const row = index.find(id);
		const listed = row === undefined || row.status === REMOVED ? undefined : row;
		if (said === undefined) return listed === undefined && own.shard > 0 ? undefined : "unanswered";
		if (listed !== undefined && isOther(listed, before)) return "same";
		if (said?.type !== own.type || said.shard !== own.shard) {
			if (listed === undefined) return own.shard > 0 ? undefined : "same";
			put(removalOf(listed, clock.now()), listed);
			return "removed";
		}
		const wanted = rowOf(said.update);
		if (listed !== undefined) {
			if (!isOther(listed, wanted)) return "same";
			put(wanted, listed);
			return "repaired";
		}
		// Removed this moment, or never here.
		if (row !== undefined && !isNewer(said.update, row)) return "same";
		put(wanted, row);
		return "added";
	}
}

function isOther(row: InstanceIndexRow, than: InstanceIndexRow | undefined): boolean {
	return than === undefined || COLUMNS.some((column) => row[column] !== than[column]);
}

function pagesOf(ids: readonly string[]): string[][] {
	const pages: string[][] = [];
	for (let at = 0; at < ids.length; at += PAGE) pages.push(ids.slice(at, at + PAGE));
	return pages;
}

function progressOf({ cursor: _, ...progress }: ReindexRow): ReindexProgress {
	return progress;
}
