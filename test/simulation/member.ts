/**
 * One instance of a simulated world: what clients ask of it, its witness, and how it is brought to
 * its end.
 */
import { createInstance } from "../../src/client/create-instance";
import {
	controlInstance,
	type RunnerNamespace,
	removeInstance,
	repairStep,
	restartInstance,
	sendEvent,
} from "../../src/client/runner-client";
import { WorkflowError } from "../../src/model/errors";
import type { PanicOverrides } from "../../src/model/panic";
import { Audience, BEHIND_MS } from "./audience";
import type { Action } from "./case";
import { DIED, FakeObject, type Life, type Surroundings } from "./fake-object";
import { some } from "./plan";
import type { History, Sent } from "./verdict";
import {
	ensure,
	hasTable,
	isPast,
	QUERIES,
	Violation,
	Witness,
	type WitnessSettings,
} from "./witness";

/** What a client may be told: the request was late, early, or about nothing. */
const REFUSALS = [
	"INSTANCE_FINISHED",
	"INSTANCE_NOT_FOUND",
	"ILLEGAL_STATUS_CHANGE",
	"STEP_NOT_FOUND",
	"STEP_NOT_REPAIRABLE",
];
/** It cannot be created now. */
const LATER = ["QUEUE_FULL", "TRY_AGAIN"];

/** What happens to an instance, and to nothing else. */
export type MemberAction = Extract<
	Action,
	{
		do:
			| "event"
			| "restart"
			| "fire-sleep"
			| "retry-now"
			| "create"
			| "pause"
			| "resume"
			| "terminate"
			| "remove";
	}
>;

export interface MemberSettings extends Omit<WitnessSettings, "hurried" | "id"> {
	id: string;
	type: string;
	priority: number;
	expires: boolean;
	/** Somebody is told of its events. */
	listens: boolean;
	/** What it says of its panics. */
	panic: PanicOverrides | undefined;
	/** As a client reaches the objects. */
	runners: RunnerNamespace;
	/** Something was done that may not be. */
	fault(error: unknown): void;
}

export class Member {
	readonly object: FakeObject;
	readonly witness: Witness;
	readonly audience: Audience | undefined;
	/** How it ended, once it has; it may be removed then. */
	history: History | undefined;
	/** It is being created, or was refused for now: that is a matter of time. */
	#creation: "none" | "under way" | "refused" = "none";
	readonly #settings: MemberSettings;
	readonly #events = new Set<Sent>();
	#lastEvent = -1;
	/** Creations that were accepted. */
	#creations = 0;
	/** Restarts that were asked for, by key. */
	readonly #restarts = new Set<string>();
	readonly #hurried = new Set<string>();
	#removals = 0;
	/** A client has asked for its removal. */
	#removes = false;
	#terminates = false;

