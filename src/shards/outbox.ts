/**
 * Delivery of an instance's word to a shard of its type: its status to the index (G12), what it
 * does about its slot to the guard.
 *
 * The instance's own row is the outbox: it says what the shard has acknowledged. So a delivery lost
 * with the isolate is made again by the next alarm, only the newest word is ever sent, and one
 * delivery at a time is under way.
 */

import type { Clock, Outbox as OutboxPort, OutboxSource } from "../model/ports";

export interface OutboxSettings<Message, Reply> {
	source: OutboxSource<Message, Reply>;
	deliver(message: Message): Promise<Reply>;
	/** How long a message waits for a newer one in its place, in ms; 0: it is as new as can be. */
	settleMs(message: Message): number;
	clock: Clock;
}

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 300_000;

export class Outbox<Message, Reply> implements OutboxPort {
	readonly #settings: OutboxSettings<Message, Reply>;
	#failures = 0;
	#retryAt: number | null = null;
	#work: Promise<void> | undefined;
	/** Ends the wait of `#settle`. */
	#hurry: () => void = () => {};

	constructor(settings: OutboxSettings<Message, Reply>) {
		this.#settings = settings;
	}

	get retryAt(): number | null {
		return this.#retryAt;
	}

	kick(): void {
		this.#work ??= this.#drain();
		if (this.#settleMs() === 0) this.#hurry();
	}

	get underWay(): Promise<void> | undefined {
		return this.#work;
	}

	async #drain(): Promise<void> {
		const { source } = this.#settings;
		for (;;) {
			await this.#settle();
			const next = source.pending();
			if (next === null || !(await this.#tryDelivery(next))) break;
			if (source.pending() === null) break;
		}
		// In the same stretch as the last look at the source: a kick after it starts anew.
		this.#work = undefined;
		if (this.#retryAt !== null) source.deliveryRescheduled();
	}

	/** Gives a message that may be another in a moment the time to become it. */
	async #settle(): Promise<void> {
		const { clock } = this.#settings;
		await clock.turn();
		const settleMs = this.#settleMs();
		if (settleMs === 0) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#hurry = resolve;
		const cancel = clock.after(settleMs, resolve);
		await promise;
		cancel();
	}

	#settleMs(): number {
		const next = this.#settings.source.pending();
		return next === null ? 0 : this.#settings.settleMs(next);
	}

	/** Why a delivery failed is the shard's to report; here it is only not made yet. */
	async #tryDelivery(message: Message): Promise<boolean> {
		const { source, deliver, clock } = this.#settings;
		try {
			const reply = await deliver(message);
			this.#retryAt = null;
			source.acknowledge(message, reply);
			this.#failures = 0;
			return true;
		} catch {
			const delayMs = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MAX_MS);
			this.#retryAt = clock.now() + delayMs;
			return false;
		}
	}
}
