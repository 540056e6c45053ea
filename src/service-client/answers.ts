/** What the service is asked and answers with: the one door to these words for CLI and dashboard. */
export type { BreakerView } from "../model/breaker-rpc";
export { BULK_ACTIONS, type BulkAction, type BulkJob } from "../model/bulk";
export type { TypeInfo } from "../model/catalogue";
export type { Definition, DefinitionInfo, Fault } from "../model/definition";
export type { Graph } from "../model/graph";
export type {
	ErrorResponse,
	Listing,
	LogLineInfo,
	LogPageInfo,
	StepInfo,
	TypeListing,
	WorkflowStatusResponse,
} from "../model/http";
export type { IndexRow } from "../model/index-rpc";
export { LOG_LEVELS, type LogLevel } from "../model/log";
export { INCLUDES, type Include } from "../model/rpc";
export {
	OVERLAPS,
	type ScheduleDetails,
	type ScheduleInfo,
	type ScheduleRun,
} from "../model/schedule";
export { isTerminal, WORKFLOW_STATUSES, type WorkflowStatus } from "../model/status";
export { TYPE_STATUSES, type TypeStatus } from "../model/type-state";
