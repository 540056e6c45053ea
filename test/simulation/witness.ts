/**
 * Watches one instance and its index from outside, and holds what it sees against the guarantees:
 * at every call of a step's function, every effect that leaves, every commit, every death.
 *
 * It believes committed rows and its own notes only, and knows the plan.
 */
import { decode } from "../../src/model/codec";
import { decodeThrown, thrownMessage } from "../../src/model/error-record";
import { LIMITS } from "../../src/model/limits";
import { isTerminal, type WorkflowStatus } from "../../src/model/status";
import type { FakeStorage } from "./fake-storage";
import { evaluate, type Recorded, wasStopped } from "./model";
import { type Plan, some } from "./plan";

export interface WorkflowFacts {
	status: WorkflowStatus;
	reason: string | null;
	result: string | null;
	error: string | null;
	notBefore: number | null;
	deadlineAt: number | null;
	statusSeq: number;
	run: number;
	restarts: number;
	removing: number;
	slot: string | null;
	createdAt: number;
	startedAt: number | null;
	completedAt: number | null;
}

export interface StepFacts {
	seq: number;
	key: string;
	kind: string;
	status: string;
	attempts: number;
	result: string | null;
	error: string | null;
	event: string | null;
	startedAt: number;
	wakeAt: number | null;
	completedAt: number | null;
	outcome: number | null;
	/** Of a handler's step. */
	parent: string | null;
	parentAttempt: number | null;
}

export const QUERIES = {
	workflow: `SELECT status, reason, result, error, not_before AS notBefore,
		deadline_at AS deadlineAt, status_seq AS statusSeq, run, restarts, removing, slot,
		created_at AS createdAt, started_at AS startedAt, completed_at AS completedAt FROM workflow`,
	steps: `SELECT seq, key, kind, status, attempts, result, error, event, started_at AS startedAt,
		wake_at AS wakeAt, completed_at AS completedAt, outcome, parent,
		parent_attempt AS parentAttempt FROM steps`,
	events: "SELECT event, payload FROM events WHERE step IS NULL ORDER BY seq",
	removals: "SELECT 1 FROM instances WHERE status = 'removed'",
	index: "SELECT status, seq FROM instances WHERE id = ? AND status <> 'removed'",
	failures: "SELECT step, attempt FROM step_errors WHERE panic = 0 ORDER BY seq",
	/** Of the program in a run. */
	lines: "SELECT message FROM logs WHERE step IS NULL AND run = ?",
	/** Events that steps of earlier runs took. */
	past: "SELECT result FROM past_steps WHERE kind = 'wait_for_event' AND status = 'completed'",
};

export function hasTable(storage: FakeStorage, name: string): boolean {
	return storage.read("SELECT 1 FROM sqlite_schema WHERE name = ?", name).length > 0;
}

/** The longest that a pass at work goes without an alarm. */
const LEASE_MS = 5_000;
/** The longest between two tries to tell the index. */
const DELIVERY_RETRY_MS = 300_000;

export class Violation extends Error {
	override name = "Violation";
}

export function ensure(holds: boolean, guarantee: string, fault: string): void {
	if (!holds) throw new Violation(`${guarantee}: ${fault}`);
}

export function recorded(row: StepFacts): Recorded {
	const { key, kind, status, attempts, event, outcome } = row;
	const value =
		row.error !== null && status === "failed"
			? thrownMessage(decodeThrown(row.error))
			: row.result === null
				? undefined
				: decode(row.result);
	return { key, kind, status, attempts, event, outcome, value };
}

/** `but`: a column that does not count. */
function isSame(a: StepFacts, b: StepFacts, but?: keyof StepFacts): boolean {
	const columns = Object.keys(a) as (keyof StepFacts)[];
	return columns.every((column) => column === but || a[column] === b[column]);
}

/** Whether the handler that asked for a step has decided: it waits for nothing any more. */
export function isPast({ parent, parentAttempt }: StepFacts, steps: Iterable<StepFacts>): boolean {
	if (parent === null) return false;
	const rows = [...steps];
	const handled = rows.find(({ key }) => key === parent);
	if (handled === undefined) return true;
	const isOpen = handled.status === "handling" && handled.attempts === parentAttempt;
	return !isOpen || isPast(handled, rows);
}

