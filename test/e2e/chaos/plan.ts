/**
 * What a run is going to do, from its seed alone: which instances there are, what mail each gets,
 * and when the service is killed. What then falls together is the machine's business.
 */
import { randomFrom } from "../../support/random";
import type { Mail } from "./worker/effects";
import type { ChaosPayload, ChaosType } from "./worker/programs";

export interface PlannedMail {
	event: keyof Mail;
	/** Of each letter, how long after the one before it is sent. */
	delaysMs: number[];
	/** They are sent over and over until no more kills are to come. */
	isEndless: boolean;
}

export interface PlannedInstance {
	id: string;
	type: ChaosType;
	/** The witness's address comes to it when there is one. */
	payload: Omit<ChaosPayload, "witness">;
	createAfterMs: number;
	/** From its creation to its start. */
	delayMs: number;
	mail: PlannedMail[];
}

export interface PlannedKill {
	/**
	 * `boot`: while the process starts. The others when it is up: at any moment; as an effect is
	 * heard, which is between the effect and its row; as a create or an event is accepted.
	 */
	when: "boot" | "moment" | "effect" | "accepted";
	/** Counted from the start of the process, or from when it is up. */
	afterMs: number;
}

export interface Plan {
	instances: PlannedInstance[];
	kills: PlannedKill[];
}

const TYPES: ChaosType[] = [
	"sequence",
	"crowd",
	"fan",
	"race",
	"relay",
	"brief",
	"flaky",
	"saga",
	"slow",
	"fragile",
	"inbox",
	"desk",
];
/** Types whose instances wait for one another, or are to be forgotten in time: few rounds each. */
const SHORT: ChaosType[] = ["crowd", "relay", "brief"];
const SHORT_ROUNDS_MAX = 3;
/** How long a kill and the start that follows take, more or less: what the work is spread over. */
const KILL_MS = 4_000;
/** What a round takes beside its pause. */
const ROUND_MS = 2_000;

export function makePlan(settings: { seed: number; instances: number; kills: number }): Plan {
	const chance = new Chance(settings.seed);
	const { kills } = settings;
	return {
		instances: Array.from({ length: settings.instances }, (_, index) => {
			return planInstance(chance, index, kills);
		}),
		kills: planKills(chance, kills),
	};
}

function planInstance(chance: Chance, index: number, kills: number): PlannedInstance {
	const type = TYPES[index % TYPES.length] ?? "sequence";
	// Half of them work on until the last kill, the others end on the way.
	const isShort = SHORT.includes(type);
	const isEndless = chance.between(0, 1) === 1 && !isShort;
	const pauseMs = chance.pick([0, 1_000, 2_000, 6_000]);
	const wanted = 1 + Math.floor(chance.between(0, kills * KILL_MS) / (pauseMs + ROUND_MS));
	const rounds = isShort ? Math.min(wanted, SHORT_ROUNDS_MAX) : wanted;
	return {
		id: `${type}-${index + 1}`,
		type,
		payload: {
			rounds: isEndless ? null : rounds,
			pauseMs,
			patienceMs: chance.pick([null, 400, 2_500]),
		},
		// In the first quarter of the run, so that some are created as the service dies.
		createAfterMs: chance.between(0, (kills * KILL_MS) / 4),
		delayMs: chance.pick([0, 0, 0, 4_000]),
		mail: type === "inbox" || type === "desk" ? planMail(chance, rounds, isEndless) : [],
	};
}

function planMail(chance: Chance, rounds: number, isEndless: boolean): PlannedMail[] {
	return (["letter", "parcel"] as const).map((event) => ({
		event,
		isEndless,
		// One after a while, and several at once, which come before they are waited for.
		delaysMs: [2_000, ...Array.from({ length: rounds }, () => chance.pick([0, 200, 2_000]))],
	}));
}

function planKills(chance: Chance, count: number): PlannedKill[] {
	return Array.from({ length: count }, () => {
		const when = chance.pick(["moment", "effect", "accepted", "boot"] as const);
		return { when, afterMs: chance.between(0, 3_000) };
	});
}

/** Choices of a seed. */
class Chance {
	readonly #random: () => number;

	constructor(seed: number) {
		this.#random = randomFrom(seed);
	}

	/** A whole number, both ends included. */
	between(from: number, to: number): number {
		return from + Math.floor(this.#random() * (Math.floor(to) - from + 1));
	}

	pick<T>(choices: readonly [T, ...T[]]): T {
		return choices[this.between(0, choices.length - 1)] ?? choices[0];
	}
}
