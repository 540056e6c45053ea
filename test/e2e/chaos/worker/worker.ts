/** The Worker of the chaos run: the real class and API, with the programs beside it. */
import { catalogueOf } from "../../../../src/engine/catalogue";
import { createApp } from "../../../../src/http/app";
import { workflowRunner } from "../../../../src/workflow-runner";
import { programs } from "./programs";

export class WorkflowRunner extends workflowRunner(programs) {}

export default { fetch: createApp({ types: catalogueOf(programs) }).fetch };