interface Clocks {
	readonly wallMaxMs: number;
}

export interface WitnessSettings {
	id: string;
	plan: Plan;
	clocks: Clocks;
	isCalm: boolean;
	isStrict: boolean;
	/** From the creation to the start. */
	delayMs: number;
	retentionMs: number;
	/** Steps whose timer an operator has ended. */
	hurried: ReadonlySet<string>;
}

export class Witness {
	/** As of the latest commit. */
	workflow: WorkflowFacts | undefined;
	steps = new Map<string, StepFacts>();
	index: { status: string; seq: number } | undefined;
	/** Deaths in a row of an open pass, with nothing recorded: at most and at least so many. */
	lostAtMost = 0;
	lostAtLeast = 0;
	/** Instances of this id that are gone. */
	removals = 0;
	readonly #id: string;
	readonly #plan: Plan;
	readonly #clocks: Clocks;
	/** Nothing disturbs it: no timer may be late. */
	readonly #isCalm: boolean;
	/** Its commits come before its next turn. */
	readonly #isStrict: boolean;
	readonly #delayMs: number;
	/** How long an ended instance is kept; 0: for ever. */
	readonly #retentionMs: number;
	readonly #hurried: ReadonlySet<string>;
	/** By circuit breakers: an attempt may end that was not called. */
	readonly #mayBeRefused: boolean;
	/** The latest attempt called of each step of each run, and in which life. */
	readonly #calls = new Map<string, { attempt: number; restarts: number; life: object }>();
	#calledInThisLife = false;
	#recordedAtDeath = 0;

	constructor({ id, plan, clocks, isCalm, isStrict, delayMs, ...more }: WitnessSettings) {
		this.#id = id;
		this.#plan = plan;
		this.#isCalm = isCalm;
		this.#isStrict = isStrict;
		this.#clocks = clocks;
		this.#delayMs = delayMs;
		this.#retentionMs = more.retentionMs;
		this.#hurried = more.hurried;
		this.#mayBeRefused = some(plan, (node) => node.op === "do" && node.breaker !== undefined);
	}

	toString(): string {
		const steps = Array.from(this.steps.values(), ({ key, status }) => `${key} ${status}`);
		return `${this.workflow?.status} (${steps}), index ${this.index?.status ?? "empty"}`;
	}

	get isOver(): boolean {
		return this.workflow !== undefined && isTerminal(this.workflow.status);
	}

	get isIndexed(): boolean {
		return (this.index?.seq ?? 0) >= (this.workflow?.statusSeq ?? 0);
	}

