/**
 * The library: what workflow files and other Workers import.
 *
 * `import { BaseWorkflow, type Step } from "durable-workflows"`
 */
export {
	BaseWorkflow,
	type WorkflowDefaults,
	type WorkflowEnv,
} from "./authoring/classes/base-workflow";
export type { RunnerNamespace } from "./client/runner-client";
export type {
	Registry,
	Step,
	StepContext,
	StepFunction,
	StepOptions,
	WaitOptions,
} from "./engine/program";
export type { Duration } from "./model/duration";
export {
	type ErrorCode,
	EventTimeoutError,
	NonDeterminismError,
	NonRetryableError,
	StepTimeoutError,
	ValidationError,
	WorkflowError,
} from "./model/errors";
export type { CreateResponse, StepInfo, WorkflowStatusResponse } from "./model/http";
export type { IndexRow as ListedInstance } from "./model/index-rpc";
export type { ListOptions } from "./model/list-options";
export type { Backoff, RetryOn, RetryOptions } from "./model/retry";
export type { WorkflowStatus } from "./model/status";
