/** Events: consumed once, in order, whenever they come (G8). */
import { expect } from "vitest";
import * as z from "zod";
import { clock } from "../../support/lab";
import { attempt, between, repeat, sleep, step, wait } from "./style";
import { type Behaviours, HOUR, MINUTE, SECOND, sleepOver, turns, witness } from "./subject";

const TIMED_OUT = { name: "EventTimeoutError", code: "EVENT_TIMEOUT" };

export const events: Behaviours = {
	"an event wakes the wait of its name with its payload": async (subject) => {
		const instance = await subject.start([wait("go")]);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("go", { by: "Ada" });
		expect((await instance.until("completed")).result).toEqual({ by: "Ada" });
	},

	"a wait may ask for an event of another name than its own": async (subject) => {
		const instance = await subject.start([wait("approval", { event: "decision" })]);
		await instance.until("waiting");
		await instance.event("approval", "not this");
		await turns();
		expect((await instance.status()).status).toBe("waiting");
		await instance.event("decision", "this");
		expect((await instance.until("completed")).result).toBe("this");
	},

	"an event that comes before its wait is kept for it, over a crash": async (subject) => {
		const instance = await subject.start([sleep("nap", "1h"), wait("early")]);
		await instance.until("sleeping");
		await instance.event("early", "kept");
		await instance.crash();
		await instance.advance(HOUR);
		expect((await instance.until("completed")).result).toBe("kept");
	},

	"events of a name are taken in the order of their arrival, each by one wait": async (subject) => {
		const taken: number[] = [];
		const take = step("take", (n: number) => taken.push(n));
		const flow = [sleep("nap", "1s"), repeat([wait("tick"), take], (count: number) => count < 5)];
		const instance = await subject.start(flow);
		await instance.until("sleeping");
		for (const n of [1, 2, 3]) await instance.event("tick", n);
		await instance.advance(SECOND);
		await instance.until(({ status }) => status === "waiting" && taken.length === 3);
		await instance.evict();
		for (const n of [4, 5]) await instance.event("tick", n);
		await instance.until("completed");
		expect(taken).toEqual([1, 2, 3, 4, 5]);
	},

	"an event that was taken is not taken again after a replay or a crash": async (subject) => {
		const seen: unknown[] = [];
		const flow = [
			sleep("before", "1s"),
			wait("first", { event: "tick" }),
			between((payload) => void seen.push(payload)),
			sleep("nap", "1s"),
			wait("second", { event: "tick" }),
		];
		const instance = await subject.start(flow);
		await instance.until("sleeping");
		await instance.event("tick", "one");
		await sleepOver(instance, SECOND);
		await instance.until(
			({ status, steps }) => status === "sleeping" && steps.at(-1)?.name === "nap",
		);
		await instance.crash();
		await instance.advance(SECOND);
		await instance.until("waiting");
		await instance.event("tick", "two");
		expect((await instance.until("completed")).result).toBe("two");
		expect(new Set(seen)).toEqual(new Set(["one"]));
	},

	"a wait past its timeout throws an EventTimeoutError, at a time set by its first call": async (
		subject,
	) => {
		const instance = await subject.start([wait("go", { timeout: "1m" })]);
		expect((await instance.until("waiting")).wakeAt).toBe(clock.now() + MINUTE);
		await instance.evict();
		await instance.advance(MINUTE - 1);
		await turns();
		expect((await instance.status()).status).toBe("waiting");
		await instance.advance(1);
		expect((await instance.until("errored")).errorDetails).toMatchObject(TIMED_OUT);
	},

	"a timeout that nobody noticed comes before an event that came later": async (subject) => {
		const instance = await subject.start([wait("go", { timeout: "1m" })]);
		await instance.until("waiting");
		clock.advance(MINUTE + 1);
		await instance.event("go", "too late");
		expect((await instance.until("errored")).errorDetails).toMatchObject(TIMED_OUT);
	},

	"the way taken at a timeout is kept on replay, whatever came since": async (subject) => {
		const { calls, step } = witness();
		const flow = [
			attempt([wait("go", { timeout: "1m" }), step("went")], { recover: [step("gave up")] }),
			sleep("nap", "1h"),
		];
		const instance = await subject.start(flow);
		await instance.until("waiting");
		await instance.advance(MINUTE);
		await instance.until("sleeping");
		await instance.event("go");
		await sleepOver(instance, HOUR);
		expect((await instance.until("completed")).result).toBe("gave up");
		expect(calls).toEqual(["gave up"]);
	},

	"an event that comes after its wait timed out is kept for the next wait": async (subject) => {
		const late = wait("again", { event: "go" });
		const flow = [attempt([wait("go", { timeout: "1m" })], { recover: [] }), sleep("nap", "1h")];
		const instance = await subject.start([...flow, late]);
		await instance.until("waiting");
		await instance.advance(MINUTE);
		await instance.until("sleeping");
		await instance.event("go", "late");
		await sleepOver(instance, HOUR);
		expect((await instance.until("completed")).result).toBe("late");
	},

	"an event that is not declared, or whose schema refuses it, changes nothing": async (subject) => {
		const approval = z.object({ approved: z.boolean(), by: z.string().default("nobody") });
		const declares = { events: { approval, note: null } };
		const instance = await subject.start([wait("approval")], null, declares);
		await instance.until("waiting");
		await expect(instance.event("approve")).rejects.toMatchObject({
			code: "UNKNOWN_EVENT",
			message: expect.stringContaining("approval, note"),
		});
		await expect(instance.event("approval", { approved: "yes" })).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { issues: [{ path: "event.approved" }] },
		});
		expect(await instance.sql("SELECT * FROM events")).toEqual([]);
		await instance.event("note", "any value");
		await instance.event("approval", { approved: true });
		const { result } = await instance.until("completed");
		expect(result).toEqual({ approved: true, by: "nobody" });
	},

	"an event for a finished instance is refused": async (subject) => {
		const instance = await subject.start([]);
		const before = await instance.until("completed");
		await instance.evict();
		await expect(instance.event("late")).rejects.toMatchObject({
			code: "INSTANCE_FINISHED",
			message: expect.stringMatching(/"completed".*"late"/),
		});
		expect(await instance.status()).toEqual(before);
	},
};
