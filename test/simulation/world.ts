/**
 * One simulated world: an instance, its index shard, clients, time, and the faults. It does what a
 * case says, then goes on without faults until the instance has ended and the index knows.
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
import { TypeStates } from "../../src/client/type-states";
import { WorkflowError } from "../../src/model/errors";
import { shardName } from "../../src/model/ids";
import { randomFrom } from "../support/random";
import type { Action, Case } from "./case";
import { EventLoop } from "./event-loop";
import { DIED, FakeObject, type Life, type Method, type Surroundings } from "./fake-object";
import { RETENTION_MS, typeOf } from "./interpreter";
import { some } from "./plan";
import { checkEnd, type History, type Sent } from "./verdict";
import { hasTable, QUERIES, Violation, Witness } from "./witness";

const START_MS = Date.UTC(2100, 0, 1);
const ID = "simulated";
/** Far more than any case takes. */
const TASKS_MAX = 20_000;

/** How long a message may be under way: longer than an outbox that was restarted takes. */
const LATE_MS = 6_000;

const CLIENT = {};

/** What a client may be told: the request was late, early, or about nothing. */
const REFUSALS = [
	"INSTANCE_FINISHED",
	"INSTANCE_NOT_FOUND",
	"ILLEGAL_STATUS_CHANGE",
	"STEP_NOT_FOUND",
	"STEP_NOT_REPAIRABLE",
];

export class World implements Surroundings {
	readonly loop: EventLoop;
	readonly types = new TypeStates();
	/** What happened, by name. */
	readonly counts = new Map<string, number>();
	readonly #case: Case;
	readonly #tell: ((line: string) => void) | undefined;
	readonly #type: string;
	readonly #random: () => number;
	readonly #witness: Witness;
	readonly #instance: FakeObject;
	readonly #shard: FakeObject;
	readonly #events = new Set<Sent>();
	#lastEvent = -1;
	#traps: { at: string; times: number }[] = [];
	/** The instance dies when the task that runs is over. */
	#isDoomed = false;
	/** Creations that were accepted. */
	#creations = 0;
	/** Restarts that were asked for, by key. */
	readonly #restarts = new Set<string>();
	readonly #hurried = new Set<string>();
	#removals = 0;
	#terminates = false;
	#fault: unknown;
	#tasks = 0;

	/** `tell` hears of what happens, line by line. */
	constructor(given: Case, tell?: (line: string) => void) {
		this.#case = given;
		this.#tell = tell;
		// An order of 0 takes everything as it comes.
		this.#random = given.order === 0 ? () => 0 : randomFrom(given.order);
		this.loop = new EventLoop(START_MS, this.#random);
		const isStrict = !given.lateCommits;
		const isCalm = isStrict && given.happenings.length === 0;
		const { plan, delayMs = 0, expires = false } = given;
		const retentionMs = expires ? RETENTION_MS : 0;
		const clocks = this.loop;
		const hurried = this.#hurried;
		const settings = { plan, clocks, isCalm, isStrict, delayMs, retentionMs, hurried };
		this.#witness = new Witness(settings);
		this.#type = typeOf(given);
		this.#instance = new FakeObject(ID, this);
		this.#shard = new FakeObject(shardName(this.#type), this);
	}

	/** @throws {Violation} with what the engine did against its guarantees. */
	async run(): Promise<History> {
		const unhandled = (error: unknown) => {
			this.#fault ??= error;
		};
		process.on("unhandledRejection", unhandled);
		try {
			for (const happening of [{ do: "create" as const, tasks: 8 }, ...this.#case.happenings]) {
				this.#count(happening.do === "trap" ? `trap at ${happening.at}` : happening.do);
				this.#tell?.(JSON.stringify(happening));
				await this.#happen(happening);
				await this.#work(happening.tasks);
			}
			this.#tell?.("no more faults");
			this.#traps = [];
			const history = await this.#settle();
			checkEnd(history);
			return history;
		} finally {
			process.off("unhandledRejection", unhandled);
			this.#instance.storage.close();
			this.#shard.storage.close();
		}
	}

	// ── For the objects ───────────────────────────────────────────────────────

	runners(sender: Life | null): RunnerNamespace {
		const call = (name: string, method: Method, given: unknown) =>
			this.#call(sender, name === ID ? this.#instance : this.#shard, method, given);
		const stub = (name: string) =>
			new Proxy({}, { get: (_, method: Method) => (given: unknown) => call(name, method, given) });
		return { getByName: (name) => stub(name) as ReturnType<RunnerNamespace["getByName"]> };
	}

	jitter(): number {
		return this.#random();
	}

	called(life: Life, key: string, attempt: number): void {
		this.#count("call");
		this.#tell?.(`  attempt ${attempt} of "${key}"`);
		const { storage } = life.object;
		let run = 0;
		this.#watch(() => {
			run = this.#witness.called(life, key, attempt, storage);
		});
		life.object.gate(() => {
			this.#watch(() => this.#witness.effect(key, attempt, run));
			this.#spring("effect");
		});
		this.#spring("call");
	}

