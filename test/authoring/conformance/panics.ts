/** Panics, by what a style takes where it says nothing of them: the instance rests and goes on. */
import { expect } from "vitest";
import { attempt, between, sleep, step } from "./style";
import { type Behaviours, SECOND, sleepOver, witness } from "./subject";

/** Panics the first `times` times that it is called. */
function panicking(times: number) {
	let calls = 0;
	return () => {
		if (++calls <= times) throw new Error("JavaScript heap out of memory");
		return "mended";
	};
}

export const panics: Behaviours = {
	"a step that panics is called again after the restart, and the steps before it are not": async (
		subject,
	) => {
		const { calls, step } = witness();
		const flow = [step("a"), sleep("nap", "1s"), step("broken", panicking(1)), step("b")];
		const instance = await subject.start(flow);
		await sleepOver(instance, SECOND);
		expect(await instance.until("panicked")).toMatchObject({
			reason: expect.stringMatching(/^PANIC: .*"broken"/),
			restartAttempt: 1,
		});
		await instance.evict();
		await instance.advance(5 * SECOND);
		expect(await instance.until("completed")).toMatchObject({ result: "b", restartAttempt: 1 });
		expect(calls).toEqual(["a", "broken", "broken", "b"]);
	},

	"a panic runs neither recovery nor cleanup, and spends no attempt": async (subject) => {
		const { calls, step } = witness();
		const once = { retries: { limit: 1 } };
		const ends = { recover: [step("recover")], cleanup: [step("cleanup")] };
		const instance = await subject.start([attempt([step("a", panicking(2), once)], ends)]);
		for (const restartAttempt of [1, 2]) {
			await instance.until((status) => status.restartAttempt === restartAttempt);
			expect(calls).not.toContain("cleanup");
			await instance.advance(5 * SECOND);
		}
		expect((await instance.until("completed")).result).toBe("mended");
		expect(calls).toEqual(["a", "a", "a", "cleanup"]);
	},

	"a program that panics between its steps rests and goes on": async (subject) => {
		const { calls, step: noted } = witness();
		const instance = await subject.start([noted("a"), between(panicking(1)), step("b", (v) => v)]);
		await instance.until("panicked");
		await instance.advance(5 * SECOND);
		expect((await instance.until("completed")).result).toBe("mended");
		expect(calls).toEqual(["a"]);
	},

	"panics past the restarts end the instance": async (subject) => {
		const { calls, step } = witness();
		const instance = await subject.start([step("a", panicking(9))]);
		for (const restartAttempt of [1, 2, 3]) {
			await instance.until((status) => status.restartAttempt === restartAttempt);
			await instance.advance(5 * SECOND);
		}
		expect(await instance.until("errored")).toMatchObject({ errorDetails: { code: "PANIC" } });
		expect(calls).toHaveLength(4);
	},
};
