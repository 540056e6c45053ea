/** `rest`: an answer once an instance's pass has ended, and nothing held up by those who wait. */
import { describe, expect, it } from "vitest";
import { restOfInstance } from "../../src/client/runner-client";
import { LIMITS } from "../../src/model/limits";
import { Guarded } from "../shards/guarded";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const rest = ({ id }: TestInstance, patienceMs?: number) =>
	restOfInstance(runners, id, { patienceMs });

describe("a caller that waits for an instance to rest", () => {
	it.each<[string, Parameters<typeof define>[0]]>([
		["completed", async (step) => step.do("a", () => clock.turn())],
		["errored", () => Promise.reject(new Error("no"))],
		["sleeping", async (step) => step.sleep("nap", "1h")],
		["waiting", async (step) => step.waitForEvent("go")],
		["panicked", () => Promise.reject(new Error("out of memory"))],
	])("is answered when it is %s", async (status, run) => {
		const instance = await TestInstance.create(define(run));
		expect((await rest(instance)).status).toBe(status);
		// And so is one who comes later.
		await instance.evict();
		expect((await rest(instance)).status).toBe(status);
	});

	it("is answered when a pause or a termination ends the pass", async () => {
		for (const [action, status] of [
			["pause", "paused"],
			["terminate", "terminated"],
		] as const) {
			const instance = await TestInstance.create(
				define(async (step) => step.do("a", () => new Promise(() => {}))),
			);
			const answer = rest(instance);
			await instance.until(({ steps }) => steps.length === 1);
			await instance.control(action);
			expect((await answer).status).toBe(status);
		}
	});

	it("is answered after a while with what there is, and nothing has changed", async () => {
		const held = gate();
		const type = define(async (step) => step.do("a", () => held.promise));
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		const answer = rest(instance, 1_000);
		await instance.event("beside");
		for (let turn = 0; turn < 5; turn++) await clock.turn();
		clock.advance(1_000);
		expect(await answer).toMatchObject({ status: "running", steps: [{ status: "running" }] });
		held.resolve();
		await instance.until("completed");
	});

	it("waits for the slot of one that queues, and for no delayed start", async () => {
		const guarded = new Guarded({ concurrency: { limit: 1 } });
		await guarded.createAll(["rest-1", "rest-2"]);
		const answer = rest(new TestInstance("rest-2"));
		guarded.end("rest-2", "rest-1");
		expect((await answer).status).toBe("completed");
	});

	it("is refused for an unknown instance, and for more patience than there is", async () => {
		const unknown = rest(new TestInstance("rest-nobody"));
		await expect(unknown).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
		const instance = await TestInstance.create(define(async () => 1));
		await expect(rest(instance, LIMITS.restMs + 1)).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
		});
	});
});
