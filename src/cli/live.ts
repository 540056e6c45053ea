/**
 * What a command shows on stderr while it waits: one line that changes in a terminal, lines one after
 * the other elsewhere. Ctrl-C ends the waiting, and nothing else.
 */
import ora from "ora";
import { Ended, EXIT } from "./exit";
import type { Terminal } from "./terminal";

export interface Live {
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
	/** What is done now; asked for again every second. */
	line(text: () => string): void;
	/** Something that has happened, and stays. */
	say(text: string): void;
}

/**
 * Calls `work`, and shows what it says meanwhile.
 *
 * @throws {Ended} after Ctrl-C; `goOn` says how to come back.
 */
export async function live<T>(
	terminal: Terminal,
	goOn: string,
	work: (live: Live) => Promise<T>,
): Promise<T> {
	const controller = new AbortController();
	const { signal } = controller;
	const stop = () => controller.abort();
	for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stop);
	const shown = terminal.isLive ? liveLine(terminal) : plainLines(terminal);
	try {
		return await work({ signal, ...shown });
	} catch (error) {
		if (!signal.aborted) throw error;
		shown.end();
		terminal.note(goOn);
		throw new Ended(EXIT.interrupted);
	} finally {
		shown.end();
		for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, stop);
	}
}

type Shown = Omit<Live, "signal"> & { end(): void };

function liveLine({ noteColors }: Terminal): Shown {
	// Its own way with stdin would keep Ctrl-C from us.
	const spinner = ora({ stream: process.stderr, discardStdin: false }).start();
	let current = () => "";
	const draw = () => {
		const width = (process.stderr.columns ?? 80) - 3;
		spinner.text = current().slice(0, width);
	};
	const timer = setInterval(draw, 1_000);
	return {
		line(text) {
			current = text;
			draw();
		},
		say: (text) => {
			spinner.clear();
			process.stderr.write(`${noteColors.dim(text)}\n`);
			spinner.render();
		},
		end() {
			clearInterval(timer);
			spinner.stop();
		},
	};
}

function plainLines({ note }: Terminal): Shown {
	return { line: () => {}, say: note, end: () => {} };
}
