/**
 * A chaos run: a real service is killed again and again while its instances work, and at the end
 * nothing may be missing, repeated or otherwise than it must be. `plan.ts` says what is done,
 * `ledger.ts` and `judge.ts` what was wrong.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkflowStatusResponse } from "../../../src/library";
import { Service } from "../service";
import { Witness } from "../witness";
import { madeEffects } from "./expected";
import { type Findings, judge } from "./judge";
import { Ledger } from "./ledger";
import { makePlan, type Plan, type PlannedKill } from "./plan";
import { Sender } from "./sender";

export interface ChaosSettings {
	instances: number;
	kills: number;
	seed: number;
	/** Of the service; a free one when left out. */
	port?: number | undefined;
	/** Told of each kill. */
	progress: (line: string) => void;
}

export interface ChaosReport extends Findings {
	seed: number;
	instances: number;
	kills: number;
	/** How often wrangler has ended by itself, and was started again. */
	selfEnded: number;
	/** Effects by idempotency key, and the calls that made them: with retries. */
	effects: number;
	calls: number;
	/** Attempts that were repeated since a kill lay between their effect and their row. */
	repeatedAttempts: number;
	/** Calls of a step's function whose row was there. */
	repeatedDespiteRow: number;
	seconds: number;
}

/** How long a kill waits for the event that is to set it off. */
const TRIGGER_MS = 2_000;
/** How long it is given to catch up. */
const CATCH_UP_MS = 20_000;
/** Longer than anything takes that goes on by itself, a backed-off pass included. */
const SILENCE_MS = 20_000;

const MOMENTS: Record<PlannedKill["when"], string> = {
	boot: "as it started",
	moment: "at any moment",
	effect: "as an effect was heard",
	accepted: "as a request was accepted",
};

export async function runChaos(settings: ChaosSettings): Promise<ChaosReport> {
	const run = new Run(settings);
	try {
		return await run.whole();
	} finally {
		await run.stop();
	}
}

class Run {
	readonly #startedAt = performance.now();
	readonly #settings: ChaosSettings;
	readonly #plan: Plan;
	readonly #ledger = new Ledger();
	/** Instances whose last effect was heard. */
	readonly #ended = new Set<string>();
	#service: Service | undefined;
	#witness: Witness | undefined;
	#sender: Sender | undefined;
	#kills = 0;
	/** How often wrangler has ended by itself. */
	#selfEnded = 0;
	/** The era that is ended by a kill. */
	#doomed = -1;
	/** The latest start. */
	#up: Promise<void> = Promise.resolve();
	/** By instance, how much it had recorded when it was last looked at. */
	readonly #recorded = new Map<string, number>();
	/** The kill that waits for what sets it off. */
	#armed: { when: PlannedKill["when"]; strike: () => void } | undefined;

	constructor(settings: ChaosSettings) {
		this.#settings = settings;
		this.#plan = makePlan(settings);
	}

