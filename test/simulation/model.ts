/**
 * What a plan comes to, given the outcomes that its journal has: the independent model that the
 * engine is held against. No promises, no engine: each node settles at the number of an outcome,
 * and combinators are sums, maxima and minima of those numbers (G6).
 */
import { GraphModel } from "./graph-model";
import { failureOf, HANDLER_THREW, MENDED, resultOf, SEQUENCE_FAILED } from "./interpreter";
import { MachineModel } from "./machine-model";
import {
	childPath,
	type DoPlan,
	type HandlerPlan,
	handlerPath,
	type Plan,
	ROOT,
	roundPath,
} from "./plan";

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

/** A step that is asked for. */
export interface Asked {
	plan: Plan;
	/** After this outcome. */
	at: number;
	/** By a handler. */
	isNested: boolean;
	/** What its handler's body came to, one failed attempt after the other. */
	handled: Verdict[];
	/** What is wrong with its outcome, where its plan alone does not say. */
	judge?: ((row: Recorded) => string | undefined) | undefined;
	/** A branch beside its own had failed with this outcome. */
	stoppedAt?: number;
}

export interface Evaluation {
	result: Verdict;
	/** By key. */
	asked: Map<string, Asked>;
}

export const OPEN: Verdict = { at: Number.POSITIVE_INFINITY, ok: true, value: undefined };

export function evaluate(plan: Plan, rows: ReadonlyMap<string, Recorded>): Evaluation {
	const { asMachine = false, asGraph = false } = plan.op === "seq" ? plan : {};
	const model = asMachine
		? new MachineModel(rows)
		: asGraph
			? new GraphModel(rows)
			: new Model(rows);
	const result = model.settle(plan, ROOT, 0);
	// The end of the program ends what it still had open: nothing is asked for after it.
	for (const [key, { at }] of model.asked) if (at > result.at) model.asked.delete(key);
	return { result, asked: model.asked };
}