	/** The function of a step is called. `written` is what its life sees, committed or not. */
	called(life: object, key: string, attempt: number, written: FakeStorage): number {
		const what = `attempt ${attempt} of "${key}"`;
		const [workflow] = written.read<WorkflowFacts>(QUERIES.workflow);
		ensure(workflow?.status === "running", "G11", `${what} began while ${workflow?.status}`);
		const { run = 0, restarts = 0, createdAt = 0 } = workflow ?? {};
		const startAt = run === 1 ? createdAt + this.#delayMs : createdAt;
		ensure(startAt <= this.#clocks.wallMaxMs, "G9", `${what} before the start`);
		const isOpen = !this.#isStrict || this.workflow?.status === "running";
		ensure(isOpen, "G17", `${what} before it was committed that a pass is open`);
		const [row] = written.read<StepFacts>(`${QUERIES.steps} WHERE key = ?`, key);
		const committed = this.workflow?.run === run ? this.steps.get(key) : undefined;
		ensure((committed?.outcome ?? null) === null, "G2", `${what} after its outcome`);
		ensure((row?.outcome ?? null) === null, "G2", `${what} after its outcome was written`);
		ensure(row?.status !== "handling", "G1", `${what} while the one before is handled`);
		ensure((row?.attempts ?? 0) === attempt - 1, "G1", `${what} after ${row?.attempts} recorded`);
		ensure((row?.wakeAt ?? 0) <= this.#clocks.wallMaxMs, "G9", `${what} before its time`);
		const before = this.#calls.get(`${run}/${key}`);
		const isRestarted = before?.restarts !== restarts;
		const isAgain = before?.attempt === attempt && before.life === life && !isRestarted;
		ensure(!isAgain, "G5", `${what} twice in one life`);
		ensure(
			this.lostAtLeast < LIMITS.strikes,
			"G17",
			`${what} after ${this.lostAtLeast} lost passes`,
		);
		this.#calls.set(`${run}/${key}`, { attempt, restarts, life });
		this.#calledInThisLife = true;
		return run;
	}

	/** The effect of an attempt is seen outside. */
	effect(key: string, attempt: number, run: number): void {
		// It left in the commit that began another run.
		if (this.workflow?.run !== run) return;
		const what = `the effect of attempt ${attempt} of "${key}" left`;
		const { asked } = evaluate(this.#plan, this.rows());
		ensure(asked.has(key), "G1", `${what} before what asks for it was committed`);
		const attempts = this.steps.get(key)?.attempts ?? 0;
		ensure(attempts >= attempt - 1, "G1", `${what}, but ${attempts} are recorded`);
	}

	rows(): Map<string, Recorded> {
		return new Map(Array.from(this.steps, ([key, row]) => [key, recorded(row)]));
	}

	/** The instance has committed. */
	committed(storage: FakeStorage): void {
		if (!hasTable(storage, "workflow")) {
			this.#removed(storage);
			return;
		}
		const [workflow] = storage.read<WorkflowFacts>(QUERIES.workflow);
		if (workflow === undefined) return;
		if (this.workflow !== undefined && workflow.createdAt !== this.workflow.createdAt) {
			// A late commit has the removal of the one, and the creation of the next.
			ensure(
				isTerminal(this.workflow.status),
				"G13",
				`it was ${this.workflow.status}, and is another`,
			);
			this.#forgotten();
		}
		if (this.workflow !== undefined && workflow.run > this.workflow.run) {
			this.#restarted(storage);
		}
		const before = { workflow: this.workflow, steps: this.steps };
		// The same status number: it was not resumed and paused again in between.
		const stillPaused =
			workflow.status === "paused" && before.workflow?.statusSeq === workflow.statusSeq;
		this.workflow = workflow;
		this.#checkStatus(before.workflow, workflow);
		if (storage.stepsChanged) {
			storage.stepsChanged = false;
			const sameRun = before.workflow?.run === workflow.run;
			const wasOver = sameRun && isTerminal(before.workflow?.status ?? "created");
			ensure(!wasOver, "G11", `a step was recorded after it was ${workflow.status}`);
			this.steps = new Map(storage.read<StepFacts>(QUERIES.steps).map((row) => [row.key, row]));
			this.#checkJournal(before.steps, stillPaused);
		}
		this.checkAlarm(storage.alarmAt);
		const parked = workflow.status === "sleeping" || workflow.status === "waiting";
		if (parked && workflow.notBefore === null) this.lostAtMost = 0;
		// A pause may come before the lost pass is counted; a restart is one more chance.
		const isOver = workflow.status === "paused" || workflow.status === "panicked";
		if (this.lostAtMost === 0 || isOver) this.lostAtLeast = 0;
	}

	/** Another run began: it has a part of the steps, as they were. */
	#restarted(storage: FakeStorage): void {
		const kept = storage.read<StepFacts>(QUERIES.steps);
		for (const row of this.#isStrict ? kept : []) {
			const old = this.steps.get(row.key);
			// Where handlers' steps before it went, an outcome moves up.
			const same = old !== undefined && isSame(old, row, "outcome");
			ensure(same, "G2", `"${row.key}" was not kept as it was by a restart`);
			const isWhole = row.parent === null || kept.some(({ key }) => key === row.parent);
			ensure(isWhole, "G2", `"${row.key}" was kept by a restart, and "${row.parent}" was not`);
		}
		this.steps = new Map(kept.map((row) => [row.key, row]));
		this.lostAtMost = 0;
		this.lostAtLeast = 0;
		this.#recordedAtDeath = this.#weight();
	}

	/** Nothing is left of the instance (G14). */
	#removed(storage: FakeStorage): void {
		if (this.workflow === undefined) return;
		ensure(this.workflow.removing === 1, "G14", `it is gone, and was ${this.workflow.status}`);
		ensure(this.index === undefined, "G12", "it is gone, and the index still lists it");
		ensure(storage.alarmAt === null, "G14", "it is gone, and its alarm is not");
		ensure(storage.read("SELECT 1 FROM sqlite_schema").length === 0, "G14", "tables are left");
		this.#forgotten();
	}

	#forgotten(): void {
		this.removals++;
		this.workflow = undefined;
		this.steps = new Map();
		this.#calls.clear();
		this.lostAtMost = 0;
		this.lostAtLeast = 0;
		this.#recordedAtDeath = 0;
		this.#calledInThisLife = false;
	}

