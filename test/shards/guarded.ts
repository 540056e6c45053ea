/** A type whose instances share limits, seen from outside: who is at work, and in which order they began. */
import { changeLimits, guardState } from "../../src/client/runner-client";
import type { Program } from "../../src/engine/program";
import { encode } from "../../src/model/codec";
import type { LimitChanges } from "../../src/model/guard-limits";
import type { GuardState, SlotRequest } from "../../src/model/guard-rpc";
import { shardName } from "../../src/model/ids";
import { type CreateReceipt, unwrap } from "../../src/model/rpc";
import {
	type ConcurrencyOptions,
	concurrencyPolicy,
	type RateOptions,
	ratePolicy,
} from "../../src/model/type-policy";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define, programs } from "../support/lab";

export interface Payload {
	customer: string;
}

export class Guarded {
	readonly type: string;
	/** The ids of those at work: in the function of a step. */
	readonly working = new Set<string>();
	/** The most that were at work at once. */
	most = 0;
	/** In the order in which they first were. */
	readonly begun: string[] = [];
	readonly #ends = new Map<string, PromiseWithResolvers<void>>();

	/** `run`: what they do in place of one step, `work`, which lasts until `end`. */
	constructor(
		limits: { concurrency?: ConcurrencyOptions<Payload>; rate?: RateOptions },
		overrides: Partial<Program> = {},
	) {
		const { concurrency, rate } = limits;
		this.type = define((step) => step.do("work", this.work), {
			concurrency: concurrency === undefined ? null : concurrencyPolicy(concurrency),
			rate: rate === undefined ? null : ratePolicy(rate),
			...overrides,
		});
	}

	/** The function of a step that is at work until `end`. */
	readonly work = async ({ idempotencyKey }: { idempotencyKey: string }): Promise<void> => {
		const [id = ""] = idempotencyKey.split(/[~/]/);
		this.working.add(id);
		this.most = Math.max(this.most, this.working.size);
		if (!this.begun.includes(id)) this.begun.push(id);
		await this.#ends.get(id)?.promise;
		this.working.delete(id);
	};

	/** Its work, from now on, lasts until `end`. A promise goes on in the object that made it: here. */
	willWork(id: string): void {
		this.#ends.set(id, gate());
	}

	/** Ends the work of instances, now or as soon as it begins. */
	end(...ids: string[]): void {
		for (const id of ids) this.#ends.get(id)?.resolve();
	}

	/** As a deploy does it. */
	redeclare(changes: Partial<Program>): void {
		const program = programs.get(this.type);
		if (program !== undefined) programs.set(this.type, { ...program, ...changes });
	}

	async create(id: string, { customer = "c", priority = 0 } = {}): Promise<CreateReceipt> {
		clock.advance(1);
		this.willWork(id);
		const request = { type: this.type, id, payload: encode({ customer }, "it"), priority };
		return unwrap(await runners.getByName(id).create(request));
	}

	/** Creates them one after the other; they are named, so that a test reads well. */
	async createAll(ids: string[], options: { priority?: number; customer?: string } = {}) {
		for (const id of ids) await this.create(id, options);
	}

	/** A request as the guard gets it from an instance that is never there. */
	request(id: string, changes: Partial<SlotRequest> = {}): SlotRequest {
		return {
			...{ id, createdAt: clock.now(), seq: 1, key: null, priority: 0, isNew: true, isStart: true },
			...changes,
		};
	}

	get guard() {
		return runners.getByName(shardName(this.type));
	}

	/** The guard's object. */
	get shard(): TestInstance {
		return new TestInstance(shardName(this.type));
	}

	state(id?: string): Promise<GuardState> {
		return guardState(runners, this.type, { id });
	}

	async counts(): Promise<{ held: number; queued: number }> {
		const { held, queued } = await this.state();
		return { held, queued };
	}

	change(changes: LimitChanges): Promise<GuardState> {
		return changeLimits(runners, this.type, changes);
	}
}

export async function statusesOf(ids: string[]): Promise<string[]> {
	const statuses = ids.map((id) => new TestInstance(id).status());
	return (await Promise.all(statuses)).map(({ status }) => status);
}
