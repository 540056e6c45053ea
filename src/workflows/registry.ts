/** The types of this service: to add one, import it and give it a line. */
import type { Registry } from "../library";
import { TestWorkflow } from "./test-workflow";

export const registry = {
	test: TestWorkflow,
} satisfies Registry;
