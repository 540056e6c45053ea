/**
 * A case in workerd: the real class, storage, alarms and isolate, driven from outside. Deaths come
 * where the test gets a turn; what the world of fakes can do more is left out (late commits,
 * clocks set back, deaths within a turn, and those of the shard).
 */
import { createInstance } from "../../../src/client/create-instance";
import {
	describeInstance,
	readLogs,
	restartInstance,
	sendEvent,
} from "../../../src/client/runner-client";
import { WorkflowError } from "../../../src/model/errors";
import { LIMITS } from "../../../src/model/limits";
import { isTerminal } from "../../../src/model/status";
import { listed, runners, TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";
import type { Case, Happening } from "../case";
import { planPrograms, typeOf } from "../interpreter";
import { type Plan, panicsOf, some } from "../plan";
import { checkEnd, type History, type Sent } from "../verdict";
import { QUERIES, type StepFacts, Violation, type WorkflowFacts } from "../witness";

/** Turns of the event loop take a millisecond here. */
const TURNS_MAX = 6;
/** Longer than any attempt works. */
const LONG_MS = 3_600_000;
const ROUNDS_MAX = 400;

interface Call {
	key: string;
	attempt: number;
}

/** Of the instance that runs; there is one at a time. */
let calls: Call[] = [];

for (const program of planPrograms({
	called: (key, attempt) => void calls.push({ key, attempt }),
	now: () => clock.now(),
	turn: () => clock.turn(),
	after: (ms, work) => void clock.after(ms, work),
})) {
	programs.set(program.type, program);
}

export class WorkerdWorld {
	readonly #case: Case;
	readonly #type: string;
	readonly #instance: TestInstance;
	readonly #events: Sent[] = [];
	#deaths = 0;
	#terminates = false;

	constructor(id: string, given: Case) {
		this.#case = given;
		this.#type = typeOf({ hasDeadline: given.hasDeadline });
		this.#instance = new TestInstance(id);
	}

	async run(): Promise<void> {
		calls = [];
		await this.#create();
		for (const happening of this.#case.happenings) {
			await this.#happen(happening);
			await turns(Math.min(happening.tasks, TURNS_MAX));
		}
		await this.#settle();
		checkEnd(await this.#history());
		this.#checkCalls();
		await this.#checkIndex();
		// The timers of a race's losers end; each would go on asking for the time.
		clock.advance(LONG_MS);
	}

	async #happen(action: Happening): Promise<void> {
		const instance = this.#instance;
		switch (action.do) {
			case "next":
				return this.#advanceToAlarm();
			case "pass":
			case "jump":
				if (action.ms > 0) clock.advance(action.ms);
				return;
			case "crash":
			case "evict":
				if (action.who === "instance") await this.#die(action.do);
				return;
			case "trap":
				for (let time = 0; time < action.times; time++) await this.#dieAtCall();
				return;
			case "alarm":
				return instance.fireAlarm().catch(noAlarm);
			case "event":
				return this.#send(action.name);
			case "create":
				return this.#create().then(() => {
					throw new Violation("G13: created twice");
				}, refused("INSTANCE_EXISTS"));
			case "restart":
			case "remove":
			case "fire-sleep":
			case "retry-now":
				// What becomes of calls and events over several runs, the simulated world judges.
				return;
			default:
				this.#terminates ||= action.do === "terminate";
				await instance.control(action.do).catch(refused("ILLEGAL_STATUS_CHANGE"));
		}
	}

	async #create(): Promise<void> {
		const { plan, delayMs: delay = 0, panic } = this.#case;
		const { id } = this.#instance;
		await createInstance(runners, { type: this.#type, id, payload: plan, delay, panic });
	}

	async #send(event: string): Promise<void> {
		const sent = { event, number: this.#events.length, accepted: true };
		const payload = { event, number: sent.number };
		await sendEvent(runners, { id: this.#instance.id, event, payload }).then(
			() => void this.#events.push(sent),
			refused("INSTANCE_FINISHED"),
		);
	}

	/** What is at work, or has timers left, cannot be evicted: it crashes. */
	async #die(how: "crash" | "evict"): Promise<void> {
		this.#deaths++;
		const { status } = await this.#workflow();
		const isParked = status === "sleeping" || status === "waiting";
		await this.#instance[isParked ? how : "crash"]();
	}

	/** Dies soon after the next call of a function, if there is one. */
	async #dieAtCall(): Promise<void> {
		const before = calls.length;
		for (let turn = 0; turn < TURNS_MAX && calls.length === before; turn++) await clock.turn();
		if (calls.length > before) await this.#die("crash");
	}

	async #advanceToAlarm(): Promise<void> {
		const alarmAt = await this.#instance.alarmAt();
		if (alarmAt !== null) await this.#instance.advance(Math.max(0, alarmAt - clock.now()));
	}

	/** Only a stored alarm, an event that a step waits for, and a resume move it on. */
	async #settle(): Promise<void> {
		for (let round = 0; round < ROUNDS_MAX; round++) {
			await turns(TURNS_MAX);
			const { status, notBefore } = await this.#workflow();
			if (isTerminal(status)) return;
			const alarmAt = await this.#instance.alarmAt();
			const waits = (await this.#steps()).find((row) => row.status === "waiting");
			if (status === "paused") await this.#instance.control("resume");
			else if (status === "panicked" && notBefore === null) await this.#restart();
			else if (alarmAt !== null) await this.#advanceToAlarm();
			else if (waits?.event != null) await this.#send(waits.event);
			else throw new Violation(`G4: ${status}, and nothing will wake it`);
			if (status === "running" && round % 8 === 7) clock.advance(LONG_MS);
		}
		throw new Violation(`G4: no end after ${ROUNDS_MAX} rounds`);
	}

	async #checkIndex(): Promise<void> {
		const { id } = this.#instance;
		const { status } = await this.#workflow();
		for (let round = 0; round < ROUNDS_MAX; round++) {
			const rows = await listed(this.#type);
			if (rows.find((row) => row.id === id)?.status === status) return;
			await turns(1);
			// A delivery that was lost is made again by the alarm, and by nothing else.
			if (round % 100 === 99) await this.#advanceToAlarm();
		}
		throw new Violation(`G12: the index does not know that it is ${status}`);
	}

	/** G1, G2: attempts follow one another, and are repeated by a death only. */
	#checkCalls(): void {
		const last = new Map<string, number>();
		const hasBreaker = (node: Plan) => node.op === "do" && node.breaker !== undefined;
		const mayBeRefused = some(this.#case.plan, hasBreaker);
		let repeated = 0;
		for (const { key, attempt } of calls) {
			const before = last.get(key) ?? 0;
			// One that a circuit breaker refused is no call.
			const follows = attempt === before + 1 || (mayBeRefused && attempt > before);
			if (attempt === before) repeated++;
			else if (!follows) throw new Violation(`G1: ${key} went to ${attempt}`);
			last.set(key, attempt);
		}
		// Branches that run side by side die together.
		const mayRepeat = this.#deaths > 0 || panicsOf(this.#case.plan) > 0;
		if (repeated > 0 && !mayRepeat) throw new Violation("G2: a call was repeated");
	}

	async #workflow(): Promise<WorkflowFacts> {
		const [row] = await this.#instance.sql<WorkflowFacts>(QUERIES.workflow);
		if (row === undefined) throw new Violation("G13: never created");
		return row;
	}

	#steps(): Promise<StepFacts[]> {
		return this.#instance.sql<StepFacts>(QUERIES.steps);
	}

	async #failures(): Promise<History["failures"]> {
		const { errors } = await describeInstance(runners, this.#instance.id, { include: ["errors"] });
		return (errors?.entries ?? []).flatMap(({ step, attempt, isPanic }) =>
			isPanic || step === null || attempt === null ? [] : [{ step, attempt }],
		);
	}

	/** In one run. */
	async #lines(): Promise<History["lines"]> {
		const { lines } = await readLogs(runners, this.#instance.id, { limit: LIMITS.listPage });
		return lines.filter(({ step }) => step === null);
	}

	async #restart(): Promise<void> {
		await restartInstance(runners, this.#instance.id);
	}

	async #history(): Promise<History> {
		return {
			plan: this.#case.plan,
			workflow: await this.#workflow(),
			steps: await this.#steps(),
			buffered: await this.#instance.sql(QUERIES.events),
			past: [],
			hurried: new Set(),
			events: this.#events,
			terminates: this.#terminates,
			panic: this.#case.panic ?? {},
			failures: await this.#failures(),
			lines: await this.#lines(),
		};
	}
}

async function turns(count: number): Promise<void> {
	for (let turn = 0; turn < count; turn++) await clock.turn();
}

function refused(code: string): (error: unknown) => void {
	return (error) => {
		if (!(error instanceof WorkflowError) || error.code !== code) throw error;
	};
}

function noAlarm(): void {}
