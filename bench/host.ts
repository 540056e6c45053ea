/**
 * Where the contestants run: one workerd, hosted by Miniflare's API or by `wrangler dev`, with a
 * bundle, a port and a storage folder of its own. All of it is gone when the process ends.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
	convertV4MiniflareOptions,
	Log,
	LogLevel,
	Miniflare,
	type V4ModuleDefinition,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

export type HostName = "miniflare" | "wrangler";

export interface HostOptions {
	/** Of each SQL statement; `wrangler dev` alone has it. */
	tracing: boolean;
	/** Where a debugger or profiler may attach; 0: anywhere. */
	inspectorPort: number;
}

export interface Host {
	/** Of the Worker. */
	url: string;
	/** Memory of the workerd process, in bytes. */
	memoryBytes(): number;
	stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "..");
const WORKER = join(ROOT, "bench", "worker");
const BIN = join(ROOT, "node_modules", ".bin");
const START_MS = 60_000;
const STOP_MS = 3_000;

/** Wrangler's environment: no questions to the network, nothing outside of `folder`. */
function wranglerEnv(folder: string, tracing: boolean): NodeJS.ProcessEnv {
	return {
		...process.env,
		PATH: `${BIN}${delimiter}${process.env.PATH}`,
		WRANGLER_SEND_METRICS: "false",
		WRANGLER_LOG_PATH: join(folder, "logs"),
		WRANGLER_REGISTRY_PATH: join(folder, "registry"),
		CLOUDFLARE_CF_FETCH_ENABLED: "false",
		// Its trace collector costs each SQL statement some 65 µs, more than the statement.
		...(tracing ? {} : { X_LOCAL_OBSERVABILITY: "false" }),
	};
}

/** The Worker as one folder of modules, built once for all hosts of a run. */
export class Bundle {
	readonly folder = mkdtempSync(join(tmpdir(), "durable-workflows-bench-"));
	readonly #remove = () => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
	#hosts = 0;

	constructor() {
		process.on("exit", this.#remove);
		// Wrangler leaves a folder beside the config: so it gets a link to it, in ours.
		for (const name of readdirSync(WORKER)) symlinkSync(join(WORKER, name), this.#path(name));
		const args = ["deploy", "--dry-run", "--config", this.#config, "--outdir", this.#path("out")];
		const env = wranglerEnv(this.folder, false);
		const { status, stdout, stderr } = spawnSync(join(BIN, "wrangler"), args, {
			env,
			encoding: "utf8",
		});
		if (status !== 0)
			throw new Error(`the Worker of the benchmark does not build\n${stdout}${stderr}`);
	}

	/** Starts a host on fresh storage. */
	start(name: HostName, options: HostOptions): Promise<Host> {
		const state = this.#path(`state-${++this.#hosts}`);
		return name === "miniflare" ? this.#miniflare(state, options) : this.#wrangler(state, options);
	}

	remove(): void {
		process.off("exit", this.#remove);
		this.#remove();
	}

	get #config(): string {
		return this.#path("wrangler.jsonc");
	}

	#path(name: string): string {
		return join(this.folder, name);
	}

	async #miniflare(state: string, { inspectorPort }: HostOptions): Promise<Host> {
		const { modulesRules: _, ...workerOptions } = unstable_getMiniflareWorkerOptions(
			this.#config,
		).workerOptions;
		const miniflare = new Miniflare(
			convertV4MiniflareOptions({
				host: "127.0.0.1",
				port: 0,
				cf: false,
				...(inspectorPort === 0 ? {} : { inspectorPort }),
				log: new Log(LogLevel.ERROR),
				// What the Worker logs is not the report.
				handleStructuredLogs: ({ message }) => console.error(message),
				defaultPersistRoot: state,
				workers: [
					{
						...workerOptions,
						name: "bench",
						modulesRoot: this.#path("out"),
						modules: this.#modules(),
						// Miniflare's own front costs 2 ms a request: this is the Worker itself.
						unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
					},
				],
			}),
		);
		await miniflare.ready;
		const url = await miniflare.unsafeGetDirectURL("bench");
		return {
			url: url.origin,
			memoryBytes: () => memoryOf(process.pid),
			stop: () => miniflare.dispose(),
		};
	}

	/** The entry first, then the texts that it imports. */
	#modules(): V4ModuleDefinition[] {
		const folder = this.#path("out");
		const texts = readdirSync(folder).filter((name) => name.endsWith(".sql"));
		return [
			{ type: "ESModule", path: join(folder, "worker.js") },
			...texts.map((name) => ({ type: "Text", path: join(folder, name) }) as const),
		];
	}

	async #wrangler(state: string, { tracing, inspectorPort }: HostOptions): Promise<Host> {
		const ports = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", String(inspectorPort)];
		const script = [join(this.#path("out"), "worker.js"), "--no-bundle", "--config", this.#config];
		const args = ["dev", ...script, ...ports, "--persist-to", state];
		const child = spawn(join(BIN, "wrangler"), args, {
			// A group of its own: workerd is a grandchild.
			detached: true,
			stdio: ["ignore", "pipe", "pipe"],
			env: wranglerEnv(this.folder, tracing),
		});
		const kill = () => signalGroup(child, "SIGKILL");
		process.on("exit", kill);
		const url = await readyUrl(child);
		return {
			url,
			memoryBytes: () => memoryOf(child.pid ?? 0),
			async stop() {
				// Lets wrangler remove what it has outside of our folder.
				signalGroup(child, "SIGTERM");
				await Promise.race([new Promise((resolve) => child.once("exit", resolve)), wait(STOP_MS)]);
				kill();
				process.off("exit", kill);
			},
		};
	}
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
	try {
		if (pid !== undefined) process.kill(-pid, name);
	} catch {
		// The group is gone.
	}
}

/** Where `wrangler dev` says that it listens. */
function readyUrl(child: ChildProcess): Promise<string> {
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	let log = "";
	const read = (chunk: Buffer) => {
		log = (log + chunk).slice(-4_000);
		const ready = /Ready on (http:\/\/\S+)/.exec(log)?.[1];
		if (ready !== undefined) resolve(ready);
	};
	child.stdout?.on("data", read);
	child.stderr?.on("data", read);
	child.once("error", reject);
	child.once("exit", (code) => reject(new Error(`wrangler dev ended with code ${code}\n${log}`)));
	const timer = setTimeout(() => reject(new Error(`wrangler dev did not start\n${log}`)), START_MS);
	return promise.finally(() => clearTimeout(timer));
}

/** Of the workerd process below `pid`. */
function memoryOf(pid: number): number {
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
