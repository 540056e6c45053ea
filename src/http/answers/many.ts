/** What is answered about bulk jobs and schedules. */
import * as z from "zod";
import { BULK_ACTIONS, type BulkJob } from "../../model/bulk";
import { ERROR_CODES } from "../../model/errors";
import {
	OVERLAPS,
	type ScheduleDetails,
	type ScheduleInfo,
	type ScheduleRun,
} from "../../model/schedule";
import { anyJson, attributes, count, describes, moment, workflowStatus } from "./shape";

export const bulkJob = describes<BulkJob>()(
	z
		.object({
			id: z.string(),
			action: z.enum(BULK_ACTIONS),
			filter: z.object({
				type: z.array(z.string()).readonly(),
				status: z.array(workflowStatus).readonly().optional(),
				createdAfter: moment.optional(),
				createdBefore: moment.optional(),
				updatedAfter: moment.optional(),
				updatedBefore: moment.optional(),
				idPrefix: z.string().optional(),
				attributes: z
					.record(z.string(), z.union([z.string(), z.number(), z.null()]))
					.readonly()
					.optional(),
			}),
			event: z.string().nullable(),
			actor: z.string(),
			reason: z.string().nullable(),
			dryRun: z.boolean(),
			status: z.enum(["running", "completed", "stopped"]),
			matched: count,
			succeeded: count,
			skipped: count.describe("Their status does not allow the change, or they are gone."),
			failed: count,
			errors: z
				.array(
					z.object({
						id: z.string(),
						code: z.enum([...ERROR_CODES, "INTERNAL_ERROR"]),
						message: z.string(),
					}),
				)
				.describe("The first hundred."),
			sample: z.array(z.string()).describe("Of a dry run: the first twenty ids."),
			createdAt: moment,
			updatedAt: moment,
			completedAt: moment.nullable(),
		})
		.meta({ id: "BulkJob" }),
);

const scheduleFields = {
	id: z.string().describe("<type>:<name>"),
	type: z.string(),
	name: z.string(),
	cron: z.string(),
	timezone: z.string(),
	attributes,
	overlap: z.enum(OVERLAPS),
	catchUp: count,
	paused: z.boolean(),
	nextAt: moment.nullable(),
	queued: count,
	missed: count,
	createdAt: moment,
	updatedAt: moment,
};

export const scheduleRun = describes<ScheduleRun>()(
	z
		.object({
			scheduledAt: moment,
			instanceId: z.string().nullable(),
			outcome: z.enum(["queued", "started", "skipped", "missed", "failed"]),
			reason: z.string().nullable(),
			triggeredBy: z.string().nullable().describe("Null: the clock."),
		})
		.meta({ id: "ScheduleRun" }),
);

export const scheduleInfo = describes<ScheduleInfo>()(
	z.object(scheduleFields).meta({ id: "Schedule" }),
);

export const scheduleList = z.object({ schedules: z.array(scheduleInfo) });

export const scheduleDetails = describes<ScheduleDetails>()(
	z
		.object({
			...scheduleFields,
			payload: anyJson,
			nextRuns: z.array(moment).describe("The next ten times."),
			runs: z.array(scheduleRun).describe("The last twenty, the latest first."),
		})
		.meta({ id: "ScheduleDetails" }),
);
