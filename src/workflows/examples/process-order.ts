/** An order: checked, then shipped and confirmed side by side, or put on backorder. */
import * as z from "zod";
import { workflow } from "../../library";

export const processOrder = workflow("process-order")
	.task("validate", {
		inputSchema: z.object({ orderId: z.string(), customerId: z.string().optional() }),
		outputSchema: z.object({
			valid: z.boolean(),
			inStock: z.boolean(),
			total: z.number(),
			orderId: z.string(),
		}),
		handler: async ({ orderId }, ctx) => {
			const order = await ctx.plugins.orders.validate(orderId);
			return { valid: true, inStock: order.inStock, total: order.total, orderId };
		},
	})
	.choice("check-inventory", {
		choices: [{ condition: (ctx) => ctx.steps.validate.inStock, next: "fulfill" }],
		default: "backorder",
	})
	.parallel("fulfill", {
		branches: [
			workflow
				.branch("shipping")
				.task("ship", {
					// A choice hands on what came before it: here `prev` is the output of `validate`.
					inputSchema: (prev) => ({ orderId: prev.orderId }),
					handler: async (input, ctx) => ctx.plugins.shipping.createShipment(input.orderId),
				})
				.build(),
			workflow
				.branch("notification")
				.task("notify", {
					inputSchema: (prev, workflowInput) => ({
						orderId: workflowInput.orderId,
						total: prev.total,
					}),
					handler: async (input, ctx) => {
						await ctx.plugins.email.sendConfirmation(input);
						return { sent: true };
					},
				})
				.build(),
		],
		next: "complete",
	})
	.task("backorder", {
		inputSchema: (prev) => ({ orderId: prev.orderId, total: prev.total }),
		handler: async (input, ctx) => ctx.plugins.orders.createBackorder(input),
		next: "complete",
	})
	.pass("complete", { end: true })
	.build();
