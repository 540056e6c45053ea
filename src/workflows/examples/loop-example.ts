/** Counts to three, a second apart. */
import { workflow } from "../../library";

export const loopExample = workflow("loop-example")
	.task("increment", {
		// In the first turn it is given the workflow's input, later what the turn before gave.
		handler: async (input) => ({ count: (input?.count ?? 0) + 1 }),
	})
	.loop("repeat", {
		condition: (ctx) => ctx.steps.increment.count < 3,
		target: "increment",
		interval: 1_000,
		maxIterations: 10,
		timeout: 30_000,
	})
	.build();
