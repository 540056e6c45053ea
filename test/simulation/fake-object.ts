/**
 * A Durable Object: storage that stays, and a life in memory that comes and goes.
 *
 * The output gate: what a life sends (answers, messages, effects) leaves once all that it had
 * written before is committed. If it dies first, it never leaves.
 */
import { DefinitionTexts } from "../../src/client/definitions";
import type { RunnerNamespace } from "../../src/client/runner-client";
import type { TypeStates } from "../../src/client/type-states";
import type { WorkflowEvent } from "../../src/model/delivery";
import type { Clock } from "../../src/model/ports";
import type { Answer } from "../../src/model/rpc";
import { handle, type Role, type RunnerRpc, roleIn } from "../../src/roles";
import { audienceHandler } from "./audience";
import { type GuardPlan, policiesOf } from "./crowd";
import type { EventLoop } from "./event-loop";
import { FakeStorage } from "./fake-storage";
import { planPrograms } from "./interpreter";

/** What the world does for its objects, and hears from them. */
export interface Surroundings {
	readonly loop: EventLoop;
	readonly types: TypeStates;
	/** What the type declares of its instances as a crowd. */
	readonly guard: GuardPlan | null;
	/** Whether the type has a receiver of its events. */
	readonly listens: boolean;
	/** The objects as `sender` reaches them; null: a client. */
	runners(sender: Life | null): RunnerNamespace;
	jitter(): number;
	called(life: Life, key: string, attempt: number): void;
	/** Brings an event to the receiver; settles with what that answers. */
	told(life: Life, event: WorkflowEvent): Promise<void>;
	reported(message: string, error: unknown): void;
	committed(object: FakeObject): void;
	died(object: FakeObject): void;
}

export type Method = keyof RunnerRpc;
/** Called when an answer leaves; what it gives is asked for when it arrives. */
type Reply = (answer: () => Promise<Answer<unknown>>) => void;

/** What the caller of an object that dies is told. */
export const DIED = new Error("the object died");

export class Life {
	alive = true;
	readonly role: Role;
	/** Requests that have no answer yet. */
	readonly requests = new Set<Reply>();

	constructor(
		readonly object: FakeObject,
		world: Surroundings,
	) {
		const { loop } = world;
		const clock: Clock = {
			now: () => loop.wallMs,
			after: (delayMs, work) => loop.after(this, delayMs, work),
			turn: () => loop.turn(this),
		};
		const { storage, name } = object;
		const outside = {
			called: (key: string, attempt: number) => world.called(this, key, attempt),
			now: clock.now,
			turn: clock.turn,
			after: clock.after,
		};
		const handlers = world.listens ? [audienceHandler((event) => world.told(this, event))] : [];
		const policies = world.guard === null ? {} : policiesOf(world.guard);
		const programs = planPrograms(outside, { ...policies, handlers });
		this.role = roleIn({
			name,
			storage: storage.asStorage,
			runners: world.runners(this),
			programs: new Map(programs.map((program) => [program.type, program])),
			types: world.types,
			compile: noDefinitions,
			definitions: new DefinitionTexts(),
			clock,
			alarm: { set: (atMs) => storage.setAlarm(atMs), clear: () => storage.setAlarm(null) },
			synced: () => new Promise((resolve) => object.gate(() => world.loop.post(this, resolve))),
			empty: async () => storage.empty(),
			post: async () => {},
			random: () => world.jitter(),
			report: (message, error) => world.reported(message, error),
		});
	}

	request(method: Method, given: never): Promise<Answer<unknown>> {
		return handle(this.role, method, given);
	}
}

function noDefinitions(): never {
	throw new Error("the world stores no definitions");
}

export class FakeObject {
	readonly storage = new FakeStorage();
	readonly #world: Surroundings;
	#life: Life | undefined;
	#gated: (() => void)[] = [];
	#alarm: "idle" | "on its way" | "handled" = "idle";
	#commitsLater = false;

	constructor(
		readonly name: string,
		world: Surroundings,
	) {
		this.#world = world;
	}

	/** The life in memory; begins one where there is none. */
	get life(): Life {
		this.#life ??= new Life(this, this.#world);
		return this.#life;
	}

	/** A request arrives; `reply` is called once its answer may leave. */
	receive(method: Method, given: never, reply: Reply): void {
		const { life } = this;
		life.requests.add(reply);
		const settled = life.request(method, given);
		const leave = () => {
			life.requests.delete(reply);
			reply(() => settled);
		};
		const done = () => this.gate(leave);
		settled.then(done, done);
	}

	/** When the alarm fires; never while its handler still runs. */
	get firesAt(): number {
		const { alarmAt } = this.storage;
		return alarmAt === null || this.#alarm === "handled" ? Number.POSITIVE_INFINITY : alarmAt;
	}

	/** Sends the alarm on its way if it is due, or `early`. */
	checkAlarm({ early } = { early: false }): void {
		const { storage } = this;
		if (this.#alarm !== "idle" || storage.alarmAt === null) return;
		if (!early && storage.alarmAt > this.#world.loop.wallMs) return;
		this.#alarm = "on its way";
		this.#world.loop.post(null, () => {
			if (this.#alarm !== "on its way") return;
			this.#alarm = "idle";
			// It may have been moved meanwhile.
			if (storage.alarmAt === null || (!early && storage.alarmAt > this.#world.loop.wallMs)) return;
			this.#alarm = "handled";
			storage.alarmBegins();
			this.wake(() => {
				storage.alarmEnded();
				this.#alarm = "idle";
			});
		});
	}

	/** Calls the alarm handler; without `ended` it is a second call for an alarm that was handled. */
	wake(ended: () => void = () => {}): void {
		this.life.role.wake().then(() => this.gate(ended));
	}

	/** Lets `leave` happen once all that is written by now is committed. */
	gate(leave: () => void): void {
		if (this.storage.hasUncommitted) this.#gated.push(leave);
		else leave();
	}

	commit(): void {
		if (!this.storage.hasUncommitted) return;
		this.storage.commit();
		this.#world.committed(this);
		for (const leave of this.#gated.splice(0)) leave();
	}

	/** Commits in some later task. */
	commitLater(): void {
		if (this.#commitsLater) return;
		this.#commitsLater = true;
		this.#world.loop.post(null, () => {
			this.#commitsLater = false;
			this.commit();
		});
	}

	/** Memory is gone, with all that it had not committed or not sent. */
	die(): void {
		const life = this.#life;
		if (life === undefined) return;
		this.#life = undefined;
		this.#gated = [];
		this.#alarm = "idle";
		this.#world.loop.drop(life);
		this.storage.rollback();
		this.#world.died(this);
		for (const reply of life.requests) reply(() => Promise.reject(DIED));
	}
}
