/**
 * One simulated world: an instance, perhaps others that share a guard with it, their index shard,
 * clients, time, and the faults. It does what a case says, then goes on without faults until all
 * instances have ended and the index knows.
 */
import type { RunnerNamespace } from "../../src/client/runner-client";
import { TypeStates } from "../../src/client/type-states";
import type { WorkflowEvent } from "../../src/model/delivery";
import { shardName } from "../../src/model/ids";
import { NEW_TYPE } from "../../src/model/type-state";
import { randomFrom } from "../support/random";
import { reactionOf } from "./audience";
import type { Action, Case, Happening } from "./case";
import type { GuardPlan } from "./crowd";
import { EventLoop } from "./event-loop";
import { FakeObject, type Life, type Method, type Surroundings } from "./fake-object";
import { RETENTION_MS, typeOf } from "./interpreter";
import { Member } from "./member";
import { panicsOf } from "./plan";
import { checkEnd, type History } from "./verdict";
import { Warden } from "./warden";
import { Violation } from "./witness";

const START_MS = Date.UTC(2100, 0, 1);
const ID = "simulated";
/** Far more than any instance takes. */
const TASKS_MAX = 20_000;

/** How long a message may be under way: longer than an outbox that was restarted takes. */
const LATE_MS = 6_000;

/** When a client tries again to create what was refused. */
const RETRY_MS = 3_600_000;

const CLIENT = {};

export class World implements Surroundings {
	readonly loop: EventLoop;
	readonly types = new TypeStates();
	readonly guard: GuardPlan | null;
	readonly listens: boolean;
	/** What happened, by name. */
	readonly counts = new Map<string, number>();
	readonly #case: Case;
	readonly #tell: ((line: string) => void) | undefined;
	readonly #random: () => number;
	readonly #members: readonly Member[];
	readonly #shard: FakeObject;
	readonly #warden: Warden | undefined;
	#traps: { at: string; times: number }[] = [];
	/** It dies when the task that runs is over. */
	#doomed: FakeObject | undefined;
	#fault: unknown;
	#tasks = 0;

	/** `tell` hears of what happens, line by line. */
	constructor(given: Case, tell?: (line: string) => void) {
		this.#case = given;
		this.#tell = tell;
		this.guard = given.crowd?.guard ?? null;
		this.listens = given.listens ?? false;
		// An order of 0 takes everything as it comes.
		this.#random = given.order === 0 ? () => 0 : randomFrom(given.order);
		this.loop = new EventLoop(START_MS, this.#random);
		const { crowd, delayMs = 0, expires = false, panic } = given;
		const plans = [given, ...(crowd?.others ?? [])].map(({ plan }) => plan);
		const isStrict = !given.lateCommits;
		const shared = {
			...{ type: typeOf(given), clocks: this.loop, isStrict, expires, runners: this.runners(null) },
			listens: this.listens,
			// While it is panicked, what is due waits.
			isCalm: isStrict && given.happenings.length === 0 && Math.max(...plans.map(panicsOf)) === 0,
			panic,
			retentionMs: expires ? RETENTION_MS : 0,
			fault: (error: unknown) => {
				this.#fault ??= error;
			},
		};
		const others = (crowd?.others ?? []).map(({ plan, priority }, index) => {
			return new Member({ ...shared, id: `other-${index}`, plan, priority, delayMs: 0 }, this);
		});
		const { plan } = given;
		this.#members = [
			new Member({ ...shared, id: ID, plan, priority: 0, delayMs }, this),
			...others,
		];
		this.#shard = new FakeObject(shardName(shared.type), this);
		// No operator stops the type: what is known of it is never old.
		this.types.changed(shared.type, NEW_TYPE, Number.POSITIVE_INFINITY);
		const objects = this.#members.map(({ object }) => object);
		this.#warden = this.guard === null ? undefined : new Warden(this.guard, objects, this.loop);
	}

