/** The types that ship with the service to try it out. */
import { circuitBreakerWorkflow } from "./circuit-breaker-workflow";
import { orderProcessing } from "./order-processing";
import { OrderWorkflow } from "./order-workflow";
import { panicResilientTask } from "./panic-resilient-task";
import { PipelineWorkflow } from "./pipeline-workflow";
import { simpleLog } from "./simple-log";
import { TestWorkflow } from "./test-workflow";

export const examples = {
	test: TestWorkflow,
	order: OrderWorkflow,
	pipeline: PipelineWorkflow,
	"simple-log": simpleLog,
	"order-processing": orderProcessing,
	"panic-resilient-task": panicResilientTask,
	"circuit-breaker-workflow": circuitBreakerWorkflow,
};
