/**
 * A service under test: `wrangler dev` with a port and a storage folder of its own, that can be
 * killed at any moment and started again on what it left.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { atEnd } from "./at-end";
import { Client } from "./client";
import { freePort, memoryOf, ProcessGroup, ROOT } from "./process-group";

export interface ServiceSettings {
	/** Paths of `wrangler.jsonc` files, from the project's folder; the first answers requests. */
	configs: string[];
	/** A free one is found when none is given. */
	port?: number;
	env?: Record<string, string>;
	/** Bindings of the Worker that its config does not have. */
	vars?: Record<string, string>;
}

export class Service extends Client {
	readonly #folder = temporaryFolder();
	readonly #args: string[];
	readonly #env: Record<string, string>;
	#group: ProcessGroup;

	private constructor({ configs, env = {}, vars = {} }: ServiceSettings, port: number) {
		super(`http://127.0.0.1:${port}`);
		const configArgs = configs.flatMap((config, index) => [
			"-c",
			linkedConfig(config, join(this.#folder, `worker-${index}`)),
		]);
		const ports = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
		const varArgs = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
		const state = ["--persist-to", join(this.#folder, "state")];
		this.#args = ["dev", ...configArgs, ...ports, ...varArgs, ...state];
		this.#env = { ...wranglerEnv(this.#folder), ...env };
		this.#group = this.#spawn();
	}

	/** Returns once it accepts requests; it has been sent none. */
	static async start(settings: ServiceSettings): Promise<Service> {
		const service = new Service(settings, settings.port ?? (await freePort()));
		try {
			await service.#group.says(/Ready on http/);
		} catch (error) {
			await service.stop();
			throw error;
		}
		return service;
	}

	/** Resolves when wrangler has ended, by itself or not. */
	get ended(): Promise<unknown> {
		return this.#group.ended;
	}

	/** `kill -9` of wrangler and workerd at once. The signal is sent before this returns. */
	kill9(): Promise<void> {
		return this.#group.kill9();
	}

	/** Memory of workerd. */
	memoryBytes(): number {
		return memoryOf(this.#group.pid);
	}

	/** Starts it again, on the same port and storage; sends it no request. */
	async restart(): Promise<void> {
		this.#group = this.#spawn();
		await this.#group.says(/Ready on http/);
	}

	/** Ends it and removes its folder. */
	async stop(): Promise<void> {
		await this.#group.kill9();
		removeFolder(this.#folder);
	}

	#spawn(): ProcessGroup {
		return new ProcessGroup(join(ROOT, "node_modules/.bin/wrangler"), this.#args, this.#env);
	}
}

/**
 * The path of a config, given from the project's folder, in a new folder `to` of links to its
 * neighbours. Wrangler puts its scratch files beside the config, and leaves them there when it is
 * killed: these go with our folder.
 */
export function linkedConfig(config: string, to: string): string {
	const from = join(ROOT, dirname(config));
	mkdirSync(to);
	for (const name of readdirSync(from)) {
		if (name !== ".wrangler") symlinkSync(join(from, name), join(to, name));
	}
	return join(to, basename(config));
}

/** Variables with which wrangler keeps to the folder and asks nothing of the network. */
export function wranglerEnv(folder: string): Record<string, string> {
	return {
		WRANGLER_SEND_METRICS: "false",
		WRANGLER_LOG_PATH: join(folder, "logs"),
		// Of its own: a Worker of the same name that runs elsewhere on the machine is not found.
		WRANGLER_REGISTRY_PATH: join(folder, "registry"),
		CLOUDFLARE_CF_FETCH_ENABLED: "false",
	};
}

/** A new folder, which is removed at the latest when the test's process ends. */
export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "durable-workflows-e2e-"));
	atEnd(() => removeFolder(folder));
	return folder;
}

export function removeFolder(folder: string): void {
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