	reported(message: string, error: unknown): void {
		this.#fault ??= new Error(message, { cause: error });
	}

	committed(object: FakeObject): void {
		this.#watch(() => {
			if (object === this.#shard) this.#witness.indexed(object.storage);
			else this.#witness.committed(object.storage);
			this.#noticeRemoval();
			this.#tell?.(
				`  ${object.name} commits; ${this.#witness}, ${object.storage.alarmAt ?? "no"} alarm`,
			);
		});
	}

	died(object: FakeObject): void {
		this.#tell?.(`  ${object.name} dies`);
		if (object === this.#shard) return;
		this.#watch(() => this.#witness.died());
	}

	// ── What happens ──────────────────────────────────────────────────────────

	async #happen(action: Action): Promise<void> {
		switch (action.do) {
			case "next":
			case "pass":
			case "jump":
				return this.#moveTime(action);
			case "crash":
				this.#object(action.who).die();
				break;
			case "evict":
				this.#evict(this.#object(action.who));
				break;
			case "trap":
				this.#traps.push({ at: action.at, times: action.times });
				break;
			case "alarm":
				if (action.how === "early") this.#instance.checkAlarm({ early: true });
				else this.loop.post(null, () => this.#instance.wake());
				break;
			case "event":
				this.#send(action.name, action.twice);
				break;
			case "create":
				this.#create();
				break;
			case "restart":
				this.#restart(action);
				break;
			case "remove":
				removeInstance(this.runners(null), ID).catch((error) => this.#refused(error, REFUSALS));
				break;
			case "fire-sleep":
			case "retry-now":
				this.#repair(action.do, action.step);
				break;
			default:
				this.#control(action.do);
		}
	}

	async #moveTime(action: Extract<Action, { do: "next" | "pass" | "jump" }>): Promise<void> {
		// A program that idles for seconds before a recorded step is taken for another one (G7).
		const idles = some(this.#case.plan, (plan) => plan.op === "do" && plan.idles > 0);
		while (idles && (await this.#runOne()));
		if (action.do === "next") this.#passUntilNext();
		else if (action.do === "pass") this.loop.pass(action.ms);
		else this.loop.jump(action.ms);
	}

	#object(who: "instance" | "shard"): FakeObject {
		return who === "instance" ? this.#instance : this.#shard;
	}

	#evict(object: FakeObject): void {
		object.commit();
		object.die();
	}

	#create(): void {
		const { plan } = this.#case;
		const delay = this.#case.delayMs ?? 0;
		createInstance(this.runners(null), { type: this.#type, id: ID, payload: plan, delay }).then(
			() => {
				if (++this.#creations > this.#removals + 1) {
					this.#fault ??= new Violation("G13: created twice");
				}
			},
			(error) => this.#refused(error, ["INSTANCE_EXISTS"]),
		);
	}

	#send(event: string, twice = false): void {
		const sent: Sent = { event, number: ++this.#lastEvent, accepted: false };
		this.#events.add(sent);
		const payload = { event, number: sent.number };
		const by = { actor: "simulation", key: `event ${sent.number}` };
		for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
			sendEvent(this.runners(null), { id: ID, event, payload, by }).then(
				() => {
					sent.accepted = true;
				},
				(error) => this.#refused(error, REFUSALS),
			);
		}
	}

	#restart({ from, twice }: { from: number | null; twice: boolean }): void {
		const step = from === null ? undefined : this.#recordedKey(from);
		const key = `restart ${this.#restarts.size}`;
		this.#restarts.add(key);
		const request = { from: step, by: { actor: "simulation", key } };
		for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
			restartInstance(this.runners(null), ID, request).catch((error) =>
				this.#refused(error, REFUSALS),
			);
		}
	}

	#repair(action: "fire-sleep" | "retry-now", nth: number): void {
		const step = this.#recordedKey(nth);
		if (step === undefined) return;
		this.#hurried.add(step);
		repairStep(this.runners(null), ID, { action, step }).catch((error) =>
			this.#refused(error, REFUSALS),
		);
	}

	#recordedKey(nth: number): string | undefined {
		const keys = [...this.#witness.steps.keys()];
		return keys[nth % keys.length];
	}

	/** What was sent to an instance that is gone is gone with it. */
	#noticeRemoval(): void {
		if (this.#witness.removals === this.#removals) return;
		this.#removals = this.#witness.removals;
		for (const sent of this.#events) if (sent.accepted) this.#events.delete(sent);
		this.#hurried.clear();
		this.#restarts.clear();
	}

	#control(action: "pause" | "resume" | "terminate"): void {
		if (action === "terminate") this.#terminates = true;
		controlInstance(this.runners(null), ID, action).catch((error) =>
			this.#refused(error, ["ILLEGAL_STATUS_CHANGE", "INSTANCE_NOT_FOUND"]),
		);
	}

	/** A client is refused for a reason, or hears nothing because the object died. */
	#refused(error: unknown, codes: string[]): void {
		const fits = error instanceof WorkflowError ? codes.includes(error.code) : error === DIED;
		if (!fits) this.#fault ??= error;
	}

	// ── How it goes on ────────────────────────────────────────────────────────

	async #work(tasks: number): Promise<void> {
		for (let task = 0; task < tasks && (await this.#runOne()); task++);
	}

	async #runOne(): Promise<boolean> {
		this.#instance.checkAlarm();
		if (!(await this.loop.runOne())) return false;
		if (++this.#tasks > TASKS_MAX) throw new Violation(`G4: no end after ${TASKS_MAX} tasks`);
		this.#afterTask();
		if (this.#fault !== undefined) throw this.#fault;
		return true;
	}

	#afterTask(): void {
		if (this.#instance.storage.hasUncommitted) this.#spring("write");
		if (!this.#isDoomed && !this.#case.lateCommits) this.#instance.commit();
		// A commit may have let an effect out.
		if (this.#isDoomed) this.#instance.die();
		this.#isDoomed = false;
		for (const object of [this.#instance, this.#shard]) {
			if (!object.storage.hasUncommitted) continue;
			if (this.#case.lateCommits) object.commitLater();
			else object.commit();
		}
	}

	/** Lets a trap fall that is set at this. */
	#spring(at: string): void {
		const trap = this.#traps.find((set) => set.at === at);
		if (trap === undefined) return;
		this.#count(`death at ${at}`);
		this.#isDoomed = true;
		if (--trap.times === 0) this.#traps.splice(this.#traps.indexOf(trap), 1);
	}

	/** No faults any more: the instance ends by its alarms, the events it waits for, and a resume. */
	async #settle(): Promise<History> {
		let history: History | undefined;
		for (;;) {
			while (await this.#runOne());
			const { isOver, isIndexed, workflow } = this.#witness;
			if (isOver && isIndexed) history ??= this.#history();
			const isGone = workflow === undefined && this.#witness.index === undefined;
			const isAtRest = this.#case.expires ? isGone : !Number.isFinite(this.#untilNextMs);
			if (history !== undefined && isAtRest) return history;
			// What is under way may be its creation.
			if (workflow === undefined && Number.isFinite(this.#untilNextMs)) this.#passUntilNext();
			else if (workflow === undefined) this.#create();
			else if (workflow.status === "paused") this.#control("resume");
			else if (!this.#goOn(workflow.status)) this.#stuck();
		}
	}

	#goOn(status: string): boolean {
		const chance = this.#random();
		const isParked = status === "sleeping" || status === "waiting";
		if (isParked && chance > 0.5) this.#evict(this.#instance);
		const wait = [...this.#witness.steps.values()].find((row) => row.status === "waiting");
		const canPass = Number.isFinite(this.#untilNextMs);
		if (wait?.event != null && isParked && (chance > 0.75 || !canPass)) {
			this.#send(wait.event);
			return true;
		}
		if (canPass) this.#passUntilNext();
		return canPass;
	}

	#stuck(): void {
		const { workflow, isIndexed } = this.#witness;
		throw new Violation(
			`G4: ${workflow?.status}${isIndexed ? "" : ", not indexed"}, and nothing will wake it`,
		);
	}

	get #untilNextMs(): number {
		const alarmInMs = this.#instance.firesAt - this.loop.wallMs;
		return Math.max(0, Math.min(alarmInMs, this.loop.timerInMs));
	}

	#passUntilNext(): void {
		const ms = this.#untilNextMs;
		if (Number.isFinite(ms)) this.loop.pass(ms);
	}

	#call(sender: Life | null, object: FakeObject, method: Method, given: unknown) {
		return new Promise<never>((resolve, reject) => {
			const arrive = () =>
				object.receive(method, given as never, (answer) => {
					const settle = () => void answer().then((value) => resolve(value as never), reject);
					this.loop.post(sender, settle);
				});
			// What a client sends arrives in order; what objects send may be late, and be overtaken.
			const leave = () => {
				if (sender === null) this.loop.post(null, arrive, CLIENT);
				else this.loop.after(null, this.#random() > 0.7 ? LATE_MS : 0, arrive);
			};
			if (sender === null) leave();
			else sender.object.gate(leave);
		});
	}

	#watch(look: () => void): void {
		try {
			look();
		} catch (error) {
			this.#fault ??= error;
		}
	}

	#count(what: string): void {
		this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
	}

	#history(): History {
		const { workflow, steps } = this.#witness;
		const { storage } = this.#instance;
		if (workflow === undefined) throw new Violation("G13: never created");
		const { size } = this.#restarts;
		if (workflow.run - 1 > size) throw new Violation(`${workflow.run} runs, ${size} restarts`);
		return {
			plan: this.#case.plan,
			workflow,
			steps: [...steps.values()],
			buffered: storage.read(QUERIES.events),
			past: hasTable(storage, "past_steps") ? storage.read(QUERIES.past) : [],
			hurried: this.#hurried,
			events: [...this.#events],
			terminates: this.#terminates,
		};
	}
}
