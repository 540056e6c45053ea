/** What a plan comes to as a graph, given the outcomes in its journal; as `machine-model.ts` does it. */
import { didOf, PART } from "./graph-plans";
import { resultOf } from "./interpreter";
import { type Asked, type Evaluation, faultOf, OPEN, type Recorded, type Verdict } from "./model";
import { childPath, type DoPlan, type Plan, ROOT } from "./plan";

type Node<Op extends Plan["op"]> = Extract<Plan, { op: Op }>;

interface Outcome {
	edge: string | null;
	output?: unknown;
	late?: true;
}

export class GraphModel {
	readonly asked: Evaluation["asked"] = new Map();
	readonly #rows: ReadonlyMap<string, Recorded>;
	readonly #calls = new Map<string, number>();
	/** Keys of steps that an attempt of theirs makes known to the state. */
	readonly #acts = new Set<string>();

	constructor(rows: ReadonlyMap<string, Recorded>) {
		this.#rows = rows;
	}

	settle(plan: Plan): Verdict {
		const end = this.#run(plan, ROOT, 0);
		if (!isDone(end)) return end;
		const did = [...this.#acts].filter((key) => {
			const { outcome = null, status, value } = this.#rows.get(key) ?? {};
			const counts = status === "completed" && !(value as Outcome).late;
			return outcome !== null && outcome <= end.at && counts;
		});
		return { ...end, value: didOf(Object.fromEntries(did.map((key) => [`did ${key}`, true]))) };
	}

	#run(plan: Plan, path: string, from: number): Verdict {
		switch (plan.op) {
			case "do":
				return this.#step(path, { plan, judge: (row) => faultOfAct(row, plan) }, from);
			case "wait":
			case "sleep":
				return this.#step(path, { plan }, from);
			case "seq":
				return this.#sequence(plan, path, from);
			case "again":
				return this.#again(plan, path, from);
			case "parallel": {
				const branches = plan.of.map((node, index) => ({ node, path: childPath(path, index) }));
				return this.#parallel(branches, { plan, path, onError: plan.onError, from });
			}
			case "try":
				return this.#try(plan, path, from);
			default:
				throw new Error(`a graph has no "${plan.op}"`);
		}
	}

	#sequence({ of }: Node<"seq">, path: string, from: number): Verdict {
		let end: Verdict = { at: from, ok: true, value: undefined };
		for (const [index, node] of of.entries()) {
			end = this.#run(node, childPath(path, index), end.at);
			if (!isDone(end)) return end;
		}
		return end;
	}

	#again(plan: Node<"again">, path: string, from: number): Verdict {
		let at = from;
		for (let turn = 0; ; turn++) {
			const isLast = turn === plan.times;
			const wanted = isLast ? { edge: "done", output: { turns: turn } } : { edge: "loop", turn };
			const first = turn === 0 && !isLast ? { count: plan.times } : {};
			const end = this.#step(path, { plan, judge: only({ ...wanted, ...first }) }, at);
			if (!isDone(end) || isLast) return end;
			const body = this.#run(plan.body, childPath(path, PART.body), end.at);
			if (body.at === OPEN.at) return body;
			if (!body.ok) return this.#fails(path, plan, body);
			at = body.at;
		}
	}

	/** What is around a failure records it, too. */
	#fails(path: string, plan: Plan, { at, value }: Verdict): Verdict {
		const judge = (row: Recorded) =>
			row.status === "failed" && row.value === value ? undefined : `${row.status} after "${value}"`;
		return this.#step(path, { plan, judge }, at);
	}

	#parallel(
		branches: readonly { node: Plan; path: string }[],
		fork: { plan: Plan; path: string; onError: "fail-fast" | "wait-all"; from: number },
	): Verdict {
		const { plan, path, onError, from } = fork;
		const ends = branches.map((branch) => this.#run(branch.node, branch.path, from));
		const failures = ends.filter(({ at, ok }) => at !== OPEN.at && !ok);
		const [first] = failures.sort((a, b) => a.at - b.at);
		if (first !== undefined && onError === "fail-fast") {
			this.#stop(`${path}.`, first.at);
			return this.#fails(path, plan, first);
		}
		const at = Math.max(...ends.map((end) => end.at));
		if (at === OPEN.at) return OPEN;
		if (first === undefined) return this.#step(path, { plan, judge: leftBy("done") }, at);
		return this.#step(path, { plan, judge: (row) => faultOfAll(row, ends) }, at);
	}

	/** Nothing in there is asked for after this outcome. */
	#stop(inside: string, at: number): void {
		for (const [key, asked] of this.asked) {
			if (!key.startsWith(inside)) continue;
			if (asked.at > at) this.#unask(key);
			else asked.stoppedAt = Math.min(at, asked.stoppedAt ?? at);
		}
	}

	/** It is not a call: the next turn's is the first of its name, if there was none before. */
	#unask(key: string): void {
		this.asked.delete(key);
		const path = key.replace(/#\d+$/, "");
		this.#calls.set(path, (this.#calls.get(path) ?? 1) - 1);
	}

	#try(plan: Node<"try">, path: string, from: number): Verdict {
		const inner = childPath(path, PART.inner);
		const body = this.#run(plan.body, childPath(path, PART.tried), from);
		if (body.at === OPEN.at) return OPEN;
		let end: Verdict;
		if (body.ok) {
			end = this.#step(inner, { plan, judge: leftBy("done") }, body.at);
		} else {
			const failed = this.#fails(inner, plan, body);
			if (failed.at === OPEN.at) return OPEN;
			end = this.#run(plan.handler, childPath(path, PART.rescue), failed.at);
		}
		if (end.at === OPEN.at) return OPEN;
		return end.ok
			? this.#step(path, { plan, judge: leftBy("done") }, end.at)
			: this.#fails(path, plan, end);
	}

	#step(path: string, about: Pick<Asked, "plan" | "judge">, from: number): Verdict {
		const call = (this.#calls.get(path) ?? 0) + 1;
		this.#calls.set(path, call);
		const key = call === 1 ? path : `${path}#${call}`;
		const row = this.#rows.get(key);
		this.asked.set(key, { ...about, at: from, isNested: false, handled: [] });
		if (about.plan.op === "do") this.#acts.add(key);
		if (row === undefined || row.outcome === null) return OPEN;
		return { at: row.outcome, ok: row.status === "completed", value: row.value };
	}
}

