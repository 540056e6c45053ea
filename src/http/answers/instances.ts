/** What is answered about instances. */
import * as z from "zod";
import { ERROR_CODES } from "../../model/errors";
import type {
	Listing,
	LogPageInfo,
	PastRun,
	StepErrorInfo,
	StepInfo,
	TypeListing,
	WorkflowStatusResponse,
} from "../../model/http";
import type { IndexRow } from "../../model/index-rpc";
import { LOG_LEVELS } from "../../model/log";
import {
	AUDIT_ACTIONS,
	type AuditView,
	type DeliveriesView,
	STEP_KINDS,
	STEP_STATUSES,
} from "../../model/rpc";
import { anyJson, attributes, count, describes, jsonObject, moment, workflowStatus } from "./shape";

export const statusChange = z.object({ id: z.string(), status: workflowStatus });
export const metadataChange = z.object({ ...statusChange.shape, metadata: jsonObject });
export const deleted = z.object({ id: z.string(), status: z.literal("deleted") });
export const delivered = z.object({
	id: z.string(),
	event: z.string(),
	status: z.literal("delivered"),
});

export const created = z
	.object({
		id: z.string(),
		type: z.string(),
		status: workflowStatus,
		output: anyJson.optional().describe("Of a machine that is not isolated and has completed."),
	})
	.meta({ id: "Created" });

export const batchResults = z.object({
	results: z.array(
		z.union([
			z.object({ ...created.shape, created: z.boolean() }),
			z.object({
				error: z.object({
					code: z.enum([...ERROR_CODES, "INTERNAL_ERROR"]),
					message: z.string(),
					details: z.record(z.string(), z.unknown()).optional(),
				}),
			}),
		]),
	),
});

const errorRecord = z.object({
	name: z.string(),
	message: z.string(),
	stack: z.string().optional(),
	code: z.union([z.string(), z.number()]).optional(),
	classes: z.array(z.string()).optional(),
	fields: z.record(z.string(), z.unknown()).optional(),
	get cause() {
		return thrown.optional();
	},
	get errors() {
		return z.array(thrown).optional();
	},
});
/** Named, so that it can hold itself: `cause`. */
const thrown: z.ZodType<WorkflowStatusResponse["errorDetails"] & object> = z
	.lazy(() => z.union([errorRecord, z.object({ value: z.unknown() })]))
	.meta({ id: "Thrown", description: "An error as plain data, or another value that was thrown." });

const outcome = {
	result: anyJson,
	error: z.string().nullable().describe("The error's message; errorDetails has the rest."),
	errorDetails: thrown.nullable(),
};

const stepFields = {
	name: z.string(),
	key: z.string().describe("name, or name#2 for the second call of that name, and so on."),
	type: z.enum(STEP_KINDS),
	node: z.string().optional().describe("Of types with a graph: the kind of its node."),
	event: z.string().optional().describe("Of a wait: the event that it is for."),
	status: z.enum(STEP_STATUSES),
	attempts: count.describe("Attempts that ended, and the one that runs."),
	resultOmitted: z.literal(true).optional().describe("The answer had no room for the result."),
	startedAt: moment,
	completedAt: moment.nullable(),
	...outcome,
};

const step = describes<StepInfo>()(
	z
		.object({
			...stepFields,
			parent: z.string().optional().describe("Of a handler's step: the step that it handles."),
			wakeAt: moment.nullable(),
		})
		.meta({ id: "Step" }),
);

const audit = describes<AuditView>()(
	z
		.object({
			at: moment,
			actor: z.string(),
			action: z.enum(AUDIT_ACTIONS),
			reason: z.string().nullable(),
			key: z.string().nullable(),
			detail: z.record(z.string(), z.unknown()).nullable(),
		})
		.meta({ id: "AuditEntry" }),
);

const pastRun = describes<PastRun>()(
	z
		.object({
			run: count,
			status: workflowStatus,
			reason: z.string().nullable(),
			startedAt: moment.nullable(),
			completedAt: moment.nullable(),
			steps: z.array(z.object(stepFields)),
			...outcome,
		})
		.meta({ id: "PastRun" }),
);

