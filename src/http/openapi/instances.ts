/** `/workflows`: what the document says of the routes about instances. */
import * as z from "zod";
import { submitted } from "../answers/definitions";
import * as answers from "../answers/instances";
import { bulkJob } from "../answers/many";
import { stats } from "../answers/types";
import { putQuery } from "../definition-routes";
import {
	batchBody,
	bulkBody,
	changeBody,
	cleanupBody,
	createBody,
	logsQuery,
	metadataBody,
	redeliverBody,
	repairBody,
	restartBody,
	statusQuery,
	streamQuery,
} from "../input";
import { listQuery } from "../list-query";
import { statsQuery } from "../listing-routes";
import { definitionBody } from "./definitions";
import { type AnswerCode, EVENTS, type Operation, type Operations } from "./operation";

const ONE: readonly AnswerCode[] = ["INSTANCE_NOT_FOUND"];
const CHANGE: readonly AnswerCode[] = [...ONE, "ILLEGAL_STATUS_CHANGE", "IDEMPOTENCY_CONFLICT"];
const RERUN: readonly AnswerCode[] = [...CHANGE, "TYPE_NOT_REGISTERED", "STEP_NOT_FOUND"];
const VALUES: readonly AnswerCode[] = ["VALUE_NOT_STORABLE", "VALUE_TOO_LARGE"];

const control = (id: string, summary: string, errors = CHANGE): Operation => ({
	id,
	summary,
	body: changeBody,
	bodyIsOptional: true,
	isAudited: true,
	answers: { 200: answers.statusChange },
	errors,
});

export const INSTANCE_OPERATIONS: Operations = {
	"POST /workflows": {
		id: "createInstance",
		summary: "Create an instance",
		description:
			"200 where an instance is answered with that was there: by `onConflict`, an event, or the idempotency key. A definition in the body is stored, which needs the role author, and an instance of it is created: 202.",
		query: putQuery,
		body: createBody,
		otherBody: definitionBody,
		isAudited: true,
		answers: { 201: answers.created, 200: answers.created, 202: submitted },
		errors: [
			...VALUES,
			"DEFINITION_EXISTS",
			"DEFINITION_LIMIT",
			"TYPE_REGISTERED",
			"UNKNOWN_TYPE",
			"UNKNOWN_EVENT",
			"INSTANCE_EXISTS",
			"INSTANCE_FINISHED",
			"TYPE_INACTIVE",
			"IDEMPOTENCY_CONFLICT",
			"EVENT_BUFFER_FULL",
			"QUEUE_FULL",
			"TRY_AGAIN",
		],
	},
	"GET /workflows": {
		id: "listInstances",
		summary: "List instances",
		description:
			"The first form for one type, the other for several or all: a page over all of them.",
		query: listQuery,
		answers: { 200: answers.listing },
		errors: ["UNKNOWN_TYPE"],
	},
	"GET /workflows/stats": {
		id: "countInstances",
		summary: "Counts per type and status",
		query: statsQuery,
		answers: { 200: stats },
		errors: ["UNKNOWN_TYPE"],
	},
	"POST /workflows/batch": {
		id: "createInstances",
		summary: "Create 1 to 100 instances",
		description: "Items are bodies of `POST /workflows`; each is answered in its place.",
		body: batchBody,
		isAudited: true,
		answers: { 200: answers.batchResults },
	},
	"POST /workflows/bulk": {
		id: "startBulkJob",
		summary: "Change many instances, as a job",
		body: bulkBody,
		isAudited: true,
		answers: { 202: bulkJob },
		errors: [...VALUES, "UNKNOWN_TYPE"],
	},
	"POST /workflows/cleanup": {
		id: "startCleanup",
		summary: "Delete instances that ended long ago, as a job",
		body: cleanupBody,
		isAudited: true,
		answers: { 202: bulkJob },
		errors: ["UNKNOWN_TYPE"],
	},
	"GET /workflows/:id": {
		id: "getInstance",
		summary: "Status, result, error and steps of an instance",
		query: statusQuery,
		answers: { 200: answers.instance },
		errors: ONE,
	},
	"DELETE /workflows/:id": {
		id: "deleteInstance",
		summary: "Forget an instance that has ended",
		body: changeBody,
		bodyIsOptional: true,
		isAudited: true,
		answers: { 200: answers.deleted },
		errors: [...ONE, "ILLEGAL_STATUS_CHANGE"],
	},
	"GET /workflows/:id/logs": {
		id: "readLog",
		summary: "A page of the log, oldest first",
		query: logsQuery,
		answers: { 200: answers.logPage },
		errors: ONE,
	},
	"GET /workflows/:id/stream": {
		id: "followInstance",
		summary: "What happened and happens, as server-sent events",
		description:
			"Events: `workflow.started`, `workflow.status`, `workflow.completed`, `workflow.failed`, `workflow.cancelled`, `workflow.progress`, `workflow.step.started`, `…completed`, `…failed`, `…retry`, `…poll`, `…loop`, `log.workflow`, and those that the program emits. 204 to who has heard the end.",
		query: streamQuery,
		isFollowed: true,
		answers: { 200: EVENTS, 204: null },
		errors: [...ONE, "STREAM_LIMIT"],
	},
	"POST /workflows/:id/pause": control("pauseInstance", "Start nothing new"),
	"POST /workflows/:id/resume": control("resumeInstance", "Go on after a pause", RERUN),
	"POST /workflows/:id/terminate": control("terminateInstance", "End an instance for good"),
	"POST /workflows/:id/restart": {
		id: "restartInstance",
		summary: "Run again, from the top or from a step",
		body: restartBody,
		bodyIsOptional: true,
		isAudited: true,
		answers: { 200: answers.statusChange },
		errors: RERUN,
	},
	"POST /workflows/:id/repair": {
		id: "repairStep",
		summary: "Give a step a result, skip it, end its sleep or its wait for a retry",
		body: repairBody,
		isAudited: true,
		answers: { 200: answers.statusChange },
		errors: [...RERUN, ...VALUES, "STEP_NOT_REPAIRABLE"],
	},
	"POST /workflows/:id/redeliver": {
		id: "redeliverEvents",
		summary: "Send what receivers could not be told once more",
		body: redeliverBody,
		bodyIsOptional: true,
		isAudited: true,
		answers: { 200: answers.statusChange },
		errors: [...ONE, "IDEMPOTENCY_CONFLICT"],
	},
	"PATCH /workflows/:id/metadata": {
		id: "changeMetadata",
		summary: "Set metadata; null takes a name away",
		body: metadataBody,
		isAudited: true,
		answers: { 200: answers.metadataChange },
		errors: [...ONE, ...VALUES, "IDEMPOTENCY_CONFLICT"],
	},
	"POST /workflows/:id/events/:event": {
		id: "sendEvent",
		summary: "Send an event; it is kept until the instance waits for it",
		body: z.unknown().describe("Any JSON: the event's payload."),
		bodyIsOptional: true,
		isAudited: true,
		answers: { 200: answers.delivered },
		errors: [
			...ONE,
			...VALUES,
			"UNKNOWN_EVENT",
			"INSTANCE_FINISHED",
			"IDEMPOTENCY_CONFLICT",
			"EVENT_BUFFER_FULL",
		],
	},
};
