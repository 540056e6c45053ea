/**
 * `Workflows`: the service of seed 004 as a thin adapter, so that code written for it goes on with
 * another import. What is registered is the registry of this project's service; the rest are calls
 * to its objects, from any Worker that binds `WORKFLOW_RUNNER`.
 */
import { createInstance } from "../../client/create-instance";
import { listAfter } from "../../client/listing";
import { changeMetadata, controlInstance, describeInstance } from "../../client/runner-client";
import { type Program, type ProgramSource, type Registry, toProgram } from "../../engine/program";
import { ValidationError, WorkflowError } from "../../model/errors";
import { statusResponse } from "../../model/http";
import { parseTypeName } from "../../model/ids";
import type { Found, IndexRow, Position } from "../../model/index-rpc";
import { LIMITS } from "../../model/limits";
import { parseListOptions } from "../../model/list-options";
import { requireKnown, wholeNumber } from "../../model/options";
import { inPool } from "../../model/pool";
import { WORKFLOW_STATUSES } from "../../model/status";
import { concurrencyPolicy, SLOT_RANGES } from "../../model/type-policy";
import { environment, WORKER, type WorkflowEnv } from "../environment";
import { INSTANCE_STATUS, type Instance, type InstanceStatus, instanceOf } from "./instance-shape";
import type { Untyped } from "./services";

export interface RegisterOptions {
	/** Instances of it that may be at work at once; 0: as many as come. */
	maxConcurrent?: number;
	/** Not needed: code is deployed with the Worker. */
	modulePath?: string;
}

type Definition = ProgramSource & { readonly name: string };

/** Instances that are asked at a time. */
const AT_A_TIME = 10;

/**
 * @example
 * const workflows = new Workflows();
 * workflows.register(orderWorkflow, { maxConcurrent: 1 });
 * export class WorkflowRunner extends workflowRunner(workflows.registry) {}
 * // In a handler of a request:
 * const id = await workflows.start("process-order", { orderId: "ORD-123" });
 */
export class Workflows {
	readonly #sources = new Map<string, ProgramSource>();
	readonly #env: WorkflowEnv | undefined;

	/** `env`: the Worker's bindings; default: those that it was started with. */
	constructor(env?: WorkflowEnv) {
		this.#env = env;
	}

	/** What has been registered, for `workflowRunner` and `catalogueOf`. */
	get registry(): Registry {
		return Object.fromEntries(this.#sources);
	}

	/** @throws {ValidationError} for a name that is registered already. */
	register(definition: Definition, options: RegisterOptions = {}): void {
		requireKnown(options, ["maxConcurrent", "modulePath"], "register");
		const name = parseTypeName(definition?.name);
		if (this.#sources.has(name)) {
			throw new ValidationError(`The workflow "${name}" is registered already.`, { path: "name" });
		}
		const { maxConcurrent } = options;
		if (maxConcurrent === undefined) {
			this.#sources.set(name, definition);
			return;
		}
		const limit = wholeNumber(maxConcurrent, "maxConcurrent", SLOT_RANGES.limit);
		const concurrency = concurrencyPolicy({ limit });
		this.#sources.set(name, {
			[toProgram]: (services): Program => ({ ...definition[toProgram](services), concurrency }),
		});
	}

	/** Starts an instance; returns its id. @throws {WorkflowError} `UNKNOWN_TYPE`. */
	async start<Input = Untyped>(workflowName: string, input: Input): Promise<string> {
		const request = { type: workflowName, payload: input, by: WORKER };
		return (await createInstance(this.#runners, request)).id;
	}

	/** Null: there is none of this id. */
	async getInstance(instanceId: string): Promise<Instance | null> {
		try {
			return instanceOf(statusResponse(await describeInstance(this.#runners, instanceId)));
		} catch (error) {
			if (error instanceof WorkflowError && error.code === "INSTANCE_NOT_FOUND") return null;
			throw error;
		}
	}

	/** Whether it was running, and is cancelled now. */
	async cancel(instanceId: string): Promise<boolean> {
		try {
			await controlInstance(this.#runners, instanceId, "terminate", WORKER);
			return true;
		} catch (error) {
			const codes = ["ILLEGAL_STATUS_CHANGE", "INSTANCE_NOT_FOUND"];
			if (error instanceof WorkflowError && codes.includes(error.code)) return false;
			throw error;
		}
	}

	/** All of a workflow, the newest first; each is asked, so that this is for a few hundred. */
	async getInstances(workflowName: string, status?: InstanceStatus): Promise<Instance[]> {
		const types = [parseTypeName(workflowName)];
		const statuses = WORKFLOW_STATUSES.filter((each) => INSTANCE_STATUS[each] === status);
		const options = status === undefined ? {} : { status: statuses };
		const request = { types, ...parseListOptions({ ...options, limit: LIMITS.listPage }) };
		const ids: string[] = [];
		let after: Position | null = null;
		do {
			const page: Found<IndexRow> = await listAfter(this.#runners, request, after);
			ids.push(...page.rows.map(({ id }) => id));
			after = page.end;
		} while (after !== null);
		const instances = await inPool(ids, AT_A_TIME, (id) => this.getInstance(id));
		return instances.filter((instance) => instance !== null);
	}

	/** Sets metadata of an instance; null takes a name away. @throws {WorkflowError} `INSTANCE_NOT_FOUND`. */
	async updateMetadata(
		instanceId: string,
		metadata: Readonly<Record<string, unknown>>,
	): Promise<void> {
		await changeMetadata(this.#runners, instanceId, metadata, WORKER);
	}

	/** Nothing to do: each instance goes on by itself after a restart. */
	async resume(): Promise<void> {}

	/** Nothing to do: instances go on without this service. */
	async stop(): Promise<void> {}

	/** Nothing to do: handlers are given the plugins of `workflowRunner`. */
	setPluginMetadata(_metadata: unknown): void {}

	get #runners() {
		return environment(this.#env).WORKFLOW_RUNNER;
	}
}
