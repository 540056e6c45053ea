/**
 * An order in the fluent style: each step says beside itself what is done when it fails. Handlers
 * tell the customer, refund, fall back or wait; their steps are journaled like all others.
 */
import { Workflow, type WorkflowContext } from "../../library";
import {
	checkInventory,
	confirm,
	createLabel,
	findAlternatives,
	Order,
	OrderInvalidError,
	pay,
	payOtherwise,
	reserve,
	tell,
	totalCents,
} from "./shop";

type Context = WorkflowContext<Order>;

export const orderProcessing = Workflow.define("order-processing", processOrder, { input: Order });

async function processOrder(ctx: Context) {
	const { orderId } = ctx.input;
	const { totalCents: amountCents } = await validate(ctx);
	const payment = await takePayment(ctx);
	await reserveInventory(ctx, payment.transactionId);
	const shipping = await ship(ctx);
	const confirmation = await ctx
		.step("send-confirmation", async () => {
			await confirm(ctx.input);
			return { confirmed: true };
		})
		.catch(async (error) => {
			await ctx.step("log-notification-failure", () =>
				tell("support", `order ${orderId} is not confirmed: ${error.message}`),
			);
			return { confirmed: false, followUpRequired: true };
		});
	await ctx.step("update-order-status", () => ({ orderComplete: true }));
	return { orderId, amountCents, payment, shipping, ...confirmation };
}

/** It fails at once: an order that is wrong stays wrong. */
function validate(ctx: Context) {
	const { orderId, customerId, items } = ctx.input;
	return ctx
		.step("validate-order", async () => {
			if (!orderId || !customerId || items.length === 0) {
				throw new OrderInvalidError("Missing required order fields", "order");
			}
			for (const item of items) {
				if (await checkInventory(ctx.input, item)) continue;
				const { productId } = item;
				throw new OrderInvalidError(`Insufficient inventory for ${productId}`, "inventory");
			}
			return { valid: true, totalCents: totalCents(items) };
		})
		.withRetry({ maxAttempts: 1 })
		.onError({
			OrderInvalidError: async (error) => {
				if (error.field !== "inventory") {
					await ctx.step("log-validation-error", () =>
						ctx.log("error", `Order validation failed: ${error.message}`),
					);
					throw error;
				}
				const { alternatives } = await ctx.step("find-alternatives", async () => {
					const found = await findAlternatives(ctx.input);
					if (found.length === 0) throw new Error("No alternatives available");
					return { alternatives: found };
				});
				await ctx.step("notify-alternatives", () =>
					tell(`customer ${customerId}`, `alternatives: ${alternatives.join(", ")}`),
				);
				// The order fails all the same, but its customer knows why.
				throw error;
			},
		});
}

function takePayment(ctx: Context) {
	const { orderId, customerId } = ctx.input;
	return ctx
		.step("process-payment", ({ attempt, idempotencyKey }) =>
			pay(ctx.input, attempt, idempotencyKey),
		)
		.withCircuitBreaker({
			failureThreshold: 5,
			resetTimeout: 60_000,
			// The bank is down: the payment is made later.
			onOpen: async () => {
				await ctx.step("queue-payment", () => tell("payment queue", `order ${orderId}`));
				await ctx.step("notify-payment-delay", () =>
					tell(`customer ${customerId}`, "your payment takes about an hour"),
				);
				return { transactionId: `queued-${orderId}`, method: "card", queued: true };
			},
		})
		.catch(() =>
			ctx.step("try-alternative-payment", ({ idempotencyKey }) =>
				payOtherwise(ctx.input, idempotencyKey),
			),
		);
}

function reserveInventory(ctx: Context, transactionId: string) {
	return ctx
		.step("reserve-inventory", async () => ({ reservations: await reserve(ctx.input) }))
		.withRetry({ maxAttempts: 1 })
		.onError({
			default: async (error) => {
				await ctx.step("refund-payment", () => tell("bank", `refund ${transactionId}`));
				await ctx.step("notify-inventory-failure", () =>
					tell(`customer ${ctx.input.customerId}`, "your order failed, you get your money back"),
				);
				throw error;
			},
		});
}

function ship(ctx: Context) {
	return ctx
		.step("create-shipping", ({ attempt }) => createLabel(ctx.input, attempt))
		.withRetry({ maxAttempts: 5, backoffMs: 0 })
		.onError({
			NetworkError: async (error) => {
				const delayMs = Math.min(1_000 * 2 ** (ctx.attempt - 1), 30_000);
				await ctx.sleep(`shipping-retry-${ctx.attempt}`, delayMs);
				throw error; // Tried again.
			},
			default: async (error) => {
				await ctx.step("create-manual-shipping-task", () =>
					tell("warehouse", `ship by hand: ${error.message}`),
				);
				return {
					trackingNumber: `MANUAL-${ctx.input.orderId}`,
					requiresManualProcessing: true,
				};
			},
		});
}
