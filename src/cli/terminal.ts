/**
 * Where a command writes. Results go to stdout, everything else to stderr, so that pipes work; colours
 * and live lines are for terminals only.
 */
import pico from "picocolors";
import { EXIT } from "./exit";

export type Colors = ReturnType<typeof pico.createColors>;

export interface Terminal {
	/** Of stdout. */
	readonly colors: Colors;
	/** Of stdout, in columns; undefined: it is no terminal, and lines may be as long as they are. */
	readonly width: number | undefined;
	/** Whether a line of stderr can be written over. */
	readonly isLive: boolean;
	/** Colours of stderr. */
	readonly noteColors: Colors;
	/** A result. */
	print(text: string): void;
	/** Something beside the result. */
	note(text: string): void;
	/** A fault, and what to do. */
	fault(message: string, hints?: readonly string[]): void;
}

/** `color`: false where the command line says `--no-color`. */
export function openTerminal({ color }: { color: boolean }): Terminal {
	const { stdout, stderr, env } = process;
	const hasColors = (stream: NodeJS.WriteStream) => {
		if (!color || (env.NO_COLOR ?? "") !== "") return false;
		const forced = env.FORCE_COLOR ?? "";
		if (forced !== "") return forced !== "0";
		return stream.isTTY && env.TERM !== "dumb";
	};
	const colors = pico.createColors(hasColors(stdout));
	const noteColors = pico.createColors(hasColors(stderr));
	const note = (text: string) => void stderr.write(`${text}\n`);
	return {
		colors,
		noteColors,
		width: stdout.isTTY ? stdout.columns : undefined,
		isLive: stderr.isTTY && env.TERM !== "dumb" && env.CI === undefined,
		print: (text) => void stdout.write(`${text}\n`),
		note,
		fault(message, hints = []) {
			note(`${noteColors.red("workflow:")} ${message}`);
			for (const hint of hints) note(noteColors.dim(hint));
		},
	};
}

/** Who reads our output may have enough of it: `workflow ls | head -1`. */
export function endWithReader(): void {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
		process.exit(EXIT.ok);
	});
}
