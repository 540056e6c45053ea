/**
 * What a plan comes to as a state machine, given the outcomes in its journal: which steps it asks
 * for, after which outcome, what each of them may record, and what it gives.
 *
 * It follows the recorded outcomes, so a choice is the one that was recorded; whether that could be
 * taken, the verdict on its row says.
 */
import { resultOf } from "./interpreter";
import { armPath, bodyPath, joinOf, lookOf } from "./machine-plans";
import { type Asked, type Evaluation, faultOf, OPEN, type Recorded, type Verdict } from "./model";
import { childPath, type DoPlan, isBeyond, type MachinePlan, type Plan, ROOT } from "./plan";

type Node<Op extends MachinePlan["op"]> = Extract<MachinePlan, { op: Op }>;

/** Where a sequence of steps is: the machine's own, or a branch's. */
interface Track {
	/** Of its steps' names in the journal. */
	readonly prefix: string;
	/** Outputs by name: of steps before the branch, and its own. */
	readonly outside: ReadonlyMap<string, unknown>;
	readonly known: Map<string, unknown>;
	/** What the step before gave; null: there is none. */
	before: { readonly output: unknown } | null;
}

export class MachineModel {
	readonly asked: Evaluation["asked"] = new Map();
	readonly #rows: ReadonlyMap<string, Recorded>;
	readonly #calls = new Map<string, number>();

	constructor(rows: ReadonlyMap<string, Recorded>) {
		this.#rows = rows;
	}

	settle(plan: Plan): Verdict {
		const track = { prefix: "", outside: new Map(), known: new Map(), before: null };
		return this.#outputOf(plan, ROOT, track, 0);
	}

	#outputOf(plan: Plan, path: string, track: Track, from: number): Verdict {
		const end = this.#run(plan, path, track, from);
		return isDone(end) ? { ...end, value: track.before?.output } : end;
	}

	#run(plan: Plan, path: string, track: Track, from: number): Verdict {
		switch (plan.op) {
			case "do":
			case "wait":
				return gives(track, path, this.#step(track, path, { plan }, from));
			case "sleep": {
				const end = this.#step(track, path, { plan }, from);
				if (isDone(end)) track.known.set(path, undefined);
				return end;
			}
			case "seq":
				return this.#sequence(
					plan.of.map((node, index) => ({ node, path: childPath(path, index) })),
					track,
					from,
				);
			case "choice":
				return this.#choice(plan, path, track, from);
			case "poll":
				return this.#poll(plan, path, track, from);
			case "again":
				return this.#again(plan, path, track, from);
			case "parallel":
				return this.#parallel(plan, path, track, from);
			case "look": {
				const value = lookOf(track.before?.output, new Map([...track.outside, ...track.known]));
				return gives(track, path, this.#step(track, path, { plan, judge: only(value) }, from));
			}
			default:
				throw new Error(`a machine has no "${plan.op}"`);
		}
	}

	#sequence(parts: { node: Plan; path: string }[], track: Track, from: number): Verdict {
		let at = from;
		for (const { node, path } of parts) {
			const part = this.#run(node, path, track, at);
			if (!isDone(part)) return part;
			at = part.at;
		}
		return { at, ok: true, value: undefined };
	}

	#choice(plan: Node<"choice">, path: string, track: Track, from: number): Verdict {
		const join = joinOf(path);
		const firsts = plan.arms.map((arm, index) => firstOf(arm, armPath(path, index)) ?? join);
		const wanted = plan.fickle ? firsts : [firsts[plan.take % firsts.length]];
		const judge = ({ value }: Recorded) =>
			wanted.includes(value as string) ? undefined : `chose ${value} of ${wanted}`;
		const chosen = this.#step(track, path, { plan, judge }, from);
		if (!isDone(chosen)) return chosen;
		track.known.set(path, chosen.value);
		const taken = firsts.indexOf(chosen.value as string);
		const arm = plan.arms[taken];
		const parts = arm === undefined ? [] : [{ node: arm, path: armPath(path, taken) }];
		const end = this.#sequence(parts, track, chosen.at);
		if (!isDone(end)) return end;
		const handedOn = { plan, judge: only(track.before?.output) };
		return gives(track, join, this.#step(track, join, handedOn, end.at));
	}

	#poll(plan: Node<"poll">, path: string, track: Track, from: number): Verdict {
		const { checks, intervalMs, each } = plan;
		for (let check = 1, at = from; ; check++) {
			const isSpent = isBeyond(plan) && check === plan.most;
			const spent = `The poll "${track.prefix}${path}" is not done after ${plan.most} turns, which is its limit.`;
			const judge = (row: Recorded) =>
				faultOfCheck(row, each, { isLast: check % checks === 0, spent: isSpent ? spent : null });
			const end = this.#step(track, path, { plan, judge }, at);
			if (!isDone(end)) return end;
			const { done, result } = end.value as { done: boolean; result?: unknown };
			if (done) return gives(track, path, { ...end, value: result });
			const pause = this.#pause(track, path, intervalMs, end.at);
			if (!isDone(pause)) return pause;
			at = pause.at;
		}
	}

	#again(plan: Node<"again">, path: string, track: Track, from: number): Verdict {
		for (let round = 1, at = from; ; round++) {
			const turn = this.#run(plan.body, bodyPath(path), track, at);
			if (!isDone(turn)) return turn;
			const isSpent = isBeyond(plan) && round - 1 === plan.most;
			const spent = `The loop "${track.prefix}${path}" wants to go on after ${plan.most} turns, which is its limit.`;
			const judge = (row: Recorded) =>
				isSpent
					? failedWith(row, spent)
					: wants(row, (row.value as { again: boolean }).again === round < plan.times);
			const end = this.#step(track, path, { plan, judge }, turn.at);
			if (!isDone(end)) return end;
			const { again } = end.value as { again: boolean };
			track.known.set(path, { iterations: again ? round : round - 1 });
			if (!again) return end;
			const pause = plan.intervalMs > 0 ? this.#pause(track, path, plan.intervalMs, end.at) : end;
			if (!isDone(pause)) return pause;
			at = pause.at;
		}
	}

	#pause(track: Track, path: string, ms: number, from: number): Verdict {
		return this.#step(track, `${path}/interval`, { plan: { op: "sleep", ms } }, from);
	}

	#parallel(plan: Node<"parallel">, path: string, track: Track, from: number): Verdict {
		const outside = new Map([...track.outside, ...track.known]);
		const inside = `${track.prefix}${path}/`;
		const ends = plan.of.map((branch, index) => {
			const own = {
				...{ prefix: `${inside}${index}/`, outside, known: new Map<string, unknown>() },
				before: track.before,
			};
			return this.#outputOf(branch, childPath(path, index), own, from);
		});
		const end =
			plan.onError === "fail-fast" ? this.#firstFailure(ends, inside) : allFailures(ends, path);
		return gives(track, path, end);
	}

	/** The first branch that fails stops the others: nothing is asked for after it. */
	#firstFailure(ends: readonly Verdict[], inside: string): Verdict {
		const failures = ends.filter(({ at, ok }) => at !== OPEN.at && !ok);
		const [first] = failures.sort((a, b) => a.at - b.at);
		if (first === undefined) return together(ends);
		for (const [key, asked] of this.asked) {
			if (!key.startsWith(inside)) continue;
			if (asked.at > first.at) this.asked.delete(key);
			else asked.stoppedAt = Math.min(first.at, asked.stoppedAt ?? first.at);
		}
		return first;
	}

	#step(track: Track, name: string, about: Pick<Asked, "plan" | "judge">, from: number): Verdict {
		const path = `${track.prefix}${name}`;
		const call = (this.#calls.get(path) ?? 0) + 1;
		this.#calls.set(path, call);
		const key = call === 1 ? path : `${path}#${call}`;
		const row = this.#rows.get(key);
		this.asked.set(key, { ...about, at: from, isNested: false, handled: [] });
		if (row === undefined || row.outcome === null) return OPEN;
		return { at: row.outcome, ok: row.status === "completed", value: row.value };
	}
}