const stepError = describes<StepErrorInfo>()(
	z
		.object({
			at: moment,
			run: count,
			step: z.string().nullable().describe("Null: the program itself panicked."),
			attempt: count.nullable(),
			isPanic: z.boolean(),
			error: z.string(),
			errorDetails: thrown,
		})
		.meta({ id: "StepError" }),
);

export const logPage = describes<LogPageInfo>()(
	z
		.object({
			lines: z.array(
				z.object({
					seq: count,
					at: moment,
					run: count,
					step: z.string().nullable(),
					attempt: count.nullable(),
					level: z.enum(LOG_LEVELS),
					message: z.string(),
					event: z.string().nullable(),
					fields: z.record(z.string(), z.unknown()).nullable(),
				}),
			),
			dropped: count.describe("Older lines that are gone."),
			nextAfter: count.nullable().describe("For after of the next page; null: no more for now."),
		})
		.meta({ id: "LogPage" }),
);

const deliveries = describes<DeliveriesView>()(
	z
		.object({
			receivers: z.array(
				z.object({
					receiver: z.string().describe("on:<event> or webhook:<hash of its URL>"),
					url: z.string().nullable(),
					events: z.array(z.string()).nullable().describe("Null: all."),
					isBehind: z.boolean(),
					place: z.string().nullable(),
					attempts: count,
					retryAt: moment.nullable(),
					error: z.string().nullable(),
					isDown: z.boolean(),
				}),
			),
			deadLetters: z.array(
				z.object({
					receiver: z.string(),
					id: z.string(),
					name: z.string(),
					at: moment,
					data: z.record(z.string(), z.unknown()),
					attempts: count,
					error: z.string().nullable(),
					diedAt: moment,
				}),
			),
			deadLettersOmitted: count,
		})
		.meta({ id: "Deliveries" }),
);

export const instance = describes<WorkflowStatusResponse>()(
	z
		.object({
			id: z.string(),
			type: z.string(),
			version: z.string().nullable(),
			status: workflowStatus,
			reason: z.string().nullable().describe("Why, where the status does not say all."),
			payload: anyJson,
			...outcome,
			steps: z.array(step),
			wakeAt: moment.nullable().describe("When it wakes, or starts, by itself next."),
			run: count.describe("1, and one more with each restart."),
			restartAttempt: count.describe("Restarts of the run after panics."),
			attributes,
			metadata: jsonObject,
			priority: z.int(),
			createdAt: moment,
			startedAt: moment.nullable(),
			updatedAt: moment,
			completedAt: moment.nullable(),
			progress: z.number().min(0).max(100).optional().describe("Of types with a graph."),
			currentStep: z.string().nullable().optional(),
			completedSteps: count.optional(),
			totalSteps: count.optional(),
			audit: z.array(audit).optional().describe("With include=audit."),
			runs: z.array(pastRun).optional().describe("With include=runs."),
			errors: z.array(stepError).optional().describe("With include=errors."),
			errorsOmitted: count.optional(),
			logs: logPage.optional().describe("With include=logs."),
			deliveries: deliveries.optional().describe("With include=deliveries."),
		})
		.meta({ id: "Instance" }),
);

const indexRow = describes<IndexRow>()(
	z
		.object({
			id: z.string(),
			status: workflowStatus,
			createdAt: moment,
			updatedAt: moment,
			attributes: attributes.optional(),
		})
		.meta({ id: "InstanceRow" }),
);

const nextCursor = z.string().nullable().describe("For cursor of the next page; null: the last.");
const ofType = { type: z.string(), instances: z.array(indexRow) };

export const listing = z.union([
	describes<TypeListing>()(z.object({ ...ofType, nextCursor }).meta({ id: "TypeListing" })),
	describes<Listing>()(
		z.object({ workflows: z.array(z.object(ofType)), nextCursor }).meta({ id: "Listing" }),
	),
]);
