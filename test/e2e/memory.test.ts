/**
 * A step that takes all of its isolate's memory. Local workerd then aborts the whole process
 * (SIGABRT), with every instance in it; wrangler starts it again, and alarms fire by themselves.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { poll } from "./poll";
import { Service } from "./service";
import { Witness } from "./witness";

/** After the second its next pass waits; all strikes, with the waits between, are in test/engine. */
const DEATHS = 2;

let service: Service;
let witness: Witness;

beforeAll(async () => {
	witness = await Witness.start(({ key }) => {
		// Each death of workerd is seen by the call that it leaves behind.
		if (key === "hog-1/hog") return "hold";
		return witness.lost.length < DEATHS ? "refuse" : "accept";
	});
	service = await Service.start({
		configs: ["test/e2e/worker/wrangler.jsonc"],
		// So that half a second and 300 MB do.
		env: { MINIFLARE_WORKERD_V8_FLAGS: "--max-old-space-size=150" },
	});
	await service.create("ticker", "ticker-1", { witness: witness.url });
	await witness.heard(["ticker-1/tick"]);
	await service.create("hog", "hog-1", { witness: witness.url });
	// No request meanwhile: one in flight when workerd dies takes wrangler down with it.
	await poll(
		() => `${DEATHS} deaths; there were ${witness.lost.length}`,
		() => witness.lost.length >= DEATHS || undefined,
	);
	const heard = witness.calls.length;
	await poll(
		() => "a tick after the last death",
		() => witness.calls.length > heard || undefined,
	);
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

describe("a step that takes all memory twice", () => {
	it("is backed off, with PASS_LOST as the reason, and can be ended", async () => {
		const { reason, wakeAt } = await service.until("hog-1", ({ status }) => status !== "running");
		expect(reason).toMatch(/^PASS_LOST: 2 passes/);
		expect(wakeAt).toBeGreaterThan(Date.now());
		const { body } = await service.post("/workflows/hog-1/terminate");
		expect(body).toEqual({ id: "hog-1", status: "terminated" });
		expect(witness.attempts("hog-1/hog")).toEqual([1, 1]);
	});

	it("does not keep another instance in the same process from completing", async () => {
		const end = await service.until("ticker-1", ({ status }) => status === "completed");
		expect(end.result).toBe("accepted");
		expect(
			end.steps.every(({ status, type, attempts }) => {
				return status === "completed" && attempts === (type === "do" ? 1 : 0);
			}),
		).toBe(true);
	});
});
