/** The examples of the registry in the fluent style, each way through them. */
import { describe, expect, it } from "vitest";
import { listBreakers } from "../../../src/client/breakers";
import { programsOf } from "../../../src/engine/program";
import { registry } from "../../../src/workflows/registry";
import { untilBreaker } from "../../support/breakers";
import { runners, TestInstance } from "../../support/instance";
import { programs } from "../../support/lab";
import { ended, UPSETS } from "./deploy";

for (const [type, program] of programsOf(registry)) programs.set(type, program);

async function run(type: keyof typeof registry, payload: unknown = null) {
	const { id } = await TestInstance.create(type, payload);
	const status = await ended(id, UPSETS["evicted at each wait"]);
	return { ...status, keys: status.steps.map(({ key }) => key) };
}

describe("simple-log", () => {
	it("logs, sleeps two seconds, logs", async () => {
		const { result, keys, steps } = await run("simple-log");
		expect(result).toEqual({ message: "Goodbye logged" });
		expect(keys).toEqual(["welcome", "wait", "goodbye"]);
		const [, wait] = steps;
		expect((wait?.completedAt ?? 0) - (wait?.startedAt ?? 0)).toBeGreaterThanOrEqual(2_000);
	});
});

describe("panic-resilient-task", () => {
	it("panics once, restarts after five seconds, and keeps what was completed", async () => {
		const instance = await TestInstance.create("panic-resilient-task");
		const panicked = await instance.until("panicked");
		expect(panicked).toMatchObject({ restartAttempt: 1 });
		await instance.advance(5_000);
		const status = await instance.until("completed");
		expect(status).toMatchObject({ result: "Success after restart", restartAttempt: 1 });
		expect(status.steps[0]).toMatchObject({ key: "preparation", attempts: 1 });
	});

	it("fails when it panics more often than it may restart", async () => {
		const status = await run("panic-resilient-task", { panics: 9 });
		expect(status).toMatchObject({ status: "errored", restartAttempt: 3 });
		expect(status.errorDetails).toMatchObject({ code: "PANIC" });
	});
});

describe("circuit-breaker-workflow", () => {
	const type = "circuit-breaker-workflow";

	it("calls the service, stops calling it after five failures, and calls it again after 30 s", async () => {
		expect((await run(type)).result).toEqual({ result: "service-data" });
		// Three attempts each: the breaker opens in the second.
		expect((await run(type, { serviceIsDown: true })).error).toBe("Service unavailable");
		const second = await TestInstance.create(type, { serviceIsDown: true });
		for (let attempt = 0; attempt < 2; attempt++) {
			await second.until(
				({ status, steps }) => status === "sleeping" && steps[0]?.attempts === attempt + 1,
			);
			if (attempt === 0) await second.advance(1_000);
		}
		await untilBreaker(type, "open");
		await second.advance(2_000);
		const fallback = { result: "cached-data", cached: true };
		expect((await second.until("completed")).result).toEqual(fallback);
		expect((await run(type)).result).toEqual(fallback);
		await second.advance(30_000);
		expect((await run(type)).result).toEqual({ result: "service-data" });
		await untilBreaker(type, "closed");
		expect((await listBreakers(runners, type)).length).toBe(1);
	});
});

describe("order-processing", () => {
	const order = (failures: object = {}) => ({
		orderId: "o-1",
		customerId: "c-1",
		items: [
			{ productId: "tea", quantity: 2, priceCents: 450 },
			{ productId: "cup", quantity: 1 },
		],
		failures,
	});
	const main = ["validate-order", "process-payment", "reserve-inventory", "create-shipping"];
	const end = ["send-confirmation", "update-order-status"];

	it("goes through", async () => {
		const { result, keys } = await run("order-processing", order());
		expect(result).toMatchObject({
			amountCents: 1_900,
			payment: { method: "card" },
			shipping: { trackingNumber: "TRACK-o-1" },
			confirmed: true,
		});
		expect(keys).toEqual([...main, ...end]);
	});

	it.each<[string, object, string[]]>([
		["fields are missing", { orderId: "o-1" }, ["validate-order/log-validation-error"]],
		[
			"a product is out of stock; its customer hears of others",
			order({ outOfStock: ["cup"] }),
			["validate-order/find-alternatives", "validate-order/notify-alternatives"],
		],
	])("fails at once when %s", async (_what, payload, handled) => {
		const status = await run("order-processing", payload);
		expect(status).toMatchObject({
			status: "errored",
			errorDetails: { name: "OrderInvalidError" },
		});
		expect(status.keys).toEqual(["validate-order", ...handled]);
	});

	it("fails with what its handler throws where there are no alternatives", async () => {
		const status = await run(
			"order-processing",
			order({ outOfStock: ["cup"], noAlternatives: true }),
		);
		expect(status.error).toBe("No alternatives available");
	});

	it("tries a payment again, then another way of paying", async () => {
		const again = await run("order-processing", order({ payments: 2 }));
		expect(again.result).toMatchObject({ payment: { method: "card" } });
		const other = await run("order-processing", order({ payments: 9 }));
		expect(other.result).toMatchObject({ payment: { method: "invoice" } });
		expect(other.keys).toContain("process-payment/try-alternative-payment");
		// One that succeeds: the breaker counts failures in a row.
		await run("order-processing", order());
		const none = await run("order-processing", order({ payments: 9, alternativePayment: true }));
		expect(none.error).toBe("All payment methods failed");
	});

	it("queues the payment once the bank has failed five times in a row: three times before", async () => {
		const { result, keys } = await run("order-processing", order({ payments: 9 }));
		expect(result).toMatchObject({ payment: { queued: true, transactionId: "queued-o-1" } });
		expect(keys).toEqual(
			expect.arrayContaining([
				"process-payment/queue-payment",
				"process-payment/notify-payment-delay",
			]),
		);
	});

	it("refunds and tells the customer when nothing can be reserved", async () => {
		const { error, keys } = await run("order-processing", order({ reservation: true }));
		expect(error).toBe("The warehouse does not answer");
		expect(keys.slice(-2)).toEqual([
			"reserve-inventory/refund-payment",
			"reserve-inventory/notify-inventory-failure",
		]);
	});

	it("waits for the carrier's network, longer each time, and tries again", async () => {
		const { result, keys } = await run("order-processing", order({ shippingNetwork: 2 }));
		expect(result).toMatchObject({ shipping: { trackingNumber: "TRACK-o-1" } });
		expect(keys).toEqual(
			expect.arrayContaining([
				"create-shipping/shipping-retry-1",
				"create-shipping/shipping-retry-2",
			]),
		);
	});

	it("is shipped by hand when the carrier makes no label, and ends without a confirmation", async () => {
		const failures = { shipping: true, confirmation: true };
		const { result, status } = await run("order-processing", order(failures));
		expect(status).toBe("completed");
		expect(result).toMatchObject({
			shipping: { trackingNumber: "MANUAL-o-1", requiresManualProcessing: true },
			...{ confirmed: false, followUpRequired: true },
		});
	});
});
