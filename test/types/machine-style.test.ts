/** What the compiler knows of a machine, and what it refuses. Checked by `tsc`. */
import { describe, expectTypeOf, it } from "vitest";
import * as z from "zod";
import { type BuiltBranch, type Machine, workflow } from "../../src/library";

/** Never called: the compiler is what is under test. */
const written = (..._machines: unknown[]) => {};

const Order = z.object({ id: z.string(), copies: z.number().default(1) });

describe("a machine to the compiler", () => {
	it("knows a handler's input from the schema, and the workflow's input as it comes", () => {
		const machine = () =>
			workflow("order")
				.task("check", {
					inputSchema: Order,
					handler: (input, ctx) => {
						expectTypeOf(input).toEqualTypeOf<{ id: string; copies: number }>();
						expectTypeOf(ctx.prev).toBeUndefined();
						return { total: 1, id: input.id };
					},
				})
				.task("charge", {
					inputSchema: (prev, workflowInput) => {
						expectTypeOf(prev).toEqualTypeOf<{ total: number; id: string }>();
						expectTypeOf(workflowInput.copies).toEqualTypeOf<number | undefined>();
						return { amount: prev.total, card: "1234" as const };
					},
					handler: async (input, ctx) => {
						expectTypeOf(input).toEqualTypeOf<{ amount: number; card: "1234" }>();
						expectTypeOf(ctx.steps.check.total).toBeNumber();
						expectTypeOf(ctx.input.id).toBeString();
						// @ts-expect-error: a step that comes later
						ctx.steps.ship;
						return "receipt";
					},
				})
				.task("ship", {
					handler: (input, ctx) => {
						expectTypeOf(input).toBeString();
						expectTypeOf(ctx.prev).toBeString();
						expectTypeOf(ctx.steps.charge).toBeString();
						expectTypeOf(ctx.getStepResult<number>("check")).toEqualTypeOf<number | undefined>();
					},
				})
				.build();
		expectTypeOf(machine).returns.toEqualTypeOf<Machine<{ id: string; copies?: number }>>();
	});

	it("knows what a step gives from its output schema, which the handler has to fit", () => {
		written(() =>
			workflow("typed")
				.task("parse", {
					outputSchema: z.object({ at: z.coerce.date<string>() }),
					handler: () => ({ at: "2026-01-01" }),
				})
				.task("use", {
					handler: (input) => {
						expectTypeOf(input).toEqualTypeOf<{ at: Date }>();
						return null;
					},
				})
				.build(),
		);
		written(() =>
			workflow("typed").task("parse", {
				outputSchema: z.object({ at: z.string() }),
				// @ts-expect-error: not what the schema takes
				handler: () => ({ at: 1 }),
			}),
		);
	});

	it("refuses targets that are no steps, where they are written out", () => {
		const choosing = () =>
			workflow("choosing")
				.choice("which", {
					choices: [{ condition: () => true, next: "left" }],
					default: "right",
				})
				.pass("left", { end: true });
		// @ts-expect-error: "right" is no step
		written(() => choosing().build());
		written(() => choosing().pass("right").build());
		// @ts-expect-error: "nowhere" is no step
		written(() => workflow("lost").pass("a", { next: "nowhere" }).build());
		const counting = () => workflow("counting").task("count", { handler: () => 1 });
		written(() =>
			counting().loop("again", {
				condition: (ctx) => ctx.steps.count < 3,
				target: "count",
				maxIterations: 3,
			}),
		);
		written(() =>
			counting().loop("again", {
				condition: () => true,
				// @ts-expect-error: no step before it
				target: "count-up",
				maxIterations: 3,
			}),
		);
	});

	it("knows the outputs of branches, and what a jump leads to it does not claim to know", () => {
		const left = () =>
			workflow
				.branch("left")
				.task("l", { handler: () => ({ l: 1 }) })
				.build();
		const right = () =>
			workflow
				.branch<"right", { total: number }, { id: string }>("right")
				.task("r", {
					inputSchema: (prev, input) => {
						expectTypeOf(prev).toEqualTypeOf<{ total: number }>();
						expectTypeOf(input).toEqualTypeOf<{ id: string }>();
						return prev.total;
					},
					handler: (n) => `${n}`,
				})
				.build();
		expectTypeOf(left).returns.toEqualTypeOf<BuiltBranch<"left", { l: number }>>();
		written(() =>
			workflow("both")
				.parallel("p", { branches: [left(), right()], next: "end" })
				.pass("end", {
					transform: (ctx) => {
						expectTypeOf(ctx.steps.p.left).toEqualTypeOf<{ l: number }>();
						expectTypeOf(ctx.steps.p.right).toBeString();
						expectTypeOf(ctx.prev).toBeAny();
						return ctx.steps.p.left.l;
					},
				})
				.build(),
		);
	});

	it("knows the result of a poll, and the services that are declared", () => {
		written(() =>
			workflow("poll")
				.poll("ask", {
					interval: 5_000,
					check: async () =>
						Math.random() > 0.5 ? { done: true, result: { n: 1 } } : { done: false },
				})
				.task("use", {
					handler: (input, ctx) => {
						expectTypeOf(input).toEqualTypeOf<{ n: number }>();
						expectTypeOf(ctx.plugins.shipping.createShipment).parameter(0).toBeString();
						// @ts-expect-error: no such service
						ctx.plugins.airship;
						ctx.core.logger.info("asked", { n: input.n });
					},
				})
				.build(),
		);
	});

	it("refuses options that are none, and a machine's settings on a branch", () => {
		// @ts-expect-error: no handler
		written(() => workflow("a").task("b", {}));
		// @ts-expect-error: a job has no handler
		written(() => workflow("a").task("b", { job: "c", handler: () => 1 }));
		// @ts-expect-error: a branch has no timeout of its own
		written(() => workflow.branch("a").timeout(5));
		// @ts-expect-error: neither of the two
		written(() => workflow("a").parallel("b", { branches: [], onError: "ignore" }));
	});
});
