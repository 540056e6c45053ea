/**
 * The library: what workflow files and other Workers import.
 *
 * `import { BaseWorkflow, type Step } from "durable-workflows"`
 */
export { BaseWorkflow } from "./authoring/classes/base-workflow";
export type { PanicConfig, RetryConfig } from "./authoring/configs";
export type { WorkflowDefaults } from "./authoring/declaration";
export type { WorkflowEnv } from "./authoring/environment";
export type { WorkflowContext } from "./authoring/fluent/context";
export type { DefineOptions, WorkflowDefinition } from "./authoring/fluent/definition";
export {
	ExecutionError,
	ExecutionPanic,
	type ExecutionResult,
	type ExecutionStatus,
	type StepResult,
} from "./authoring/fluent/execution";
export type { ErrorHandler, HandledError } from "./authoring/fluent/handlers";
export type { CircuitBreakerConfig, StepBuilder } from "./authoring/fluent/step-builder";
export { Workflow } from "./authoring/fluent/workflow";
export type { Children } from "./authoring/graph/control";
export { classify, type ErrorInfo } from "./authoring/graph/errors";
export { type GraphOptions, type GraphWorkflow, graph } from "./authoring/graph/graph";
export { type Graphs, graphs } from "./authoring/graph/graphs";
export {
	type EdgeFunction,
	type EdgeMap,
	type ExecutionContext,
	type NodeMetadata,
	WorkflowNode,
} from "./authoring/graph/node";
export type { HttpSettings } from "./authoring/graph/nodes/http-access";
export { type NodeClass, NodeRegistry, type NodeSettings } from "./authoring/graph/registry";
export type { BuiltBranch, Machine, MachineBuilder } from "./authoring/machine/builder";
export type { MachineContext } from "./authoring/machine/context";
export type {
	Instance as MachineInstance,
	InstanceStatus as MachineInstanceStatus,
	InstanceStep as MachineInstanceStep,
} from "./authoring/machine/instance-shape";
export type {
	Checked,
	MachineOptions,
	RetryConfig as MachineRetryConfig,
} from "./authoring/machine/options";
export type { Logger, Register, Untyped } from "./authoring/machine/services";
export { workflow } from "./authoring/machine/workflow";
export { type RegisterOptions, Workflows } from "./authoring/machine/workflows";
export type { CreateFault, CreateResult } from "./client/create-each";
export type { CreateOptions } from "./client/create-instance";
export type { RepairInput, RunnerNamespace } from "./client/runner-client";
export type { ScheduleInput } from "./client/schedules";
export type { RunConfig } from "./client/type-config";
export type {
	Registry,
	RunInfo,
	ServiceDefaults,
	Services,
	Step,
	StepContext,
	StepFunction,
	StepOptions,
	WaitOptions,
} from "./engine/program";
export type { AttributeChanges, Attributes } from "./model/attributes";
export type { ChronicleEventName } from "./model/chronicle-events";
export type { DeliveryOptions, EventHandlers, WorkflowEvent } from "./model/delivery";
export type { Duration } from "./model/duration";
export {
	CircuitOpenError,
	type ErrorCode,
	EventTimeoutError,
	NonDeterminismError,
	NonRetryableError,
	PanicError,
	StepTimeoutError,
	ValidationError,
	WorkflowError,
} from "./model/errors";
export type { Graph } from "./model/graph";
export type {
	LogLineInfo,
	LogPageInfo,
	PastRun,
	StepErrorInfo,
	StepInfo,
	WorkflowStatusResponse,
} from "./model/http";
export type { IndexRow as ListedInstance } from "./model/index-rpc";
export type { ListOptions } from "./model/list-options";
export type { LogFields, LogLevel, LogRequest } from "./model/log";
export type { Metadata, MetadataChanges } from "./model/metadata";
export { PANIC_INDICATORS, type PanicOptions, type PanicOverrides } from "./model/panic";
export type { Backoff, RetryOn, RetryOptions } from "./model/retry";
export type {
	AuditView,
	By,
	CreateReceipt,
	Include,
	RestartRequest,
	StatusReceipt,
} from "./model/rpc";
export type {
	Overlap,
	RunOutcome,
	ScheduleDetails,
	ScheduleInfo,
	ScheduleRun,
} from "./model/schedule";
export type { WorkflowStatus } from "./model/status";
export type { TypeConfigOptions } from "./model/type-config";
export type { ConcurrencyOptions, RateOptions } from "./model/type-policy";
export type { WebhookOptions } from "./model/webhook";
