/**
 * Many followers of one service, of its instances and of a type, while the instances work, park and
 * are killed with it: each is to be told all, once and in order. A shard keeps what it tells in
 * memory, so those who follow a type are told of the gap that the kill has made, and all after it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Told } from "../../support/follower";
import { poll } from "../poll";
import { Service } from "../service";
import { instanceListener, Listener } from "./follow";

export interface CrowdSize {
	instances: number;
	/** Of each instance. */
	followers: number;
	/** Of the type. */
	typeFollowers: number;
	/** Streams that nothing is told in, opened beside them. */
	bare: number;
}

export interface CrowdReport {
	/** What anyone was told wrongly; none: all is well. */
	faults: string[];
	/** Events that were told, in all. */
	told: number;
	/** Memory of workerd in bytes, with so many streams open. */
	memory: { idle: number; ofInstances: number; ofType: number; bare: number; ended: number };
}

const TYPE = "rambler";
const STEPS = 20;
const STEP_MS = 40;
/** Into which the kill falls. */
const WALK_MS = 500;
const SETTLING_MS = 1_500;

export async function runCrowd(size: CrowdSize): Promise<CrowdReport> {
	const service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
	try {
		return await new Crowd(service, size).run();
	} finally {
		await service.stop();
	}
}

class Crowd {
	readonly #service: Service;
	readonly #ids: string[];
	readonly #ofInstances: Listener[];
	readonly #ofType: Listener[];
	readonly #bare: number;

	constructor(service: Service, { instances, followers, typeFollowers, bare }: CrowdSize) {
		const { url } = service;
		this.#bare = bare;
		this.#service = service;
		this.#ids = Array.from({ length: instances }, (_, index) => `${TYPE}-${index + 1}`);
		this.#ofInstances = this.#ids.flatMap((id) =>
			Array.from({ length: followers }, () => instanceListener(url, id)),
		);
		this.#ofType = Array.from({ length: typeFollowers }, () => {
			const ended = new Set<unknown>();
			return new Listener(`${url}/stream?type=${TYPE}`, ({ event, data }) => {
				if (event === "workflow.completed") ended.add(data.instanceId);
				return ended.size === instances;
			});
		});
	}

	async run(): Promise<CrowdReport> {
		const payload = { steps: STEPS, ms: STEP_MS };
		await this.#each((id) => this.#service.create(TYPE, id, payload));
		await this.#parked("go");
		const idle = await this.#memory();
		const listening = this.#ofInstances.map((listener) => listener.listen());
		await this.#connected(this.#ofInstances, 1);
		const ofInstances = await this.#memory();
		listening.push(...this.#ofType.map((listener) => listener.listen()));
		await this.#connected(this.#ofType, 1);
		const ofType = await this.#memory();
		await Promise.all(
			Array.from({ length: this.#bare }, () => fetch(`${this.#service.url}/bare-stream`)),
		);
		const bare = await this.#memory();
		await this.#each((id) => this.#service.post(`/workflows/${id}/events/go`, {}));
		await sleep(WALK_MS);
		await this.#service.kill9();
		await this.#service.restart();
		await this.#connected(this.#ofType, 2);
		await this.#parked("on");
		await this.#each((id) => this.#service.post(`/workflows/${id}/events/on`, {}));
		await poll(
			() => `the end of ${listening.length} streams; open are ${this.#open().join(", ")}`,
			() => this.#open().length === 0 || undefined,
		);
		await Promise.all(listening);
		const memory = { idle, ofInstances, ofType, bare, ended: await this.#memory() };
		const all = [...this.#ofInstances, ...this.#ofType];
		const told = all.reduce((sum, listener) => sum + listener.told.length, 0);
		return { faults: this.#faults(), told, memory };
	}

	async #each(work: (id: string) => Promise<unknown>): Promise<void> {
		await Promise.all(this.#ids.map(work));
	}

	/** All wait for this event. */
	async #parked(event: string): Promise<void> {
		await this.#each((id) =>
			this.#service.until(
				id,
				({ status, steps }) => status === "waiting" && steps.at(-1)?.name === event,
			),
		);
	}

	async #connected(listeners: readonly Listener[], times: number): Promise<void> {
		const missing = () => listeners.filter(({ connections }) => connections < times).length;
		await poll(
			() => `connection ${times} of ${missing()} streams`,
			() => missing() === 0 || undefined,
		);
	}

	/** How many streams have not ended. */
	#open(): string[] {
		return [...this.#ofInstances, ...this.#ofType]
			.filter(({ told }) => told.at(-1)?.event !== "workflow.completed")
			.map(({ told }) => `${told.at(-1)?.event} ${told.length}`);
	}

	async #memory(): Promise<number> {
		await sleep(SETTLING_MS);
		return this.#service.memoryBytes();
	}

	#faults(): string[] {
		const expected = EXPECTED.join("\n");
		const faults = this.#ofInstances.flatMap(({ told }, index) =>
			linesOf(told) === expected ? [] : [`follower ${index} was told:\n${linesOf(told)}`],
		);
		const inShard = new Map<string, string>();
		for (const [index, { told }] of this.#ofType.entries()) {
			const fault = faultOfType(told, inShard, this.#ids);
			if (fault !== undefined) faults.push(`follower ${index} of the type: ${fault}`);
		}
		return faults;
	}
}

const walked = (from: number, to: number) =>
	Array.from({ length: to - from + 1 }, (_, index) => `step-${from + index}`);

/** Of one instance, but for its status, which is what it is when it is asked for. */
const EXPECTED = [
	"workflow.started ",
	...["go", ...walked(1, STEPS / 2), "rest", ...walked(STEPS / 2 + 1, STEPS), "on", "last"].flatMap(
		(step) => [`workflow.step.started ${step}`, `workflow.step.completed ${step}`],
	),
	"workflow.completed ",
];

function linesOf(told: readonly Told[]): string {
	return told
		.filter(({ event }) => event !== "workflow.status")
		.map(({ event, data }) => `${event} ${data.stepName ?? ""}`)
		.join("\n");
}

/**
 * A shard numbers what it tells, anew in each of its lives. `inShard` is what others were told under
 * each number.
 */
function faultOfType(
	told: readonly Told[],
	inShard: Map<string, string>,
	ids: readonly string[],
): string | undefined {
	let before: { life: string; count: number } | undefined;
	let gaps = 0;
	for (const { id, event, data } of told) {
		const [, life = "", text] = /~([\w-]+)\.(\d+)$/.exec(id) ?? [];
		const count = Number(text);
		const isGap = event === "stream.gap";
		if (isGap) gaps++;
		const follows =
			before === undefined || (before.life === life ? count === before.count + 1 : isGap);
		if (!follows) return `${id} came behind ${before?.life}.${before?.count}`;
		before = { life, count };
		if (isGap) continue;
		const line = `${event} ${data.instanceId}`;
		if ((inShard.get(id) ?? line) !== line) return `${id} is ${line}, and ${inShard.get(id)}`;
		inShard.set(id, line);
	}
	if (gaps !== 1) return `${gaps} gaps`;
	const ended = told.filter(({ event }) => event === "workflow.completed");
	const all = ended.map(({ data }) => data.instanceId).sort();
	return all.join() === [...ids].sort().join() ? undefined : `the ends of ${all.join()}`;
}
