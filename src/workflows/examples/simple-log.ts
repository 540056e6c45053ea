/** The smallest workflow of the fluent style: a step, a sleep, a step. */
import { Workflow } from "../../library";

export const simpleLog = Workflow.define("simple-log", async (ctx) => {
	await ctx.step("welcome", () => {
		ctx.log("info", "Welcome to the workflow!");
		return { message: "Welcome logged" };
	});
	await ctx.sleep("wait", 2_000);
	return ctx.step("goodbye", () => {
		ctx.log("info", "Workflow completed successfully!");
		return { message: "Goodbye logged" };
	});
});
