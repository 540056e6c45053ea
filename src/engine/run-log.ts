/**
 * What a pass is told of its run, and the log that it writes.
 *
 * The program's own lines are numbered by their calls in a pass. The n-th call of a replay is the
 * n-th line of the run, so what is there is skipped; a line is inserted by the call itself, so one
 * that is lost with its isolate takes all that came after it along. A line of a step's function is
 * part of that attempt and is written each time: a replay does not call the function again.
 */
import { type LogEntry, type LogFields, type LogLevel, logEntry } from "../model/log";
import { enclosure } from "./enclosure";
import type { History } from "./history";
import type { RunInfo } from "./program";

/** The pass that writes. */
export interface LogHost {
	readonly isOver: boolean;
	/** It is live, and does what no pass before it did: P4. */
	readonly mayBegin: boolean;
	broken(error: unknown): void;
}

export class RunLog implements RunInfo {
	readonly id: string;
	readonly type: string;
	readonly restartAttempt: number;
	readonly #history: History;
	readonly #host: LogHost;
	/** The program's calls in this pass, and what of them could not be written yet. */
	#calls = 0;
	readonly #held: { nth: number; entry: LogEntry }[] = [];
	/** Lines of the program that the run has; undefined: not looked up. */
	#written: number | undefined;

	constructor(
		{ id, type, restarts }: { id: string; type: string; restarts: number },
		history: History,
		host: LogHost,
	) {
		this.id = id;
		this.type = type;
		this.restartAttempt = restarts;
		this.#history = history;
		this.#host = host;
	}

	get attempt(): number {
		return enclosure()?.attempt ?? 1;
	}

	/** A property, so that a program may take it out of its object. */
	readonly log = (level: LogLevel, message: string, fields?: LogFields): void => {
		const entry = logEntry(level, message, fields);
		const caller = enclosure();
		const attempt = caller?.isHandler === false ? caller : undefined;
		if (attempt === undefined) {
			this.#held.push({ nth: ++this.#calls, entry });
			this.flush();
		} else {
			this.#write(() => {
				const { key: step, attempt: number } = attempt;
				this.#history.addLine(entry, { nth: this.#lines(), step, attempt: number });
			});
		}
	};

	/** Writes what was held back, once the replay has caught up. */
	flush(): void {
		if (this.#held.length === 0 || !this.#host.mayBegin) return;
		this.#write(() => {
			for (const { nth, entry } of this.#held.splice(0)) {
				if (nth <= this.#lines()) continue;
				this.#history.addLine(entry, { nth, step: null, attempt: null });
				this.#written = nth;
			}
		});
	}

	#lines(): number {
		this.#written ??= this.#history.linesOfRun();
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
