/**
 * Reads the chronicle of an instance: what happened behind a place, in order. Everything is derived
 * from the row, the journal and the history; nothing is kept for it.
 *
 * Five tracks, each numbered without repeats, are merged by time. What happened to a step comes
 * behind its beginning, and a line of the program behind as many outcomes as had been released when
 * it was written.
 */
import type { StepRow, WorkflowRow } from "../db/instance-store";
import { beginningOf, type ChroniclePlace, placeText } from "../model/chronicle";
import type { Encoded } from "../model/codec";
import { decodeThrown, thrownMessage } from "../model/error-record";
import type { Graph } from "../model/graph";
import { hash32 } from "../model/hash";
import { isTerminal } from "../model/status";
import type { StreamEvent } from "../streams/event-streams";
import { type Beginning, Beginnings } from "./beginnings";
import type { RunningAttempt } from "./describe";
import { passesLost } from "./faults";
import type { ChronicleLine, ChronicleRetry, History } from "./history";
import type { Journal } from "./journal";
import { jsonOf, narrate, narrateEnd, type ToldEvent } from "./narration";
import { type LostPassNote, lostPasses } from "./strikes";

/**
 * An event and the place behind it, which depends on what else was told before. Its key does not: it
 * is the event's own, in its instance.
 */
export interface ChronicleEntry extends StreamEvent {
	readonly key: string;
}

/** What the chronicle is read from. */
export interface ChronicleSource {
	readonly row: WorkflowRow;
	readonly journal: Journal;
	readonly running: readonly RunningAttempt[];
	readonly history: Pick<History, "retriesAfter" | "linesAfter">;
	/** Of the type's steps; null: none is known. */
	readonly graph: Graph | null;
}

/** Something that is next on its track. */
interface Next {
	at: number;
	/** Of its first event, in its run. */
	key: string;
	events: readonly ToldEvent[];
	/** The place behind the events. */
	place: Partial<ChroniclePlace>;
}

/** Events that are read at a time. */
const PAGE = 200;

/** Events behind `from`, some `limit` of them; fewer: there are no more for now. */
export function readChronicle(
	source: ChronicleSource,
	from: ChroniclePlace | null,
	limit = PAGE,
): ChronicleEntry[] {
	const { run } = source.row;
	const before = from ?? beginningOf(run);
	const reader = new Reader(source, before.run === run ? before : { ...before, ...newRun(run) });
	return reader.read(limit);
}

/** The numbers of errors and lines go on. */
function newRun(run: number): Partial<ChroniclePlace> {
	const { errors: _errors, lines: _lines, ...place } = beginningOf(run);
	return place;
}

class Reader {
	readonly #source: ChronicleSource;
	readonly #entries: ChronicleEntry[] = [];
	readonly #about: { instanceId: string; workflowName: string };
	readonly #beginnings: Beginnings;
	#place: ChroniclePlace;

	constructor(source: ChronicleSource, place: ChroniclePlace) {
		const { id, type } = source.row;
		this.#source = source;
		this.#beginnings = new Beginnings(place, source);
		this.#place = place;
		this.#about = { instanceId: id, workflowName: type };
	}

