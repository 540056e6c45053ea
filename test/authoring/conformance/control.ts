/** Pause, resume, terminate (G11), and changes that are refused. */
import { expect } from "vitest";
import { all, sleep, step, wait } from "./style";
import {
	type Behaviours,
	HOUR,
	hangsOnce,
	held,
	inFlight,
	MINUTE,
	SECOND,
	sleepOver,
	turns,
	witness,
} from "./subject";

export const control: Behaviours = {
	"a pause lets the step in flight finish, records it, and starts nothing new": async (subject) => {
		const slow = held<string>();
		const { calls, step } = witness();
		const flow = [step("first", slow.work), step("second", (first) => [first, "second"])];
		const instance = await subject.start(flow);
		await inFlight(instance, "first");
		expect(await instance.control("pause")).toBe("paused");
		slow.resolve("first");
		const paused = await instance.until(({ steps }) => steps[0]?.status === "completed");
		await turns();
		expect(paused).toMatchObject({ status: "paused", steps: [{ result: "first" }] });
		expect(calls).toEqual(["first"]);
		expect(slow.aborted).toEqual([]);
		await instance.evict();
		expect(await instance.control("resume")).toBe("running");
		expect((await instance.until("completed")).result).toEqual(["first", "second"]);
		expect(calls).toEqual(["first", "second"]);
	},

	"a step in flight that dies during a pause is called again after the resume only": async (
		subject,
	) => {
		const { calls, step } = witness();
		const instance = await subject.start([
			step(
				"slow",
				hangsOnce(() => "done"),
			),
		]);
		await inFlight(instance, "slow");
		await instance.control("pause");
		await instance.crash();
		await instance.advance(HOUR);
		await turns();
		expect({ calls, status: (await instance.status()).status }).toEqual({
			calls: ["slow"],
			status: "paused",
		});
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("done");
		expect(calls).toEqual(["slow", "slow"]);
	},

	"a timer that comes due during a pause is taken at the resume": async (subject) => {
		const { calls, step } = witness();
		const instance = await subject.start([sleep("nap", "1m"), step("after")]);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.evict();
		await instance.advance(2 * MINUTE);
		await instance.fireAlarm();
		await turns();
		expect((await instance.status()).status).toBe("paused");
		expect(calls).toEqual([]);
		await instance.control("resume");
		await instance.until("completed");
		expect(calls).toEqual(["after"]);
	},

	"an attempt that comes due during a pause is made after the resume": async (subject) => {
		const attempts: number[] = [];
		const flaky = step("flaky", (_, { attempt }) => {
			attempts.push(attempt);
			if (attempt === 1) throw new Error("again");
		});
		const instance = await subject.start([flaky]);
		await instance.until("sleeping");
		await instance.control("pause");
		await instance.advance(HOUR);
		await turns();
		expect(attempts).toEqual([1]);
		await instance.control("resume");
		await instance.until("completed");
		expect(attempts).toEqual([1, 2]);
	},

	"an event during a pause is kept, and seen after the resume": async (subject) => {
		const { calls, step } = witness();
		const instance = await subject.start([wait("go"), step("after", (payload) => payload)]);
		await instance.until("waiting");
		await instance.control("pause");
		await instance.event("go", "meanwhile");
		await turns();
		expect((await instance.status()).status).toBe("paused");
		expect(calls).toEqual([]);
		await instance.evict();
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("meanwhile");
	},

	"terminating aborts the signal, drops the late result, and starts nothing new": async (
		subject,
	) => {
		const slow = held<string>();
		const { calls, step } = witness();
		const instance = await subject.start([step("slow", slow.work), step("next")]);
		await inFlight(instance, "slow");
		expect(await instance.control("terminate")).toBe("terminated");
		expect(slow.aborted).toEqual(["Error: the instance is terminated"]);
		slow.resolve("late");
		await turns();
		await instance.evict();
		await instance.advance(HOUR);
		expect(await instance.status()).toMatchObject({
			status: "terminated",
			result: null,
			steps: [],
			wakeAt: null,
		});
		expect(calls).toEqual(["slow"]);
	},

	"what a terminated instance waited for is cancelled, and never wakes it": async (subject) => {
		const { calls, step } = witness();
		const flow = [all([sleep("nap", "1h")], [wait("go")]), step("after")];
		const instance = await subject.start(flow);
		await instance.until("waiting");
		await instance.control("terminate");
		await instance.evict();
		await instance.advance(HOUR);
		await expect(instance.event("go")).rejects.toMatchObject({ code: "INSTANCE_FINISHED" });
		expect(await instance.status()).toMatchObject({
			status: "terminated",
			steps: [{ status: "cancelled" }, { status: "cancelled" }],
		});
		expect(calls).toEqual([]);
	},

	"a change that the status does not allow is refused with both, and changes nothing": async (
		subject,
	) => {
		const instance = await subject.start([sleep("nap", "1s")]);
		await instance.until("sleeping");
		const refusal = (from: string, to: string) => ({
			code: "ILLEGAL_STATUS_CHANGE",
			message: expect.stringMatching(`"${from}".*"${to}"`),
			details: { from, to },
		});
		await expect(instance.control("resume")).rejects.toMatchObject(refusal("sleeping", "running"));
		await instance.control("pause");
		await expect(instance.control("pause")).rejects.toMatchObject(refusal("paused", "paused"));
		await instance.control("resume");
		await sleepOver(instance, SECOND);
		const before = await instance.until("completed");
		for (const [action, to] of [
			["pause", "paused"],
			["resume", "running"],
			["terminate", "terminated"],
		] as const) {
			await expect(instance.control(action)).rejects.toMatchObject(refusal("completed", to));
		}
		expect(await instance.status()).toEqual(before);
	},
};
