/** `Workflow.define`: its types; what it makes is a `WorkflowDefinition`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "../../model/standard-schema";
import type { WorkflowContext } from "./context";
import { type ConfigOf, type DefineOptions, type EventsOf, WorkflowDefinition } from "./definition";

/**
 * Makes a workflow, to be put into the registry under its name.
 *
 * @throws {ValidationError} that names what is wrong.
 * @example
 * export const greet = Workflow.define("greet", async (ctx: WorkflowContext<{ name: string }>) => {
 *   await ctx.sleep("a-moment", "10s");
 *   return ctx.step("greet", () => `Hello, ${ctx.input.name}!`);
 * });
 */
export function define<
	InputSchema extends Schema & StandardSchemaV1,
	Result,
	const Options extends DefineOptions,
>(
	name: string,
	handler: (
		ctx: WorkflowContext<
			StandardSchemaV1.InferOutput<InputSchema>,
			EventsOf<Options>,
			ConfigOf<Options>
		>,
	) => Promise<Result>,
	options: Options & { input: InputSchema },
): WorkflowDefinition<StandardSchemaV1.InferInput<InputSchema>, Result, EventsOf<Options>>;
export function define<Result, const Options extends DefineOptions, Input = unknown>(
	name: string,
	handler: (ctx: WorkflowContext<Input, EventsOf<Options>, ConfigOf<Options>>) => Promise<Result>,
	options?: Options & { input?: undefined },
): WorkflowDefinition<Input, Result, EventsOf<Options>>;
export function define(
	name: string,
	handler: (ctx: never) => Promise<unknown>,
	options: DefineOptions = {},
): WorkflowDefinition<never, never, never> {
	return new WorkflowDefinition(name, handler, options);
}
