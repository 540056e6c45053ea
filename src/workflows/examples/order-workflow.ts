/**
 * An order: steps with retries against a payment service that fails, an approval that may take a
 * day, and compensation: what was done is undone when a later step fails.
 *
 * The outside world is a few local functions whose failures the payload chooses, so that each way
 * through can be tried with curl.
 */
import * as z from "zod";
import { BaseWorkflow, NonRetryableError, type Step } from "../../library";

const OrderPayload = z.object({
	items: z
		.array(
			z.object({
				sku: z.string().min(1),
				quantity: z.int().positive(),
				priceCents: z.int().nonnegative(),
			}),
		)
		.min(1),
	/** How many charges fail before one succeeds. */
	paymentFailures: z.int().nonnegative().default(0),
	/** The carrier refuses the parcel. */
	shippingFails: z.boolean().default(false),
});

const Approval = z.object({ approved: z.boolean(), by: z.string().optional() });

type OrderPayload = z.infer<typeof OrderPayload>;

interface OrderEvents {
	approval: z.infer<typeof Approval>;
}

interface OrderResult {
	outcome: "shipped" | "rejected" | "cancelled";
	totalCents: number;
	chargeId: string;
	trackingId?: string;
	reason?: string;
}

export class OrderWorkflow extends BaseWorkflow<OrderPayload, OrderResult, OrderEvents> {
	static type = "order" as const;
	static version = "1";
	static payload = OrderPayload;
	static events = { approval: Approval };
	static timeout = "7d";

	async run(step: Step<OrderEvents>, order: OrderPayload): Promise<OrderResult> {
		const totalCents = await step.do("validate", () => validate(order));
		await step.do("reserve", ({ idempotencyKey }) => reserve(order, idempotencyKey));
		const chargeId = await step.do(
			"charge",
			({ attempt, idempotencyKey }) => charge(order, attempt, idempotencyKey),
			{ retries: { limit: 5, delay: "200ms", backoff: "exponential" }, timeout: "10s" },
		);

		let outcome: OrderResult["outcome"] = "cancelled";
		let reason: string;
		try {
			const approval = await step.waitForEvent("approval", { timeout: "24h" });
			if (approval.approved) {
				const trackingId = await step.do("ship", ({ idempotencyKey }) =>
					ship(order, idempotencyKey),
				);
				return { outcome: "shipped", totalCents, chargeId, trackingId };
			}
			outcome = "rejected";
			reason = `rejected by ${approval.by ?? "unknown"}`;
		} catch (error) {
			// No approval in time, or the carrier refused.
			reason = error instanceof Error ? error.message : String(error);
		}

		// Compensation: undo in the opposite order what was done.
		await step.do("refund", () => `refunded ${chargeId}`);
		await step.do("release", () => "released");
		return { outcome, totalCents, chargeId, reason };
	}
}

function validate({ items }: OrderPayload): number {
	const totalCents = items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0);
	if (totalCents === 0) throw new NonRetryableError("an order of nothing cannot be charged");
	return totalCents;
}

function reserve({ items }: OrderPayload, idempotencyKey: string) {
	return { reservationId: `reservation:${idempotencyKey}`, lines: items.length };
}

function charge(
	{ paymentFailures }: OrderPayload,
	attempt: number,
	idempotencyKey: string,
): string {
	if (attempt <= paymentFailures) {
		throw Object.assign(new Error("the payment service is busy"), {
			code: "PAYMENT_BUSY",
			attempt,
		});
	}
	return `charge:${idempotencyKey}`;
}

function ship({ shippingFails }: OrderPayload, idempotencyKey: string): string {
	if (shippingFails) throw new NonRetryableError("the carrier refused the parcel");
	return `parcel:${idempotencyKey}`;
}
