/**
 * The circuit breakers of a type, in its first shard (`model/breaker-rpc.ts`); what one does is
 * said in `breaker-state.ts`. They need no alarm: what time changes is found out when one is asked.
 *
 * - A breaker has a row once it has failed. So asking, and reporting success, write nothing as long
 *   as nothing fails, nor does refusing.
 * - A failure that is reported counts at once, and is written with what else comes within a moment,
 *   as rows of instances are; the report is answered then. If this object dies before, it is
 *   reported again.
 * - What begins a period or a trial is written at once, so nobody hears of one that is lost in a death.
 */
import type { BreakerStore } from "../db/breaker-store";
import type { BreakerRow } from "../db/shard-schema";
import type {
	Admission,
	BreakerAsk,
	BreakerReport,
	BreakerRpc,
	BreakerView,
} from "../model/breaker-rpc";
import { WorkflowError } from "../model/errors";
import { LIMITS } from "../model/limits";
import type { Clock } from "../model/ports";
import { shortened } from "../model/printable";
import type { Handlers } from "../model/rpc";
import {
	admit,
	type Breaker,
	closed,
	isPassable,
	newBreaker,
	report,
	viewOf,
} from "./breaker-state";

export interface BreakersSettings {
	type: string;
	store: BreakerStore;
	clock: Clock;
}

/** How long a report waits for others to be written with it. */
const GATHER_MS = 50;

interface Kept {
	readonly row: number;
	breaker: Breaker;
}

/** What is in memory, of which the rows are a moment behind. */
interface Memory {
	readonly kept: Map<string, Kept>;
	nextRow: number;
	readonly changed: Set<Kept>;
	readonly removed: Set<Kept>;
}

export class Breakers {
	/** What other objects and Workers may ask of it. */
	readonly rpc: Handlers<BreakerRpc> = {
		breakerAdmit: (ask) => this.#admit(ask),
		breakerReport: (said) => this.#report(said),
		breakerList: () => this.#list(),
		breakerReset: ({ breaker }) => this.#reset(breaker),
	};
	readonly #settings: BreakersSettings;
	/** Undefined: not read yet, or not to be trusted. */
	#memory: Memory | undefined;
	#written: Promise<void> | undefined;

	constructor(settings: BreakersSettings) {
		this.#settings = settings;
	}

	#admit(ask: BreakerAsk): Admission {
		const memory = this.#open();
		const known = memory.kept.get(ask.breaker)?.breaker;
		if (known === undefined) this.#requireRoom(memory);
		const before = known ?? newBreaker(ask.breaker, ask);
		const { breaker, admission } = admit(before, ask, this.#now());
		if (breaker !== before) {
			this.#put(memory, breaker);
			this.#write(memory);
		}
		return admission;
	}

	async #report(said: BreakerReport): Promise<null> {
		const memory = this.#open();
		const before = memory.kept.get(said.breaker)?.breaker ?? newBreaker(said.breaker, said);
		const after = report(before, said, this.#now());
		if (after === before) {
			// It may be the repetition of one that is about to be written.
			await this.#written;
			return null;
		}
		this.#put(memory, after);
		if (after.period === before.period) {
			this.#written ??= this.#writeSoon(memory);
			await this.#written;
		} else {
			this.#write(memory);
		}
		return null;
	}

	#list(): BreakerView[] {
		const views = Array.from(this.#open().kept.values(), ({ breaker }) =>
			viewOf(breaker, this.#now()),
		);
		return views.sort((one, other) => (one.name < other.name ? -1 : 1));
	}

	#reset(name: string): BreakerView {
		const memory = this.#open();
		const kept = memory.kept.get(name);
		if (kept === undefined) throw this.#notFound(name);
		this.#put(memory, closed(kept.breaker));
		this.#write(memory);
		return viewOf(kept.breaker, this.#now());
	}

	#now(): number {
		return this.#settings.clock.now();
	}

	#open(): Memory {
		if (this.#memory !== undefined) return this.#memory;
		const rows = this.#settings.store.all();
		this.#memory = {
			kept: new Map(rows.map((row) => [row.name, { row: row.row, breaker: breakerOf(row) }])),
			nextRow: (rows.at(-1)?.row ?? 0) + 1,
			changed: new Set(),
			removed: new Set(),
		};
		return this.#memory;
	}

	#put(memory: Memory, breaker: Breaker): void {
		let kept = memory.kept.get(breaker.name);
		if (kept === undefined) {
			const gone = this.#requireRoom(memory);
			if (gone !== undefined) {
				memory.kept.delete(gone.breaker.name);
				memory.changed.delete(gone);
				memory.removed.add(gone);
			}
			kept = { row: memory.nextRow++, breaker };
			memory.kept.set(breaker.name, kept);
		}
		kept.breaker = breaker;
		memory.changed.add(kept);
	}

	/**
	 * Returns the one that a new one takes the place of; undefined: there is room.
	 *
	 * @throws {WorkflowError} `BREAKER_LIMIT`
	 */
	#requireRoom({ kept }: Memory): Kept | undefined {
		if (kept.size < LIMITS.breakers) return undefined;
		const now = this.#now();
		let oldest: Kept | undefined;
		for (const each of kept.values()) {
			if (!isPassable(each.breaker, now)) continue;
			const { lastFailureAt } = oldest?.breaker ?? each.breaker;
			if (each.breaker.lastFailureAt <= lastFailureAt) oldest = each;
		}
		if (oldest === undefined) throw tooMany(this.#settings.type);
		return oldest;
	}

	async #writeSoon(memory: Memory): Promise<void> {
		await new Promise<void>((resolve) => {
			this.#settings.clock.after(GATHER_MS, resolve);
		});
		this.#written = undefined;
		if (this.#memory !== memory) throw lost();
		this.#write(memory);
	}

	#write({ changed, removed }: Memory): void {
		if (changed.size === 0) return;
		try {
			this.#settings.store.write({
				changed: Array.from(changed, rowOf),
				removed: Array.from(removed, ({ row }) => row),
			});
		} catch (error) {
			this.#memory = undefined;
			throw error;
		}
		changed.clear();
		removed.clear();
	}

	#notFound(name: string): WorkflowError {
		return new WorkflowError(
			"BREAKER_NOT_FOUND",
			`The type "${this.#settings.type}" has no circuit breaker "${shortened(name)}" that has failed. GET /types/${this.#settings.type}/breakers lists those that have.`,
		);
	}
}

function rowOf({ row, breaker }: Kept): BreakerRow {
	const { trial, counted, ...rest } = breaker;
	return {
		row,
		...rest,
		counted: JSON.stringify(counted),
		trialCaller: trial?.caller ?? null,
		trialSince: trial?.since ?? null,
		trialMs: trial?.lengthMs ?? null,
	};
}

function breakerOf(stored: BreakerRow): Breaker {
	const { row: _, trialCaller, trialSince, trialMs, counted, ...rest } = stored;
	const hasTrial = trialCaller !== null && trialSince !== null && trialMs !== null;
	return {
		...rest,
		counted: JSON.parse(counted),
		trial: hasTrial ? { caller: trialCaller, since: trialSince, lengthMs: trialMs } : null,
	};
}

function tooMany(type: string): WorkflowError {
	return new WorkflowError(
		"BREAKER_LIMIT",
		`${LIMITS.breakers} circuit breakers of "${type}" are open, as many as are kept. A breaker is shared by all calls of a step's name: leave out of the name what varies from instance to instance.`,
		{ limit: LIMITS.breakers },
	);
}

function lost(): WorkflowError {
	return new WorkflowError("TRY_AGAIN", "What was reported could not be stored. Report it again.");
}
