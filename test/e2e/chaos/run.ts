/**
 * A chaos run: a real service is killed again and again while its instances work, and at the end
 * nothing may be missing, repeated or otherwise than it must be. `plan.ts` says what is done,
 * `ledger.ts` and `judge.ts` what was wrong.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Service } from "../service";
import { Witness } from "../witness";
import { type Findings, judge } from "./judge";
import { Killer } from "./killer";
import { Ledger } from "./ledger";
import { Operator } from "./operator";
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
	/** Bulk jobs, how many instances they paused, and how many they restarted. */
	jobs: number;
	paused: number;
	restarted: number;
	seconds: number;
}

/** Longer than anything takes that goes on by itself, a backed-off pass included. */
const SILENCE_MS = 75_000;

const MOMENTS: Record<PlannedKill["when"], string> = {
	boot: "as it started",
	moment: "at any moment",
	effect: "as an effect was heard",
	accepted: "as a request was accepted",
};

interface Parts {
	settings: ChaosSettings;
	/** Of the run so far. */
	seconds: () => number;
	plan: Plan;
	service: Service;
	killer: Killer;
	ledger: Ledger;
	witness: Witness;
	sender: Sender;
	operator: Operator;
}

export async function runChaos(settings: ChaosSettings): Promise<ChaosReport> {
	const startedAt = performance.now();
	const { port } = settings;
	const configs = ["test/e2e/chaos/worker/wrangler.jsonc"];
	const service = await Service.start({ configs, ...(port === undefined ? {} : { port }) });
	const killer = new Killer(service);
	const ledger = new Ledger(killer);
	const witness = await Witness.start((call) => {
		killer.happens("effect");
		return ledger.hear(call);
	});
	const sender = new Sender(service, () => killer.happens("accepted"));
	const operator = new Operator(service);
	const seconds = () => (performance.now() - startedAt) / 1_000;
	const plan = makePlan(settings);
	const parts = { settings, seconds, plan, service, killer, ledger, witness, sender, operator };
	try {
		return await run(parts);
	} finally {
		sender.stop();
		operator.stop();
		await killer.stop();
		witness.stop();
	}
}

async function run(parts: Parts): Promise<ChaosReport> {
	const { plan, sender, witness, ledger, operator } = parts;
	const operated = operator.work(() => sender.isOver);
	const attended = Promise.all(plan.instances.map((it) => sender.attend(it, witness.url)));
	await killAll(parts);
	ledger.isOver = true;
	sender.isOver = true;
	await operated;
	// From here on it is sent nothing but what is left of the mail: all else goes on by itself.
	await untilEnded(parts);
	sender.stop();
	await attended;
	return report(parts);
}

async function killAll({ settings, seconds, ...parts }: Parts): Promise<void> {
	const { plan, killer, ledger, witness } = parts;
	for (const { when, afterMs } of plan.kills) {
		const heard = witness.calls.length;
		if (when !== "boot") await killer.up();
		await sleep(afterMs);
		await killer.strike(when);
		settings.progress(
			[
				`${seconds().toFixed(1)} s: kill ${killer.kills} of ${settings.kills}, ${MOMENTS[when]}`,
				`${witness.calls.length - heard} effects since the one before`,
				`${ledger.ended.size} of ${settings.instances} instances at their end`,
			].join("; "),
		);
	}
	await killer.up();
}

/** Until each instance has made its last effect, or nothing has happened for long. */
async function untilEnded({ plan, ledger, witness, sender }: Parts): Promise<void> {
	let seen = -1;
	for (let quietAt = 0; ledger.ended.size < plan.instances.length; await sleep(50)) {
		const activity = witness.calls.length + sender.accepted;
		if (activity !== seen) quietAt = performance.now() + SILENCE_MS;
		else if (performance.now() > quietAt) return;
		seen = activity;
	}
}

async function report({ settings, seconds, plan, ...parts }: Parts): Promise<ChaosReport> {
	const { service, killer, ledger, witness, sender, operator } = parts;
	const keys = new Set(witness.calls.map(({ key }) => key));
	const findings = await judge(service, plan.instances, sender.deliveries, (id) => {
		// The last time that it asked for one more, it was told to end.
		return [...keys].filter((key) => key.startsWith(`${id}/more`)).length - 1;
	});
	return {
		seed: settings.seed,
		instances: plan.instances.length,
		kills: killer.kills,
		selfEnded: killer.selfEnded,
		effects: keys.size,
		calls: witness.calls.length,
		repeatedAttempts: ledger.repeatedAttempts,
		repeatedDespiteRow: ledger.repeatedDespiteRow,
		...findings,
		seconds: Math.round(seconds()),
		jobs: operator.jobs,
		paused: operator.paused,
		restarted: operator.restarted,
		violations: [
			...restartFaults(parts),
			...ledger.violations,
			...sender.violations,
			...operator.violations,
			...findings.violations,
		],
	};
}

/** A job that was killed restarts nothing twice: its answer may be lost, but not its account. */
function restartFaults({ ledger, operator }: Pick<Parts, "ledger" | "operator">): string[] {
	const { size } = ledger.restarted;
	if (size === operator.restarted) return [];
	return [`${operator.restarted} instances were restarted, and there were ${size} further runs`];
}
