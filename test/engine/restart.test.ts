/** Another run of an instance: from the top or from a step, with what came before kept and readable. */
import { describe, expect, it } from "vitest";
import { describeInstance, restartInstance } from "../../src/client/runner-client";
import { NonRetryableError } from "../../src/model/errors";
import { statusResponse } from "../../src/model/http";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const restart = (instance: TestInstance, from?: string) =>
	restartInstance(runners, instance.id, { from, by: { actor: "ada", reason: "try again" } });

const runsOf = async (instance: TestInstance) =>
	statusResponse(await describeInstance(runners, instance.id, { include: ["runs"] })).runs;

/** Three steps, the last of which fails until it is mended; counts calls. */
function flaky() {
	const calls: string[] = [];
	const state = { broken: true };
	const type = define(async (step) => {
		const call = (name: string) =>
			step.do(name, ({ idempotencyKey }) => calls.push(idempotencyKey));
		await call("a");
		await step.sleep("nap", "1h");
		await call("b");
		return step.do("c", () => {
			calls.push("c");
			if (state.broken) throw new NonRetryableError("no");
			return "mended";
		});
	});
	return { type, calls, state };
}

async function failed(type: string): Promise<TestInstance> {
	const instance = await TestInstance.create(type);
	await instance.until("sleeping");
	await instance.advance(3_600_000);
	await instance.until("errored");
	return instance;
}

describe("a restart from the top", () => {
	it("calls every step again, under other idempotency keys, and completes", async () => {
		const { type, calls, state } = flaky();
		const instance = await failed(type);
		state.broken = false;
		expect(await restart(instance)).toEqual({ status: "running" });
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		const status = await instance.until("completed");
		expect(status).toMatchObject({ result: "mended", run: 2, error: null });
		const { id } = instance;
		expect(calls).toEqual([`${id}/a`, `${id}/b`, "c", `${id}~2/a`, `${id}~2/b`, "c"]);
	});

	it("keeps how the run before ended, with its steps", async () => {
		const { type, state } = flaky();
		const instance = await failed(type);
		const before = await instance.status();
		state.broken = false;
		await restart(instance);
		const [run, ...others] = (await runsOf(instance)) ?? [];
		expect(others).toEqual([]);
		expect(run).toMatchObject({ run: 1, status: "errored", error: "no" });
		expect(run?.completedAt).toBe(before.completedAt);
		expect(run?.steps).toEqual(before.steps.map(({ wakeAt: _, ...step }) => step));
	});

	it("of a completed instance runs it again, and the index follows", async () => {
		const type = define(async (step) => step.do("a", () => clock.now()));
		const instance = await TestInstance.create(type);
		const first = await instance.until("completed");
		clock.advance(1_000);
		await restart(instance);
		const second = await instance.until(({ status, run }) => status === "completed" && run === 2);
		expect(second.result).toBe((first.result as number) + 1_000);
		expect(second.createdAt).toBe(first.createdAt);
	});

	it("of a running instance drops the pass that runs, whose results come to nothing", async () => {
		const gates = [gate<string>(), gate<string>()];
		const reasons: string[] = [];
		let calls = 0;
		const type = define(async (step) =>
			step.do("a", ({ signal }) => {
				signal.addEventListener("abort", () => reasons.push(signal.reason.message));
				return gates[calls++]?.promise ?? "";
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(() => calls === 1);
		await restart(instance, "a");
		await instance.until(() => calls === 2);
		expect(reasons).toEqual(["the instance is restarted"]);
		gates[0]?.resolve("late");
		gates[1]?.resolve("fresh");
		expect((await instance.until("completed")).result).toBe("fresh");
	});

	it("that dies right after it was accepted goes on by the alarm", async () => {
		const { type, state } = flaky();
		const instance = await failed(type);
		state.broken = false;
		await restart(instance);
		await instance.crash();
		await instance.advance(10_000);
		await instance.until("sleeping");
		await instance.advance(3_600_000);
		expect(await instance.until("completed")).toMatchObject({ result: "mended", run: 2 });
	});

	it("counts the type's timeout anew", async () => {
		const type = define(async (step) => step.waitForEvent("go"), { timeoutMs: 60_000 });
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.advance(60_000);
		await instance.until("timed_out");
		await restart(instance);
		await instance.until("waiting");
		await instance.advance(59_000);
		await instance.event("go", "in time");
		expect((await instance.until("completed")).result).toBe("in time");
	});
});

describe("a restart from a step", () => {
	it("keeps what was recorded before it: those functions are not called again", async () => {
		const { type, calls, state } = flaky();
		const instance = await failed(type);
		state.broken = false;
		calls.length = 0;
		await restart(instance, "b");
		await instance.crash();
		await instance.advance(10_000);
		expect(await instance.until("completed")).toMatchObject({ result: "mended", run: 2 });
		expect(calls.filter((call) => call.endsWith("/a"))).toEqual([]);
		expect(calls.at(-1)).toBe("c");
		const [run] = (await runsOf(instance)) ?? [];
		expect(run?.steps.map(({ key }) => key)).toEqual(["b", "c"]);
	});

	it("of a second run keeps gaps in the journal apart from new steps", async () => {
		const { type, state } = flaky();
		const instance = await failed(type);
		await restart(instance, "c");
		await instance.until(({ status, run }) => status === "errored" && run === 2);
		state.broken = false;
		await restart(instance, "nap");
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		expect(await instance.until("completed")).toMatchObject({ result: "mended", run: 3 });
		expect((await runsOf(instance))?.map(({ run }) => run)).toEqual([1, 2]);
	});

	it("that the journal does not have is refused by name, and changes nothing", async () => {
		const { type } = flaky();
		const instance = await failed(type);
		const before = await instance.status();
		await expect(restart(instance, "d")).rejects.toMatchObject({
			code: "STEP_NOT_FOUND",
			message: expect.stringContaining('"c"'),
		});
		expect(await instance.status()).toEqual(before);
		expect(await runsOf(instance)).toEqual([]);
	});
});