	/** How each instance ended. @throws {Violation} with what the engine did against its guarantees. */
	async run(): Promise<History[]> {
		const unhandled = (error: unknown) => {
			this.#fault ??= error;
		};
		process.on("unhandledRejection", unhandled);
		try {
			for (const [happening, member] of this.#story()) {
				this.#count(happening.do === "trap" ? `trap at ${happening.at}` : happening.do);
				this.#tell?.(`${JSON.stringify(happening)} (${member.object.name})`);
				await this.#happen(happening, member);
				await this.#work(happening.tasks);
			}
			this.#tell?.("no more faults");
			this.#traps = [];
			const histories = await this.#settle();
			for (const history of histories) checkEnd(history);
			this.#warden?.checkEnd(this.#shard.storage);
			return histories;
		} finally {
			process.off("unhandledRejection", unhandled);
			for (const { storage } of this.#objects) storage.close();
		}
	}

	/** What happens, and to whom: all are created first, then each happening is about one in turn. */
	*#story(): Iterable<[Happening, Member]> {
		const { crowd, happenings } = this.#case;
		for (const [index, member] of this.#members.entries()) {
			yield [{ do: "create", tasks: crowd?.others[index - 1]?.tasks ?? 8 }, member];
		}
		const about = crowd?.about ?? [];
		for (const [index, happening] of happenings.entries()) {
			const nth = about[index % Math.max(about.length, 1)] ?? 0;
			const member = this.#members[nth % this.#members.length];
			if (member !== undefined) yield [happening, member];
		}
	}

	get #objects(): FakeObject[] {
		return [...this.#members.map(({ object }) => object), this.#shard];
	}

	// ── For the objects ───────────────────────────────────────────────────────

	runners(sender: Life | null): RunnerNamespace {
		const stub = (name: string) => {
			const call = (method: Method, given: unknown) =>
				this.#call(sender, this.#memberOf(name)?.object ?? this.#shard, method, given);
			return new Proxy({}, { get: (_, method: Method) => (given: unknown) => call(method, given) });
		};
		return { getByName: (name) => stub(name) as ReturnType<RunnerNamespace["getByName"]> };
	}

	jitter(): number {
		return this.#random();
	}

