/** What is answered about types, and about the service. */
import * as z from "zod";
import type { BreakerView } from "../../model/breaker-rpc";
import type { StatsResponse, TypeInfo } from "../../model/catalogue";
import type { Graph } from "../../model/graph";
import type { ReindexProgress } from "../../model/reindex-rpc";
import { TYPE_STATUSES } from "../../model/type-state";
import { count, describes, jsonObject, moment, workflowStatus } from "./shape";

export const health = z.object({ status: z.literal("ok"), workflows: z.array(z.string()) });

const counts = z.record(workflowStatus, count);
const activity = z.object({
	created: count,
	completed: count,
	failed: count.describe("Errored or timed out."),
	terminated: count,
});
const statsFields = { counts, lastHour: activity, lastDay: activity };

export const stats = describes<StatsResponse>()(
	z
		.object({
			workflows: z.array(z.object({ type: z.string(), ...statsFields })),
			total: z.object(statsFields),
		})
		.meta({ id: "Stats" }),
);

const rate = z.object({ limit: count, perMs: count });

const limits = z.object({
	concurrency: z
		.object({
			limit: count.nullable(),
			keyLimit: count.nullable(),
			maxQueued: count,
			whileParked: z.enum(["hold", "release"]),
		})
		.nullable(),
	rate: rate.nullable(),
	retentionMs: count.describe("0: ended instances are kept for ever."),
	timeoutMs: count.nullable(),
	shards: count,
});

const guard = z.object({
	limits: z.object({
		limit: count.nullable(),
		keyLimit: count.nullable(),
		maxQueued: count,
		rate: rate.nullable(),
	}),
	overrides: z.object({
		concurrency: z
			.object({
				limit: count.optional(),
				keyLimit: count.optional(),
				maxQueued: count.optional(),
			})
			.optional(),
		rate: rate.optional(),
	}),
	held: count.describe("Instances that have a slot."),
	queued: count.describe("Instances that wait for one."),
	keys: z.array(z.object({ key: z.string().nullable(), held: count, queued: count })),
});

export const typeInfo = describes<TypeInfo>()(
	z
		.object({
			name: z.string(),
			version: z.string().nullable(),
			description: z.string().nullable(),
			tags: z.array(z.string()).readonly(),
			metadata: jsonObject.nullable(),
			inputSchema: z.record(z.string(), z.unknown()).nullable().describe("JSON Schema."),
			config: z.object({
				environment: z.string().nullable(),
				variables: jsonObject,
				secrets: z
					.record(z.string(), z.string())
					.readonly()
					.describe("References, as env:API_KEY, never values."),
			}),
			status: z.enum(TYPE_STATUSES),
			executionCount: count,
			lastExecutionAt: moment.nullable(),
			counts,
			limits: limits.describe("As the type declares them."),
			guard: guard.describe("Limits in force, and who works and waits."),
		})
		.meta({ id: "Type" }),
);

export const typeList = z.object({ types: z.array(typeInfo) });

export const graph = describes<Graph>()(
	z
		.object({
			nodes: z
				.array(
					z.object({
						id: z.string(),
						kind: z.string(),
						label: z.string(),
						isStep: z.boolean().optional(),
					}),
				)
				.readonly(),
			edges: z
				.array(z.object({ from: z.string(), to: z.string(), label: z.string().optional() }))
				.readonly(),
		})
		.meta({ id: "Graph" }),
);

export const breaker = describes<BreakerView>()(
	z
		.object({
			name: z.string(),
			state: z.enum(["closed", "open", "half-open"]),
			failures: count.describe("In a row."),
			failureThreshold: count,
			resetTimeoutMs: count,
			lastFailureAt: moment,
			openedAt: moment.nullable(),
			retryAt: moment.nullable(),
			trial: z.object({ caller: z.string(), since: moment, until: moment }).nullable(),
		})
		.meta({ id: "Breaker" }),
);

export const breakerList = z.object({ breakers: z.array(breaker) });

export const reindex = describes<ReindexProgress & { type: string; status: string }>()(
	z
		.object({
			type: z.string(),
			status: z.string().describe("never, running or finished"),
			startedAt: moment.nullable(),
			finishedAt: moment.nullable(),
			shards: count,
			checked: count,
			repaired: count,
			removed: count,
			added: count,
			unanswered: count,
		})
		.meta({ id: "Reindex" }),
);