class Model {
	readonly asked: Evaluation["asked"] = new Map();
	readonly #rows: ReadonlyMap<string, Recorded>;
	readonly #calls = new Map<string, number>();
	/** How many handlers the step is inside of. */
	#depth = 0;

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
			case "all":
			case "any":
			case "race": {
				const branches = plan.of.map((node, i) => this.settle(node, childPath(path, i), from));
				return combine(plan.op, branches);
			}
			default:
				throw new Error(`only a machine has "${plan.op}"`);
		}
	}

	#step(plan: Plan, path: string, from: number): Verdict {
		const call = (this.#calls.get(path) ?? 0) + 1;
		this.#calls.set(path, call);
		const key = call === 1 ? path : `${path}#${call}`;
		const row = this.#rows.get(key);
		const asked: Asked = { plan, at: from, isNested: this.#depth > 0, handled: [] };
		this.asked.set(key, asked);
		if (plan.op === "do" && plan.handler !== undefined && row !== undefined) {
			asked.handled = this.#handled(plan.handler, row, from);
		}
		if (row === undefined || row.outcome === null) return OPEN;
		return { at: row.outcome, ok: row.status === "completed", value: row.value };
	}

	/** A handler is called after each attempt of its step that failed. */
	#handled({ body }: HandlerPlan, row: Recorded, from: number): Verdict[] {
		const { key, attempts, value } = row;
		const succeeded = row.outcome !== null && value === resultOf(key) ? 1 : 0;
		this.#depth++;
		const verdicts: Verdict[] = [];
		for (let attempt = 1; attempt <= attempts - succeeded; attempt++) {
			verdicts.push(this.settle(body, `${key}/${handlerPath(body, attempt)}`, from));
		}
		this.#depth--;
		return verdicts;
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
export function faultOf(
	row: Recorded,
	{ plan, handled, judge, stoppedAt }: Asked,
): string | undefined {
	const kinds: Partial<Record<Plan["op"], string>> = { sleep: "sleep", wait: "wait_for_event" };
	if ((kinds[plan.op] ?? "do") !== row.kind) return `is a "${row.kind}" in the journal`;
	if (row.outcome === null) return undefined;
	const isStopped = row.status === "failed" && wasStopped(row.value);
	if (isStopped && stoppedAt !== undefined && row.outcome > stoppedAt) return undefined;
	if (judge !== undefined) return judge(row);
	if (plan.op === "do") {
		return plan.handler === undefined
			? faultOfDo(row, plan)
			: faultOfHandled(row, { ...plan, handler: plan.handler }, handled);
	}
	if (row.status === "completed") return undefined;
	return plan.op === "wait" && plan.timeoutMs !== null ? undefined : "failed";
}

/** By a machine or a graph: a branch beside it has failed. */
export function wasStopped(error: unknown): boolean {
	return /^The (?:step|place) ".*" was stopped: a branch beside it has failed\.$/.test(`${error}`);
}

function faultOfDo({ key, status, attempts, value }: Recorded, plan: DoPlan): string | undefined {
	const { hangs, fails, fatal, limit } = plan;
	// A slow attempt may lose against its timeout, and be followed by one more.
	const mayTimeOut = mayFailOtherwise(plan);
	if (attempts > limit) return `had ${attempts} attempts of ${limit}`;
	if (status === "completed") {
		const wanted = hangs + fails + 1;
		if (value !== resultOf(key)) return `returned ${JSON.stringify(value)}`;
		if (attempts === wanted || (mayTimeOut && attempts > wanted)) return undefined;
		return `completed at attempt ${attempts} instead of ${wanted}`;
	}
	const own = value === failureOf(key, attempts) && attempts > hangs && attempts <= hangs + fails;
	const timedOut = isOtherFailure(value) && (attempts <= hangs || mayTimeOut);
	if (!own && !timedOut) return `failed with ${JSON.stringify(value)}`;
	return attempts === limit || (own && fatal) ? undefined : `gave up at attempt ${attempts}`;
}

/** A slow attempt may lose against its timeout, and a circuit breaker refuse any. */
function mayFailOtherwise({ timeoutMs, workMs, turns, breaker }: DoPlan): boolean {
	return (timeoutMs !== null && (workMs > 0 || turns > 0)) || breaker !== undefined;
}

function isOtherFailure(value: unknown): boolean {
	return /took longer|circuit breaker/.test(`${value}`);
}

/** The same of a step with a handler: what that decided of each failed attempt, the last one's last. */
function faultOfHandled(
	row: Recorded,
	plan: DoPlan & { handler: HandlerPlan },
	handled: Verdict[],
): string | undefined {
	const { key, status, attempts, value, outcome } = row;
	const { retries, then } = plan.handler;
	const last = handled.at(-1);
	if (attempts > plan.limit) return `had ${attempts} attempts of ${plan.limit}`;
	for (const [index, { at, ok }] of handled.entries()) {
		if (at >= (outcome ?? 0)) return `ended before its handler of attempt ${index + 1} had`;
		const isLast = index === handled.length - 1 && value !== resultOf(key);
		if (!isLast && (!ok || index + 1 > retries)) return `went on after attempt ${index + 1}`;
	}
	if (status === "completed" && value === resultOf(key)) {
		return faultOfDo(row, plan);
	}
	if (last === undefined) return `ended with ${JSON.stringify(value)}, and was never handled`;
	const failed = attempts <= plan.hangs + plan.fails || mayFailOtherwise(plan);
	if (!failed) return `was handled at attempt ${attempts}, which did not fail`;
	if (!last.ok) return status === "failed" && value === last.value ? undefined : faultOfEnd(row);
	if (attempts <= retries) return faultOfDo(row, plan);
	if (then === "throw") {
		return status === "failed" && value === HANDLER_THREW ? undefined : faultOfEnd(row);
	}
	const mended = JSON.stringify(value) === JSON.stringify([MENDED, last.value]);
	return status === "completed" && mended ? undefined : faultOfEnd(row);
}

function faultOfEnd({ status, value }: Recorded): string {
	return `${status} with ${JSON.stringify(value)}, which is not what its handler came to`;
}
