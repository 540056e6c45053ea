/** The types that ship with the service to try it out. */
import { OrderWorkflow } from "./order-workflow";
import { PipelineWorkflow } from "./pipeline-workflow";
import { TestWorkflow } from "./test-workflow";

export const examples = {
	test: TestWorkflow,
	order: OrderWorkflow,
	pipeline: PipelineWorkflow,
};
