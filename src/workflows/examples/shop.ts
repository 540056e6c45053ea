/**
 * The world outside of `order-processing`: an inventory, a bank, a carrier and a mailer, as local
 * functions. What the order says under `failures` goes wrong, so that each way can be tried.
 */
import * as z from "zod";

export const Order = z.object({
	orderId: z.string().optional(),
	customerId: z.string().optional(),
	items: z
		.array(
			z.object({
				productId: z.string(),
				quantity: z.int().positive(),
				priceCents: z.int().nonnegative().default(1_000),
			}),
		)
		.default([]),
	failures: z
		.object({
			/** Products of which there are too few. */
			outOfStock: z.array(z.string()).default([]),
			noAlternatives: z.boolean().default(false),
			/** How many payments fail before one succeeds. */
			payments: z.int().nonnegative().default(0),
			/** No other way of paying works either. */
			alternativePayment: z.boolean().default(false),
			reservation: z.boolean().default(false),
			/** How many labels fail for the network before one succeeds. */
			shippingNetwork: z.int().nonnegative().default(0),
			/** The carrier makes no labels at all. */
			shipping: z.boolean().default(false),
			confirmation: z.boolean().default(false),
		})
		.prefault({}),
});

export type Order = z.infer<typeof Order>;
type Item = Order["items"][number];

/** Told apart by name: that is what is left of a class once an error is journaled. */
export class OrderInvalidError extends Error {
	override readonly name = "OrderInvalidError";
	constructor(
		message: string,
		readonly field: "order" | "inventory",
	) {
		super(message);
	}
}

export class NetworkError extends Error {
	override readonly name = "NetworkError";
	constructor(
		message: string,
		readonly statusCode: number,
	) {
		super(message);
	}
}

export interface Payment {
	transactionId: string;
	method: string;
	queued?: boolean;
}

export interface Shipping {
	trackingNumber: string;
	requiresManualProcessing?: boolean;
}

export function totalCents(items: readonly Item[]): number {
	return items.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0);
}

export async function checkInventory({ failures }: Order, { productId }: Item): Promise<boolean> {
	return !failures.outOfStock.includes(productId);
}

export async function findAlternatives({ failures }: Order): Promise<string[]> {
	return failures.noAlternatives ? [] : failures.outOfStock.map((product) => `${product}-b`);
}

/** `key` is the same for each attempt: the bank books a payment once. */
export async function pay({ failures }: Order, attempt: number, key: string): Promise<Payment> {
	if (attempt <= failures.payments) throw new Error("Payment failed: bank unreachable");
	return { transactionId: `tx-${key}`, method: "card" };
}

export async function payOtherwise({ failures }: Order, key: string): Promise<Payment> {
	if (failures.alternativePayment) throw new Error("All payment methods failed");
	return { transactionId: `tx-${key}`, method: "invoice" };
}

export async function reserve({ items, failures }: Order): Promise<string[]> {
	if (failures.reservation) throw new Error("The warehouse does not answer");
	return items.map(({ productId }) => `reserved-${productId}`);
}

export async function createLabel(
	{ orderId, failures }: Order,
	attempt: number,
): Promise<Shipping> {
	if (attempt <= failures.shippingNetwork) throw new NetworkError("Carrier timed out", 503);
	if (failures.shipping) throw new Error("No such address");
	return { trackingNumber: `TRACK-${orderId}` };
}

export async function confirm({ failures }: Order): Promise<void> {
	if (failures.confirmation) throw new Error("The mailer is down");
}

/** A customer, a colleague, a bank or a queue is told. */
export async function tell(whom: string, what: string): Promise<{ told: string; what: string }> {
	return { told: whom, what };
}
