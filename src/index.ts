/** The Worker: the HTTP API and the Durable Object class, for the types of the registry and stored ones. */
import { graphs } from "./authoring/graph/graphs";
import { catalogueOf } from "./engine/catalogue";
import { createApp } from "./http/app";
import { workflowRunner } from "./workflow-runner";
import { nodes, registry, services } from "./workflows/registry";

const definitions = graphs({ nodes });

export class WorkflowRunner extends workflowRunner(registry, { services, definitions }) {}

export default { fetch: createApp({ types: catalogueOf(registry), definitions }).fetch };