function isDone({ at, ok }: Verdict): boolean {
	return at !== OPEN.at && ok;
}

/** What a step gives is known, and goes to the next. */
function gives(track: Track, path: string, end: Verdict): Verdict {
	if (!isDone(end)) return end;
	track.known.set(path, end.value);
	track.before = { output: end.value };
	return end;
}

/** Once all branches have ended: their outputs, or all errors in one. */
function allFailures(ends: readonly Verdict[], step: string): Verdict {
	const end = together(ends);
	const failed = ends.flatMap(({ ok, value }, index) => (ok ? [] : [`${index}: ${value}`]));
	if (end.at === OPEN.at || failed.length === 0) return end;
	const summary = `${failed.length} of ${ends.length} branches of "${step}" failed.`;
	return { ...end, ok: false, value: `${summary} ${failed.join("; ")}` };
}

function together(ends: readonly Verdict[]): Verdict {
	const at = Math.max(...ends.map((end) => end.at));
	if (at === OPEN.at) return OPEN;
	return {
		at,
		ok: true,
		value: Object.fromEntries(ends.map(({ value }, index) => [index, value])),
	};
}

/** The name of the first step that a plan is written as; undefined: it has none. */
function firstOf(plan: Plan, path: string): string | undefined {
	if (plan.op === "again") return firstOf(plan.body, bodyPath(path));
	if (plan.op !== "seq") return path;
	for (const [index, node] of plan.of.entries()) {
		const first = firstOf(node, childPath(path, index));
		if (first !== undefined) return first;
	}
	return undefined;
}

function only(wanted: unknown): (row: Recorded) => string | undefined {
	return (row) => wants(row, JSON.stringify(row.value) === JSON.stringify(wanted));
}

function wants({ status, value }: Recorded, isRight: boolean): string | undefined {
	return status === "completed" && isRight ? undefined : `${status} with ${JSON.stringify(value)}`;
}

function failedWith({ status, value }: Recorded, message: string): string | undefined {
	return status === "failed" && value === message ? undefined : `${status} instead of failed`;
}

/** A check fails or succeeds as a step does; its answer is beside that. `spent`: there is none left. */
function faultOfCheck(
	row: Recorded,
	each: DoPlan,
	{ isLast, spent }: { isLast: boolean; spent: string | null },
): string | undefined {
	const { key, status, value } = row;
	const asDo = { plan: each, at: 0, isNested: false, handled: [] };
	if (status === "failed" && value !== spent) return faultOf(row, asDo);
	const answer = value as { done: boolean; result?: unknown };
	const isRight =
		spent === null ? status === "completed" && answer.done === isLast : value === spent;
	if (!isRight || (isLast && spent === null && answer.result !== resultOf(key))) {
		return `${status} with ${JSON.stringify(value)}`;
	}
	return faultOf({ ...row, status: "completed", value: resultOf(key) }, asDo);
}
