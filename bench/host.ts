/**
 * Where the contestants run: one workerd, hosted by Miniflare's API or by `wrangler dev`, on a port
 * and storage of its own. `Bundle` is the Worker, built once; all of it is gone when the process
 * ends.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
	convertV4MiniflareOptions,
	Log,
	LogLevel,
	Miniflare,
	type V4ModuleDefinition,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { memoryOf, ProcessGroup, ROOT } from "../test/e2e/process-group";
import { linkedConfig, removeFolder, temporaryFolder, wranglerEnv } from "../test/e2e/service";

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

const WRANGLER = join(ROOT, "node_modules/.bin/wrangler");

/** The Worker as one folder of modules, built once for all hosts of a run. */
export class Bundle {
	readonly #folder = temporaryFolder();
	readonly #config = linkedConfig("bench/worker/wrangler.jsonc", join(this.#folder, "worker"));
	readonly #modules = join(this.#folder, "modules");
	#hosts = 0;

	private constructor() {}

	static async build(): Promise<Bundle> {
		const bundle = new Bundle();
		const args = ["deploy", "--dry-run", "--config", bundle.#config, "--outdir", bundle.#modules];
		const group = new ProcessGroup(WRANGLER, args, wranglerEnv(bundle.#folder));
		if ((await group.ended) !== 0) throw new Error(`the Worker does not build\n${group.output}`);
		await group.gone();
		return bundle;
	}

	/** Starts a host on fresh storage. */
	start(name: HostName, options: HostOptions): Promise<Host> {
		const state = join(this.#folder, `state-${++this.#hosts}`);
		return name === "miniflare" ? this.#miniflare(state, options) : this.#wrangler(state, options);
	}

	remove(): void {
		removeFolder(this.#folder);
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
						modulesRoot: this.#modules,
						modules: this.#definitions(),
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
	#definitions(): V4ModuleDefinition[] {
		const texts = readdirSync(this.#modules).filter((name) => name.endsWith(".sql"));
		return [
			{ type: "ESModule", path: join(this.#modules, "worker.js") },
			...texts.map((name) => ({ type: "Text", path: join(this.#modules, name) }) as const),
		];
	}

	async #wrangler(state: string, { tracing, inspectorPort }: HostOptions): Promise<Host> {
		const ports = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", String(inspectorPort)];
		const script = [join(this.#modules, "worker.js"), "--no-bundle", "--config", this.#config];
		const args = ["dev", ...script, ...ports, "--persist-to", state];
		const group = new ProcessGroup(WRANGLER, args, {
			...wranglerEnv(this.#folder),
			// Its trace collector costs each SQL statement some 65 µs, more than the statement.
			...(tracing ? {} : { X_LOCAL_OBSERVABILITY: "false" }),
		});
		const [, url = ""] = await group.says(/Ready on (http:\/\/\S+)/);
		return {
			url,
			memoryBytes: () => memoryOf(group.pid),
			stop: () => group.kill9(),
		};
	}
}
