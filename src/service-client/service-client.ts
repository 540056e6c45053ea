/**
 * The HTTP API as methods, for the command line and the dashboard. It needs `fetch` and nothing else
 * of a platform.
 *
 * @example
 * const service = new ServiceClient({ url: "http://localhost:8787" });
 * const { id } = await service.create({ type: "test", payload: { name: "World" } });
 * for await (const { name, data } of service.follow(id)) console.log(name, data);
 */
import type {
	BreakerView,
	BulkAction,
	BulkJob,
	Definition,
	DefinitionInfo,
	Fault,
	Graph,
	Include,
	Listing,
	LogLevel,
	LogPageInfo,
	ScheduleDetails,
	ScheduleInfo,
	ScheduleRun,
	TypeInfo,
	TypeListing,
	TypeStatus,
	WorkflowStatus,
	WorkflowStatusResponse,
} from "./answers";
import { type FollowedEvent, type FollowOptions, follow } from "./follow";
import { type Connection, path, type Query, type Request, Transport } from "./transport";

/** Events of an instance's end. */
const ENDS = ["workflow.completed", "workflow.failed", "workflow.cancelled"];

/** What an answer of a change says. */
export interface Changed {
	id: string;
	status: WorkflowStatus;
}

export interface Created extends Changed {
	type: string;
	/** Of a machine that is not isolated and has completed. */
	output?: unknown;
}

/** `POST /workflows` */
export interface CreateInput {
	type: string;
	id?: string | undefined;
	payload?: unknown;
	attributes?: Record<string, string> | undefined;
	priority?: number | undefined;
	retry?: { limit?: number | undefined; delay?: number | undefined } | undefined;
	delay?: string | undefined;
	reason?: string | undefined;
}

export interface ListFilter {
	type?: readonly string[] | undefined;
	status?: readonly WorkflowStatus[] | undefined;
	createdAfter?: string | undefined;
	createdBefore?: string | undefined;
	updatedAfter?: string | undefined;
	updatedBefore?: string | undefined;
	idPrefix?: string | undefined;
	/** `name`, or `name:value`. */
	tag?: readonly string[] | undefined;
	limit?: number | undefined;
	cursor?: string | undefined;
}

export interface BulkInput {
	action: BulkAction;
	filter: Record<string, unknown>;
	event?: { name: string; payload?: unknown } | undefined;
	dryRun?: boolean | undefined;
	reason?: string | undefined;
}

export interface CleanupInput {
	/** A duration: `30d`. */
	olderThan: string;
	type?: readonly string[] | undefined;
	status?: readonly WorkflowStatus[] | undefined;
	dryRun?: boolean | undefined;
	reason?: string | undefined;
}

export interface ScheduleCreation {
	type: string;
	cron: string;
	name?: string | undefined;
	timezone?: string | undefined;
	payload?: unknown;
	overlap?: string | undefined;
	catchUp?: number | undefined;
	paused?: boolean | undefined;
}

export interface TypeChanges {
	status?: TypeStatus | undefined;
	concurrency?: { limit?: number; keyLimit?: number; maxQueued?: number } | null | undefined;
	rate?: { limit: number; per: string } | null | undefined;
}

export interface Validation {
	valid: boolean;
	definition: Omit<Definition, "text"> | null;
	faults: Fault[];
}

export interface NodeInfo {
	id: string;
	name: string;
	version: string;
	description?: string;
	edges?: string[];
}

export type RepairInput = {
	action: "set-output" | "skip" | "fire-sleep" | "retry-now";
	step: string;
	output?: unknown;
	reason?: string | undefined;
};

export class ServiceClient {
	readonly #transport: Transport;

	constructor(connection: Connection) {
		this.#transport = new Transport(connection);
	}

	get url(): string {
		return this.#transport.url;
	}

	// Instances

	create(input: CreateInput): Promise<Created> {
		return this.#json({ method: "POST", path: "/workflows", body: input });
	}

	instance(
		id: string,
		{ steps = true, include = [] }: { steps?: boolean; include?: readonly Include[] } = {},
	): Promise<WorkflowStatusResponse> {
		const query = {
			steps: steps ? undefined : "false",
			include: include.length === 0 ? undefined : include.join(","),
		};
		return this.#get(path`/workflows/${id}`, query);
	}

	/** Of one type; `list` does for several. */
	listType(type: string, filter: Omit<ListFilter, "type"> = {}): Promise<TypeListing> {
		return this.#get("/workflows", { ...filter, type });
	}

	list(filter: ListFilter = {}): Promise<Listing | TypeListing> {
		return this.#get("/workflows", { ...filter });
	}