	async whole(): Promise<ChaosReport> {
		const { port, seed } = this.#settings;
		const { instances } = this.#plan;
		const witness = await Witness.start((call) => {
			this.#setOff("effect");
			if (call.key.endsWith("/end")) this.#ended.add(call.key.slice(0, -"/end".length));
			return this.#ledger.hear(call);
		});
		this.#witness = witness;
		const configs = ["test/e2e/chaos/worker/wrangler.jsonc"];
		const service = await Service.start({ configs, ...(port === undefined ? {} : { port }) });
		this.#service = service;
		const sender = new Sender(service, () => this.#setOff("accepted"));
		this.#sender = sender;

		const attended = Promise.all(instances.map((it) => sender.attend(it, witness.url)));
		await this.#killAll(service, witness);
		this.#ledger.isOver = true;
		sender.isOver = true;
		// From here on it is sent nothing but what is left of the mail: all else goes on by itself.
		await this.#untilEnded(witness, sender);
		sender.stop();
		await attended;

		const findings = await judge(service, instances, sender.deliveries, (id) => {
			const asked = new Set(
				witness.calls.map(({ key }) => key).filter((key) => key.startsWith(`${id}/more`)),
			);
			// The last time that it asked, it was told to end.
			return asked.size - 1;
		});
		const { repeatedAttempts, repeatedDespiteRow, violations } = this.#ledger;
		return {
			seed,
			instances: instances.length,
			kills: this.#kills,
			selfEnded: this.#selfEnded,
			effects: new Set(witness.calls.map(({ key }) => key)).size,
			calls: witness.calls.length,
			repeatedAttempts,
			repeatedDespiteRow,
			...findings,
			seconds: Math.round((performance.now() - this.#startedAt) / 1_000),
			violations: [...violations, ...sender.violations, ...findings.violations],
		};
	}

	async stop(): Promise<void> {
		this.#doomed = this.#ledger.era;
		this.#sender?.stop();
		await this.#service?.stop();
		this.#witness?.stop();
	}

	/** Each kill with the start that follows. */
	async #killAll(service: Service, witness: Witness): Promise<void> {
		this.#revive(service);
		for (const kill of this.#plan.kills) {
			const heard = witness.calls.length;
			if (kill.when !== "boot") await this.#up;
			if (kill.catchUp) await this.#caughtUp(service);
			await sleep(kill.afterMs);
			await this.#strike(service, kill.when);
			// Killed while it started, it never comes up.
			await this.#up.catch(() => {});
			this.#kills++;
			this.#settings.progress(this.#killLine(kill.when, witness.calls.length - heard));
			this.#start(service);
		}
		await this.#up;
	}

	#start(service: Service): void {
		this.#ledger.era++;
		this.#up = service.restart();
		this.#up.catch(() => {});
		this.#revive(service);
	}

	/**
	 * Starts it again should it end by itself: wrangler does so when a request's connection between
	 * its own processes is lost, which happens on a busy machine.
	 */
	async #revive(service: Service): Promise<void> {
		const { era } = this.#ledger;
		await service.ended;
		if (this.#doomed === era) return;
		await service.kill9();
		if (this.#doomed === era) return;
		this.#selfEnded++;
		this.#settings.progress(`${this.#clock()}: wrangler ended by itself`);
		this.#start(service);
	}

	#clock(): string {
		return `${((performance.now() - this.#startedAt) / 1_000).toFixed(1)} s`;
	}

	/** Looks at each instance until it has gone on, and at its steps, whose rows are there. */
	async #caughtUp(service: Service): Promise<void> {
		const deadline = performance.now() + CATCH_UP_MS;
		const waiting = new Set(this.#plan.instances.map(({ id }) => id));
		const look = async (id: string) => {
			// A connection of the time before the kill may be lost only now.
			const reply = await service
				.get<WorkflowStatusResponse>(`/workflows/${id}`)
				.catch(() => undefined);
			if (reply === undefined) return;
			const { status, body } = reply;
			// It may not have been created yet.
			if (status !== 200 || this.#hasGoneOn(body)) waiting.delete(id);
			if (status !== 200) return;
			for (const { key, receipt } of madeEffects(body)) this.#ledger.know(`${id}/${key}`, receipt);
		};
		while (waiting.size > 0 && performance.now() < deadline) {
			await Promise.all([...waiting].slice(0, 10).map(look));
		}
	}

	/** Whether it has parked, or recorded something since this was last asked. */
	#hasGoneOn({ id, status, reason, steps }: WorkflowStatusResponse): boolean {
		const before = this.#recorded.get(id) ?? 0;
		const rows = steps.filter((step) => step.status !== "running");
		const recorded = rows.reduce((sum, { attempts, completedAt }) => {
			return sum + 1 + attempts + (completedAt === null ? 0 : 1);
		}, 0);
		this.#recorded.set(id, Math.max(before, recorded));
		return recorded > before || (status !== "running" && reason === null);
	}

	/** Kills now, or in the very moment in which it hears what it waits for. */
	#strike(service: Service, when: PlannedKill["when"]): Promise<void> {
		const kill = () => {
			this.#doomed = this.#ledger.era;
			return service.kill9();
		};
		if (when !== "effect" && when !== "accepted") return kill();
		return new Promise((resolve, reject) => {
			const strike = () => {
				clearTimeout(timer);
				this.#armed = undefined;
				kill().then(resolve, reject);
			};
			const timer = setTimeout(strike, TRIGGER_MS);
			this.#armed = { when, strike };
		});
	}

	#setOff(when: PlannedKill["when"]): void {
		if (this.#armed?.when === when) this.#armed.strike();
	}

	#killLine(when: PlannedKill["when"], heard: number): string {
		const { kills, instances } = this.#settings;
		return `${this.#clock()}: kill ${this.#kills} of ${kills}, ${MOMENTS[when]}; ${heard} effects since the one before, ${this.#ended.size} of ${instances} instances at their end`;
	}

	/** Until each instance has made its last effect, or nothing has happened for long. */
	async #untilEnded(witness: Witness, sender: Sender): Promise<void> {
		let seen = -1;
		for (let quietAt = 0; this.#ended.size < this.#plan.instances.length; await sleep(50)) {
			const activity = witness.calls.length + sender.accepted;
			if (activity !== seen) quietAt = performance.now() + SILENCE_MS;
			else if (performance.now() > quietAt) return;
			seen = activity;
		}
	}
}
