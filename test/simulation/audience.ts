/**
 * Who is told of a simulated instance's events, outside: takes each, or fails before or after it has,
 * or never answers. Holds what comes against what was committed: each outcome and each end arrives,
 * and the first time all come in order.
 */
import {
	DEFAULT_DELIVERY_POLICY,
	type EventHandler,
	type WorkflowEvent,
} from "../../src/model/delivery";
import { LIMITS } from "../../src/model/limits";
import { isTerminal } from "../../src/model/status";
import { ensure, type StepFacts, type WorkflowFacts } from "./witness";

/** The longest that an event which could be told waits for its next attempt. */
const RETRY_MS = 1_000;
/** The longest that the alarm of one that is behind is ahead: an attempt under way has a lease. */
export const BEHIND_MS = 5_000;

/** More attempts than there are failures in a row: nothing is to be a dead letter. */
const policy = {
	retry: {
		...DEFAULT_DELIVERY_POLICY.retry,
		limit: LIMITS.deliveryAttempts,
		delayMs: RETRY_MS,
		backoff: "fixed" as const,
		jitter: 0,
	},
	timeoutMs: 3_000,
};

/** The receiver of a type; `tell` brings an event to its audience. */
export function audienceHandler(tell: (event: WorkflowEvent) => Promise<void>): EventHandler {
	return { name: "on:*", events: null, policy, handle: tell };
}

export type Reaction = "take" | "fail" | "take and fail" | "take and hang";

/** `chance` from 0 to 1; 0 takes. */
export function reactionOf(chance: number): Reaction {
	if (chance < 0.7) return "take";
	return chance < 0.82 ? "fail" : chance < 0.94 ? "take and fail" : "take and hang";
}

/** What has arrived of a run, and what is to. */
class RunTold {
	has = new Set<string>();
	outcomes = 0;
	lines = 0;
	failures = 0;
	hasEnded = false;
	outcomesDue = 0;
	endIsDue = false;

	get isWhole(): boolean {
		return this.outcomes >= this.outcomesDue && (this.hasEnded || !this.endIsDue);
	}

	toString(): string {
		const end = this.endIsDue ? ` and its end${this.hasEnded ? "" : ", which has not come"}` : "";
		return `outcomes up to ${this.outcomes} of ${this.outcomesDue}${end}`;
	}
}

function parsed(id: string) {
	const [, created = "", run = "", kind = "", number = "", within] =
		/_([0-9a-z]+)_(\d+)([a-z])(\d*)(?:-(\w+))?$/.exec(id) ?? [];
	ensure(kind !== "", "D1", `"${id}" is no event's id`);
	const createdAt = Number.parseInt(created, 36);
	return { createdAt, run: Number(run), kind, number: Number(number), within };
}

export class Audience {
	#createdAt: number | undefined;
	#runs = new Map<number, RunTold>();
	/** Of the latest event that came for the first time. */
	#run = 0;
	#seen = new Set<string>();

	/** The receiver is called: what it is told of is committed. */
	told({ id }: WorkflowEvent): void {
		const { createdAt, run, kind, number } = parsed(id);
		// A late commit may begin a later run with the last of this one; of several restarts in it, the
		// runs between are not seen.
		if (createdAt === this.#createdAt && Math.max(...this.#runs.keys()) > run) return;
		const due = createdAt === this.#createdAt ? this.#runs.get(run) : undefined;
		const isCommitted = kind === "o" ? number <= (due?.outcomesDue ?? 0) : due?.endIsDue;
		ensure((kind !== "o" && kind !== "e") || isCommitted === true, "D3", `${id} came too soon`);
	}

	/** An event arrives. */
	heard({ id, name, data }: WorkflowEvent): void {
		const { createdAt, run, ...event } = parsed(id);
		// It was under way for longer than its instance was there.
		if (createdAt !== this.#createdAt || this.#seen.has(id)) return;
		this.#seen.add(id);
		const what = `${name} ${JSON.stringify(data)} (${id})`;
		ensure(run >= this.#run, "D1", `${what} came after one of run ${this.#run}`);
		this.#run = run;
		this.#hear(this.#of(run), { ...event, what, data });
	}

	#hear(
		told: RunTold,
		event: {
			kind: string;
			number: number;
			within: string | undefined;
			what: string;
			data: WorkflowEvent["data"];
		},
	): void {
		const { kind, number, within, what, data } = event;
		const follows = (holds: boolean) => ensure(holds, "D1", `${what} came out of order: ${told}`);
		const step = String(data.stepName);
		follows(!told.hasEnded);
		if (kind === "s") told.has.add(step);
		else if (kind === "o" && within === undefined) {
			follows(number === told.outcomes + 1 && told.has.has(step));
			told.outcomes = number;
		} else if (kind === "o") follows(number === told.outcomes);
		else if (kind === "l") {
			follows(number > told.lines);
			told.lines = number;
		} else if (kind === "f") {
			follows(number > told.failures && told.has.has(step));
			told.failures = number;
		} else if (kind === "e") {
			follows(told.outcomes >= told.outcomesDue);
			told.hasEnded = true;
		}
	}

	/** The instance has committed. */
	committed(workflow: WorkflowFacts, steps: Iterable<StepFacts>): void {
		const { createdAt, run, status, startedAt } = workflow;
		if (createdAt !== this.#createdAt) this.#begin(createdAt);
		const told = this.#of(run);
		// Of a run that was restarted and ended before it began, only the end is told.
		const kept = startedAt === null ? [] : [...steps];
		const outcomes = kept.filter(({ outcome }) => outcome !== null).length;
		told.outcomesDue = Math.max(told.outcomesDue, outcomes);
		told.endIsDue ||= isTerminal(status);
	}

	/** Nothing is left of the instance. */
	removed(byCaller: boolean): void {
		ensure(byCaller || this.isContent, "D1", `it has expired, and was not told: ${this}`);
		this.#createdAt = undefined;
	}

	/** Whether all has arrived that is to. */
	get isContent(): boolean {
		return [...this.#runs.values()].every(({ isWhole }) => isWhole);
	}

	toString(): string {
		return Array.from(this.#runs, ([run, told]) => `run ${run}: ${told}`).join("; ");
	}

	#begin(createdAt: number): void {
		this.#createdAt = createdAt;
		this.#runs = new Map();
		this.#run = 0;
	}

	#of(run: number): RunTold {
		let told = this.#runs.get(run);
		if (told === undefined) {
			told = new RunTold();
			this.#runs.set(run, told);
		}
		return told;
	}
}
