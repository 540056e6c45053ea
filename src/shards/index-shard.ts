/**
 * The second role of the object class: what the instances of a type share (G12). It composes the
 * shard's parts and owns its one alarm; what a part does is the part's.
 */

import type { GuardStore } from "../db/guard-store";
import type { IndexStore } from "../db/index-store";
import type { ScheduleStore } from "../db/schedule-store";
import type { Clock } from "../model/ports";
import type { Handlers, ShardRpc } from "../model/rpc";
import { isTerminal } from "../model/status";
import { Guard, type GuardSettings } from "./guard";
import { InstanceRows } from "./instance-rows";
import type { ScheduledType } from "./schedule-starts";
import { Schedules } from "./schedules";
import type { ShardPart } from "./shard-part";

export interface ShardSettings extends Pick<GuardSettings, "type" | "declared" | "ask"> {
	store: IndexStore;
	guardStore: GuardStore;
	scheduleStore: ScheduleStore;
	scheduled: ScheduledType;
	clock: Clock;
	alarm: ShardAlarm;
	report(message: string, error: unknown): void;
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
		const { store, clock } = settings;
		const rows = new InstanceRows(store, clock);
		const guard = new Guard({ ...settings, store: settings.guardStore, arm: () => this.arm() });
		const schedules = new Schedules({
			...settings,
			store: settings.scheduleStore,
			rearm: () => this.arm(),
		});
		this.rpc = {
			indexWrite: async (update) => {
				await rows.write(update);
				if (isTerminal(update.status)) schedules.ended(update.id);
				return null;
			},
			indexList: (filter) => rows.list(filter),
			takeSlot: (request) => guard.take(request),
			returnSlot: (ref) => guard.giveBack(ref),
			guardState: (question) => guard.state(question),
			changeLimits: (changes) => guard.changeLimits(changes),
			...schedules.rpc,
		};
		this.#parts = [guard, schedules];
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
