/** What the compiler accepts of the fluent style, and what it refuses. Checked by `tsc`. */
import { describe, expectTypeOf, it } from "vitest";
import * as z from "zod";
import {
	type ExecutionResult,
	type HandledError,
	Workflow,
	type WorkflowContext,
	type WorkflowDefinition,
} from "../../src/library";

const annotated = Workflow.define("annotated", async (ctx: WorkflowContext<{ name: string }>) => {
	expectTypeOf(ctx.input.name).toBeString();
	return { ok: true };
});

const withSchemas = Workflow.define(
	"with-schemas",
	async (ctx) => {
		expectTypeOf(ctx.input).toEqualTypeOf<{ n: number }>();
		expectTypeOf(await ctx.waitForEvent("approval")).toEqualTypeOf<{ ok: boolean }>();
		expectTypeOf(await ctx.waitForEvent("again", { event: "approval" })).toEqualTypeOf<{
			ok: boolean;
		}>();
		// @ts-expect-error: no such event
		await ctx.waitForEvent("approved");
		expectTypeOf(ctx.variables.API_TIMEOUT).toBeString();
		expectTypeOf(ctx.secrets.API_KEY).toBeString();
		// @ts-expect-error: no such secret
		ctx.secrets.OTHER;
		return ctx.input.n;
	},
	{
		input: z.object({ n: z.number().default(1) }),
		events: { approval: z.object({ ok: z.boolean() }) },
		config: { variables: { API_TIMEOUT: "30000" }, secrets: { API_KEY: "env:DATA_API_KEY" } },
		concurrency: { limit: 2 },
		retention: "1d",
		tags: ["a"],
	},
);

type Types = (typeof withSchemas)["types"];

describe("the fluent style's types", () => {
	it("infer input, result and events of a definition", () => {
		expectTypeOf(annotated).toEqualTypeOf<
			WorkflowDefinition<{ name: string }, { ok: boolean }, Record<string, unknown>>
		>();
		expectTypeOf<Types["input"]>().toEqualTypeOf<{ n?: number | undefined }>();
		expectTypeOf<Types["result"]>().toBeNumber();
	});

	it("give start and create the workflow's input, and the execution its result", () => {
		// Never called: the compiler is what is under test.
		const calls = async () => {
			const started = await Workflow.start(annotated, "id", { name: "World" });
			expectTypeOf(started).toEqualTypeOf<ExecutionResult<{ ok: boolean }>>();
			// @ts-expect-error: no such input
			await Workflow.start(annotated, "id", { nam: "World" });
			await Workflow.start(withSchemas, "id", {});
			await Workflow.start("by-name", "id", { anything: 1 }, { maxAttempts: 3 });
			// @ts-expect-error: no such setting
			await Workflow.start("by-name", "id", {}, { attempts: 3 });
			await Workflow.create(withSchemas, { input: { n: 2 }, delay: "1h" });
			// @ts-expect-error: no such event
			await Workflow.create(withSchemas, { event: { name: "approved", payload: {} } });
			await Workflow.create(withSchemas, { event: { name: "approval", payload: { ok: true } } });
		};
		expectTypeOf(calls).toBeFunction();
	});

	it("give a step the type of its function and of all that may stand in for it", () => {
		Workflow.define("steps", async (ctx) => {
			expectTypeOf(await ctx.step("n", () => 1)).toBeNumber();
			expectTypeOf(await ctx.step("n", async () => 1).execute()).toBeNumber();
			const handled = ctx
				.step("n", () => 1)
				.onError({
					TypeError: (error) => {
						expectTypeOf(error).toEqualTypeOf<HandledError>();
						expectTypeOf(error.message).toBeString();
						expectTypeOf(error.field).toBeUnknown();
						return "text";
					},
					default: async (error) => {
						throw error;
					},
				});
			expectTypeOf(await handled).toEqualTypeOf<number | string>();
			expectTypeOf(await ctx.step("n", () => 1).catch(async () => null)).toEqualTypeOf<
				number | null
			>();
			expectTypeOf(
				await ctx.step("n", () => 1).catch((_error, inner) => inner.step("t", () => "t")),
			).toEqualTypeOf<number | string>();
			const guard = { failureThreshold: 5, resetTimeout: 30_000 };
			expectTypeOf(await ctx.step("n", () => 1).withCircuitBreaker(guard)).toBeNumber();
			expectTypeOf(
				await ctx.step("n", () => 1).withCircuitBreaker({ ...guard, onOpen: () => true }),
			).toEqualTypeOf<number | boolean>();
			expectTypeOf(
				await Promise.all([ctx.step("a", () => 1), ctx.step("b", () => "b").execute()]),
			).toEqualTypeOf<[number, string]>();
			// @ts-expect-error: no duration
			await ctx.sleep("nap", "5 parsecs");
			// @ts-expect-error: no function
			ctx.step("x", 1);
			// @ts-expect-error: a handler is a function
			ctx.step("x", () => 1).onError({ TypeError: 1 });
			// @ts-expect-error: no threshold
			ctx.step("x", () => 1).withCircuitBreaker({ resetTimeout: 1_000 });
		});
	});

	it("take a context of a known input where one of an unknown input is asked for", () => {
		const helper = (ctx: WorkflowContext) => ctx.step("x", () => ctx.input);
		Workflow.define("helped", (ctx: WorkflowContext<string>) => helper(ctx).execute());
		// @ts-expect-error: a schema says what the input is
		Workflow.define("wrong", async (ctx: WorkflowContext<string>) => ctx.input, {
			input: z.object({ n: z.number() }),
		});
	});
});
