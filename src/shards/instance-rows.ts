/**
 * The rows of a type's instances in a shard (G12).
 *
 * Many instances tell one shard, so its commits are what is scarce: updates that arrive within a
 * moment of each other are written in one, and answered when it is made.
 *
 * A row whose instance was removed stays for a minute, marked: an update that was sent before and
 * arrives after the removal would bring it back otherwise, and for ever.
 */
import { type IndexStore, type InstanceIndexRow, REMOVED } from "../db/index-store";
import type { TallyStore } from "../db/tally-store";
import { WorkflowError } from "../model/errors";
import type { IndexUpdate, Page, PageRequest } from "../model/index-rpc";
import type { ShardStats } from "../model/index-stats";
import type { Clock } from "../model/ports";
import type { ShardPart } from "./shard-part";
import { statsOf, Tally } from "./tally";

/** How long an update waits for others to be written with it. */
const GATHER_MS = 50;
/** How long a removal is remembered: far longer than a message is under way. */
const REMEMBERED_MS = 60_000;
const FORGET_EVERY_MS = 30_000;

export interface InstanceRowsSettings {
	store: IndexStore;
	tallies: TallyStore;
	clock: Clock;
	/** Told of each row that became another, when that is written. */
	heard(before: InstanceIndexRow | undefined, row: InstanceIndexRow): void;
	/** Called when `dueAt` may be another. */
	rescheduled(): void;
}

/** Puts a row in the place of the one that its id has, and counts it. */
export type PutRow = (row: InstanceIndexRow, before: InstanceIndexRow | undefined) => void;

export class InstanceRows implements ShardPart {
	readonly #settings: InstanceRowsSettings;
	#gathered: IndexUpdate[] = [];
	#written: Promise<ReadonlySet<IndexUpdate>> | undefined;
	/** When removals are to be forgotten; undefined: to be looked up. */
	#forgetAt: number | null | undefined;

	constructor(settings: InstanceRowsSettings) {
		this.#settings = settings;
	}

	/**
	 * Resolves once the update is written; the sender tries again if this object dies before.
	 *
	 * @throws {WorkflowError} `INSTANCE_REMOVED` for what is older than a removal: its sender is gone,
	 * or its clock is behind that of the one before it, and it succeeds when that is forgotten.
	 */
	async write(update: IndexUpdate): Promise<null> {
		this.#gathered.push(update);
		this.#written ??= this.#writeGathered();
		const refused = await this.#written;
		if (refused.has(update)) throw instanceRemoved(update.id);
		return null;
	}

	page(request: PageRequest): Omit<Page, "shards"> {
		return this.#settings.store.page(request);
	}

	stats(): Omit<ShardStats, "shards"> {
		return statsOf(this.#settings.tallies, this.#settings.clock.now());
	}

	/** Changes rows: all that `work` does is one transaction. */
	change<T>(work: (put: PutRow, tally: Tally) => T): T {
		const { store, tallies, clock, rescheduled } = this.#settings;
		const { heard } = this.#settings;
		const changes: [before: InstanceIndexRow | undefined, row: InstanceIndexRow][] = [];
		const done = store.transaction(() => {
			const tally = new Tally(tallies);
			const put: PutRow = (row, before) => {
				store.put(row, before);
				tally.count(before, row);
				changes.push([before, row]);
			};
			const done = work(put, tally);
			tally.write(clock.now());
			return done;
		});
		for (const [before, row] of changes) heard(before, row);
		if (changes.some(([, { status }]) => status === REMOVED)) {
			this.#forgetAt ??= this.#nextForgetAt();
			rescheduled();
		}
		return done;
	}

	dueAt(): number | null {
		if (this.#forgetAt === undefined) this.#forgetAt = this.#nextForgetAt();
		return this.#forgetAt;
	}

	async wake(now: number): Promise<void> {
		const at = this.dueAt();
		if (at === null || at > now) return;
		this.#settings.store.forgetRemovals(now - REMEMBERED_MS);
		this.#forgetAt = this.#nextForgetAt();
	}

	/** Removals are forgotten many at a time: an alarm is a written row, too. */
	#nextForgetAt(): number | null {
		const oldest = this.#settings.store.oldestRemovalAt();
		if (oldest === null) return null;
		return Math.ceil((oldest + REMEMBERED_MS) / FORGET_EVERY_MS) * FORGET_EVERY_MS;
	}

	async #writeGathered(): Promise<ReadonlySet<IndexUpdate>> {
		await new Promise<void>((resolve) => {
			this.#settings.clock.after(GATHER_MS, resolve);
		});
		const updates = this.#gathered;
		this.#gathered = [];
		this.#written = undefined;
		return this.#apply(updates);
	}

	/** Writes each update unless a newer one is there already; returns those that are refused. */
	#apply(updates: readonly IndexUpdate[]): ReadonlySet<IndexUpdate> {
		const { store, clock } = this.#settings;
		const refused = new Set<IndexUpdate>();
		this.change((put) => {
			for (const update of updates) {
				const before = store.find(update.id);
				if (before === undefined || isNewer(update, before)) {
					put(update.removed ? removalOf(update, clock.now()) : rowOf(update), before);
				} else if (before.status === REMOVED && !update.removed) {
					refused.add(update);
				}
			}
		});
		return refused;
	}
}

/** The row of an instance that says this. */
export function rowOf(update: IndexUpdate): InstanceIndexRow {
	const { id, status, seq, createdAt, updatedAt, attributes = {} } = update;
	const hasSome = Object.keys(attributes).length > 0;
	const text = hasSome ? JSON.stringify(attributes) : null;
	return { id, status, seq, createdAt, updatedAt, attributes: text };
}

/** The row of an instance that is gone. */
export function removalOf(
	{ id, seq, createdAt }: Pick<IndexUpdate, "id" | "seq" | "createdAt">,
	now: number,
): InstanceIndexRow {
	return { id, status: REMOVED, seq, createdAt, updatedAt: now, attributes: null };
}

/** Later incarnations are newer, then later changes; nothing comes after a removal. */
export function isNewer(update: IndexUpdate, row: InstanceIndexRow): boolean {
	if (update.createdAt !== row.createdAt) return update.createdAt > row.createdAt;
	if (update.seq !== row.seq) return update.seq > row.seq;
	return update.removed === true && row.status !== REMOVED;
}

function instanceRemoved(id: string): WorkflowError {
	return new WorkflowError(
		"INSTANCE_REMOVED",
		`The instance "${id}" has been removed, and this is older. It is taken ${REMEMBERED_MS / 1000} s after the removal.`,
	);
}
