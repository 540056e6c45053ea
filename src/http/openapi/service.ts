/** What the document says of the routes about types, schedules, jobs, and the service itself. */
import * as z from "zod";
import { reindexBody, reindexQuery } from "../admin-routes";
import { deleted } from "../answers/instances";
import { bulkJob, scheduleDetails, scheduleInfo, scheduleList, scheduleRun } from "../answers/many";
import { breaker, breakerList, graph, health, reindex, typeInfo, typeList } from "../answers/types";
import { nothing, scheduleBody, schedulesQuery } from "../input";
import { typesStreamQuery } from "../stream-routes";
import { graphQuery, typeChangeBody, typesQuery } from "../type-routes";
import { EVENTS, type Operation, type Operations, PAGE } from "./operation";

const change = (id: string, summary: string): Operation => ({
	id,
	summary,
	answers: { 200: scheduleInfo },
	errors: ["SCHEDULE_NOT_FOUND"],
});

export const SERVICE_OPERATIONS: Operations = {
	"GET /": {
		id: "getService",
		summary: "Whether the service is up, and its types",
		answers: { 200: health },
		role: null,
	},
	"GET /openapi.json": {
		id: "getDocument",
		summary: "This document",
		answers: { 200: z.record(z.string(), z.unknown()) },
		role: null,
	},
	"GET /docs": {
		id: "getDocumentPage",
		summary: "This document as a page",
		answers: { 200: PAGE },
		role: null,
	},
	"GET /stream": {
		id: "followTypes",
		summary: "What happens to all instances of some or all types, as server-sent events",
		description:
			"Events: `workflow.started`, `workflow.status`, `workflow.completed`, `workflow.failed`, `workflow.cancelled`, `workflow.removed`; `stream.gap` to a client that was away for too long.",
		query: typesStreamQuery,
		isFollowed: true,
		answers: { 200: EVENTS },
		errors: ["UNKNOWN_TYPE", "STREAM_LIMIT"],
	},
	"GET /types": {
		id: "listTypes",
		summary: "The registered types; archived ones when they are asked for",
		query: typesQuery,
		answers: { 200: typeList },
	},
	"GET /types/:type": {
		id: "getType",
		summary: "One type: schema, limits, counts, who works and waits",
		query: nothing,
		answers: { 200: typeInfo },
		errors: ["404 UNKNOWN_TYPE"],
	},
	"PATCH /types/:type": {
		id: "changeType",
		summary: "Switch a type off or on, set its limits",
		body: typeChangeBody,
		answers: { 200: typeInfo },
		errors: ["404 UNKNOWN_TYPE"],
	},
	"GET /types/:type/graph": {
		id: "getGraph",
		summary: "The steps of a type whose steps are known beforehand",
		query: graphQuery,
		answers: {
			200: { "application/json": graph, "text/plain": z.string().describe("With format=mermaid.") },
		},
		errors: ["404 UNKNOWN_TYPE", "NO_GRAPH"],
	},
	"GET /types/:type/breakers": {
		id: "listBreakers",
		summary: "The circuit breakers that have failed",
		query: nothing,
		answers: { 200: breakerList },
		errors: ["404 UNKNOWN_TYPE"],
	},
	"POST /types/:type/breakers/:name/reset": {
		id: "resetBreaker",
		summary: "Close a circuit breaker",
		body: nothing,
		bodyIsOptional: true,
		answers: { 200: breaker },
		errors: ["404 UNKNOWN_TYPE", "BREAKER_NOT_FOUND"],
	},
	"POST /schedules": {
		id: "createSchedule",
		summary: "Have instances started by the clock",
		body: scheduleBody,
		answers: { 201: scheduleDetails },
		errors: [
			"UNKNOWN_TYPE",
			"SCHEDULE_EXISTS",
			"SCHEDULE_LIMIT",
			"VALUE_NOT_STORABLE",
			"VALUE_TOO_LARGE",
		],
	},
	"GET /schedules": {
		id: "listSchedules",
		summary: "Schedules of one or all types",
		query: schedulesQuery,
		answers: { 200: scheduleList },
		errors: ["UNKNOWN_TYPE"],
	},
	"GET /schedules/:id": {
		id: "getSchedule",
		summary: "A schedule, its next times and its last runs",
		answers: { 200: scheduleDetails },
		errors: ["SCHEDULE_NOT_FOUND"],
	},
	"DELETE /schedules/:id": {
		id: "deleteSchedule",
		summary: "Delete a schedule; its instances stay",
		answers: { 200: deleted },
		errors: ["SCHEDULE_NOT_FOUND"],
	},
	"POST /schedules/:id/pause": change("pauseSchedule", "No times come due"),
	"POST /schedules/:id/resume": change("resumeSchedule", "Times come due again"),
	"POST /schedules/:id/trigger": {
		id: "triggerSchedule",
		summary: "Start a run now, by the rule for overlaps",
		isAudited: true,
		answers: { 200: scheduleRun },
		errors: ["SCHEDULE_NOT_FOUND"],
	},
	"GET /bulk/:id": {
		id: "getBulkJob",
		summary: "How far a bulk job is",
		answers: { 200: bulkJob },
		errors: ["JOB_NOT_FOUND"],
	},
	"POST /bulk/:id/stop": {
		id: "stopBulkJob",
		summary: "Stop a bulk job; what is under way is done first",
		answers: { 200: bulkJob },
		errors: ["JOB_NOT_FOUND"],
	},
	"GET /admin/reindex": {
		id: "getReindex",
		summary: "How far the latest rebuilding of an index is",
		query: reindexQuery,
		answers: { 200: reindex },
		errors: ["UNKNOWN_TYPE"],
		role: "admin",
	},
	"POST /admin/reindex": {
		id: "startReindex",
		summary: "Rebuild the index of a type from what its instances say",
		body: reindexBody,
		answers: { 202: reindex },
		errors: ["UNKNOWN_TYPE", "REINDEX_RUNNING"],
		role: "admin",
	},
};
