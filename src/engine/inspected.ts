/** The journal of an instance as its style inspects it. */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { decode } from "../model/codec";
import { decodeThrown, fromThrownRecord } from "../model/error-record";
import { stepCallOf, stepNameOf } from "../model/ids";
import type { RunningAttempt } from "./describe";
import type { InspectedJournal, InspectedStep } from "./program";

export function inspected(
	{ payload, status }: Pick<WorkflowRow, "payload" | "status">,
	rows: Iterable<StepRow>,
	running: readonly RunningAttempt[],
): InspectedJournal {
	const inFlight = new Map(running.map((attempt) => [attempt.key, attempt]));
	const sorted = [...rows].sort((a, b) => placeOf(a) - placeOf(b) || a.seq - b.seq);
	const steps = sorted.map((row) => inspectedStep(row, inFlight.get(row.key)));
	const known = new Set(sorted.map(({ key }) => key));
	for (const attempt of running) if (!known.has(attempt.key)) steps.push(firstAttempt(attempt));
	return { payload: decode(payload), status, steps };
}

function placeOf({ outcome }: StepRow): number {
	return outcome ?? Number.POSITIVE_INFINITY;
}

function inspectedStep(row: StepRow, attempt: RunningAttempt | undefined): InspectedStep {
	const { key, kind, status, attempts, startedAt, completedAt, result, error } = row;
	return {
		...callOf(key),
		kind,
		...(attempt === undefined
			? { status, attempts }
			: { status: "running", attempts: attempt.attempt }),
		...{ startedAt, completedAt },
		result: result === null ? undefined : decode(result),
		error: error === null ? undefined : fromThrownRecord(decodeThrown(error)),
	};
}

function firstAttempt({ key, attempt, startedAt }: RunningAttempt): InspectedStep {
	const none = { completedAt: null, result: undefined, error: undefined };
	return { ...callOf(key), kind: "do", status: "running", attempts: attempt, startedAt, ...none };
}

function callOf(key: string): { name: string; call: number } {
	return { name: stepNameOf(key), call: stepCallOf(key) };
}
