/** Webhooks are declared alike in every style, and refused alike. */
import { describe, expect, it } from "vitest";
import { type ProgramSource, toProgram } from "../../src/engine/program";
import { BaseWorkflow, type WebhookOptions, Workflow, workflow } from "../../src/library";

const STYLES: [style: string, declare: (webhooks?: WebhookOptions[]) => ProgramSource][] = [
	[
		"classes",
		(webhooks) =>
			class Hooked extends BaseWorkflow<null, null> {
				static override type = "hooked";
				static override webhooks = webhooks as WebhookOptions[];
				async run() {
					return null;
				}
			},
	],
	[
		"fluent",
		(webhooks) => Workflow.define("hooked", async () => null, webhooks ? { webhooks } : {}),
	],
	[
		"machine",
		(webhooks) =>
			workflow("hooked", webhooks ? { webhooks } : {})
				.pass("a", { end: true })
				.build(),
	],
];

const HOOK = { url: "https://a.test/hooks", secret: "env:SECRET", events: ["workflow.completed"] };

describe.each(STYLES)("webhooks in the style of %s", (_, declare) => {
	it("are part of the program", () => {
		expect(declare([HOOK])[toProgram]().webhooks).toMatchObject([
			{ url: HOOK.url, secret: HOOK.secret, events: new Set(HOOK.events) },
		]);
	});

	it("that are not declared are the service's matter, and none are none", () => {
		expect(declare()[toProgram]().webhooks).toBeNull();
		expect(declare([])[toProgram]().webhooks).toEqual([]);
	});

	it("are refused with the path of what is wrong", () => {
		const bad = [HOOK, { ...HOOK, url: "http://a.test" }];
		expect(() => declare(bad)[toProgram]()).toThrow(/^webhooks\[1\]\.url begins with https:/);
	});
});