	#checkStatus(before: WorkflowFacts | undefined, now: WorkflowFacts): void {
		ensure(!now.reason?.startsWith("NON_DETERMINISM"), "G7", `paused: ${now.reason}`);
		if (before === undefined) return;
		ensure(now.statusSeq >= before.statusSeq, "G12", "the status number went back");
		const isLost =
			now.reason?.startsWith("PASS_LOST") && (isTerminal(now.status) || now.status === "panicked");
		ensure(
			!isLost || this.lostAtMost >= LIMITS.strikes,
			"G17",
			`ended after ${this.lostAtMost} lost passes`,
		);
		if (now.run === before.run) {
			const panics = now.restarts - before.restarts;
			// Late commits may have several in them.
			const isOne = panics <= 1 || !this.#isStrict;
			ensure(panics >= 0 && isOne, "G4", `restarts went from ${before.restarts} on`);
			const counts = panics > 0 || now.status !== "panicked" || before.status === "panicked";
			ensure(counts, "G4", "a panic is not counted");
		}
		if (!isTerminal(before.status) || now.run > before.run) return;
		const same = now.status === before.status && now.result === before.result;
		ensure(same, "G11", `${before.status} became ${now.status}`);
	}

	#checkJournal(before: Map<string, StepFacts>, stillPaused: boolean): void {
		const outcomes: number[] = [];
		for (const row of this.steps.values()) {
			if (row.outcome !== null) outcomes.push(row.outcome);
			const old = before.get(row.key);
			if (old === undefined || !isSame(old, row)) this.#checkChange(old, row, stillPaused);
		}
		ensure(before.size <= this.steps.size, "G2", "a row is gone");
		outcomes.sort((a, b) => a - b);
		const gapless = outcomes.every((outcome, index) => outcome === index + 1);
		ensure(gapless, "G6", `the outcomes are numbered ${outcomes}`);
	}

	#checkChange(old: StepFacts | undefined, row: StepFacts, stillPaused: boolean): void {
		const what = `"${row.key}" (${row.status})`;
		const { wallMaxMs } = this.#clocks;
		ensure((old?.outcome ?? null) === null, "G2", `${what} changed after its outcome`);
		ensure(row.startedAt === (old?.startedAt ?? row.startedAt), "G9", `${what} began anew`);
		const ended = row.outcome !== null;
		if (row.kind === "do") {
			const isHurried = this.#hurried.has(row.key) && row.attempts === old?.attempts && !ended;
			if (isHurried) return;
			const isHandled = old?.status === "handling" && row.attempts === old.attempts;
			if (isHandled) return;
			ensure(row.attempts > (old?.attempts ?? 0), "G1", `${what} changed without an attempt`);
			if (this.#mayBeRefused || wasStopped(recorded(row).value)) return;
			const { attempt } = this.#calls.get(`${this.workflow?.run}/${row.key}`) ?? {};
			ensure(attempt !== undefined && attempt >= row.attempts, "G1", `${what} was not called`);
			return;
		}
		const byEvent = row.kind === "wait_for_event" && row.status === "completed";
		const byHand = byEvent || this.#hurried.has(row.key);
		ensure(byHand || !stillPaused, "G11", `${what} while paused`);
		if (byEvent) {
			const isFirst = [...this.steps.values()].every(
				(other) =>
					other.seq > row.seq ||
					other.status !== "waiting" ||
					other.event !== row.event ||
					isPast(other, this.steps.values()),
			);
			ensure(isFirst, "G8", `${what} took an event that an earlier wait was to have`);
		}
		if (!ended) {
			ensure(old === undefined, "G9", `the due time of ${what} changed`);
		} else if (!byHand && old?.wakeAt !== undefined) {
			const due = old.wakeAt ?? Number.POSITIVE_INFINITY;
			const at = row.completedAt ?? 0;
			ensure(due <= wallMaxMs && at >= due, "G9", `${what} before its time`);
			ensure(!this.#isCalm || at === due, "G4", `${what} ${at - due} ms after its time`);
		}
	}

	/** G4: the alarm that the committed state needs is there. */
	checkAlarm(alarmAt: number | null): void {
		const { workflow } = this;
		if (workflow === undefined) return;
		const { status, notBefore, deadlineAt, removing, completedAt } = workflow;
		const { wallMaxMs } = this.#clocks;
		const at = alarmAt ?? Number.POSITIVE_INFINITY;
		const latest = (limit: number, why: string) =>
			ensure(at <= limit, "G4", `${status}, and the alarm is ${at - limit} ms too late: ${why}`);
		if (!this.isIndexed) latest(wallMaxMs + DELIVERY_RETRY_MS, "the index is behind");
		if (removing === 1) latest(wallMaxMs + DELIVERY_RETRY_MS, "it is to be removed");
		else if (isTerminal(status) && this.#retentionMs > 0) {
			const expiresAt = (completedAt ?? 0) + this.#retentionMs;
			latest(Math.max(expiresAt, wallMaxMs + LEASE_MS), "it is to expire");
		}
		if (isTerminal(status) || status === "paused") return;
		if (deadlineAt !== null) latest(deadlineAt, "deadline");
		if (notBefore !== null) {
			latest(notBefore, "backed off");
			return;
		}
		if (status === "panicked") return;
		// What is due while a pass is open is the pass's to see; the lease looks after the pass.
		if (status === "running") latest(wallMaxMs + LEASE_MS, "a pass is open");
		else {
			for (const row of this.steps.values()) {
				if (row.status === "handling" || isPast(row, this.steps.values())) continue;
				const { key, wakeAt } = row;
				// A retry that is due waits for the slot: the guard wakes it.
				const isHeldUp = workflow.slot === "queued" && (wakeAt ?? 0) <= wallMaxMs;
				if (wakeAt !== null && !isHeldUp) latest(wakeAt, key);
			}
		}
	}

	/** The shard has committed. */
	indexed(storage: FakeStorage): void {
		const [row] = hasTable(storage, "instances")
			? storage.read<{ status: string; seq: number }>(QUERIES.index, this.#id)
			: [];
		if (row === undefined) {
			const mayGo = this.index === undefined || this.workflow?.removing === 1;
			ensure(mayGo, "G12", "its row is gone from the index");
			this.index = undefined;
			return;
		}
		ensure(row.seq >= (this.index?.seq ?? 0), "G12", "an older status overwrote a newer one");
		ensure(row.seq <= (this.workflow?.statusSeq ?? 0), "G1", "the index is ahead of the instance");
		this.index = { ...row };
	}

	/** The instance's life ended. */
	died(): void {
		const strict = this.#isStrict;
		const weight = this.#weight();
		// Whatever was recorded since the last death, and by whatever, ends the row.
		const grew = weight > this.#recordedAtDeath;
		if (grew) this.lostAtMost = 0;
		if (grew || !strict) this.lostAtLeast = 0;
		if (this.workflow?.status === "running") {
			this.lostAtMost++;
			if (!grew && strict && this.#calledInThisLife) this.lostAtLeast++;
		}
		this.#recordedAtDeath = weight;
		this.#calledInThisLife = false;
	}

	/** Grows with whatever is recorded. */
	#weight(): number {
		return Array.from(this.steps.values(), ({ attempts, outcome }) =>
			outcome === null ? attempts + 1 : attempts + 2,
		).reduce((sum, each) => sum + each, 0);
	}
}
