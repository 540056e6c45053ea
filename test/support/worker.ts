/** The Worker under test: the real class and API, with programs and a clock that tests set. */
import { createApp } from "../../src/http/app";
import { runnerClass } from "../../src/workflow-runner";
import { catalogueOf, clock, compile, programs } from "./lab";

export class WorkflowRunner extends runnerClass(programs, clock, compile) {}

export default {
	fetch: createApp({ types: catalogueOf(["test", "typed"]) }).fetch,
};
