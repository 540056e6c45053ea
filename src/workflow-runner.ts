/**
 * The one Durable Object class, in its two roles (`roles.ts`). Thin: it gives them the platform's
 * clock, alarm and storage, and forwards RPC and alarms.
 */
import { DurableObject } from "cloudflare:workers";
import type { RunnerNamespace } from "./client/runner-client";
import { Instance } from "./engine/instance";
import { type Program, programsOf, type Registry } from "./engine/program";
import { ValidationError, WorkflowError } from "./model/errors";
import type { IndexRow, IndexUpdate } from "./model/index-rpc";
import type { Clock } from "./model/ports";
import {
	type Answer,
	answer,
	type ChangeRequest,
	type CreateReceipt,
	type CreateRequest,
	type DescribeRequest,
	type EventRequest,
	type IndexFilter,
	type InstanceRpc,
	type InstanceView,
	type ShardRpc,
	type StatusReceipt,
} from "./model/rpc";
import type {
	NamedSchedule,
	ScheduleInfo,
	ScheduleRequest,
	ScheduleRun,
	ScheduleView,
} from "./model/schedule";
import { roleIn } from "./roles";
import { IndexShard } from "./shards/index-shard";

/** The bindings that the class needs. */
export interface RunnerEnv {
	WORKFLOW_RUNNER: RunnerNamespace;
}

/** 2^31 - 1: the longest delay of a timer (HTML, 8.6). */
const TIMER_MS_MAX = 2_147_483_647;

const systemClock: Clock = {
	now: () => Date.now(),
	after(delayMs, work) {
		// setTimeout takes a longer delay for none at all; no isolate lives that long anyway.
		if (delayMs > TIMER_MS_MAX) return () => {};
		const timer = setTimeout(work, delayMs);
		return () => clearTimeout(timer);
	},
	turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/**
 * The Durable Object class for a registry. Export it as `WorkflowRunner`, the name in
 * `wrangler.jsonc`.
 *
 * @example
 * export class WorkflowRunner extends workflowRunner({ order: OrderWorkflow }) {}
 */
export function workflowRunner(registry: Registry) {
	// Once per isolate: a faulty registry stops the deploy, not an instance.
	return runnerClass(programsOf(registry), systemClock);
}

/** The class itself: tests give it programs that come and go, and a clock that they move. */
export function runnerClass(programs: ReadonlyMap<string, Program>, clock: Clock) {
	return class extends DurableObject<RunnerEnv> implements InstanceRpc, ShardRpc {
		readonly role: Instance | IndexShard;

		constructor(ctx: DurableObjectState, env: RunnerEnv) {
			super(ctx, env);
			const { storage } = ctx;
			const name = ctx.id.name ?? "";
			this.role = roleIn({
				name,
				storage,
				runners: env.WORKFLOW_RUNNER,
				programs,
				clock,
				alarm: {
					set: (atMs) => void storage.setAlarm(atMs),
					clear: () => void storage.deleteAlarm(),
				},
				random: Math.random,
				report: (message, error) => console.error(`${name}: ${message}`, error),
			});
		}

		create(request: CreateRequest): Promise<Answer<CreateReceipt>> {
			return answer(() => asInstance(this.role).create(request));
		}

		deliverEvent(request: EventRequest): Promise<Answer<null>> {
			return answer(() => asInstance(this.role).deliverEvent(request));
		}

		pause(_request: ChangeRequest): Promise<Answer<StatusReceipt>> {
			return answer(() => asInstance(this.role).pause());
		}

		resume(_request: ChangeRequest): Promise<Answer<StatusReceipt>> {
			return answer(() => asInstance(this.role).resume());
		}

		terminate(_request: ChangeRequest): Promise<Answer<StatusReceipt>> {
			return answer(() => asInstance(this.role).terminate());
		}

		describe(request: DescribeRequest): Promise<Answer<InstanceView>> {
			return answer(() => asInstance(this.role).describe(request));
		}

		indexWrite(update: IndexUpdate): Promise<Answer<null>> {
			return answer(() => asShard(this.role).rpc.indexWrite(update));
		}

		indexList(filter: IndexFilter): Promise<Answer<IndexRow[]>> {
			return answer(() => asShard(this.role).rpc.indexList(filter));
		}

		scheduleCreate(request: ScheduleRequest): Promise<Answer<ScheduleView>> {
			return answer(() => asShard(this.role).rpc.scheduleCreate(request));
		}

		scheduleList(request: ChangeRequest): Promise<Answer<ScheduleInfo[]>> {
			return answer(() => asShard(this.role).rpc.scheduleList(request));
		}

		scheduleDescribe(request: NamedSchedule): Promise<Answer<ScheduleView>> {
			return answer(() => asShard(this.role).rpc.scheduleDescribe(request));
		}

		schedulePause(request: NamedSchedule): Promise<Answer<ScheduleInfo>> {
			return answer(() => asShard(this.role).rpc.schedulePause(request));
		}

		scheduleResume(request: NamedSchedule): Promise<Answer<ScheduleInfo>> {
			return answer(() => asShard(this.role).rpc.scheduleResume(request));
		}

		scheduleTrigger(request: NamedSchedule & ChangeRequest): Promise<Answer<ScheduleRun>> {
			return answer(() => asShard(this.role).rpc.scheduleTrigger(request));
		}

		scheduleDelete(request: NamedSchedule): Promise<Answer<null>> {
			return answer(() => asShard(this.role).rpc.scheduleDelete(request));
		}

		override async alarm(): Promise<void> {
			await this.role.wake();
		}
	};
}

function asInstance(role: Instance | IndexShard): Instance {
	if (role instanceof Instance) return role;
	throw new WorkflowError("INSTANCE_NOT_FOUND", "This object is an index shard, not an instance.");
}

function asShard(role: Instance | IndexShard): IndexShard {
	if (role instanceof IndexShard) return role;
	throw new ValidationError("This object is an instance, not an index shard.");
}
