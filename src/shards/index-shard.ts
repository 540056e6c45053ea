/**
 * The second role of the object class: what the instances of a type share (G12). It composes the
 * shard's parts and owns its one alarm; what a part does is the part's.
 */

import { IndexStore } from "../db/index-store";
import { ReindexStore } from "../db/reindex-store";
import { ShardStore } from "../db/shard-store";
import type { ShardTables } from "../db/shard-tables";
import { TallyStore } from "../db/tally-store";
import type { ShardId } from "../model/ids";
import type { Clock } from "../model/ports";
import type { Handlers, ShardRpc } from "../model/rpc";
import type { TypeChange, TypeState } from "../model/type-state";
import { InstanceRows } from "./instance-rows";
import { Reindex, type ReindexCalls } from "./reindex";
import { ShardCount } from "./shard-count";
import type { ShardPart } from "./shard-part";

export interface ShardSettings {
	id: ShardId;
	tables: ShardTables;
	clock: Clock;
	alarm: ShardAlarm;
	calls: ShardCalls;
	/** Told when an operator has changed the type. */
	typeChanged(state: TypeState): void;
	report(message: string, error: unknown): void;
}

/** The object's one alarm. */
export interface ShardAlarm {
	set(atMs: number): void;
	clear(): void;
}

/** Calls to other objects. */
export interface ShardCalls extends ReindexCalls {
	/** Tells the first shard of the type that this one is in use. */
	joinShard(id: ShardId): Promise<void>;
}

/** When an alarm that failed is tried again. */
const ALARM_RETRY_MS = 60_000;

export class IndexShard {
	/** What other objects and Workers may ask of it. */
	readonly rpc: Handlers<ShardRpc>;
	readonly #parts: readonly ShardPart[];
	readonly #settings: ShardSettings;
	/** Where the alarm stands; undefined: not known, since another isolate set it. */
	#alarmAt: number | null | undefined;

	constructor(settings: ShardSettings) {
		this.#settings = settings;
		const { id, tables, clock, calls } = settings;
		const rescheduled = () => this.arm();
		const index = new IndexStore(tables);
		const store = new ShardStore(tables);
		const tallies = new TallyStore(tables);
		const rows = new InstanceRows({ store: index, tallies, clock, rescheduled });
		const shards = new ShardCount(id, store, calls.joinShard);
		const runs = new ReindexStore(tables);
		const reindex = new Reindex({
			id,
			store: runs,
			index,
			rows,
			shards,
			clock,
			calls,
			rescheduled,
		});
		this.rpc = {
			indexWrite: async (update) => {
				await shards.join();
				return rows.write(update);
			},
			indexList: (request) => ({ ...rows.page(request), shards: shards.known }),
			indexStats: () => ({ ...rows.stats(), shards: shards.known }),
			joinShard: ({ shard }) => shards.add(shard),
			typeState: () => store.type,
			changeType: (change) => this.#changeType(store, change),
			startReindex: (request) => reindex.start(request),
			reindexProgress: () => reindex.progress(),
		};
		this.#parts = [rows, reindex];
	}
	/** The alarm. It does not throw: the runtime drops one that failed some six times (G4). */
	async wake(): Promise<void> {
		const { clock, alarm, report } = this.#settings;
		this.#alarmAt = null;
		const failed = await Promise.allSettled(this.#parts.map((part) => part.wake(clock.now())));
		for (const each of failed) {
			if (each.status === "rejected") report("a part of a shard failed", each.reason);
		}
		this.arm();
		if (failed.every(({ status }) => status === "fulfilled")) return;
		if (this.#alarmAt === null) alarm.set(clock.now() + ALARM_RETRY_MS);
	}

	/** Sets the alarm to the first time at which a part has something to do. */
	arm(): void {
		const times = this.#parts.map((part) => part.dueAt() ?? Number.POSITIVE_INFINITY);
		const first = Math.min(...times);
		const wanted = Number.isFinite(first) ? first : null;
		if (wanted === this.#alarmAt) return;
		// One that nothing needs any more finds nothing to do.
		if (wanted !== null) this.#settings.alarm.set(wanted);
		this.#alarmAt = wanted;
	}

	#changeType(store: ShardStore, { status = store.type.status }: TypeChange): TypeState {
		store.type = { status };
		this.#settings.typeChanged(store.type);
		return store.type;
	}
}
