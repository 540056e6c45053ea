/**
 * The second role of the object class: what the instances of a type share (G12). It composes the
 * shard's parts and owns its one alarm; what a part does is the part's.
 */

import { BreakerStore } from "../db/breaker-store";
import { GuardStore } from "../db/guard-store";
import { IndexStore } from "../db/index-store";
import { ReindexStore } from "../db/reindex-store";
import { ScheduleStore } from "../db/schedule-store";
import { ShardStore } from "../db/shard-store";
import type { ShardTables } from "../db/shard-tables";
import { TallyStore } from "../db/tally-store";
import type { ShardId } from "../model/ids";
import type { Clock } from "../model/ports";
import type { Handlers, ShardRpc } from "../model/rpc";
import { isTerminal } from "../model/status";
import type { TypeState } from "../model/type-state";
import { Breakers } from "./breakers";
import { type DefinitionSettings, Definitions } from "./definitions";
import { Guard, type GuardSettings } from "./guard";
import { InstanceRows } from "./instance-rows";
import { News } from "./news";
import { Reindex, type ReindexCalls } from "./reindex";
import type { ScheduledType } from "./schedule-starts";
import { Schedules } from "./schedules";
import { ShardCount } from "./shard-count";
import type { ShardPart } from "./shard-part";

export interface ShardSettings extends Pick<GuardSettings, "declared"> {
	id: ShardId;
	tables: ShardTables;
	scheduled: ScheduledType;
	definitions: Pick<DefinitionSettings, "store" | "isRegistered" | "check">;
	clock: Clock;
	alarm: ShardAlarm;
	/** From 0 to 1. */
	random(): number;
	calls: ShardCalls;
	/** Told when an operator has changed the type. */
	typeChanged(state: TypeState): void;
	report(message: string, error: unknown): void;
}

/** Calls to other objects. */
export interface ShardCalls extends ReindexCalls {
	askSlot: GuardSettings["ask"];
	tellDirectory: DefinitionSettings["tellDirectory"];
	/** Tells the first shard of the type that this one is in use. */
	joinShard(id: ShardId): Promise<void>;
}

/** The object's one alarm. */
export interface ShardAlarm {
	set(atMs: number): void;
	clear(): void;
}

/** When an alarm that failed is tried again. */
const ALARM_RETRY_MS = 60_000;
/** An alarm that stands so soon is left there, though nothing needs it that early: moving it is a write. */
const NEAR_MS = 15_000;

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
		const own = new ShardStore(tables);
		const shards = new ShardCount(id, own, calls.joinShard);
		const tallies = new TallyStore(tables);
		const { type } = id;
		const news = new News({ type, clock, life: settings.random().toString(36).slice(2) });
		const rows = new InstanceRows({
			...{ store: index, tallies, clock, rescheduled },
			heard: (before, row) => news.heard(before, row),
		});
		const reindex = new Reindex({
			...{ id, index, rows, shards, clock, calls, rescheduled },
			store: new ReindexStore(tables),
		});
		const guard = new Guard({
			...{ ...settings, type, ask: calls.askSlot, arm: rescheduled },
			store: new GuardStore(tables),
		});
		const schedules = new Schedules({
			...{ ...settings, type, rearm: rescheduled },
			store: new ScheduleStore(tables),
		});
		const breakers = new Breakers({ type, clock, store: new BreakerStore(tables) });
		const definitions = new Definitions({
			...{ ...settings.definitions, type, clock, arm: rescheduled },
			hasInstances: () => Object.values(rows.stats().counts).some((count) => count > 0),
			tellDirectory: calls.tellDirectory,
			changed: () => settings.typeChanged(typeState()),
		});
		const typeState = (): TypeState => ({
			status: own.typeStatus,
			guarded: guard.isNeeded,
			definition: settings.definitions.store.current?.hash ?? null,
		});
		this.rpc = {
			indexWrite: async (update) => {
				await shards.join();
				await rows.write(update);
				if (isTerminal(update.status)) schedules.ended(update.id);
				return null;
			},
			follow: (request) => news.follow(request),
			indexList: (request) => ({ ...rows.page(request), shards: shards.known }),
			indexStats: () => ({ ...rows.stats(), shards: shards.known }),
			joinShard: ({ shard }) => shards.add(shard),
			typeState,
			changeType: ({ status = own.typeStatus }) => {
				own.typeStatus = status;
				settings.typeChanged(typeState());
				return typeState();
			},
			startReindex: (request) => reindex.start(request),
			reindexProgress: () => reindex.progress(),
			takeSlot: (request) => guard.take(request),
			returnSlot: (ref) => guard.giveBack(ref),
			guardState: (question) => guard.state(question),
			changeLimits: (changes) => {
				const state = guard.changeLimits(changes);
				settings.typeChanged(typeState());
				return state;
			},
			...schedules.rpc,
			...breakers.rpc,
			...definitions.rpc,
		};
		this.#parts = [rows, reindex, guard, schedules, definitions];
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
		if (wanted === this.#alarmAt || this.#firesSoon(wanted)) return;
		// One that nothing needs any more finds nothing to do.
		if (wanted !== null) this.#settings.alarm.set(wanted);
		this.#alarmAt = wanted;
	}
	/** Whether the alarm comes before it is wanted, and not long from now. */
	#firesSoon(wanted: number | null): boolean {
		const alarmAt = this.#alarmAt ?? null;
		if (alarmAt === null || wanted === null || alarmAt > wanted) return false;
		const now = this.#settings.clock.now();
		return alarmAt > now && alarmAt <= now + NEAR_MS;
	}
}
