/**
 * The guard of a type by itself, on real storage: how fast it grants when few and when many wait,
 * and how long a guard that was evicted takes to be back. Its instances take what they are offered.
 */
import { DurableObject } from "cloudflare:workers";
import { GuardStore } from "../../src/db/guard-store";
import { ShardTables } from "../../src/db/shard-tables";
import type { SlotRef } from "../../src/model/guard-rpc";
import { Guard } from "../../src/shards/guard";
import type { Env } from "./contestant";

/** Times in ms. */
export interface GuardTimes {
	/** Reading all that wait. */
	reading: number;
	/** A slot is returned and the next one granted, so many times: with a commit for each, ... */
	grants: number;
	committed: number;
	/** ... and with one for all. */
	together: number;
}

const GRANTS = 1_000;
/** Alike for a queue of each length. */
const KEYS = 50;

export class GuardBench extends DurableObject<Env> {
	#next: SlotRef | undefined;

	/** A queue of so many: one has a slot, and the next gets it when that is returned. */
	async measure(queued: number): Promise<GuardTimes> {
		const filled = this.#guard();
		for (let n = 0; n <= queued + 2 * GRANTS; n++) {
			const key = `key-${n % KEYS}`;
			filled.take({
				id: `i-${n}`,
				createdAt: n,
				seq: 1,
				key,
				priority: 0,
				isNew: false,
				isStart: true,
			});
			if (n === 0) this.#next = { id: "i-0", createdAt: 0, seq: 1 };
		}
		await this.ctx.storage.sync();
		const read = Date.now();
		const guard = this.#guard();
		guard.state();
		const begin = await this.#now();
		for (let n = 0; n < GRANTS; n++) {
			this.#grant(guard);
			await this.ctx.storage.sync();
		}
		const committed = await this.#now();
		for (let n = 0; n < GRANTS; n++) this.#grant(guard);
		await this.ctx.storage.sync();
		const together = await this.#now();
		return {
			reading: begin - read,
			grants: GRANTS,
			committed: committed - begin,
			together: together - committed,
		};
	}

	#grant(guard: Guard): void {
		const held = this.#next;
		if (held === undefined) throw new Error("nobody has the slot");
		this.#next = undefined;
		guard.giveBack({ ...held, seq: held.seq + 1 });
	}

	#guard(): Guard {
		const concurrency = { limit: 1, keyLimit: 1, maxQueued: 0, releasesWhileParked: false };
		const { storage } = this.ctx;
		const guard: Guard = new Guard({
			type: "bench",
			store: new GuardStore(new ShardTables(storage)),
			clock: {
				now: () => Date.now(),
				after: () => () => {},
				turn: () => scheduler.wait(0),
			},
			declared: () => ({ concurrency: { ...concurrency, key: null }, rate: null }),
			ask: async (offer) => {
				this.#next = offer;
				return { use: "held" };
			},
			report: (message, error) => console.error(message, error),
			arm: () => void guard.dueAt(),
		});
		return guard;
	}

	/** A Worker's clock stands still until it waits for something. */
	async #now(): Promise<number> {
		await scheduler.wait(0);
		return Date.now();
	}
}
