/** The example of the README: a step, a sleep and an approval. */
import { BaseWorkflow, type Step } from "../../library";

interface TestPayload {
	name: string;
}

interface TestResult {
	message: string;
	greeting: string;
}

interface TestEvents {
	approval: { approved: boolean };
}

export class TestWorkflow extends BaseWorkflow<TestPayload, TestResult, TestEvents> {
	static type = "test" as const;
	static events = { approval: {} as { approved: boolean } };
	static defaults = {
		retries: { limit: 2, delay: "500ms", backoff: "exponential" as const },
	};

	async run(step: Step<TestEvents>, payload: TestPayload): Promise<TestResult> {
		const greeting = await step.do("greet", async () => `Hello, ${payload.name}!`);
		await step.sleep("pause", "5s");
		const approval = await step.waitForEvent("approval", { timeout: "1m" });
		const verdict = approval.approved ? "approved" : "rejected";
		return { message: `${payload.name} was ${verdict}`, greeting };
	}
}
