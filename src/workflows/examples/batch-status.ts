/**
 * Waits for an operation elsewhere by asking for its state every five seconds. What is elsewhere is
 * played here: the payload says when the operation is over, and how.
 */
import * as z from "zod";
import { workflow } from "../../library";

const Operation = z.object({
	operationId: z.string(),
	/** The check that finds it over; default: the third. */
	doneAtCheck: z.int().positive().default(3),
	fails: z.boolean().default(false),
});

export const batchStatus = workflow("batch.status")
	.poll("wait-for-result", {
		inputSchema: Operation,
		interval: 5_000,
		timeout: 600_000,
		maxAttempts: 120,
		check: async (input, ctx) => {
			const checks = (ctx.getMetadata<number>("checks") ?? 0) + 1;
			await ctx.setMetadata("checks", checks);
			const status = fetchStatus(input, checks);
			if (status.state === "FAILED") throw new Error(status.error);
			if (status.state === "SUCCEEDED") return { done: true, result: status.data };
			return { done: false };
		},
	})
	.build();

function fetchStatus(operation: z.infer<typeof Operation>, checks: number) {
	const { operationId, doneAtCheck, fails } = operation;
	if (checks < doneAtCheck) return { state: "RUNNING" as const };
	if (fails) return { state: "FAILED" as const, error: `the operation ${operationId} failed` };
	return { state: "SUCCEEDED" as const, data: { operationId, checks } };
}
