/**
 * A circuit breaker among callers that crash, repeat themselves and come late, in an object that
 * dies: it does what a model does that knows neither periods nor rows. In the model, an admission
 * belongs to the phase (closed, or open) in which it was given, and counts in no other.
 */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BreakerStore } from "../../src/db/breaker-store";
import { ShardTables } from "../../src/db/shard-tables";
import type { Admission, BreakerPolicy, BreakerReport } from "../../src/model/breaker-rpc";
import { Breakers } from "../../src/shards/breakers";
import { FakeStorage } from "./fake-storage";

const TRIAL_MS = 60_000;
const TIMEOUT_MS = 20_000;

type Phase =
	| { open: false; failed: string[] }
	| { open: true; since: number; failures: number; trial: { by: string; since: number } | null };

/** What a caller holds after it was admitted. */
interface Grant {
	caller: string;
	phase: Phase;
	period: number;
}

/** Phases are compared by identity: what changes in one changes in place. */
class Model {
	phase: Phase = { open: false, failed: [] };

	/** What is to be answered; null: refused until then. */
	ask(caller: string, policy: BreakerPolicy, now: number): "call" | "trial" | number {
		const { phase } = this;
		if (!phase.open) return "call";
		phase.since = Math.min(phase.since, now);
		const { trial } = phase;
		if (trial !== null) trial.since = Math.min(trial.since, now);
		if (trial !== null && trial.by !== caller) {
			const until = trial.since + TRIAL_MS + TIMEOUT_MS;
			if (now < until) return until;
		}
		if (trial === null && now < phase.since + policy.resetTimeoutMs) {
			return phase.since + policy.resetTimeoutMs;
		}
		phase.trial = { by: caller, since: now };
		return "trial";
	}

	report({ caller, phase }: Grant, isSuccess: boolean, policy: BreakerPolicy, now: number): void {
		if (phase !== this.phase) return;
		if (!phase.open) {
			if (isSuccess) phase.failed = [];
			if (isSuccess || phase.failed.includes(caller)) return;
			const failures = phase.failed.push(caller);
			if (failures < policy.failureThreshold) return;
			this.phase = { open: true, since: now, failures, trial: null };
		} else if (phase.trial?.by === caller) {
			const { failures } = phase;
			if (isSuccess) this.reset();
			else this.phase = { open: true, since: now, failures: failures + 1, trial: null };
		}
	}

	reset(): void {
		this.phase = { open: false, failed: [] };
	}

	get state() {
		const { phase } = this;
		if (!phase.open) return { failures: phase.failed.length, openedAt: null, by: undefined };
		return { failures: phase.failures, openedAt: phase.since, by: phase.trial?.by };
	}
}

class World {
	now = 1_000_000;
	readonly model = new Model();
	grants: Grant[] = [];
	readonly storage = new FakeStorage();
	#timers: (() => void)[] = [];
	#part = this.#begin();
	#sent: Promise<unknown>[] = [];
	/** Callers whose reports have changed something since the last commit. */
	readonly #unstored = new Set<string>();
	/** Of the moment of the last commit: phase, as it was, and what callers hold. */
	#before = this.#snapshot();

