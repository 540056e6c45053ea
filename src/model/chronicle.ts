/**
 * The chronicle of an instance: what happened to it, as named events in one order, with a place in
 * it from which a reader goes on. The names and data are seed 004's.
 *
 * Nothing is written for it. It is read from rows that are there anyway, each kind of which is
 * numbered; a place says how far a reader is in each (`engine/chronicle.ts`).
 *
 * @example
 * { id: "1.1.4.3.0.0.2.7.0", name: "workflow.step.completed", at: 1795162786388,
 *   data: { instanceId: "order-17", workflowName: "order", stepName: "charge", output: { id: "r-1" } } }
 */
import { ValidationError } from "./errors";
import { parseEventName } from "./ids";
import { LIMITS } from "./limits";
import { printable, shortened } from "./printable";

/** How far a reader is: numbers of what it has been told. */
export interface ChroniclePlace {
	/** The run; in another one all else begins anew, save errors and lines. */
	readonly run: number;
	/** 0: nothing; 1: that it started; 2: how it ended, so that there is no more to come. */
	readonly told: number;
	/** Steps that began, and outcomes. */
	readonly starts: number;
	readonly outcomes: number;
	/** Further steps that began, by a hash of their keys (`engine/beginnings.ts`). */
	readonly begun: readonly string[];
	/** Events of the next outcome, or of the end. */
	readonly within: number;
	/** Failed attempts, and lines of the log, over all runs. */
	readonly errors: number;
	readonly lines: number;
	/** Changes of the status. */
	readonly status: number;
	/** Lost passes. */
	readonly watchdog: number;
}

/** Where a run begins. */
export function beginningOf(run: number): ChroniclePlace {
	const nothing = { told: 0, starts: 0, outcomes: 0, begun: [], within: 0, status: 0, watchdog: 0 };
	return { run, ...nothing, errors: 0, lines: 0 };
}

export function placeText(place: ChroniclePlace): string {
	const { run, told, starts, outcomes, within, errors, lines, status, watchdog } = place;
	const numbers = [run, told, starts, outcomes, within, errors, lines, status, watchdog].join(".");
	return place.begun.length === 0 ? numbers : `${numbers}.${place.begun.join("-")}`;
}

/** Nine numbers of at most 15 digits, and hashes of 32 bits in base 36, each with what divides them. */
const PLACE_LENGTH = 9 * 16 + LIMITS.placeSteps * 8;
/** One of before there was a watchdog has a number less. */
const PLACE =
	/^[1-9]\d{0,14}\.[0-2](?:\.\d{1,15}){6}(?:\.\d{1,15}(?:\.[0-9a-z]{1,7}(?:-[0-9a-z]{1,7})*)?)?$/;

/** @throws {ValidationError} for a text that is none. */
export function parsePlace(text: string): ChroniclePlace {
	if (text.length > PLACE_LENGTH || !PLACE.test(text)) {
		throw badPlace(text, "read from the beginning");
	}
	const parts = text.split(".");
	const [
		run = 0,
		told = 0,
		starts = 0,
		outcomes = 0,
		within = 0,
		errors = 0,
		lines = 0,
		status = 0,
		watchdog = 0,
	] = parts.slice(0, 9).map(Number);
	const begun = parts[9]?.split("-") ?? [];
	return { run, told, starts, outcomes, begun, within, errors, lines, status, watchdog };
}

/** What connecting without an id does, where nothing of before is kept. */
export const FROM_NOW_ON = "be told what happens from now on";

/** A client came back with what is no event's id; `fresh`: what it is given without one. */
export function badPlace(text: string, fresh: string): ValidationError {
	return new ValidationError(
		`Last-Event-ID expects the id of an event of this stream; received "${shortened(printable(text))}". Connect without it to ${fresh}.`,
		{ path: "Last-Event-ID" },
	);
}

/** The names that a reader chose; null: all. @throws {ValidationError} */
export function parseEventChoice(names: readonly string[]): ReadonlySet<string> | null {
	return names.length === 0 ? null : new Set(names.map(parseEventName));
}
