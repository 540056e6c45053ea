/**
 * As much of the engine as a graph needs, in memory: outcomes are recorded and released one at a time,
 * in an order from a seed, and it may lose its memory at any of them. `simulation/` has the real one.
 */
import type { Children } from "../../../src/authoring/graph/control";
import type { GraphDefinition } from "../../../src/authoring/graph/definition";
import type { NodeRegistry } from "../../../src/authoring/graph/registry";
import { GraphCode, Run } from "../../../src/authoring/graph/run";
import type { State } from "../../../src/authoring/graph/state";
import { Thread } from "../../../src/authoring/graph/thread";
import type {
	InspectedStep,
	RunInfo,
	StepContext,
	StepFunction,
	StepOptions,
	StyleStep,
} from "../../../src/engine/program";
import { decode, encode } from "../../../src/model/codec";
import { decodeThrown, encodeThrown, fromThrownRecord } from "../../../src/model/error-record";
import { EventTimeoutError } from "../../../src/model/errors";
import { stepKey } from "../../../src/model/ids";

type Recorded = InspectedStep & { key: string };

interface Call {
	resolve(value: unknown): void;
	reject(error: unknown): void;
}

/** A step without an outcome: what its next move is. */
interface Open {
	key: string;
	name: string;
	call: number;
	kind: InspectedStep["kind"];
	attempts: number;
	work(attempt: number): Promise<unknown> | unknown;
	attemptsMax: number;
}

export type End = { ok: true; value: unknown } | { ok: false; error: unknown };

export class FakeEngine {
	/** In the order of the outcomes. */
	readonly journal: Recorded[] = [];
	/** Functions that were called, by key and attempt. */
	readonly calls: string[] = [];
	readonly #definition: GraphDefinition;
	readonly #code: GraphCode;
	readonly #random: () => number;
	/** Grows with each loss of memory. */
	#life = 0;
	#now = 0;

	constructor(
		definition: GraphDefinition,
		nodes: NodeRegistry,
		{ random, children = null }: { random: () => number; children?: Children | null },
	) {
		this.#definition = definition;
		this.#code = new GraphCode(definition, nodes, children);
		this.#random = random;
	}

	/** From the top, until it ends or `crash` says so at an outcome; undefined: it has crashed, or waits. */
	async run(
		payload: unknown,
		{ crash, seen }: { crash(): boolean; seen(state: State): void },
	): Promise<End | undefined> {
		const life = ++this.#life;
		const counts = new Map<string, number>();
		const calls = new Map<string, Call>();
		const open = new Map<string, Open>();
		let end: End | undefined;
		const ask = (name: string, rest: Omit<Open, "key" | "name" | "call" | "attempts">) => {
			if (this.#life !== life) return new Promise<never>(() => {});
			const call = (counts.get(name) ?? 0) + 1;
			counts.set(name, call);
			const key = stepKey(name, call);
			const { promise, resolve, reject } = Promise.withResolvers<unknown>();
			promise.catch(() => {});
			calls.set(key, { resolve, reject });
			const isRecorded = this.journal.some((row) => row.key === key);
			if (!isRecorded) open.set(key, { key, name, call, attempts: 0, ...rest });
			return promise;
		};
		const run = new Run(this.#code, this.#step(ask), payload, this.#info());
		if (this.journal.length === 0) seen(run.state);
		new Thread(run, this.#definition.start, null).run().then(
			() => {
				end = { ok: true, value: run.state.values() };
			},
			(error: unknown) => {
				end = { ok: false, error };
			},
		);
		for (let released = 0; ; ) {
			await settled();
			const row = this.journal[released];
			if (row !== undefined && !calls.has(row.key)) {
				throw new Error(`the replay does not ask for "${row.key}"`);
			}
			if (row !== undefined) {
				released++;
				const call = calls.get(row.key);
				if (row.error === undefined) call?.resolve(decode(encode(row.result, row.key)));
				else call?.reject(row.error);
				await settled();
				if (released === this.journal.length) seen(run.state);
				continue;
			}
			if (end !== undefined || open.size === 0) return end;
			if (crash()) {
				this.#life++;
				return undefined;
			}
			await this.#move(open);
		}
	}

	/** One of the open steps comes to something. */
	async #move(open: Map<string, Open>): Promise<void> {
		const all = [...open.values()];
		const step = all[Math.floor(this.#random() * all.length)];
		if (step === undefined) return;
		this.#now += 1_000;
		step.attempts++;
		let result: unknown;
		let error: unknown;
		try {
			if (step.kind === "do") this.calls.push(`${step.key} ${step.attempts}`);
			result = await step.work(step.attempts);
		} catch (thrown) {
			if (step.attempts < step.attemptsMax) return;
			error = fromThrownRecord(decodeThrown(encodeThrown(thrown)));
		}
		open.delete(step.key);
		const { key, name, call, kind, attempts } = step;
		const status = error === undefined ? "completed" : "failed";
		const times = { startedAt: this.#now, completedAt: this.#now };
		this.journal.push({ key, name, call, kind, status, attempts, ...times, result, error });
	}

	#step(
		ask: (name: string, rest: Omit<Open, "key" | "name" | "call" | "attempts">) => Promise<unknown>,
	): StyleStep {
		const run = (name: string, fn: StepFunction<unknown>, options?: StepOptions) => {
			const work = (attempt: number) => fn(this.#context(name, attempt));
			return ask(name, { kind: "do", work, attemptsMax: options?.retries?.limit ?? 1 });
		};
		return {
			do: run,
			doHandled: run,
			sleep: (name: string) => ask(name, { kind: "sleep", work: () => undefined, attemptsMax: 1 }),
			sleepUntil: (name: string) =>
				ask(name, { kind: "sleep", work: () => undefined, attemptsMax: 1 }),
			waitForEvent: (name: string, options: { event: string; timeout?: number }) => {
				const work = () => {
					const isLate = options.timeout !== undefined && this.#random() < 0.5;
					if (isLate) throw new EventTimeoutError(`no ${options.event}`);
					return { event: options.event };
				};
				return ask(name, { kind: "wait_for_event", work, attemptsMax: 1 });
			},
		} as unknown as StyleStep;
	}

	#context(key: string, attempt: number): StepContext {
		const { signal } = new AbortController();
		const rest = { metadata: {}, setMetadata: () => {}, startedAt: this.#now };
		return { key, attempt, idempotencyKey: `i/${key}`, signal, ...rest };
	}

	#info(): RunInfo {
		const { id: type } = this.#definition;
		const times = { createdAt: 0, startedAt: 0, restartAttempt: 0, attempt: 1 };
		return { id: "i", type, ...times, log: () => {}, emit: () => {} };
	}
}

/** What the last outcome sets in motion comes to rest. */
async function settled(): Promise<void> {
	for (let tick = 0; tick < 60; tick++) await null;
}