	called(life: Life, key: string, attempt: number): void {
		const { object } = life;
		const member = this.#memberOf(object.name);
		if (member === undefined) return;
		this.#count("call");
		this.#tell?.(`  attempt ${attempt} of "${key}" (${object.name})`);
		let run = 0;
		this.#watch(() => {
			run = member.called(life, key, attempt);
			this.#warden?.called(object);
		});
		object.gate(() => {
			this.#watch(() => member.witness.effect(key, attempt, run));
			this.#spring("effect", object);
		});
		this.#spring("call", object);
	}

	told(life: Life, event: WorkflowEvent): Promise<void> {
		const member = this.#memberOf(life.object.name);
		this.#watch(() => member?.audience?.told(event));
		const reaction = reactionOf(this.#random());
		this.#count(`event: ${reaction}`);
		this.#tell?.(`  ${event.name} (${event.id}), attempt ${event.attempt}: ${reaction}`);
		return new Promise((resolve, reject) => {
			const arrive = () => {
				if (reaction !== "fail") this.#watch(() => member?.audience?.heard(event));
				if (reaction === "take") this.loop.post(life, resolve);
				else if (reaction !== "take and hang") {
					this.loop.post(life, () => reject(new Error("the receiver fails")));
				}
			};
			life.object.gate(() => this.loop.post(null, arrive));
		});
	}

	reported(message: string, error: unknown): void {
		this.#fault ??= new Error(message, { cause: error });
	}

	committed(object: FakeObject): void {
		const member = this.#memberOf(object.name);
		this.#watch(() => {
			if (member === undefined) this.#shardCommitted();
			else member.committed();
			if (member !== undefined) this.#warden?.committed(object);
			const rest = `${object.storage.alarmAt ?? "no"} alarm`;
			this.#tell?.(`  ${object.name} commits; ${member?.witness ?? this.#warden ?? ""}, ${rest}`);
		});
	}

	#shardCommitted(): void {
		for (const member of this.#members) {
			member.witness.indexed(this.#shard.storage);
			member.noticeRemoval();
		}
		this.#warden?.guardCommitted(this.#shard.storage);
	}

	died(object: FakeObject): void {
		this.#tell?.(`  ${object.name} dies`);
		const member = this.#memberOf(object.name);
		this.#watch(() => {
			if (member === undefined) this.#warden?.guardDied(object.storage);
			else member.witness.died();
		});
	}

	#memberOf(name: string): Member | undefined {
		return this.#members.find(({ object }) => object.name === name);
	}

	// ── What happens ──────────────────────────────────────────────────────────

	async #happen(action: Action, member: Member): Promise<void> {
		const { object } = member;
		switch (action.do) {
			case "next":
			case "pass":
			case "jump":
				return this.#moveTime(action);
			case "crash":
				(action.who === "shard" ? this.#shard : object).die();
				break;
			case "evict":
				this.#evict(action.who === "shard" ? this.#shard : object);
				break;
			case "trap":
				this.#traps.push({ at: action.at, times: action.times });
				break;
			case "alarm":
				if (action.how === "early") object.checkAlarm({ early: true });
				else this.loop.post(null, () => object.wake());
				break;
			default:
				member.happen(action);
		}
	}

	async #moveTime(action: Extract<Action, { do: "next" | "pass" | "jump" }>): Promise<void> {
		const idles = this.#members.some((member) => member.idles);
		while (idles && (await this.#runOne()));
		if (action.do === "next") this.#passUntilNext();
		else if (action.do === "pass") this.loop.pass(action.ms);
		else this.loop.jump(action.ms);
	}

	#evict(object: FakeObject): void {
		object.commit();
		object.die();
	}

	// ── How it goes on ────────────────────────────────────────────────────────

	async #work(tasks: number): Promise<void> {
		for (let task = 0; task < tasks && (await this.#runOne()); task++);
	}

	async #runOne(): Promise<boolean> {
		for (const object of this.#objects) object.checkAlarm();
		if (!(await this.loop.runOne())) return false;
		if (++this.#tasks > TASKS_MAX * this.#members.length) {
			throw new Violation(`G4: no end after ${this.#tasks} tasks`);
		}
		this.#watch(() => this.#warden?.look(this.#shard.storage));
		this.#afterTask();
		if (this.#fault !== undefined) throw this.#fault;
		return true;
	}

	#afterTask(): void {
		const mayFall = this.#warden === undefined ? this.#objects.slice(0, -1) : this.#objects;
		for (const object of mayFall) if (object.storage.hasUncommitted) this.#spring("write", object);
		// A commit may let an effect out, and its object dies of that.
		for (const object of mayFall.slice(0, this.#members.length)) {
			if (object !== this.#doomed && !this.#case.lateCommits) object.commit();
		}
		this.#doomed?.die();
		this.#doomed = undefined;
		for (const object of this.#objects) {
			if (!object.storage.hasUncommitted) continue;
			if (this.#case.lateCommits) object.commitLater();
			else object.commit();
		}
	}

	/** Lets a trap fall that is set at this. */
	#spring(at: string, object: FakeObject): void {
		const trap = this.#traps.find((set) => set.at === at);
		if (trap === undefined || (this.#doomed ?? object) !== object) return;
		this.#count(`death at ${at}`);
		this.#doomed = object;
		if (--trap.times === 0) this.#traps.splice(this.#traps.indexOf(trap), 1);
	}

	/** No faults any more: all end by their alarms, the events they wait for, and a resume. */
	async #settle(): Promise<History[]> {
		for (;;) {
			while (await this.#runOne());
			const open = this.#members.filter((member) => !member.isDone);
			const isAtRest = this.#case.expires || !Number.isFinite(this.#untilNextMs);
			if (open.length === 0 && isAtRest) {
				return this.#members.flatMap(({ history }) => history ?? []);
			}
			if (!open.some((member) => member.moveOn()) && !this.#goOn(open)) this.#stuck(open);
		}
	}

	#goOn(open: readonly Member[]): boolean {
		const chance = this.#random();
		const member = open.length > 1 ? open[Math.floor(this.#random() * open.length)] : open[0];
		if (member?.isParked && chance > 0.5) this.#evict(member.object);
		// The guard looks again for as long as anyone waits for its slot: that moves nobody on.
		const movesOn = Number.isFinite(this.#untilNext(this.#members.map(({ object }) => object)));
		const candidates = movesOn ? [member] : open;
		const waiting = candidates.find((each) => (each?.awaits ?? null) !== null);
		if (waiting?.awaits != null && (chance > 0.75 || !movesOn)) {
			waiting.send(waiting.awaits);
			return true;
		}
		const canPass = Number.isFinite(this.#untilNextMs);
		if (canPass) this.#passUntilNext();
		const triesAgain = open.filter((each) => each.timePasses()).length > 0;
		if (triesAgain && !canPass) this.loop.pass(RETRY_MS);
		return canPass || triesAgain;
	}

	#stuck(open: readonly Member[]): void {
		const how = open.map(({ witness: { workflow, isIndexed } }) => {
			return `${workflow?.status}${isIndexed ? "" : ", not indexed"}`;
		});
		throw new Violation(`G4: ${how.join("; ")}, and nothing will wake it`);
	}

	get #untilNextMs(): number {
		return this.#untilNext(this.#objects);
	}

	/** Until the first alarm of these objects, or the first timer; Infinity: there is none. */
	#untilNext(objects: readonly FakeObject[]): number {
		const firesAt = Math.min(...objects.map((object) => object.firesAt));
		return Math.max(0, Math.min(firesAt - this.loop.wallMs, this.loop.timerInMs));
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
}
