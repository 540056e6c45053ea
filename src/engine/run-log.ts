/**
 * What a pass is told of its run, and the log that it writes.
 *
 * The program's own lines have places, which are the same on each replay: after how many outcomes,
 * and the number of the line there. What is not behind the run's latest line is there already. A
 * line is inserted by the call itself, so one that is lost with its isolate takes all that came
 * after it along. A line of a step's function is part of that attempt and is written each time: a
 * replay does not call the function again.
 */
import { emittedEntry, type LogEntry, type LogFields, type LogLevel, logEntry } from "../model/log";
import { enclosure } from "./enclosure";
import type { History, LinePlace } from "./history";
import type { RunInfo } from "./program";

/** The pass that writes. */
export interface LogHost {
	readonly isOver: boolean;
	/** It is live, and has asked for all rows of before: P4. A line has its place, whoever writes it. */
	readonly hasCaughtUp: boolean;
	/** The program has ended, though a recorded step may still be to be reached. */
	readonly hasEnded: boolean;
	/** How many outcomes of the program's own steps it has released. */
	readonly released: number;
	broken(error: unknown): void;
}

export class RunLog implements RunInfo {
	readonly id: string;
	readonly type: string;
	readonly restartAttempt: number;
	readonly createdAt: number;
	readonly startedAt: number;
	readonly #history: History;
	readonly #host: LogHost;
	/** Of the program's latest call in this pass, and calls that could not be written yet. */
	#place: LinePlace = { position: 0, nth: 0 };
	readonly #held: { place: LinePlace; entry: LogEntry }[] = [];
	/** Of the latest line of the program that the run has; undefined: not looked up. */
	#written: LinePlace | undefined;

	constructor(
		row: {
			id: string;
			type: string;
			restarts: number;
			createdAt: number;
			startedAt: number | null;
		},
		history: History,
		host: LogHost,
	) {
		this.id = row.id;
		this.type = row.type;
		this.restartAttempt = row.restarts;
		this.createdAt = row.createdAt;
		this.startedAt = row.startedAt ?? row.createdAt;
		this.#history = history;
		this.#host = host;
	}

	get attempt(): number {
		return enclosure()?.attempt ?? 1;
	}

	/** A property, as `emit`, so that a program may take it out of its object. */
	readonly log = (level: LogLevel, message: string, fields?: LogFields): void => {
		this.#add(logEntry(level, message, fields));
	};

	readonly emit = (event: string, data?: LogFields): void => {
		this.#add(emittedEntry(event, data));
	};

	#add(entry: LogEntry): void {
		const caller = enclosure();
		if (caller?.isHandler === false) {
			this.#write(() => {
				const writer = { step: caller.key, attempt: caller.attempt };
				this.#history.addLine(entry, this.#lastPlace(), writer);
			});
			return;
		}
		// What goes on beside its end, or a handler's, comes to nothing, as steps do.
		if (this.#host.hasEnded || caller?.isOver) return;
		const { released: position } = this.#host;
		const nth = position === this.#place.position ? this.#place.nth + 1 : 1;
		this.#place = { position, nth };
		this.#held.push({ place: this.#place, entry });
		this.flush();
	}

	/** Writes what was held back, once the replay has caught up. */
	flush(): void {
		if (this.#held.length === 0 || !this.#host.hasCaughtUp) return;
		this.#write(() => {
			for (const { place, entry } of this.#held.splice(0)) {
				if (!isBehind(place, this.#lastPlace())) continue;
				this.#history.addLine(entry, place, { step: null, attempt: null });
				this.#written = place;
			}
		});
	}

	#lastPlace(): LinePlace {
		this.#written ??= this.#history.lastPlace();
		return this.#written;
	}

	#write(work: () => void): void {
		if (this.#host.isOver) return;
		try {
			work();
		} catch (error) {
			this.#host.broken(error);
		}
	}
}

function isBehind(a: LinePlace, b: LinePlace): boolean {
	return a.position === b.position ? a.nth > b.nth : a.position > b.position;
}
