/**
 * A task whose process runs out of memory at first: the instance rests as `panicked`, restarts by
 * itself after five seconds, and keeps what it has completed. The payload says how often.
 */
import * as z from "zod";
import { Workflow } from "../../library";

const Input = z.object({ panics: z.int().nonnegative().default(1) }).nullish();

export const panicResilientTask = Workflow.define(
	"panic-resilient-task",
	async (ctx) => {
		const { panics = 1 } = ctx.input ?? {};
		await ctx.step("preparation", () => ({ prepared: true }));
		const result = await ctx.step("risky-operation", () => {
			if (ctx.restartAttempt <= panics) throw new Error("out of memory - system panic");
			return "Success after restart";
		});
		await ctx.step("normal-operation", () => ctx.log("info", "Normal operation completed"));
		return result;
	},
	{ input: Input, panic: { maxRestartAttempts: 3, restartDelayMs: 5_000 } },
);