	#begin(): Breakers {
		const clock = {
			now: () => this.now,
			after: (_: number, work: () => void) => {
				this.#timers.push(work);
				return () => {};
			},
			turn: async () => {},
		};
		const store = new BreakerStore(new ShardTables(this.storage.asStorage));
		return new Breakers({ type: "t", clock, store });
	}

	async ask(caller: string, policy: BreakerPolicy): Promise<void> {
		const wanted = this.model.ask(caller, policy, this.now);
		const ask = { breaker: "b", caller, attemptTimeoutMs: TIMEOUT_MS, ...policy };
		const said: Admission = await this.#part.rpc.breakerAdmit(ask);
		if (typeof wanted === "number") {
			expect(said).toEqual({ admitted: false, retryAt: wanted });
			return;
		}
		expect(said).toMatchObject({ admitted: true, trial: wanted === "trial" });
		const period = said.admitted ? said.period : null;
		if (period !== null) this.grants.push({ caller, phase: this.model.phase, period });
	}

	report(grant: Grant, isSuccess: boolean, policy: BreakerPolicy): void {
		const { caller, period } = grant;
		const before = structuredClone(this.model.phase);
		this.model.report(grant, isSuccess, policy, this.now);
		if (!isDeepStrictEqual(before, this.model.phase)) this.#unstored.add(caller);
		const isUnstored = this.#unstored.has(caller);
		const outcome = isSuccess ? "success" : "failure";
		const said: BreakerReport = { breaker: "b", caller, period, outcome, ...policy };
		// It is answered later; whoever hears nothing reports again.
		const answered = Promise.resolve(this.#part.rpc.breakerReport(said)).then(() => {
			// The answer waits for what was written before it, and nothing may be left to write.
			const isLost = isUnstored && this.#unstored.has(caller) && !this.storage.hasUncommitted;
			expect(isLost, "answered before it was written").toBe(false);
		});
		this.#sent.push(answered);
	}

	reset(): void {
		try {
			this.#part.rpc.breakerReset({ breaker: "b" });
			this.model.reset();
		} catch (error) {
			expect(error).toMatchObject({ code: "BREAKER_NOT_FOUND" });
			expect(this.model.state).toEqual({ failures: 0, openedAt: null, by: undefined });
		}
	}

	/** All that was begun is through, and on disk. */
	async commit(): Promise<void> {
		for (const fire of this.#timers.splice(0)) fire();
		await Promise.all(this.#sent.splice(0));
		this.storage.commit();
		this.#unstored.clear();
		await this.check();
		this.#before = this.#snapshot();
	}

	/** The object dies; what was not on disk never was, and nobody has heard of it. */
	async die(when: "before" | "after"): Promise<void> {
		const held = this.#before.grants;
		if (when === "after") await this.commit();
		this.storage.rollback();
		this.#unstored.clear();
		this.#timers = [];
		this.#sent = [];
		const { phase, was } = this.#before;
		this.model.phase = Object.assign(phase, structuredClone(was));
		this.grants = [...held];
		this.#part = this.#begin();
		await this.check();
	}

	async check(): Promise<void> {
		const [view] = await this.#part.rpc.breakerList(undefined as never);
		const { failures = 0, openedAt = null, trial } = view ?? {};
		expect({ failures, openedAt, by: trial?.caller }).toEqual(this.model.state);
	}

	#snapshot() {
		const { phase } = this.model;
		return { phase, was: structuredClone(phase), grants: [...this.grants] };
	}
}

const caller = fc.constantFrom("a/s/1", "b/s/1", "c/s/1", "d/s/1");
const policy = fc.record({
	failureThreshold: fc.integer({ min: 1, max: 3 }),
	resetTimeoutMs: fc.constantFrom(10_000, 30_000),
});
const deed = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ do: fc.constant("ask" as const), caller, policy }) },
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant("report" as const),
			/** Of the admissions so far, so many from the end; one may be used again and again. */
			back: fc.constantFrom(0, 0, 0, 1, 2, 4),
			isSuccess: fc.constantFrom(true, false, false),
			policy,
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("reset" as const) }) },
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constant("pass" as const),
			ms: fc.constantFrom(1, 9_999, 10_000, 30_000, 30_000, 79_999, 80_000, -15_000),
		}),
	},
	{ weight: 4, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant("die" as const),
			when: fc.constantFrom("before" as const, "after" as const),
		}),
	},
);
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

async function live(world: World, each: Deed): Promise<void> {
	switch (each.do) {
		case "ask":
			return world.ask(each.caller, each.policy);
		case "report": {
			const grant = world.grants.at(-1 - each.back);
			if (grant !== undefined) world.report(grant, each.isSuccess, each.policy);
			return;
		}
		case "reset":
			return world.reset();
		case "pass":
			world.now += each.ms;
			return;
		case "commit":
			return world.commit();
		case "die":
			return world.die(each.when);
	}
}

it("does what the model does, whoever repeats, is late or dies", async () => {
	const seen = { opened: 0, trials: 0, failedTrials: 0, closed: 0 };
	await fc.assert(
		fc.asyncProperty(fc.array(deed, { minLength: 60, maxLength: 120 }), async (deeds) => {
			const world = new World();
			try {
				for (const each of deeds) {
					const { phase, state } = world.model;
					await live(world, each);
					const { phase: next } = world.model;
					const hadTrial = state.by !== undefined;
					if (!hadTrial && world.model.state.by !== undefined) seen.trials++;
					if (next === phase || each.do !== "report") continue;
					if (!next.open) seen.closed++;
					else if (phase.open) seen.failedTrials++;
					else seen.opened++;
				}
				await world.commit();
			} finally {
				world.storage.close();
			}
		}),
		{ numRuns: 400 },
	);
	// The deeds lead somewhere.
	expect(seen.opened).toBeGreaterThan(300);
	expect(seen.trials).toBeGreaterThan(200);
	expect(seen.failedTrials).toBeGreaterThan(60);
	expect(seen.closed).toBeGreaterThan(30);
});
