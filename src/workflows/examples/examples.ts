/** The types that ship with the service to try it out. */
import { batchStatus } from "./batch-status";
import { circuitBreakerWorkflow } from "./circuit-breaker-workflow";
import { loopExample } from "./loop-example";
import { orderProcessing } from "./order-processing";
import { OrderWorkflow } from "./order-workflow";
import { panicResilientTask } from "./panic-resilient-task";
import { PipelineWorkflow } from "./pipeline-workflow";
import { processOrder } from "./process-order";
import { simpleLog } from "./simple-log";
import { TestWorkflow } from "./test-workflow";
import { userOnboarding } from "./user-onboarding";

export const examples = {
	test: TestWorkflow,
	order: OrderWorkflow,
	pipeline: PipelineWorkflow,
	"simple-log": simpleLog,
	"order-processing": orderProcessing,
	"panic-resilient-task": panicResilientTask,
	"circuit-breaker-workflow": circuitBreakerWorkflow,
	"process-order": processOrder,
	"user-onboarding": userOnboarding,
	"loop-example": loopExample,
	"batch.status": batchStatus,
};