function isDone({ at, ok }: Verdict): boolean {
	return at !== OPEN.at && ok;
}

/** As of a step, whose result is its output, and whose change of the state is there. */
function faultOfAct(row: Recorded, plan: DoPlan): string | undefined {
	const asDo = { plan, at: 0, isNested: false, handled: [] };
	if (row.status === "failed") return faultOf(row, asDo);
	const { late, ...outcome } = row.value as Outcome;
	const wanted = {
		edge: "success",
		output: resultOf(row.key),
		updates: { [`did ${row.key}`]: true },
	};
	if (JSON.stringify(outcome) !== JSON.stringify(wanted)) return wrong(row);
	return faultOf({ ...row, value: outcome.output }, asDo);
}

function faultOfAll(row: Recorded, ends: readonly Verdict[]): string | undefined {
	const failed = ends.flatMap(({ ok, value }, index) => (ok ? [] : [`${index}: ${value}`]));
	const { status, value } = row;
	const isRight =
		status === "failed" &&
		`${value}`.startsWith(`${failed.length} of ${ends.length} branches of `) &&
		failed.every((each) => `${value}`.includes(each));
	return isRight ? undefined : wrong(row);
}

function leftBy(edge: string): (row: Recorded) => string | undefined {
	return (row) =>
		row.status === "completed" && (row.value as Outcome).edge === edge ? undefined : wrong(row);
}

function only(wanted: unknown): (row: Recorded) => string | undefined {
	return (row) => (JSON.stringify(row.value) === JSON.stringify(wanted) ? undefined : wrong(row));
}

function wrong({ status, value }: Recorded): string {
	return `${status} with ${JSON.stringify(value)}`;
}
