/**
 * Judges how an instance ended: its result, its journal and its events against the model. For the
 * simulated world and for workerd alike.
 */
import { decode } from "../../src/model/codec";
import { decodeThrown, thrownMessage } from "../../src/model/error-record";
import { stepNameOf } from "../../src/model/ids";
import { type PanicOverrides, panicPolicy } from "../../src/model/panic";
import { resultOf } from "./interpreter";
import { type Evaluation, evaluate, faultOf, type Recorded } from "./model";
import { type Plan, panicsOf } from "./plan";
import { ensure, isPast, recorded, type StepFacts, type WorkflowFacts } from "./witness";

/** An event that a client sent; its payload is `{ event, number }`. */
export interface Sent {
	event: string;
	number: number;
	/** The client was told that it arrived. */
	accepted: boolean;
}

export interface History {
	plan: Plan;
	workflow: WorkflowFacts;
	steps: StepFacts[];
	buffered: { event: string; payload: string }[];
	/** What steps of earlier runs took. */
	past: { result: string }[];
	/** Steps whose timer an operator ended. */
	hurried: ReadonlySet<string>;
	/** In the order in which they were sent. */
	events: Sent[];
	/** Somebody terminated it. */
	terminates: boolean;
	/** What it says of its panics. */
	panic: PanicOverrides;
	/** Attempts that failed, in their order, over all runs. */
	failures: { step: string; attempt: number }[];
	/** Of its program, in its run. */
	lines: { message: string }[];
}

export function checkEnd(history: History): void {
	const { plan, steps } = history;
	const rows = new Map(steps.map((row) => [row.key, recorded(row)]));
	const evaluation = evaluate(plan, rows);
	checkRows(history, rows, evaluation);
	checkEvents(history, rows);
	checkLines(history, evaluation);
	checkFailures(history, evaluation);
	checkStatus(history, evaluation);
}

function checkRows(
	{ steps, hurried }: History,
	rows: Map<string, Recorded>,
	{ asked }: Evaluation,
): void {
	for (const { key, startedAt, completedAt } of steps) {
		const row = rows.get(key);
		const question = asked.get(key);
		if (row === undefined || question === undefined) {
			ensure(false, "G6", `"${key}" is recorded, and the program never asks for it`);
			return;
		}
		const { plan } = question;
		const fault = faultOf(row, question);
		ensure(fault === undefined, "G3", `"${key}" ${fault}`);
		const tookMs = (completedAt ?? startedAt) - startedAt;
		const leastMs = row.outcome === null || hurried.has(key) ? 0 : leastOf(plan, row);
		// The wall clock may have been set back under what has no due time.
		ensure(
			leastMs === 0 || tookMs >= leastMs,
			"G9",
			`"${key}" ended after ${tookMs} ms of ${leastMs}`,
		);
	}
}

function leastOf(plan: Plan, { status }: Recorded): number {
	if (plan.op === "sleep") return plan.ms;
	return plan.op === "wait" && status === "failed" ? (plan.timeoutMs ?? 0) : 0;
}

/** G8: each accepted event was taken by one wait, in order, or is still there. */
function checkEvents(
	{ steps, events, buffered, past }: History,
	rows: Map<string, Recorded>,
): void {
	const openWaits = steps.filter((row) => row.status === "waiting" && !isPast(row, steps));
	const taken = [...rows.values()]
		.filter(({ kind, status }) => kind === "wait_for_event" && status === "completed")
		.sort((a, b) => (a.outcome ?? 0) - (b.outcome ?? 0))
		.map(({ event, value }) => ({ event, ...(value as { number: number }) }));
	const left = buffered.map(({ payload }) => decode(payload) as { event: string; number: number });
	const before = past.map(({ result }) => decode(result) as { event: string; number: number });
	for (const name of new Set(events.map(({ event }) => event))) {
		const numbersIn = (sent: { event: string | null; number: number }[]) =>
			sent.filter(({ event }) => event === name).map(({ number }) => number);
		const found = numbersIn([...taken, ...left]);
		const earlier = numbersIn(before);
		const twice = found.find((number) => earlier.includes(number));
		ensure(twice === undefined, "G8", `event "${name}" ${twice} was taken in two runs`);
		const inOrder = found.every((number, index) => number > (found[index - 1] ?? -1));
		ensure(inOrder, "G8", `events "${name}" were taken or kept as ${found}`);
		for (const { event, number, accepted } of events) {
			const isLost = accepted && event === name && ![...found, ...earlier].includes(number);
			ensure(!isLost, "G8", `event "${name}" ${number} is lost; there are ${found}`);
		}
		const waits = openWaits.some((row) => row.event === name);
		const both = waits && left.some(({ event }) => event === name);
		ensure(!both, "G8", `event "${name}" is kept although a step waits for it`);
	}
}