	logs(
		id: string,
		query: { level?: LogLevel | undefined; after?: number | undefined; limit?: number } = {},
	): Promise<LogPageInfo> {
		return this.#get(path`/workflows/${id}/logs`, query);
	}

	/** What happened to it, and what happens; its end comes last, whatever is chosen. */
	async *follow(
		id: string,
		{ events, ...options }: FollowOptions = {},
	): AsyncGenerator<FollowedEvent, void> {
		const chosen = events === undefined ? undefined : [...events, ...ENDS];
		const route = path`/workflows/${id}/stream`;
		for await (const event of follow(this.#transport, route, { events: chosen, ...options })) {
			yield event;
			if (ENDS.includes(event.name)) return;
		}
	}

	change(
		id: string,
		action: "pause" | "resume" | "terminate" | "restart",
		body: { reason?: string | undefined; from?: string | undefined } = {},
	): Promise<Changed> {
		return this.#post(`${path`/workflows/${id}/`}${action}`, body);
	}

	repair(id: string, repair: RepairInput): Promise<Changed> {
		return this.#post(path`/workflows/${id}/repair`, repair);
	}

	sendEvent(id: string, event: string, payload: unknown): Promise<{ id: string; event: string }> {
		return this.#post(path`/workflows/${id}/events/${event}`, payload);
	}

	remove(id: string, body: { reason?: string | undefined } = {}): Promise<unknown> {
		return this.#json({ method: "DELETE", path: path`/workflows/${id}`, body });
	}

	// Types

	async types(status?: readonly TypeStatus[]): Promise<TypeInfo[]> {
		const { types } = await this.#get<{ types: TypeInfo[] }>("/types", { status });
		return types;
	}

	type(name: string): Promise<TypeInfo> {
		return this.#get(path`/types/${name}`);
	}

	changeType(name: string, changes: TypeChanges): Promise<TypeInfo> {
		return this.#json({ method: "PATCH", path: path`/types/${name}`, body: changes });
	}

	graph(type: string): Promise<Graph> {
		return this.#get(path`/types/${type}/graph`);
	}

	/** As Mermaid text. */
	graphText(type: string): Promise<string> {
		const query = { format: "mermaid" };
		return this.#transport.text({ method: "GET", path: path`/types/${type}/graph`, query });
	}

	async breakers(type: string): Promise<BreakerView[]> {
		const route = path`/types/${type}/breakers`;
		return (await this.#get<{ breakers: BreakerView[] }>(route)).breakers;
	}

	// Definitions

	/** `text`: as its author wrote it, so that faults have their lines. */
	storeDefinition(text: string, { replace = false } = {}): Promise<DefinitionInfo> {
		const query = { replace: replace ? "true" : undefined };
		return this.#json({ method: "POST", path: "/definitions", text, query });
	}

	validateDefinition(text: string): Promise<Validation> {
		return this.#json({ method: "POST", path: "/definitions/validate", text });
	}

	nodes(): Promise<NodeInfo[]> {
		return this.#get("/nodes");
	}

	// Schedules

	async schedules(type?: string): Promise<ScheduleInfo[]> {
		return (await this.#get<{ schedules: ScheduleInfo[] }>("/schedules", { type })).schedules;
	}

	schedule(id: string): Promise<ScheduleDetails> {
		return this.#get(path`/schedules/${id}`);
	}

	createSchedule(input: ScheduleCreation): Promise<ScheduleDetails> {
		return this.#post("/schedules", input);
	}

	changeSchedule(id: string, action: "pause" | "resume"): Promise<ScheduleInfo> {
		return this.#post(`${path`/schedules/${id}/`}${action}`);
	}

	triggerSchedule(id: string): Promise<ScheduleRun> {
		return this.#post(path`/schedules/${id}/trigger`);
	}

	deleteSchedule(id: string): Promise<unknown> {
		return this.#json({ method: "DELETE", path: path`/schedules/${id}` });
	}

	// Jobs

	bulk(input: BulkInput): Promise<BulkJob> {
		return this.#post("/workflows/bulk", input);
	}

	cleanup(input: CleanupInput): Promise<BulkJob> {
		return this.#post("/workflows/cleanup", input);
	}

	job(id: string): Promise<BulkJob> {
		return this.#get(path`/bulk/${id}`);
	}

	stopJob(id: string): Promise<BulkJob> {
		return this.#post(path`/bulk/${id}/stop`);
	}

	#get<T>(route: string, query?: Query): Promise<T> {
		return this.#json({ method: "GET", path: route, query });
	}

	#post<T>(route: string, body?: unknown): Promise<T> {
		return this.#json({ method: "POST", path: route, body });
	}

	#json<T>(request: Request): Promise<T> {
		return this.#transport.json(request);
	}
}
