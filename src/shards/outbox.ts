/**
 * Delivery of an instance's status to its index shard (G12).
 *
 * The instance's own row is the outbox: it says which status change the shard has acknowledged.
 * So a delivery lost with the isolate is made again by the next alarm, only the newest status is
 * ever sent, and one delivery at a time is under way.
 */
import type { Clock, StatusOutbox, StatusSource } from "../model/ports";
import type { IndexUpdate } from "../model/rpc";

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 300_000;

export class Outbox implements StatusOutbox {
	readonly #source: StatusSource;
	readonly #deliver: (type: string, update: IndexUpdate) => Promise<void>;
	readonly #clock: Clock;
	#failures = 0;
	#retryAt: number | null = null;
	#work: Promise<void> | undefined;

	constructor(
		source: StatusSource,
		deliver: (type: string, update: IndexUpdate) => Promise<void>,
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
	}

	async idle(): Promise<void> {
		await this.#work;
	}

	async #drain(): Promise<void> {
		// A turn later, a short instance's first and last status are one.
		await this.#clock.turn();
		for (let next = this.#source.pending(); next !== null; next = this.#source.pending()) {
			if (!(await this.#tryDelivery(next.type, next.update))) break;
			this.#source.acknowledge(next.update.seq);
		}
		// In the same stretch as the last look at the source: a kick after it starts anew.
		this.#work = undefined;
		if (this.#retryAt !== null) this.#source.deliveryRescheduled();
	}

	/** Why a delivery failed is the shard's to report; here it is only not made yet. */
	async #tryDelivery(type: string, update: IndexUpdate): Promise<boolean> {
		try {
			await this.#deliver(type, update);
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
