/** What the service says of its types: what they declare, and what became of their instances. */
import type { Graph } from "./graph";
import type { GuardState } from "./guard-rpc";
import type { StatusCounts, Throughput } from "./index-stats";
import type { WorkflowStatus } from "./status";
import type { TypeConfig } from "./type-config";
import type { RatePolicy, TypeAbout } from "./type-policy";
import type { TypeStatus } from "./type-state";

/** What a type declares. */
export interface CatalogueEntry {
	type: string;
	version: string | null;
	about: TypeAbout;
	config: TypeConfig;
	limits: TypeLimits;
	/** Its steps, where they are known beforehand. */
	graph: Graph | null;
	/** The input of its payload schema, as JSON Schema; null where that cannot be said. */
	inputSchema(): Record<string, unknown> | null;
}

/** By type, in the order of the registry. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>;

/** Null: none. Times in ms. */
export interface TypeLimits {
	concurrency: {
		limit: number | null;
		keyLimit: number | null;
		maxQueued: number;
		whileParked: "hold" | "release";
	} | null;
	rate: RatePolicy | null;
	/** 0: ended instances are kept for ever. */
	retentionMs: number;
	timeoutMs: number | null;
	shards: number;
}

/** `GET /types/:type` */
export interface TypeInfo extends TypeAbout {
	name: string;
	version: string | null;
	inputSchema: Record<string, unknown> | null;
	/** Its secrets are references to bindings. */
	config: TypeConfig;
	status: TypeStatus;
	executionCount: number;
	/** In ms since 1970. */
	lastExecutionAt: number | null;
	counts: Record<WorkflowStatus, number>;
	/** As it declares them; those in force, and what an operator has set, are the guard's. */
	limits: TypeLimits;
	guard: Omit<GuardState, "position">;
}

/** What happened in a stretch of time, as people read it. */
export interface Activity {
	created: number;
	completed: number;
	/** Errored or timed out. */
	failed: number;
	terminated: number;
}

/** Instances by status, and what happened to them of late. */
export interface Stats {
	counts: Record<WorkflowStatus, number>;
	lastHour: Activity;
	lastDay: Activity;
}

/** `GET /workflows/stats` */
export interface StatsResponse {
	workflows: (Stats & { type: string })[];
	total: Stats;
}

export function activity({ created, ended }: Throughput): Activity {
	const { completed = 0, errored = 0, timed_out = 0, terminated = 0 }: StatusCounts = ended;
	return { created, completed, failed: errored + timed_out, terminated };
}
