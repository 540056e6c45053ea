/**
 * The class style (seed 002): a workflow is a class with a static `type` and a `run()`; its static
 * helpers create and steer instances from any Worker that binds `WORKFLOW_RUNNER`.
 *
 * It only translates: what the class declares becomes a `Program`, the helpers become calls.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type CreateResult, createEach } from "../../client/create-each";
import { type CreateOptions, createInstance } from "../../client/create-instance";
import { listType } from "../../client/listing";
import {
	controlInstance,
	describeInstance,
	type RepairInput,
	readLogs,
	removeInstance,
	repairStep,
	restartInstance,
	sendEvent,
} from "../../client/runner-client";
import {
	createSchedule,
	deleteSchedule,
	listSchedules,
	type ScheduleInput,
} from "../../client/schedules";
import { configFor, type RunConfig } from "../../client/type-config";
import { type Program, type RunInfo, type Step, toProgram } from "../../engine/program";
import type { Duration } from "../../model/duration";
import { ValidationError } from "../../model/errors";
import {
	type LogPageInfo,
	logPageInfo,
	statusResponse,
	type WorkflowStatusResponse,
} from "../../model/http";
import type { IndexRow } from "../../model/index-rpc";
import type { ListOptions } from "../../model/list-options";
import type { LogRequest } from "../../model/log";
import type { PanicOptions } from "../../model/panic";
import type { By, CreateReceipt, Include, RestartRequest, StatusReceipt } from "../../model/rpc";
import type { ScheduleDetails, ScheduleInfo } from "../../model/schedule";
import { isSchema, type Schema } from "../../model/standard-schema";
import { type TypeConfigOptions, typeConfig } from "../../model/type-config";
import type { ConcurrencyOptions, RateOptions } from "../../model/type-policy";
import type { WebhookOptions } from "../../model/webhook";
import { declared, type WorkflowDefaults } from "../declaration";
import { WORKER, type WorkflowEnv } from "../environment";

type WorkflowClass<Payload, Result, Events extends object> = (new () => BaseWorkflow<
	Payload,
	Result,
	Events
>) & {
	type: string;
};

/** An event by its name, with its payload. */
type EventProp<Events extends object> = {
	[Name in keyof Events & string]: { name: Name; payload: Events[Name] };
}[keyof Events & string];

/**
 * What `create` takes: the input of the class's payload schema, or the payload of its `run()`. It
 * may be left out where `undefined` is one.
 */
type PayloadProp<Class, Payload> = Class extends { payload: StandardSchemaV1<infer Input, unknown> }
	? OptionalPayload<Input>
	: OptionalPayload<Payload>;
type OptionalPayload<Payload> = undefined extends Payload
	? { payload?: Payload }
	: { payload: Payload };

/** What `create` takes. */
type CreateProps<Class, Payload, Events extends object> = CreateOptions & {
	event?: EventProp<Events>;
} & PayloadProp<Class, Payload>;

/**
 * @example
 * class Greet extends BaseWorkflow<{ name: string }, string, { approval: { ok: boolean } }> {
 *   static type = "greet";
 *   async run(step: Step<{ approval: { ok: boolean } }>, payload: { name: string }) {
 *     const { ok } = await step.waitForEvent("approval", { timeout: "1h" });
 *     return step.do("greet", () => (ok ? `Hello, ${payload.name}!` : "Another time."));
 *   }
 * }
 */
export abstract class BaseWorkflow<
	Payload = unknown,
	Result = unknown,
	Events extends object = Record<string, unknown>,
