/** What the document says of the routes about definitions, executions and nodes. */
import * as z from "zod";
import * as answers from "../answers/definitions";
import { putQuery, useBody } from "../definition-routes";
import { changeBody, nothing } from "../input";
import type { Operations } from "./operation";

/** What it is made of, the service says itself: the nodes that it has are part of it. */
export const definitionBody = z.looseObject({}).meta({
	id: "Definition",
	description: "A workflow as data; GET /definitions/schema.json is its JSON Schema.",
});

const jsonSchema = { "application/schema+json": z.record(z.string(), z.unknown()) };

export const DEFINITION_OPERATIONS: Operations = {
	"POST /definitions": {
		id: "storeDefinition",
		summary: "Store a definition: its type takes new instances at once",
		description: "200 where its content was there before.",
		query: putQuery,
		body: definitionBody,
		isAudited: true,
		answers: { 201: answers.definitionInfo, 200: answers.definitionInfo },
		errors: [
			"DEFINITION_EXISTS",
			"DEFINITION_LIMIT",
			"TYPE_REGISTERED",
			"TRY_AGAIN",
			"IDEMPOTENCY_CONFLICT",
		],
		role: "author",
	},
	"GET /definitions": {
		id: "listDefinitions",
		summary: "The current definitions",
		query: nothing,
		answers: { 200: answers.definitionList },
	},
	"POST /definitions/validate": {
		id: "validateDefinition",
		summary: "All faults of a definition, with their places; nothing is stored",
		body: definitionBody,
		answers: { 200: answers.validation },
	},
	"GET /definitions/schema.json": {
		id: "getDefinitionSchema",
		summary: "What a definition is, as JSON Schema",
		answers: { 200: jsonSchema },
	},
	"GET /definitions/:type": {
		id: "getDefinition",
		summary: "The current definition of a type, and its versions",
		query: nothing,
		answers: { 200: answers.definitionVersions },
		errors: ["DEFINITION_NOT_FOUND"],
	},
	"DELETE /definitions/:type": {
		id: "deleteDefinition",
		summary: "Forget all definitions of a type; instances that are there keep theirs",
		body: changeBody,
		bodyIsOptional: true,
		isAudited: true,
		answers: { 200: answers.definitionDeleted },
		errors: ["DEFINITION_NOT_FOUND", "DEFINITION_IN_USE", "TRY_AGAIN", "IDEMPOTENCY_CONFLICT"],
		role: "author",
	},
	"GET /definitions/:type/audit": {
		id: "auditDefinitions",
		summary:
			"What was done to the definitions of a type, by whom and why; also to those that are gone",
		query: nothing,
		answers: { 200: answers.definitionAudit },
		errors: ["DEFINITION_NOT_FOUND"],
	},
	"GET /definitions/:type/versions/:version": {
		id: "getDefinitionVersion",
		summary: "A definition by its version",
		query: nothing,
		answers: { 200: answers.definition },
		errors: ["DEFINITION_NOT_FOUND"],
	},
	"PUT /definitions/:type/current": {
		id: "useDefinition",
		summary: "New instances begin with this version from now on",
		body: useBody,
		isAudited: true,
		answers: { 200: answers.definitionInfo },
		errors: ["DEFINITION_NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
		role: "author",
	},
	"GET /nodes": {
		id: "listNodes",
		summary: "The nodes that definitions may be made of",
		answers: { 200: answers.nodes },
	},
	"GET /executions/:id": {
		id: "getExecution",
		summary: "An instance of a definition: its nodes, edges and state",
		query: nothing,
		answers: { 200: answers.execution },
		errors: ["INSTANCE_NOT_FOUND", "NO_EXECUTION"],
	},
	"GET /executions/:id/state": {
		id: "getExecutionState",
		summary: "The state of an execution",
		query: nothing,
		answers: { 200: answers.executionState },
		errors: ["INSTANCE_NOT_FOUND", "NO_EXECUTION"],
	},
	"GET /executions/:id/metrics": {
		id: "getExecutionMetrics",
		summary: "How long the nodes of an execution took",
		query: nothing,
		answers: { 200: answers.executionMetrics },
		errors: ["INSTANCE_NOT_FOUND", "NO_EXECUTION"],
	},
};