/** Each attempt that failed is in the history, once. */
function checkFailures({ workflow, steps, failures }: History, { asked }: Evaluation): void {
	for (const row of workflow.run === 1 ? steps : []) {
		const { key, kind, attempts } = row;
		if (kind !== "do") continue;
		// What it completed with may be its handler's.
		const isHandled = asked.get(key)?.handled.length !== 0;
		const isOwn = isHandled ? recorded(row).value === resultOf(key) : row.status === "completed";
		const failed = isOwn ? attempts - 1 : attempts;
		const wanted = Array.from({ length: failed }, (_, index) => index + 1);
		const found = failures.filter(({ step }) => step === key).map(({ attempt }) => attempt);
		const fault = `attempts ${found} of "${key}" are in the history, of ${wanted} that failed`;
		ensure(found.join() === wanted.join(), "G1", fault);
	}
}

/** Each step that is asked for is a line of the log, once. */
function checkLines(history: History, { asked, result }: Evaluation): void {
	const { lines } = history;
	const isWhole = endedByItself(history);
	const own = [...asked].filter(([, { isNested }]) => !isNested);
	const calls = Map.groupBy(own, ([key]) => stepNameOf(key));
	for (const place of new Set([...calls.keys(), ...lines.map(({ message }) => message)])) {
		const count = lines.filter(({ message }) => message === place).length;
		const most = calls.get(place)?.length ?? 0;
		// What is asked for as it ends may come too late.
		const least = calls.get(place)?.filter(([, { at }]) => at < result.at).length ?? 0;
		ensure(count <= most, "log", `${count} lines of "${place}", asked for ${most} times`);
		ensure(!isWhole || count >= least, "log", `${count} lines of "${place}" of ${least}`);
	}
}

function checkStatus({ plan, panic, workflow, terminates }: History, { result }: Evaluation): void {
	const { status, reason, deadlineAt, completedAt, error } = workflow;
	const came = error === null ? decoded(workflow.result) : thrownMessage(decodeThrown(error));
	const wanted = Number.isFinite(result.at) ? (result.ok ? "completed" : "errored") : "to go on";
	switch (status) {
		case "terminated":
			ensure(terminates, "G11", "it was terminated, and nobody asked for it");
			return;
		case "timed_out":
			ensure(deadlineAt !== null && (completedAt ?? 0) >= deadlineAt, "G9", `it ${came}`);
			return;
		case "errored":
			// The witness has counted the passes.
			if (reason?.startsWith("PASS_LOST")) return;
			if (reason?.startsWith("PANIC")) {
				const { autoRestart, maxRestartAttempts } = panicPolicy(panic);
				const { restarts } = workflow;
				const isDue = autoRestart && restarts >= maxRestartAttempts && panicsOf(plan) > restarts;
				ensure(isDue, "G4", `it ended by a panic after ${restarts} restarts`);
				return;
			}
	}
	ensure(
		status === wanted,
		"G6",
		`it is ${status} with ${JSON.stringify(came)} instead of ${wanted}`,
	);
	const same = JSON.stringify(came) === JSON.stringify(result.value);
	ensure(
		same,
		"G6",
		`its result is ${JSON.stringify(came)} instead of ${JSON.stringify(result.value)}`,
	);
}

function decoded(text: string | null): unknown {
	return text === null ? undefined : decode(text);
}

/** The result, with each event's payload as its name: which of several a wait took may differ. */
export function comparable({ workflow: { status, result, error } }: History): string {
	const value = error === null ? decoded(result) : thrownMessage(decodeThrown(error));
	return JSON.stringify([status, value], (_, part) =>
		typeof part === "object" && part !== null && "number" in part ? part.event : part,
	);
}

/** Whether nobody and nothing but its program ended it. */
export function endedByItself({ workflow: { status, reason } }: History): boolean {
	const isBroken = reason?.startsWith("PASS_LOST") || reason?.startsWith("PANIC");
	return status === "completed" || (status === "errored" && !isBroken);
}