> {
	/** The type's name, the same as its key in the registry. */
	static type: string;
	/** Remembered by each instance that begins with it. */
	static version?: string;
	static defaults?: WorkflowDefaults;
	/** Of the whole instance: past it, the instance is `timed_out`. */
	static timeout?: Duration | string;
	/**
	 * Event names, each with a Standard Schema or any other value. Declared: other events are
	 * refused. Left out: every event is taken.
	 */
	static events?: object;
	/** A Standard Schema: a payload that it refuses creates nothing. */
	static payload?: Schema;
	/** What to do when a replay differs from the journal. Default `"pause"`. */
	static onNonDeterminism?: "pause" | "fail";
	/** What is done about errors that say the system is broken, not the step. */
	static panic?: PanicOptions;
	/** For people who look through the catalogue of types. */
	static description?: string;
	static tags?: readonly string[];
	/** Plain JSON. */
	static metadata?: Readonly<Record<string, unknown>>;
	/** Variables, and secrets as references to bindings; see `configured`. */
	static config?: TypeConfigOptions;
	/** How many instances may be at work at once; see `ConcurrencyOptions`. */
	static concurrency?: ConcurrencyOptions;
	/** How many instances may start in a stretch of time. */
	static rate?: RateOptions;
	/** How long an ended instance is kept; 0: for ever. Default: 30 days. */
	static retention?: Duration | string | 0;
	/** Where what happens to its instances is posted, signed. Default: the service's. */
	static webhooks?: readonly WebhookOptions[];
	/** Index shards that new instances are spread over. Default 1; it can be raised at any time. */
	static shards?: number;

	/** `run`: its id, how often it was restarted after a panic, and its log. */
	abstract run(step: Step<Events>, payload: Payload, run: RunInfo): Promise<Result>;

	/**
	 * Creates an instance; it starts at once unless the options say later. With `event`, an instance
	 * that is there already takes the event instead: start or signal in one call.
	 *
	 * @throws {WorkflowError} `INSTANCE_EXISTS`, `UNKNOWN_TYPE`; {ValidationError} for a bad id or payload.
	 */
	static create<
		Class extends WorkflowClass<Payload, Result, Events>,
		Payload,
		Result,
		Events extends object,
	>(
		this: Class & WorkflowClass<Payload, Result, Events>,
		env: WorkflowEnv,
		props: CreateProps<Class, Payload, Events>,
	): Promise<CreateReceipt> {
		return create(env, this.type, props);
	}

	/**
	 * Creates up to 100 instances, each for itself: the results, in the order of the items, are
	 * receipts or errors.
	 *
	 * @example
	 * const results = await Greet.createMany(env, [{ payload: { name: "A" } }, { payload: { name: "B" } }]);
	 * const failed = results.filter((result) => "error" in result);
	 */
	static createMany<
		Class extends WorkflowClass<Payload, Result, Events>,
		Payload,
		Result,
		Events extends object,
	>(
		this: Class & WorkflowClass<Payload, Result, Events>,
		env: WorkflowEnv,
		items: readonly CreateProps<Class, Payload, Events>[],
	): Promise<CreateResult[]> {
		return createEach(items, (item) => create(env, this.type, item));
	}

	/**
	 * Starts instances at the times of a cron expression, until `unschedule`.
	 *
	 * @throws {WorkflowError} `SCHEDULE_EXISTS`, `SCHEDULE_LIMIT`; {ValidationError} for a cron that
	 * never comes due, a time zone that is none, a payload that the type does not take.
	 * @example
	 * await Report.schedule(env, { name: "nightly", cron: "30 2 * * *", timezone: "Europe/Berlin", payload });
	 */
	static schedule<
		Class extends WorkflowClass<Payload, Result, Events>,
		Payload,
		Result,
		Events extends object,
	>(
		this: Class & WorkflowClass<Payload, Result, Events>,
		env: WorkflowEnv,
		schedule: Omit<ScheduleInput, "payload"> & PayloadProp<Class, Payload>,
	): Promise<ScheduleDetails> {
		return createSchedule(env.WORKFLOW_RUNNER, this.type, schedule);
	}

	/** The schedules of the type, by name. */
	static schedules(env: WorkflowEnv): Promise<ScheduleInfo[]> {
		return listSchedules(env.WORKFLOW_RUNNER, [this.type]);
	}

	/** Takes a schedule away; its instances stay. @throws {WorkflowError} `SCHEDULE_NOT_FOUND`. */
	static unschedule(env: WorkflowEnv, id: string): Promise<void> {
		return deleteSchedule(env.WORKFLOW_RUNNER, id);
	}

	/**
	 * Delivers an event; it is kept until the instance waits for it.
	 *
	 * @throws {WorkflowError} `INSTANCE_NOT_FOUND`, `INSTANCE_FINISHED`, `UNKNOWN_EVENT`.
	 */
	static sendEvent<Payload, Result, Events extends object, Name extends keyof Events & string>(
		this: WorkflowClass<Payload, Result, Events>,
		env: WorkflowEnv,
		props: { id: string; event: Name; payload: Events[Name]; by?: By },
	): Promise<void> {
		return sendEvent(env.WORKFLOW_RUNNER, { ...props, by: props.by ?? WORKER });
	}

	/**
	 * All that is known of an instance; with `{ steps: false }` all but its steps, which makes a
	 * poll cheap however long the journal.
	 *
	 * @throws {WorkflowError} `INSTANCE_NOT_FOUND`.
	 */
	static async status<Payload, Result, Events extends object>(
		this: WorkflowClass<Payload, Result, Events>,
		env: WorkflowEnv,
		id: string,
		options: { steps?: boolean; include?: readonly Include[] } = {},
	): Promise<WorkflowStatusResponse<Payload, Result>> {
		const view = await describeInstance(env.WORKFLOW_RUNNER, id, options);
		// What the class's own instances stored.
		return statusResponse(view) as WorkflowStatusResponse<Payload, Result>;
	}

	/**
	 * A page of an instance's log, oldest first.
	 *
	 * @throws {WorkflowError} `INSTANCE_NOT_FOUND`; {ValidationError} for a level that is none.
	 * @example
	 * const { lines, nextAfter } = await OrderWorkflow.logs(env, id, { level: "warn" });
	 */
	static async logs(env: WorkflowEnv, id: string, request: LogRequest = {}): Promise<LogPageInfo> {
		return logPageInfo(await readLogs(env.WORKFLOW_RUNNER, id, request));
	}

	/**
	 * A page of the class's instances, the newest first; `nextCursor` is for the `cursor` of the next
	 * page, and null at the end. A page may be short before the end when few instances pass the filter.
	 *
	 * @throws {ValidationError} for what is no filter, and for a cursor of another listing.
	 * @example
	 * const { instances } = await OrderWorkflow.list(env, { status: "errored", attributes: { customer: "c-17" } });
	 */
	static list(
		env: WorkflowEnv,
		options: ListOptions = {},
	): Promise<{ instances: IndexRow[]; nextCursor: string | null }> {
		return listType(env, this.type, options);
	}

	/** Steps in flight finish, nothing new starts. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE`. */
	static pause(env: WorkflowEnv, id: string, by: By = WORKER): Promise<StatusReceipt> {
		return controlInstance(env.WORKFLOW_RUNNER, id, "pause", by);
	}

	static resume(env: WorkflowEnv, id: string, by: By = WORKER): Promise<StatusReceipt> {
		return controlInstance(env.WORKFLOW_RUNNER, id, "resume", by);
	}

	/** Aborts the signals of steps in flight and ends the instance. */
	static terminate(env: WorkflowEnv, id: string, by: By = WORKER): Promise<StatusReceipt> {
		return controlInstance(env.WORKFLOW_RUNNER, id, "terminate", by);
	}

	/**
	 * Has a panicked instance go on now, with all that is recorded; else, and with `from`, begins
	 * another run: from the top, or from a step, keeping what was recorded before it. What the
	 * run before did stays readable: `status(env, id, { include: ["runs"] })`.
	 *
	 * @throws {WorkflowError} `STEP_NOT_FOUND`.
	 */
	static restart(
		env: WorkflowEnv,
		id: string,
		{ from, by = WORKER }: RestartRequest = {},
	): Promise<StatusReceipt> {
		return restartInstance(env.WORKFLOW_RUNNER, id, { from, by });
	}

	/**
	 * Gives a failed or waiting step a result, or wakes one that sleeps or retries.
	 *
	 * @throws {WorkflowError} `STEP_NOT_FOUND`, `STEP_NOT_REPAIRABLE`.
	 */
	static repair(env: WorkflowEnv, id: string, repair: RepairInput): Promise<StatusReceipt> {
		return repairStep(env.WORKFLOW_RUNNER, id, { ...repair, by: repair.by ?? WORKER });
	}

	/** Forgets an ended instance. @throws {WorkflowError} `ILLEGAL_STATUS_CHANGE` while it has not. */
	static delete(env: WorkflowEnv, id: string, by: By = WORKER): Promise<void> {
		return removeInstance(env.WORKFLOW_RUNNER, id, by);
	}

	/**
	 * The variables and secrets of the class's `config`, for its `run()`. A secret is read from the
	 * Worker's bindings when it is asked for; if its binding is not there, that throws a
	 * `WorkflowError`, `SECRET_MISSING`.
	 *
	 * @example
	 * const { variables, secrets } = ImportWorkflow.configured();
	 * await step.do("fetch", () => fetchAll(variables.regions, secrets.API_KEY));
	 */
	static configured<Options extends TypeConfigOptions>(this: {
		type: string;
		config: Options;
	}): RunConfig<Options> {
		return configFor<Options>({ type: this.type, config: typeConfig(this.config) });
	}

	static [toProgram](): Program {
		// `this` is the subclass; the abstract class itself cannot be registered by its type.
		const Workflow = this as unknown as new () => BaseWorkflow;
		const { payload } = this;
		if (payload !== undefined && !isSchema(payload)) {
			throw new ValidationError(`${this.type}: static payload is no Standard Schema.`);
		}
		return {
			...declared(this.type, this, payload),
			run: (step, input, run) => new Workflow().run(step, input, run),
		};
	}
}

/** The types of the static members say what an event and a payload are; here they are just values. */
function create(
	env: WorkflowEnv,
	type: string,
	props: CreateOptions & { event?: { name: string } | undefined; payload?: unknown },
): Promise<CreateReceipt> {
	const { by = WORKER, payload } = props;
	return createInstance(env.WORKFLOW_RUNNER, { ...props, type, payload, by });
}
