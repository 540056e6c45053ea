/** One instance under test: the calls of a client, and the faults of the world. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createInstance } from "../../src/client/create-instance";
import { listInstances } from "../../src/client/listing";
import {
	type ControlAction,
	controlInstance,
	describeInstance,
	type RunnerNamespace,
	sendEvent,
} from "../../src/client/runner-client";
import { statusResponse, type WorkflowStatusResponse } from "../../src/model/http";
import type { IndexRow } from "../../src/model/index-rpc";
import { LIMITS } from "../../src/model/limits";
import { type ListOptions, parseListOptions } from "../../src/model/list-options";
import type { WorkflowStatus } from "../../src/model/status";
import { clock } from "./lab";

/** The binding, as the client sees it. */
export const runners = (env as unknown as { WORKFLOW_RUNNER: RunnerNamespace }).WORKFLOW_RUNNER;

/** A page of a type's instances as the index has them; 1,000 unless the options say otherwise. */
export async function listed(type: string, options: ListOptions = {}): Promise<IndexRow[]> {
	const request = { types: [type], ...parseListOptions({ limit: LIMITS.listPage, ...options }) };
	const { rows } = await listInstances(runners, request, undefined);
	return rows.map(({ type: _, ...row }) => row);
}

let ids = 0;

/** Real milliseconds for something to happen that needs no clock. */
const PATIENCE_MS = 15_000;

export class TestInstance {
	constructor(readonly id: string) {}

	static async create(type: string, payload: unknown = null, id?: string): Promise<TestInstance> {
		const created = await createInstance(runners, { type, id: id ?? `i-${++ids}`, payload });
		return new TestInstance(created.id);
	}

	get stub(): DurableObjectStub {
		return runners.getByName(this.id) as unknown as DurableObjectStub;
	}

	async status(): Promise<WorkflowStatusResponse> {
		return statusResponse(await describeInstance(runners, this.id));
	}

	event(event: string, payload: unknown = null): Promise<void> {
		return sendEvent(runners, { id: this.id, event, payload });
	}

	async control(action: ControlAction): Promise<WorkflowStatus> {
		return (await controlInstance(runners, this.id, action)).status;
	}

	/** Resolves with the status answer once it is what is wanted; fails with what it is instead. */
	async until(
		wanted: WorkflowStatus | ((status: WorkflowStatusResponse) => boolean),
	): Promise<WorkflowStatusResponse> {
		const holds =
			typeof wanted === "string"
				? (status: WorkflowStatusResponse) => status.status === wanted
				: wanted;
		for (const startedAt = Date.now(); ; ) {
			const status = await this.status();
			if (holds(status)) return status;
			if (Date.now() - startedAt > PATIENCE_MS) {
				throw new Error(`waited for ${wanted}, but it is ${JSON.stringify(status, null, 1)}`);
			}
			await clock.turn();
		}
	}

	/** Moves the clock and fires the alarm if it is due by then. */
	async advance(ms: number): Promise<void> {
		clock.advance(ms);
		const alarmAt = await this.alarmAt();
		if (alarmAt !== null && alarmAt <= clock.now()) await this.fireAlarm();
	}

	/** Fires the alarm, due or not; returns once it is through, or stays with a live pass. */
	async fireAlarm(): Promise<void> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		runDurableObjectAlarm(this.stub).then(end, end);
		do await clock.turn();
		while (!ended && (await this.alarmAt()) === null);
	}

	/** Lets an alarm that is near and not needed fire; then resolves with where one stands. */
	async alarmAfterLease(): Promise<number | null> {
		await this.advance(5_000);
		return this.alarmAt();
	}

	alarmAt(): Promise<number | null> {
		return runInDurableObject(this.stub, (_, state) => state.storage.getAlarm());
	}

	/** The isolate goes away between two events; storage stays. */
	evict(): Promise<void> {
		return evictDurableObject(this.stub);
	}

	/** The object dies in the middle of what it does. */
	async crash(): Promise<void> {
		await runInDurableObject(this.stub, (_, state) => state.abort("crash")).catch(() => {});
	}

	sql<T = Record<string, unknown>>(query: string): Promise<T[]> {
		return runInDurableObject(
			this.stub,
			(_, state) => state.storage.sql.exec(query).toArray() as T[],
		);
	}
}

/** A promise that the test settles, for use inside step functions. */
export function gate<T = void>() {
	return Promise.withResolvers<T>();
}
