/**
 * An operator at work during a chaos run: bulk jobs pause what there is of some types and let it go
 * on again, and restart what has completed of another, whatever is killed meanwhile. In the end
 * nothing is paused, and no job is left open.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Reply } from "../client";
import type { ChaosType } from "./worker/programs";

interface Job {
	id: string;
	status: "running" | "completed" | "stopped";
	succeeded: number;
	failed: number;
}

const RETRY_MS = 300;
/** Turns at whose end instances are restarted, and of which type. */
const RESTART_TURNS = [2, 5];
const RESTARTED: ChaosType[] = ["relay"];
const TYPES: ChaosType[] = ["sequence", "crowd", "relay", "fan"];

export class Operator {
	/** Jobs that were started and came to their end. */
	jobs = 0;
	/** Instances that these paused. */
	paused = 0;
	/** Runs that they restarted. */
	restarted = 0;
	readonly violations: string[] = [];
	readonly #client: Client;
	readonly #stop = new AbortController();

	constructor(client: Client) {
		this.#client = client;
	}

	/** Pauses one type after another, each for a moment, until `isOver`; leaves nothing paused. */
	async work(isOver: () => boolean): Promise<void> {
		for (let turn = 0; !isOver() && !this.#stop.signal.aborted; turn++) {
			const type = [TYPES[turn % TYPES.length] ?? "sequence"];
			this.paused += (await this.#run("pause", type))?.succeeded ?? 0;
			await this.#wait(1_000);
			await this.#run("resume", type);
			if (RESTART_TURNS.includes(turn)) await this.#restart();
		}
		// A pause whose answer was lost may have come after the resume.
		await this.#wait(1_000);
		await this.#run("resume", TYPES);
	}

	stop(): void {
		this.#stop.abort();
	}

	async #restart(): Promise<void> {
		const filter = { status: ["completed"] };
		this.restarted += (await this.#run("restart", RESTARTED, filter))?.succeeded ?? 0;
	}

	/** Starts a job and follows it to its end. */
	async #run(
		action: "pause" | "resume" | "restart",
		type: ChaosType[],
		filter: { status?: string[] } = {},
	): Promise<Job | undefined> {
		const body = { action, filter: { type, ...filter }, reason: "chaos" };
		const started = await this.#until(() => this.#client.post<Job>("/workflows/bulk", body));
		if (started === undefined) return undefined;
		for (;;) {
			const job = await this.#until(() => this.#client.get<Job>(`/bulk/${started.id}`));
			if (job === undefined) return undefined;
			if (job.status === "running") {
				await this.#wait(RETRY_MS);
				continue;
			}
			this.jobs++;
			if (job.failed > 0) this.violations.push(`bulk ${action} failed for ${job.failed}`);
			return job;
		}
	}

	/** Asks until it is answered; undefined at `stop`. */
	async #until<T>(ask: () => Promise<Reply<T>>): Promise<T | undefined> {
		while (!this.#stop.signal.aborted) {
			try {
				const { status, body } = await ask();
				if (status < 300) return body;
				this.violations.push(`an operator was answered ${status}: ${JSON.stringify(body)}`);
				return undefined;
			} catch {
				// The service is down.
			}
			await this.#wait(RETRY_MS);
		}
		return undefined;
	}

	async #wait(delayMs: number): Promise<void> {
		await sleep(delayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
	}
}
