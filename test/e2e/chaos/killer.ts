/**
 * The service's deaths and starts: the planned kills, each at its moment, and those of its own.
 *
 * Wrangler ends by itself when a request meets a connection between its own processes that is just
 * being closed, after 5 s of rest; a busy machine makes that likely. It is then started again: one
 * more crash for the instances to survive.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "../service";
import type { PlannedKill } from "./plan";

/** How long a kill waits for what is to set it off. */
const TRIGGER_MS = 2_000;
/** How often it may end by itself before it is up. */
const FAILED_STARTS_MAX = 10;

export class Killer {
	/** How often the service has been started again. */
	era = 0;
	kills = 0;
	/** How often wrangler has ended by itself. */
	selfEnded = 0;
	readonly #service: Service;
	/** The era that is ended by a kill. */
	#doomed = -1;
	/** The latest start. */
	#start: Promise<void> = Promise.resolve();
	/** The kill that waits for what sets it off. */
	#armed: { when: PlannedKill["when"]; kill: () => void } | undefined;

	/** `service` is up. */
	constructor(service: Service) {
		this.#service = service;
		void this.#revive();
	}

	/** Resolves when the service is up. */
	async up(): Promise<void> {
		for (let failed = 0; ; failed++) {
			try {
				return await this.#start;
			} catch (error) {
				if (failed === FAILED_STARTS_MAX) throw error;
				await sleep(500);
			}
		}
	}

	/** Kills it now, or in the very moment that is waited for; and starts it again. */
	async strike(when: PlannedKill["when"]): Promise<void> {
		if (when === "effect" || when === "accepted") await this.#killAt(when);
		else await this.#kill();
		// Killed while it started, it never comes up.
		await this.#start.catch(() => {});
		this.kills++;
		this.#restart();
	}

	/** Says what is happening: a kill may have waited for it. */
	happens(what: PlannedKill["when"]): void {
		if (this.#armed?.when === what) this.#armed.kill();
	}

	/** Ends it for good. */
	async stop(): Promise<void> {
		this.#doomed = this.era;
		await this.#service.stop();
	}

	#killAt(when: PlannedKill["when"]): Promise<void> {
		return new Promise((resolve, reject) => {
			const kill = () => {
				clearTimeout(timer);
				this.#armed = undefined;
				this.#kill().then(resolve, reject);
			};
			const timer = setTimeout(kill, TRIGGER_MS);
			this.#armed = { when, kill };
		});
	}

	/** The signal is sent before this returns. */
	#kill(): Promise<void> {
		this.#doomed = this.era;
		return this.#service.kill9();
	}

	#restart(): void {
		this.era++;
		this.#start = this.#service.restart();
		this.#start.catch(() => {});
		void this.#revive();
	}

	async #revive(): Promise<void> {
		const { era } = this;
		await this.#service.ended;
		if (this.#doomed === era) return;
		// What it has left running.
		await this.#service.kill9();
		if (this.#doomed === era) return;
		this.selfEnded++;
		this.#restart();
	}
}
