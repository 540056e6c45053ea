/**
 * The programs of the chaos run. Each does rounds, of some tenths of a second, and returns what
 * came of each; `expected.ts` knows from type and payload what that must be.
 *
 * Every step is short: a kill costs its pass at most what it did since its last row.
 */
import { BaseWorkflow, type RunInfo, type Step } from "../../../../src/library";
import { Effects, type Letter, type Mail } from "./effects";

export interface ChaosPayload {
	/** Base URL of the witness. */
	witness: string;
	/** Null: as many as the witness wants. */
	rounds: number | null;
	/** Slept after each round; 0: one pass does all rounds. */
	pauseMs: number;
	/** How long the programs with mail wait for a letter before they wait anew; null: for ever. */
	patienceMs: number | null;
}

abstract class Rounds extends BaseWorkflow<ChaosPayload, string[], Mail> {
	async run(
		step: Step<Mail>,
		{ witness, rounds, pauseMs }: ChaosPayload,
		info: RunInfo,
	): Promise<string[]> {
		const effects = new Effects(step, witness);
		const outcomes: string[] = [];
		for (let round = 1; rounds === null ? await effects.more() : round <= rounds; round++) {
			outcomes.push(await this.round(effects, round, info));
			if (pauseMs > 0) await step.sleep("pause", pauseMs);
		}
		await effects.do("end");
		return outcomes;
	}

	protected abstract round(effects: Effects, round: number, info: RunInfo): Promise<string>;
}

class Sequence extends Rounds {
	static override type: string = "sequence";

	protected async round(effects: Effects): Promise<string> {
		await effects.do("fetch");
		await effects.do("work", { delayMs: 30 });
		await effects.do("store");
		await effects.do("tell");
		return "told";
	}
}

/** Three are at work at once; the others wait for a slot, whatever dies meanwhile. */
class Crowd extends Sequence {
	static override type = "crowd" as const;
	static override concurrency = { limit: 3 };
}

/** As in `Crowd`, but those that sleep give their slot to others, and queue again. */
class Relay extends Sequence {
	static override type = "relay" as const;
	static override concurrency = { limit: 2, whileParked: "release" as const };
}

/** Forgotten soon after its end: longer than a create is repeated whose answer was lost. */
class Brief extends Sequence {
	static override type = "brief" as const;
	static override retention = "20s";
}

class Fan extends Rounds {
	static override type = "fan" as const;

	protected async round(effects: Effects): Promise<string> {
		const delaysMs = [80, 0, 120, 40];
		await Promise.all(delaysMs.map((delayMs) => effects.do("part", { delayMs })));
		await effects.do("join");
		return "joined";
	}
}

/** The loser stays open, and may end in any later round. */
class Race extends Rounds {
	static override type = "race" as const;

	protected async round(effects: Effects, round: number): Promise<string> {
		const work = effects.do(`work-${round}`, { delayMs: 100 }).then(() => "work");
		const nap = effects.step.sleep(`nap-${round}`, 110).then(() => "nap");
		const winner = await Promise.race([work, nap]);
		effects.learn(`winner-${round}`, winner);
		await effects.do("celebrate");
		return winner;
	}
}

/** As many attempts as there are refusals and one, so that a miscounted one would fail it. */
class Flaky extends Rounds {
	static override type = "flaky" as const;

	protected async round(effects: Effects, round: number): Promise<string> {
		const refuse = round % 4;
		const retries = { limit: refuse === 3 ? 2 : refuse + 1, delay: 120 };
		const step = `flaky-${round}`;
		try {
			await effects.do(step, { refuse: refuse === 3 ? 1_000 : refuse }, { retries });
			return "done";
		} catch {
			effects.learn(step, "failed");
			await effects.do("apologise");
			return "failed";
		}
	}
}

/** What was done is undone when the last part is rejected. */
class Saga extends Rounds {
	static override type = "saga" as const;

	protected async round(effects: Effects, round: number): Promise<string> {
		await effects.do("reserve");
		await effects.do("charge");
		const step = `ship-${round}`;
		try {
			await effects.do(step, round % 2 === 0 ? { reject: "always" } : {});
			return "shipped";
		} catch (error) {
			if ((error as { code?: unknown }).code !== "NON_RETRYABLE") throw error;
			effects.learn(step, "failed");
			await effects.do("refund");
			await effects.do("release");
			return "undone";
		}
	}
}

/** The first attempt gets no answer and times out. */
class Slow extends Rounds {
	static override type = "slow" as const;

	protected async round(effects: Effects, round: number): Promise<string> {
		const options = { timeout: 400, retries: { limit: 20, delay: 50, factor: 1 } };
		await effects.do(`slow-${round}`, { hold: round % 2 }, options);
		await effects.do("after");
		return "done";
	}
}

/** Reads the letters up to the last, files each, and returns their ids. */
async function readAll(
	effects: Effects,
	event: keyof Mail,
	patienceMs: number | null,
): Promise<string[]> {
	const ids: string[] = [];
	const options = patienceMs === null ? {} : { timeout: patienceMs };
	for (let letter: Letter | undefined; letter?.isLast !== true; ) {
		try {
			letter = await effects.step.waitForEvent(event, options);
		} catch (error) {
			if ((error as { code?: unknown }).code !== "EVENT_TIMEOUT") throw error;
			continue;
		}
		ids.push(letter.id);
		effects.learn(`${event} ${ids.length}`, letter.id);
		await effects.do(`file ${event}`);
	}
	return ids;
}

/** Panics once a round, in a step and beside it by turns; each round is a line of the log. */
class Fragile extends Rounds {
	static override type = "fragile" as const;
	static override panic = { restartDelay: 300, maxRestartAttempts: 1_000 };

	protected async round(effects: Effects, round: number, run: RunInfo): Promise<string> {
		run.log("info", `round ${round}`, { round });
		await effects.do("work", { delayMs: 30 });
		const panic = () => {
			if (run.restartAttempt < round) throw new Error("out of memory");
		};
		if (round % 2 === 0) panic();
		else await effects.step.do(`fragile-${round}`, panic);
		await effects.do("tell");
		return "told";
	}
}

/** All letters, then all parcels, which have come meanwhile. */
class Inbox extends BaseWorkflow<ChaosPayload, string[], Mail> {
	static override type = "inbox" as const;

	async run(step: Step<Mail>, { witness, patienceMs }: ChaosPayload): Promise<string[]> {
		const effects = new Effects(step, witness);
		const letters = await readAll(effects, "letter", patienceMs);
		const parcels = await readAll(effects, "parcel", patienceMs);
		await effects.do("end");
		return [...letters, ...parcels];
	}
}

/** Letters and parcels as they come. */
class Desk extends BaseWorkflow<ChaosPayload, string[], Mail> {
	static override type = "desk" as const;

	async run(step: Step<Mail>, { witness, patienceMs }: ChaosPayload): Promise<string[]> {
		const effects = new Effects(step, witness);
		const read = (event: keyof Mail) => readAll(effects, event, patienceMs);
		const all = await Promise.all([read("letter"), read("parcel")]);
		await effects.do("end");
		return all.flat();
	}
}

export const programs = {
	sequence: Sequence,
	crowd: Crowd,
	relay: Relay,
	brief: Brief,
	fan: Fan,
	race: Race,
	flaky: Flaky,
	saga: Saga,
	slow: Slow,
	fragile: Fragile,
	inbox: Inbox,
	desk: Desk,
};

export type ChaosType = keyof typeof programs;
