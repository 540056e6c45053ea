/** Clients of streams that come back where they left off, as often as their connection breaks. */
import { setTimeout as sleep } from "node:timers/promises";
import { Follower, type Told } from "../../support/follower";

const RETRY_MS = 100;

/** What one of them has been told, and how often its connection broke. */
export class Listener {
	readonly told: Told[] = [];
	breaks = 0;
	/** Connections that were answered. */
	connections = 0;
	readonly #url: string;
	readonly #isOver: (told: Told) => boolean;
	readonly #abort = new AbortController();

	/** `isOver`: of an event, whether there is no more to come. */
	constructor(url: string, isOver: (told: Told) => boolean) {
		this.#url = url;
		this.#isOver = isOver;
	}

	/** Resolves at the end. */
	async listen(): Promise<this> {
		for (; !this.#abort.signal.aborted; this.breaks++) {
			try {
				if (await this.#connect()) return this;
			} catch {
				// The service is down, or goes down.
			}
			if (!this.#abort.signal.aborted) await sleep(RETRY_MS);
		}
		return this;
	}

	stop(): void {
		this.#abort.abort();
	}

	/** Whether the end has been told. */
	async #connect(): Promise<boolean> {
		const from = this.told.at(-1)?.id;
		const response = await fetch(this.#url, {
			headers: from === undefined ? {} : { "Last-Event-ID": from },
			signal: this.#abort.signal,
		});
		if (response.status === 204) return true;
		if (!response.ok || response.body === null) throw new Error(`it says ${response.status}`);
		this.connections++;
		const follower = new Follower(response.body);
		for (let next = await follower.next(); next !== undefined; next = await follower.next()) {
			this.told.push(next);
			if (!this.#isOver(next)) continue;
			await follower.close();
			return true;
		}
		return false;
	}
}

/** Follows an instance to its end. */
export function instanceListener(base: string, id: string): Listener {
	return new Listener(
		`${base}/workflows/${id}/stream`,
		({ event }) => event === "workflow.completed",
	);
}
