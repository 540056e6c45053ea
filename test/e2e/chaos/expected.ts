/**
 * What a completed instance must have returned, worked out from its plan, the mail that was
 * delivered and its journal; each function returns what is wrong.
 */
import type { LogPageInfo, StepInfo, WorkflowStatusResponse } from "../../../src/library";
import type { PlannedInstance } from "./plan";
import type { Delivery } from "./sender";
import type { Letter } from "./worker/effects";
import type { ChaosType } from "./worker/programs";

/** What a round may end with; null: the program has no rounds. */
const OUTCOMES: Record<ChaosType, ((round: number) => string[]) | null> = {
	sequence: () => ["told"],
	crowd: () => ["told"],
	relay: () => ["told"],
	brief: () => ["told"],
	fan: () => ["joined"],
	race: () => ["work", "nap"],
	flaky: (round) => [round % 4 === 3 ? "failed" : "done"],
	saga: (round) => [round % 2 === 0 ? "undone" : "shipped"],
	slow: () => ["done"],
	fragile: () => ["told"],
	inbox: null,
	desk: null,
};

/** Ids of the letters that the journal's waits of an event have been given, in their order. */
export function consumed({ steps }: WorkflowStatusResponse, event: string): string[] {
	return steps
		.filter(({ name, type, status }) => {
			return name === event && type === "wait_for_event" && status === "completed";
		})
		.map(({ result }) => (result as Letter).id);
}

/** What is wrong with the result of a completed instance that has done so many rounds. */
export function faultsOfResult(
	{ id, type, mail }: PlannedInstance,
	status: WorkflowStatusResponse,
	roundsDone: number,
): string[] {
	const outcomesOf = OUTCOMES[type];
	const result = status.result as string[];
	if (outcomesOf === null) {
		const read = mail.flatMap(({ event }) => consumed(status, event));
		return same(read, result) ? [] : [`${id} returned ${result}; its waits were given ${read}`];
	}
	const rounds = Array.from({ length: roundsDone }, (_, index) => index + 1);
	const isLegal = (round: number) => outcomesOf(round).includes(result[round - 1] ?? "");
	if (result.length !== rounds.length || !rounds.every(isLegal)) {
		return [`${id} returned ${result} after ${roundsDone} rounds`];
	}
	return type === "race" ? faultsOfRace(status) : [];
}

/** Each round is a line of the log, once, whatever died. */
export function faultsOfLog({ id }: PlannedInstance, log: LogPageInfo, rounds: number): string[] {
	const lines = log.lines.map(({ message }) => message);
	const wanted = Array.from({ length: rounds }, (_, index) => `round ${index + 1}`);
	return same(lines, wanted) ? [] : [`${id} has logged ${lines} in ${rounds} rounds`];
}

/** The winner of each round must be the one that the journal has as the first to end. */
function faultsOfRace({ id, result, steps }: WorkflowStatusResponse): string[] {
	const endOf = (key: string) => {
		const step: StepInfo | undefined = steps.find((each) => each.key === key);
		return step?.completedAt ?? Number.POSITIVE_INFINITY;
	};
	return (result as string[]).flatMap((winner, index) => {
		const [won, lost] = [winner, winner === "work" ? "nap" : "work"].map((name) =>
			endOf(`${name}-${index + 1}`),
		);
		// Both may have ended in one millisecond.
		const agrees = won !== undefined && lost !== undefined && Number.isFinite(won) && won <= lost;
		return agrees ? [] : [`${id}: round ${index + 1} was won by ${winner}, at ${won}; not ${lost}`];
	});
}

/** Accepted deliveries of one event that a completed instance was not given, though it had to be. */
export function lostDeliveries(deliveries: Delivery[], ids: readonly string[]): Delivery[] {
	const last = Math.max(...deliveries.map(({ nth }) => nth));
	return deliveries.filter(({ id, nth, accepted }) => {
		// With one of the last letter's deliveries the program is content; the others are left over.
		return accepted && nth < last && !ids.includes(id);
	});
}

/** Whether ids that were consumed are those of the deliveries, none twice, in the order sent. */
export function isInOrder(deliveries: Delivery[], ids: readonly string[]): boolean {
	const places = ids.map((id) => deliveries.findIndex((delivery) => delivery.id === id));
	return places.every((place, index) => place > (places[index - 1] ?? -1));
}

function same(a: readonly string[], b: readonly string[]): boolean {
	return a.length === b.length && a.every((item, index) => item === b[index]);
}
