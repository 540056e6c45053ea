/** The Worker: the HTTP API and the Durable Object class, for the types of the registry. */
import { catalogueOf } from "./engine/catalogue";
import { createApp } from "./http/app";
import { workflowRunner } from "./workflow-runner";
import { registry, services } from "./workflows/registry";

export class WorkflowRunner extends workflowRunner(registry, { services }) {}

export default { fetch: createApp({ types: catalogueOf(registry) }).fetch };
