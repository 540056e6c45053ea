/**
 * The instance's one alarm: where it stands (G4), the lease of a pass at work, and how long an
 * alarm stays with what is under way. What is due is in the facts that `Instance` gives.
 */

import type { Clock } from "../model/ports";
import { type AlarmFacts, planAlarm } from "./alarm-plan";
import type { Pass } from "./pass";
import type { Alarm } from "./ports";

/** How far ahead of a pass at work the alarm stands, so that a lost one is missed soon. */
const LEASE_MS = 5_000;
/** How long one alarm stays; the object is not evicted meanwhile. */
const LINGER_MS = 60_000;

export class Wakeups {
	readonly #clock: Clock;
	readonly #alarm: Alarm;
	/** Where the alarm stands; undefined: not known, since another isolate set it. */
	#alarmAt: number | null | undefined;
	#leaseAt: number | null = null;
	/** When something is due that only an alarm sees to: a timer, the deadline. */
	#dueAt: number | null = null;
	/** Lets an alarm that stays look again at that. */
	#stir: () => void = () => {};

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
		const all = { ...facts, now, leaseAt, alarmAt: this.#alarmAt ?? null };
		this.#dueAt = planAlarm({
			...all,
			leaseAt: null,
			undelivered: null,
			slotUndelivered: null,
			events: { ...facts.events, isUnderWay: false },
		});
		this.#stir();
		const wanted = planAlarm(all);
		if (wanted === this.#alarmAt || (wanted === null && this.#firesSoon(now))) return;
		this.#alarmAt = wanted;
		if (wanted === null) this.#alarm.clear();
		else this.#alarm.set(wanted);
	}

	/**
	 * Resolves when nothing is under way any more, something is due (no other alarm fires while this
	 * one stays), or the alarm has stayed long enough. The next one stands already.
	 */
	async linger(underWay: () => Promise<void> | undefined): Promise<void> {
		const patienceAt = this.#clock.now() + LINGER_MS;
		for (let work = underWay(); work !== undefined; work = underWay()) {
			const remainingMs = Math.min(patienceAt, this.#dueAt ?? patienceAt) - this.#clock.now();
			if (remainingMs <= 0) return;
			const { promise, resolve } = Promise.withResolvers<void>();
			const cancel = this.#clock.after(remainingMs, resolve);
			this.#stir = resolve;
			await Promise.race([promise, work]);
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
