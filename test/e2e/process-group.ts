/**
 * A command as the leader of a process group of its own: what it prints, and how all of it is
 * ended. A group that a test leaves behind dies with the test's process.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { atEnd } from "./at-end";
import { poll } from "./poll";

export class ProcessGroup {
	readonly pid: number;
	/** The command's exit code, or null when a signal ended it. */
	readonly ended: Promise<number | null>;
	/** All that it and its children have printed. */
	output = "";
	#hasEnded = false;
	readonly #atEnd = atEnd(() => this.#kill9Now());

	constructor(
		command: string,
		args: readonly string[],
		env: Record<string, string> = {},
		cwd: string = ROOT,
	) {
		const child = spawn(command, args, {
			cwd,
			// Not the variables of npm and vitest, which would reach the service.
			env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1", ...env },
			detached: true,
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.pid = child.pid ?? 0;
		this.ended = once(child, "exit").then(([code]) => {
			this.#hasEnded = true;
			return code;
		});
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding("utf8").on("data", (text) => {
				this.output += text;
			});
		}
	}

	/** Waits until it has printed this; returns the match. */
	says(pattern: RegExp): Promise<RegExpExecArray> {
		return poll(
			() => `${pattern} in:\n${this.output}`,
			() => {
				const match = pattern.exec(this.output);
				if (match === null && this.#hasEnded) {
					throw new Error(`ended without having printed ${pattern}:\n${this.output}`);
				}
				return match ?? undefined;
			},
		);
	}

	/** To all of the group, as the terminal does on Ctrl-C. */
	signal(signal: NodeJS.Signals): void {
		try {
			process.kill(-this.pid, signal);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
		}
	}

	/** `kill -9` of all at once; returns when none is left. */
	async kill9(): Promise<void> {
		this.signal("SIGKILL");
		await this.gone();
	}

	/** Waits until no process of the group is left. */
	async gone(): Promise<void> {
		await this.ended;
		await poll(
			() => `the end of:\n${this.members().join("\n")}`,
			() => this.members().length === 0 || undefined,
		);
		this.#atEnd.forget();
	}

	/** Without a turn of the event loop; what still ran would write to folders that are removed next. */
	#kill9Now(): void {
		this.signal("SIGKILL");
		for (let looks = 0; looks < 100 && this.members().length > 0; looks++);
	}

	/** The processes that are left, as `ps` shows them; not those that only wait to be reaped. */
	members(): string[] {
		return execFileSync("ps", ["-A", "-o", "pgid=,stat=,pid=,args="], { encoding: "utf8" })
			.split("\n")
			.filter((line) => {
				const [pgid, stat] = line.trim().split(/\s+/);
				return Number(pgid) === this.pid && stat?.startsWith("Z") === false;
			});
	}
}

/** Memory of the workerd processes below `pid`, in bytes. */
export function memoryOf(pid: number): number {
	const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,comm="], { encoding: "utf8" })
		.split("\n")
		.map((line) => line.trim().split(/\s+/))
		.map(([child, parent, rssKiB, name]) => ({
			pid: Number(child),
			parent: Number(parent),
			bytes: Number(rssKiB) * 1024,
			name: name ?? "",
		}));
	const below = new Set([pid]);
	for (let found = true; found; ) {
		const more = processes.filter((each) => below.has(each.parent) && !below.has(each.pid));
		for (const each of more) below.add(each.pid);
		found = more.length > 0;
	}
	const workerds = processes.filter((each) => below.has(each.pid) && each.name.includes("workerd"));
	return workerds.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The project's folder. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string") throw new Error("no TCP address");
	return address.port;
}
