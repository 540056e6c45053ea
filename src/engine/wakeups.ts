/**
 * The instance's one alarm: where it stands (G4), the lease of a pass at work, and how long an
 * alarm stays with a live pass. What is due is in the facts that `Instance` gives.
 */

import type { Clock } from "../model/ports";
import { type AlarmFacts, planAlarm } from "./alarm-plan";
import type { Pass } from "./pass";
import type { Alarm } from "./ports";

/** How far ahead of a pass at work the alarm stands, so that a lost one is missed soon. */
const LEASE_MS = 5_000;
/** How long one alarm stays with a live pass; the object is not evicted meanwhile. */
const LINGER_MS = 60_000;

export class Wakeups {
	readonly #clock: Clock;
	readonly #alarm: Alarm;
	/** Where the alarm stands; undefined: not known, since another isolate set it. */
	#alarmAt: number | null | undefined;
	#leaseAt: number | null = null;
	#moved = Promise.withResolvers<void>();

	constructor(clock: Clock, alarm: Alarm) {
		this.#clock = clock;
		this.#alarm = alarm;
	}

	/** Says that the alarm has fired: none stands now. */
	fired(): void {
		this.#alarmAt = null;
	}

	/** Sets the alarm to where the plan has it. */
	arm(pass: Pass | undefined, facts: Omit<AlarmFacts, "now" | "leaseAt" | "alarmAt">): void {
		const now = this.#clock.now();
		const leaseAt = this.#renewLease(pass, now);
		const wanted = planAlarm({ ...facts, now, leaseAt, alarmAt: this.#alarmAt ?? null });
		if (wanted === this.#alarmAt || (wanted === null && this.#firesSoon(now))) return;
		this.#alarmAt = wanted;
		if (wanted === null) this.#alarm.clear();
		else this.#alarm.set(wanted);
		this.#moved.resolve();
		this.#moved = Promise.withResolvers();
	}

	/**
	 * Resolves when the live pass has stopped, something else is due (`dueAt` says when), or the
	 * alarm has stayed long enough; the next alarm stands already.
	 */
	async linger(livePass: () => Pass | undefined, dueAt: () => number | null): Promise<void> {
		const patienceAt = this.#clock.now() + LINGER_MS;
		for (let pass = livePass(); pass !== undefined; pass = livePass()) {
			const remainingMs = Math.min(patienceAt, dueAt() ?? patienceAt) - this.#clock.now();
			if (remainingMs <= 0) return;
			const { promise, resolve } = Promise.withResolvers<void>();
			const cancel = this.#clock.after(remainingMs, resolve);
			await Promise.race([promise, pass.stopped, this.#moved.promise]);
			cancel();
		}
	}

	/** An alarm that nothing needs is left to fire when it is near: that costs less than a write. */
	#firesSoon(now: number): boolean {
		const alarmAt = this.#alarmAt;
		return typeof alarmAt === "number" && alarmAt <= now + LEASE_MS;
	}

	/** The lease of a pass at work; it moves only once it has run out. */
	#renewLease(pass: Pass | undefined, now: number): number | null {
		if (!pass?.isAtWork) this.#leaseAt = null;
		else if (this.#leaseAt === null || this.#leaseAt <= now) this.#leaseAt = now + LEASE_MS;
		return this.#leaseAt;
	}
}