	constructor(settings: MemberSettings, world: Surroundings) {
		this.#settings = settings;
		this.object = new FakeObject(settings.id, world);
		this.audience = settings.listens ? new Audience() : undefined;
		this.witness = new Witness({ ...settings, hurried: this.#hurried });
	}

	/** A program that idles for seconds before a recorded step is taken for another one (G7). */
	get idles(): boolean {
		return some(this.#settings.plan, (plan) => plan.op === "do" && plan.idles > 0);
	}

	called(life: Life, key: string, attempt: number): number {
		return this.witness.called(life, key, attempt, this.object.storage);
	}

	committed(): void {
		this.witness.committed(this.object.storage);
		this.noticeRemoval();
		this.#checkAudience();
	}

	/** G4: one that is behind is told without anybody's help. */
	#checkAudience(): void {
		const { workflow, steps } = this.witness;
		if (this.audience === undefined || workflow === undefined) return;
		this.audience.committed(workflow, steps.values());
		if (this.audience.isContent || workflow.removing === 1) return;
		const at = this.object.storage.alarmAt ?? Number.POSITIVE_INFINITY;
		const lateMs = at - this.#settings.clocks.wallMaxMs - BEHIND_MS;
		ensure(lateMs <= 0, "G4", `the alarm is ${lateMs} ms too late: a receiver is behind`);
	}

	/** What was sent to an instance that is gone is gone with it. */
	noticeRemoval(): void {
		if (this.witness.removals === this.#removals) return;
		this.#removals = this.witness.removals;
		this.audience?.removed(this.#removes);
		this.#removes = false;
		for (const sent of this.#events) if (sent.accepted) this.#events.delete(sent);
		this.#hurried.clear();
		this.#restarts.clear();
	}

	happen(action: MemberAction): void {
		const { id, runners } = this.#settings;
		switch (action.do) {
			case "event":
				this.send(action.name, action.twice);
				break;
			case "create":
				this.create();
				break;
			case "restart":
				this.#restart(action);
				break;
			case "remove":
				this.#removes = true;
				removeInstance(runners, id).catch((error) => this.#refused(error, REFUSALS));
				break;
			case "fire-sleep":
			case "retry-now":
				this.#repair(action.do, action.step);
				break;
			default:
				this.#control(action.do);
		}
	}

	create(): void {
		const { id, type, runners, plan: payload, delayMs: delay, priority, panic } = this.#settings;
		this.#creation = "under way";
		createInstance(runners, { type, id, payload, delay, priority, panic }).then(
			() => {
				this.#creation = "none";
				if (++this.#creations > this.#removals + 1) {
					this.#settings.fault(new Violation("G13: created twice"));
				}
			},
			(error) => {
				this.#creation = LATER.includes(error?.code) ? "refused" : "none";
				this.#refused(error, ["INSTANCE_EXISTS", ...LATER]);
			},
		);
	}

	send(event: string, twice = false): void {
		const { id, runners } = this.#settings;
		const sent: Sent = { event, number: ++this.#lastEvent, accepted: false };
		this.#events.add(sent);
		const payload = { event, number: sent.number };
		const by = { actor: "simulation", key: `event ${sent.number}` };
		for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
			sendEvent(runners, { id, event, payload, by }).then(
				() => {
					sent.accepted = true;
				},
				(error) => this.#refused(error, REFUSALS),
			);
		}
	}

	// ── How it is brought to its end ──────────────────────────────────────────

	/** Whether all that is to come of it has come. */
	get isDone(): boolean {
		const { isOver, isIndexed, workflow, index } = this.witness;
		if (isOver && isIndexed) this.history ??= this.#historyNow();
		if (this.history === undefined || this.audience?.isContent === false) return false;
		return !this.#settings.expires || (workflow === undefined && index === undefined);
	}

	/** What moves it on that is no matter of time; false: nothing does. */
	moveOn(): boolean {
		const { workflow } = this.witness;
		if (workflow === undefined && this.#creation === "none") this.create();
		else if (workflow?.status === "paused") this.#control("resume");
		else if (workflow?.status === "panicked" && workflow.notBefore === null) {
			this.#restart({ from: null, twice: false });
		} else return false;
		return true;
	}

	/** Time passes: what was refused may be asked for again. Returns whether something was. */
	timePasses(): boolean {
		const wasRefused = this.#creation === "refused";
		if (wasRefused) this.#creation = "none";
		return wasRefused;
	}

	get isParked(): boolean {
		const status = this.witness.workflow?.status;
		return status === "sleeping" || status === "waiting";
	}

	/** The event that it waits for. */
	get awaits(): string | null {
		if (!this.isParked) return null;
		const { steps } = this.witness;
		const wait = [...steps.values()].find(
			(row) => row.status === "waiting" && !isPast(row, steps.values()),
		);
		return wait?.event ?? null;
	}

	// ── Inside ────────────────────────────────────────────────────────────────

	#restart({ from, twice }: { from: number | null; twice: boolean }): void {
		const { id, runners } = this.#settings;
		const step = from === null ? undefined : this.#recordedKey(from);
		const key = `restart ${this.#restarts.size}`;
		this.#restarts.add(key);
		const request = { from: step, by: { actor: "simulation", key } };
		for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
			restartInstance(runners, id, request).catch((error) => this.#refused(error, REFUSALS));
		}
	}

	#repair(action: "fire-sleep" | "retry-now", nth: number): void {
		const { id, runners } = this.#settings;
		const step = this.#recordedKey(nth);
		if (step === undefined) return;
		this.#hurried.add(step);
		repairStep(runners, id, { action, step }).catch((error) => this.#refused(error, REFUSALS));
	}

	#recordedKey(nth: number): string | undefined {
		const keys = [...this.witness.steps.keys()];
		return keys[nth % keys.length];
	}

	#control(action: "pause" | "resume" | "terminate"): void {
		const { id, runners } = this.#settings;
		if (action === "terminate") this.#terminates = true;
		controlInstance(runners, id, action).catch((error) =>
			this.#refused(error, ["ILLEGAL_STATUS_CHANGE", "INSTANCE_NOT_FOUND"]),
		);
	}

	/** A client is refused for a reason, or hears nothing because the object died. */
	#refused(error: unknown, codes: string[]): void {
		const fits = error instanceof WorkflowError ? codes.includes(error.code) : error === DIED;
		if (!fits) this.#settings.fault(error);
	}

	#historyNow(): History {
		const { workflow, steps } = this.witness;
		const { storage } = this.object;
		if (workflow === undefined) throw new Violation("G13: never created");
		const { size } = this.#restarts;
		if (workflow.run - 1 > size) throw new Violation(`${workflow.run} runs, ${size} restarts`);
		return {
			plan: this.#settings.plan,
			workflow,
			steps: [...steps.values()],
			buffered: storage.read(QUERIES.events),
			past: hasTable(storage, "past_steps") ? storage.read(QUERIES.past) : [],
			hurried: new Set(this.#hurried),
			events: [...this.#events],
			terminates: this.#terminates,
			panic: this.#settings.panic ?? {},
			failures: hasTable(storage, "step_errors") ? storage.read(QUERIES.failures) : [],
			lines: hasTable(storage, "logs") ? storage.read(QUERIES.lines, workflow.run) : [],
		};
	}
}
