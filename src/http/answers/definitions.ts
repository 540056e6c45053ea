/** What is answered about stored definitions, their executions, and the nodes that they are made of. */
import * as z from "zod";
import {
	DEFINITION_ACTIONS,
	type Definition,
	type DefinitionAudit,
	type DefinitionInfo,
	type Fault,
} from "../../model/definition";
import { STEP_STATUSES } from "../../model/rpc";
import { anyJson, count, describes, moment, workflowStatus } from "./shape";

const about = {
	type: z.string(),
	hash: z.string().describe("SHA-256 of the content, whatever its white space."),
	version: z.string(),
	name: z.string(),
	description: z.string().nullable(),
};

export const definitionInfo = describes<DefinitionInfo>()(
	z
		.object({
			...about,
			isCurrent: z.boolean().describe("Whether new instances begin with it."),
			bytes: count,
			storedAt: moment,
			actor: z.string(),
			reason: z.string().nullable(),
		})
		.meta({ id: "DefinitionInfo" }),
);

export const definitionList = z.object({ definitions: z.array(definitionInfo) });
export const definition = z.object({ ...definitionInfo.shape, content: anyJson });
export const definitionVersions = z.object({
	...definition.shape,
	versions: z.array(definitionInfo),
});
export const definitionDeleted = z.object({ type: z.string(), status: z.literal("deleted") });

const definitionAuditEntry = describes<DefinitionAudit>()(
	z
		.object({
			at: moment,
			action: z
				.enum(DEFINITION_ACTIONS)
				.describe("`submit`: stored to run it. `withdraw`: the service had no room for the type."),
			actor: z.string(),
			reason: z.string().nullable(),
			version: z.string().describe("Where all went, of the one that was current."),
			hash: z.string(),
			key: z.string().nullable().describe("The request's Idempotency-Key."),
		})
		.meta({ id: "DefinitionAuditEntry" }),
);

export const definitionAudit = z.object({
	type: z.string(),
	audit: z.array(definitionAuditEntry).describe("The newest first."),
});

const fault = describes<Fault>()(
	z.object({
		path: z.string().describe("JSON pointer."),
		message: z.string(),
		line: count,
		column: count,
	}),
);

export const validation = z.object({
	valid: z.boolean(),
	definition: describes<Omit<Definition, "text">>()(z.object(about)).nullable(),
	faults: z.array(fault),
});

const links = z.object({
	self: z.string(),
	state: z.string(),
	metrics: z.string(),
	instance: z.string(),
	stream: z.string(),
});

export const submitted = z.object({
	executionId: z.string(),
	status: workflowStatus,
	definition: z.string().describe("The hash of its definition."),
	links,
});

const executionError = z
	.object({
		type: z.enum(["validation", "configuration", "runtime", "state", "system"]),
		severity: z.enum(["warning", "error", "critical"]),
		recoverable: z.boolean().describe("Another attempt may go better."),
		name: z.string(),
		message: z.string(),
		code: z.union([z.string(), z.number()]).nullable(),
		details: z.record(z.string(), z.unknown()).nullable(),
	})
	.meta({ id: "ExecutionError" });

const nodeExecution = z
	.object({
		nodeId: z.string(),
		place: z.string(),
		name: z.string().nullable().describe("The place's $name."),
		visit: count.describe("Which visit of the place it is, from 1."),
		status: z.enum(STEP_STATUSES),
		startTime: z.iso.datetime(),
		endTime: z.iso.datetime().nullable(),
		attempts: count,
		config: z.record(z.string(), z.unknown()).describe("As it is written."),
		edgeTaken: z.string().nullable(),
		outputData: anyJson,
		error: executionError.nullable(),
	})
	.meta({ id: "NodeExecution" });

export const execution = z
	.object({
		id: z.string(),
		workflowId: z.string(),
		version: z.string().nullable(),
		definition: z.string().nullable(),
		status: z.enum(["running", "completed", "failed", "cancelled"]),
		instanceStatus: workflowStatus,
		reason: z.string().nullable(),
		startTime: z.iso.datetime(),
		endTime: z.iso.datetime().optional(),
		currentNode: z.string().optional().describe("The place of the node that is under way."),
		executionPath: z.array(nodeExecution),
		finalState: anyJson.optional(),
		error: z
			.union([executionError, z.looseObject({ message: z.string() })])
			.optional()
			.describe("The second form where no node is to blame."),
		links,
	})
	.meta({ id: "Execution" });

export const executionState = z.record(z.string(), z.unknown());

export const executionMetrics = z.object({
	executionId: z.string(),
	totalDuration: z.number().describe("From the first step to the last end of one, in ms."),
	nodeExecutions: count,
	nodeMetrics: z.record(
		z.string(),
		z.object({
			executionCount: count,
			totalDuration: z.number(),
			averageDuration: z.number(),
			errors: count,
		}),
	),
	stateOperations: count.describe("How often the state has been changed."),
});

export const nodes = z.array(
	z
		.object({
			id: z.string(),
			name: z.string(),
			description: z.string().optional(),
			version: z.string(),
			inputs: z.array(z.string()).optional(),
			outputs: z.array(z.string()).optional(),
			edges: z
				.array(z.string())
				.optional()
				.describe("Those that it may be left by; all, where it has no list."),
			shorthand: z.string().optional(),
			config: z.record(z.string(), z.unknown()).optional().describe("JSON Schema."),
			expressions: z.array(z.string()).optional(),
			retry: z.record(z.string(), z.unknown()).optional(),
		})
		.meta({ id: "Node" }),
);
