/** What the compiler accepts of handlers and webhooks, and what it refuses. Checked by `tsc`. */
import { describe, expectTypeOf, it } from "vitest";
import {
	BaseWorkflow,
	type EventHandlers,
	type WebhookOptions,
	Workflow,
	type WorkflowStatus,
	workflow,
} from "../../src/library";
import type { workflowRunner as WorkflowRunner } from "../../src/workflow-runner";

declare const workflowRunner: typeof WorkflowRunner;

/** Nothing here is run. */
const unused = (work: () => unknown) => void work;

class Hooked extends BaseWorkflow<null, null> {
	static type = "hooked" as const;
	static webhooks = [
		{ url: "https://a.test/", secret: "env:SECRET", events: ["workflow.completed"] },
	];
	async run() {
		return null;
	}
}

describe("handlers", () => {
	it("know the data of the event that they are for", () => {
		unused(() =>
			workflowRunner(
				{ hooked: Hooked },
				{
					on: {
						"workflow.completed": async ({ id, at, attempt, data }) => {
							expectTypeOf(id).toBeString();
							expectTypeOf(at).toBeNumber();
							expectTypeOf(attempt).toBeNumber();
							expectTypeOf(data.instanceId).toBeString();
							expectTypeOf(data.workflowName).toBeString();
							expectTypeOf(data.output).toBeUnknown();
							// @ts-expect-error: no such field
							data.error;
						},
						"workflow.failed": ({ data }) => {
							expectTypeOf(data.status).toEqualTypeOf<WorkflowStatus>();
							expectTypeOf(data.error).toEqualTypeOf<string | null>();
						},
						"workflow.step.retry": ({ data }) => expectTypeOf(data.delay).toBeNumber(),
						"workflow.watchdog.stale": ({ data }) => expectTypeOf(data.strikes).toBeNumber(),
						"order paid": ({ name, data }) => {
							expectTypeOf(name).toBeString();
							expectTypeOf(data.total).toBeUnknown();
						},
						"*": ({ name, data }) => {
							expectTypeOf(name).toBeString();
							expectTypeOf(data.instanceId).toBeString();
						},
					},
				},
			),
		);
	});

	it("are functions", () => {
		// @ts-expect-error: no function
		const on: EventHandlers = { "workflow.completed": "log" };
		void on;
	});
});

describe("webhooks", () => {
	it("are declared in every style, and for a service", () => {
		const webhooks: WebhookOptions[] = [
			{ url: "https://a.test/", secret: "env:SECRET", retries: { limit: 3 }, timeout: "5s" },
		];
		unused(() => workflowRunner({ hooked: Hooked }, { webhooks, delivery: { timeout: "5s" } }));
		unused(() => Workflow.define("hooked", async () => null, { webhooks }));
		unused(() => workflow("hooked", { webhooks }));
	});

	it("have a URL and a secret", () => {
		// @ts-expect-error: no secret
		const unsigned: WebhookOptions = { url: "https://a.test/" };
		// @ts-expect-error: another option
		const headers: WebhookOptions = { url: "https://a.test/", secret: "env:A", headers: {} };
		void [unsigned, headers];
	});
});
