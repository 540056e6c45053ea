/** What is answered about stored definitions, their executions, and the nodes that they are made of. */
import * as z from "zod";
import type { Definition, DefinitionInfo, Fault } from "../../model/definition";
import { anyJson, count, describes, jsonObject, moment, workflowStatus } from "./shape";

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
		currentNode: anyJson.optional(),
		executionPath: anyJson,
		finalState: anyJson.optional(),
		error: anyJson.optional(),
		links,
	})
	.meta({ id: "Execution" });

export const executionState = anyJson;
export const executionMetrics = z.looseObject({ executionId: z.string() });
export const nodes = z.array(jsonObject);
