/** The fluent style's adapter to the conformance suite: a handler that follows the flow. */
import { type DefineOptions, Workflow, type WorkflowContext } from "../../../src/library";
import { conformance } from "../conformance";
import type { Declares, Flow, Part, Workflow as Written } from "../conformance/style";

conformance({ name: "fluent", write: written });

function written({ type, flow, declares }: Written) {
	return Workflow.define(type, (ctx) => follow(ctx, flow, ctx.input), optionsOf(declares));
}

/** The schema is known at run time only, and so is of no type. */
function optionsOf(declares: Declares): Omit<DefineOptions, "input"> {
	const { retries, stepTimeout, payload, ...same } = declares;
	return {
		...same,
		...(payload === undefined ? {} : { input: payload }),
		...(retries === undefined ? {} : { retry: retries }),
		...(stepTimeout === undefined ? {} : { defaults: { timeout: stepTimeout } }),
	};
}

async function follow(ctx: WorkflowContext, flow: Flow, input: unknown): Promise<unknown> {
	let value = input;
	for (const part of flow) value = await take(ctx, part, value as never);
	return value;
}

async function take(ctx: WorkflowContext, part: Part, value: never): Promise<unknown> {
	switch (part.kind) {
		case "step": {
			const { retries, timeout } = part.options;
			const step = ctx.step(part.name, (context) => part.work(value, context));
			if (retries !== undefined) step.withRetry(retries);
			if (timeout !== undefined) step.withTimeout(timeout);
			return step;
		}
		case "sleep":
			await ctx.sleep(part.name, part.duration);
			return value;
		case "sleep until":
			await ctx.sleepUntil(part.name, part.moment);
			return value;
		case "wait": {
			const timeout = part.timeout === undefined ? {} : { timeout: part.timeout };
			return ctx.waitForEvent(part.name, { event: part.event, ...timeout });
		}
		case "between":
			return part.code(value);
		case "all":
			return Promise.all(part.branches.map((branch) => follow(ctx, branch, value)));
		case "any":
			return Promise.any(part.branches.map((branch) => follow(ctx, branch, value)));
		case "race":
			return Promise.race(part.branches.map((branch) => follow(ctx, branch, value)));
		case "choose":
			return follow(ctx, part.test(value) ? part.yes : part.no, value);
		case "repeat": {
			let given: unknown = value;
			do given = await follow(ctx, part.body, given);
			while (part.again(given as never));
			return given;
		}
		case "attempt":
			try {
				return await follow(ctx, part.body, value);
			} catch (error) {
				if (part.recover === undefined) throw error;
				return await follow(ctx, part.recover, error);
			} finally {
				if (part.cleanup !== undefined) await follow(ctx, part.cleanup, value);
			}
	}
}
