/**
 * Delivery of an instance's status to its index shard (G12).
 *
 * The instance's own row is the outbox: it says which status change the shard has acknowledged.
 * So a delivery lost with the isolate is made again by the next alarm, only the newest status is
 * ever sent, and one delivery at a time is under way.
 */

import type { Clock, StatusOutbox, StatusSource } from "../model/ports";
import type { Announcement } from "../model/rpc";
import { isTerminal } from "../model/status";

/**
 * How long the index may be behind on purpose: an instance that ends sooner, or only wakes and
 * sleeps again, costs the shard one write instead of two.
 */
const SETTLE_MS = 50;
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 300_000;

export class Outbox implements StatusOutbox {
	readonly #source: StatusSource;
	readonly #deliver: (announcement: Announcement) => Promise<void>;
	readonly #clock: Clock;
	#failures = 0;
	#retryAt: number | null = null;
	#work: Promise<void> | undefined;
	/** Ends the wait of `#settle`. */
	#hurry: () => void = () => {};

	constructor(
		source: StatusSource,
		deliver: (announcement: Announcement) => Promise<void>,
		clock: Clock,
	) {
		this.#source = source;
		this.#deliver = deliver;
		this.#clock = clock;
	}

	get retryAt(): number | null {
		return this.#retryAt;
	}

	kick(): void {
		this.#work ??= this.#drain();
		if (this.#isUrgent()) this.#hurry();
	}

	get underWay(): Promise<void> | undefined {
		return this.#work;
	}

	async #drain(): Promise<void> {
		for (;;) {
			await this.#settle();
			const next = this.#source.pending();
			if (next === null || !(await this.#tryDelivery(next))) break;
			this.#source.acknowledge(next.update.seq);
			if (this.#source.pending() === null) break;
		}
		// In the same stretch as the last look at the source: a kick after it starts anew.
		this.#work = undefined;
		if (this.#retryAt !== null) this.#source.deliveryRescheduled();
	}

	/** Gives a status that may be another in a moment the time to become it. */
	async #settle(): Promise<void> {
		await this.#clock.turn();
		if (this.#isUrgent()) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#hurry = resolve;
		const cancel = this.#clock.after(SETTLE_MS, resolve);
		await promise;
		cancel();
	}

	/** A final status changes no more. */
	#isUrgent(): boolean {
		const next = this.#source.pending();
		return next === null || isTerminal(next.update.status);
	}

	/** Why a delivery failed is the shard's to report; here it is only not made yet. */
	async #tryDelivery(announcement: Announcement): Promise<boolean> {
		try {
			await this.#deliver(announcement);
			this.#failures = 0;
			this.#retryAt = null;
			return true;
		} catch {
			const delayMs = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MAX_MS);
			this.#retryAt = this.#clock.now() + delayMs;
			return false;
		}
	}
}