	read(limit: number): ChronicleEntry[] {
		const { row } = this.#source;
		if (this.#place.told === 2) return this.#entries;
		if (row.startedAt !== null) {
			if (this.#place.told === 0) this.#begin(row, row.startedAt);
			this.#merge(limit);
		}
		if (this.#entries.length < limit) this.#tellStatus(row);
		return this.#entries;
	}

	#begin(row: WorkflowRow, at: number): void {
		const data = () => ({ input: jsonOf(row.payload) });
		this.#tell({ at, key: "b", events: [{ name: "workflow.started", data }], place: { told: 1 } });
	}

	#merge(limit: number): void {
		const { journal, history } = this.#source;
		const beginnings = this.#beginnings;
		const retries = history.retriesAfter(this.#place.errors, limit).values();
		const lines = history.linesAfter(this.#place.lines, limit).values();
		const losses = this.#losses();
		let retry = retries.next().value;
		let line = lines.next().value;
		let lost = losses.next().value;
		const hasBegun = (step: string | null) => step === null || beginnings.has(step);
		while (this.#entries.length < limit) {
			const start = beginnings.next;
			const outcome = journal.outcomes[this.#place.outcomes];
			const candidates = [
				lost?.at,
				line !== undefined && line.position <= this.#place.outcomes && hasBegun(line.step)
					? line.at
					: undefined,
				retry !== undefined && hasBegun(retry.step) ? retry.at : undefined,
				outcome !== undefined && hasBegun(outcome.key)
					? (outcome.completedAt ?? outcome.startedAt)
					: undefined,
				start?.startedAt,
			].map((at) => at ?? Number.POSITIVE_INFINITY);
			const first = Math.min(...candidates);
			const track = first === Number.POSITIVE_INFINITY ? -1 : candidates.indexOf(first);
			if (track === 0 && lost !== undefined) {
				this.#tell(lossEvent(lost));
				lost = losses.next().value;
			} else if (track === 1 && line !== undefined) {
				this.#tell(lineEvent(line));
				line = lines.next().value;
			} else if (track === 2 && retry !== undefined) {
				this.#tell(retryEvent(retry));
				retry = retries.next().value;
			} else if (track === 3 && outcome !== undefined) {
				beginnings.passOutcome(outcome);
				this.#tell(this.#outcomeEvents(outcome));
			} else if (track === 4 && start !== undefined) {
				beginnings.pass();
				this.#tell(startEvent(start));
			} else {
				break;
			}
		}
	}

	#losses(): IteratorObject<LostPassNote, undefined> {
		const { watchdog } = this.#place;
		return lostPasses(this.#source.row.lostPasses)
			.filter(({ seq }) => seq > watchdog)
			.values();
	}

	#outcomeEvents(row: StepRow): Next {
		const { key, kind, attempts, completedAt, startedAt, status, error } = row;
		const about = { stepName: key, stepType: kind };
		const own =
			status === "failed" && error !== null
				? {
						name: "workflow.step.failed",
						data: () => ({ ...about, error: messageOf(error), attempts }),
					}
				: {
						name: "workflow.step.completed",
						data: () => ({ ...about, output: jsonOf(row.result) }),
					};
		const { graph, journal } = this.#source;
		const { outcomes } = this.#place;
		return {
			at: completedAt ?? startedAt,
			key: `o${outcomes + 1}`,
			events: [own, ...narrate(graph, journal, outcomes)],
			place: { outcomes: outcomes + 1, within: 0 },
		};
	}

	/** Its newest status, and how it ended if it has. */
	#tellStatus(row: WorkflowRow): void {
		const { status, reason, statusSeq, updatedAt: at, result, error } = row;
		if (statusSeq > this.#place.status) {
			const events = [{ name: "workflow.status", data: () => ({ status, reason }) }];
			this.#tell({ at, key: `t${statusSeq}`, events, place: { status: statusSeq } });
		}
		if (!isTerminal(status)) return;
		const name = { completed: "workflow.completed", terminated: "workflow.cancelled" }[
			status as string
		];
		const data = () =>
			status === "completed"
				? { output: jsonOf(result) }
				: status === "terminated"
					? {}
					: { status, error: error === null ? reason : messageOf(error) };
		const { graph, journal } = this.#source;
		const last = status === "completed" ? narrateEnd(graph, journal) : [];
		const end = { name: name ?? "workflow.failed", data };
		this.#tell({ at, key: "e", events: [...last, end], place: { told: 2, within: 0 } });
	}

	/** Several events of one place are told apart by `within`, as far as they were not told before. */
	#tell({ at, key, events, place }: Next): void {
		const { within } = this.#place;
		const hasParts = place.within !== undefined;
		events.forEach(({ name, data }, index) => {
			if (hasParts && index < within) return;
			const isLast = index === events.length - 1;
			const behind = isLast ? place : { within: index + 1 };
			this.#place = { ...this.#place, ...this.#beginnings.place, ...behind };
			const own = `${this.#place.run}${index === 0 ? key : `${key}-${index}`}`;
			this.#entries.push(
				new Entry(placeText(this.#place), own, { name, at, about: this.#about, data }),
			);
		});
	}
}

class Entry implements ChronicleEntry {
	readonly name: string;
	readonly at: number;
	readonly #data: () => Readonly<Record<string, unknown>>;

	constructor(
		readonly id: string,
		readonly key: string,
		{ name, at, about, data }: ToldEvent & { at: number; about: object },
	) {
		this.name = name;
		this.at = at;
		this.#data = () => ({ ...about, ...data() });
	}

	get data(): Readonly<Record<string, unknown>> {
		return this.#data();
	}
}

function startEvent({ seq, key, kind, startedAt }: Beginning): Next {
	const data = () => ({ stepName: key, stepType: kind });
	return {
		at: startedAt,
		// Where an attempt dies before its step has a row, its number may become another step's.
		key: `s${seq}-${hash32(key).toString(36)}`,
		events: [{ name: "workflow.step.started", data }],
		place: {},
	};
}

function retryEvent({ seq, at, step, attempt, attemptsMax, retryAt, error }: ChronicleRetry): Next {
	const data = () => ({
		stepName: step,
		attempt,
		maxAttempts: attemptsMax,
		delay: retryAt - at,
		error: messageOf(error),
	});
	const events = [{ name: "workflow.step.retry", data }];
	return { at, key: `f${seq}`, events, place: { errors: seq } };
}

/** A line of the log, or an event of the program's own. */
function lineEvent({ seq, at, event, level, message, fields, step }: ChronicleLine): Next {
	const data = () => (fields === null ? {} : (jsonOf(fields) as Record<string, unknown>));
	const about = () => ({ level, message, fields: data(), stepName: step });
	const own = event === null ? { name: "log.workflow", data: about } : { name: event, data };
	return { at, key: `l${seq}`, events: [own], place: { lines: seq } };
}

/** The watchdog of a pass is its lease. */
function lossEvent({ seq, at, strikes, what }: LostPassNote): Next {
	const data = () =>
		what === "stale" ? { strikes } : { strikes, error: passesLost(strikes).message };
	const events = [{ name: `workflow.watchdog.${what}`, data }];
	return { at, key: `w${seq}`, events, place: { watchdog: seq } };
}

function messageOf(error: Encoded): string {
	return thrownMessage(decodeThrown(error));
}
