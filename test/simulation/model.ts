/**
 * What a plan comes to, given the outcomes that its journal has: the independent model that the
 * engine is held against. No promises, no engine: each node settles at the number of an outcome,
 * and combinators are sums, maxima and minima of those numbers (G6).
 */
import { failureOf, resultOf, SEQUENCE_FAILED } from "./interpreter";
import { childPath, type DoPlan, type Plan, ROOT, roundPath } from "./plan";

/** A row of the journal, decoded. */
export interface Recorded {
	key: string;
	kind: string;
	status: string;
	attempts: number;
	/** The result, or the error's message. */
	value: unknown;
	event: string | null;
	outcome: number | null;
}

/** How a node stands: `at` is the outcome that settled it, Infinity while none has. */
export interface Verdict {
	at: number;
	ok: boolean;
	value: unknown;
}

export interface Evaluation {
	result: Verdict;
	/** By key: the plan of each step that is asked for, and the outcome after which. */
	asked: Map<string, { plan: Plan; at: number }>;
}

const OPEN: Verdict = { at: Number.POSITIVE_INFINITY, ok: true, value: undefined };

export function evaluate(plan: Plan, rows: ReadonlyMap<string, Recorded>): Evaluation {
	const model = new Model(rows);
	const result = model.settle(plan, ROOT, 0);
	// The end of the program ends what it still had open: nothing is asked for after it.
	for (const [key, { at }] of model.asked) if (at > result.at) model.asked.delete(key);
	return { result, asked: model.asked };
}

class Model {
	readonly asked: Evaluation["asked"] = new Map();
	readonly #rows: ReadonlyMap<string, Recorded>;
	readonly #calls = new Map<string, number>();

	constructor(rows: ReadonlyMap<string, Recorded>) {
		this.#rows = rows;
	}

	/** How `plan` settles when it begins right after the outcome `from`. */
	settle(plan: Plan, path: string, from: number): Verdict {
		switch (plan.op) {
			case "do":
			case "sleep":
			case "wait":
				return this.#step(plan, path, from);
			case "seq": {
				const parts = plan.of.map((node, index) => ({ node, path: childPath(path, index) }));
				const end = this.#sequence(parts, from);
				return end.ok && plan.fails ? { ...end, ok: false, value: SEQUENCE_FAILED } : end;
			}
			case "loop": {
				const round = (index: number) => roundPath(path, plan.body, index);
				const rounds = Array.from({ length: plan.times }, (_, index) => round(index));
				return this.#sequence(
					rounds.map((place) => ({ node: plan.body, path: place })),
					from,
				);
			}
			case "try":
				return this.#try(plan, path, from);
			default: {
				const branches = plan.of.map((node, i) => this.settle(node, childPath(path, i), from));
				return combine(plan.op, branches);
			}
		}
	}

	#step(plan: Plan, path: string, from: number): Verdict {
		const call = (this.#calls.get(path) ?? 0) + 1;
		this.#calls.set(path, call);
		const key = call === 1 ? path : `${path}#${call}`;
		this.asked.set(key, { plan, at: from });
		const row = this.#rows.get(key);
		if (row === undefined || row.outcome === null) return OPEN;
		return { at: row.outcome, ok: row.status === "completed", value: row.value };
	}

	#sequence(parts: { node: Plan; path: string }[], from: number): Verdict {
		const values: unknown[] = [];
		let at = from;
		for (const { node, path } of parts) {
			const part = this.settle(node, path, at);
			if (part.at === OPEN.at || !part.ok) return part;
			at = part.at;
			values.push(part.value);
		}
		return { at, ok: true, value: values };
	}

	#try(plan: Extract<Plan, { op: "try" }>, path: string, from: number): Verdict {
		let end = this.settle(plan.body, childPath(path, "try"), from);
		if (end.at !== OPEN.at && !end.ok) {
			const { value: error } = end;
			end = this.settle(plan.handler, childPath(path, "catch"), end.at);
			if (end.ok) end = { ...end, value: [error, end.value] };
		}
		if (end.at === OPEN.at || plan.last === null) return end;
		const last = this.settle(plan.last, childPath(path, "finally"), end.at);
		return last.at === OPEN.at || !last.ok ? last : { ...end, at: last.at };
	}
}

function combine(op: "all" | "any" | "race", branches: Verdict[]): Verdict {
	if (op === "race") return first(branches);
	const decides = (branch: Verdict) => branch.ok === (op === "any");
	const decided = first(branches.filter(decides));
	if (decided.at !== OPEN.at) return decided;
	const at = Math.max(...branches.map((branch) => branch.at));
	if (at === OPEN.at) return OPEN;
	if (op === "all") return { at, ok: true, value: branches.map(({ value }) => value) };
	return { at, ok: false, value: "All promises were rejected" };
}

function first(branches: Verdict[]): Verdict {
	return branches.reduce((best, branch) => (branch.at < best.at ? branch : best), OPEN);
}

/** What is wrong with a row that has an outcome, given its plan; undefined: nothing. */
export function faultOf(row: Recorded, plan: Plan): string | undefined {
	const kinds: Partial<Record<Plan["op"], string>> = {
		do: "do",
		sleep: "sleep",
		wait: "wait_for_event",
	};
	if (kinds[plan.op] !== row.kind) return `is a "${row.kind}" in the journal`;
	if (row.outcome === null) return undefined;
	if (plan.op === "do") return faultOfDo(row, plan);
	if (row.status === "completed") return undefined;
	return plan.op === "wait" && plan.timeoutMs !== null ? undefined : "failed";
}

function faultOfDo({ key, status, attempts, value }: Recorded, plan: DoPlan): string | undefined {
	const { hangs, fails, fatal, limit } = plan;
	// A slow attempt may lose against its timeout, and be followed by one more.
	const mayTimeOut = plan.timeoutMs !== null && (plan.workMs > 0 || plan.turns > 0);
	if (attempts > limit) return `had ${attempts} attempts of ${limit}`;
	if (status === "completed") {
		const wanted = hangs + fails + 1;
		if (value !== resultOf(key)) return `returned ${JSON.stringify(value)}`;
		if (attempts === wanted || (mayTimeOut && attempts > wanted)) return undefined;
		return `completed at attempt ${attempts} instead of ${wanted}`;
	}
	const own = value === failureOf(key, attempts) && attempts > hangs && attempts <= hangs + fails;
	const timedOut = /took longer/.test(`${value}`) && (attempts <= hangs || mayTimeOut);
	if (!own && !timedOut) return `failed with ${JSON.stringify(value)}`;
	return attempts === limit || (own && fatal) ? undefined : `gave up at attempt ${attempts}`;
}
