/**
 * The built command line as a process, as a person or a script has it: alone, in a pipe, or in a
 * terminal (util-linux's `script` makes the pseudo-terminal).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { poll } from "../poll";
import { ROOT } from "../process-group";

export interface Ended {
	code: number | null;
	stdout: string;
	stderr: string;
}

export interface RunSettings {
	/** Beside PATH, HOME and the address of the service. */
	env?: Record<string, string>;
	/** What the standard input has. Default: it is closed. */
	stdin?: string;
	cwd?: string;
	/** `bin/workflow.mjs` of this folder. Default: the project's own. */
	folder?: string;
}

export const BIN = "bin/workflow.mjs";

/** A command that is under way. */
export class Running {
	stdout = "";
	stderr = "";
	readonly ended: Promise<Ended>;
	readonly #child: ChildProcess;

	constructor(command: string, args: readonly string[], { env, stdin, cwd }: RunSettings) {
		const child = spawn(command, args, {
			cwd: cwd ?? ROOT,
			env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
		});
		this.#child = child;
		child.stdout.setEncoding("utf8").on("data", (text) => {
			this.stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text) => {
			this.stderr += text;
		});
		// It may end without having read it.
		child.stdin.on("error", () => {});
		child.stdin.end(stdin ?? "");
		this.ended = once(child, "close").then(([code]) => {
			return { code, stdout: this.stdout, stderr: this.stderr };
		});
	}

	signal(signal: NodeJS.Signals): void {
		this.#child.kill(signal);
	}

	/** Waits until it has printed this, to stdout or stderr. */
	says(pattern: RegExp): Promise<true> {
		return poll(
			() => `${pattern} in:\n${this.stdout}\n${this.stderr}`,
			() => pattern.test(this.stdout + this.stderr) || undefined,
		);
	}
}

/** The command line that asks one service. */
export class CommandLine {
	readonly #env: Record<string, string>;

	/** `config`: the file of the configuration; none is there unless a test writes it. */
	constructor(url: string | undefined, config: string) {
		this.#env = { WORKFLOW_CONFIG: config, ...(url === undefined ? {} : { WORKFLOW_URL: url }) };
	}

	start(args: readonly string[], settings: RunSettings = {}): Running {
		const { env, folder = ROOT, ...rest } = settings;
		return new Running(process.execPath, [join(folder, BIN), ...args], {
			...rest,
			env: { ...this.#env, ...env },
		});
	}

	run(args: readonly string[], settings: RunSettings = {}): Promise<Ended> {
		return this.start(args, settings).ended;
	}

	/** The answer as JSON: nothing but that may be on stdout. */
	async json<T>(args: readonly string[], settings: RunSettings = {}): Promise<T> {
		const { code, stdout, stderr } = await this.run([...args, "--format", "json"], settings);
		if (code !== 0) throw new Error(`workflow ${args.join(" ")} ended with ${code}: ${stderr}`);
		return JSON.parse(stdout);
	}

	/** In a terminal of so many columns; both outputs come as `stdout`, as a person sees them. */
	inTerminal(args: readonly string[], { columns = 100, env = {} } = {}): Running {
		const words = [process.execPath, join(ROOT, BIN), ...args].map(quoted).join(" ");
		const line = `stty cols ${columns} rows 24; exec ${words}`;
		return new Running("script", ["-qefc", line, "/dev/null"], {
			env: { TERM: "xterm-256color", SHELL: "/bin/sh", ...this.#env, ...env },
		});
	}

	/** A line for a shell in which `workflow` is the command. */
	inShell(line: string): Promise<Ended> {
		const body = `workflow() { ${quoted(process.execPath)} ${quoted(join(ROOT, BIN))} "$@"; }\n${line}`;
		return new Running("bash", ["-c", body], { env: this.#env }).ended;
	}
}

function quoted(word: string): string {
	return `'${word.replaceAll("'", "'\\''")}'`;
}
