/** Time: due times are set at the first call and kept over whatever comes between (G4, G9). */
import { expect } from "vitest";
import { clock } from "../../support/lab";
import { all, between, sleep, sleepUntil, step, wait } from "./style";
import {
	type Behaviours,
	HOUR,
	held,
	inFlight,
	MINUTE,
	SECOND,
	sleepOver,
	turns,
	witness,
} from "./subject";

export const time: Behaviours = {
	"a sleep ends at the time that its first call set, not before": async (subject) => {
		const { calls, step } = witness();
		const instance = await subject.start([sleep("nap", "1h"), step("after")]);
		const dueAt = clock.now() + HOUR;
		expect((await instance.until("sleeping")).wakeAt).toBe(dueAt);
		await sleepOver(instance, HOUR / 2);
		// An early alarm replays nothing, and sets no later time.
		await instance.fireAlarm();
		expect(await instance.until("sleeping")).toMatchObject({ wakeAt: dueAt });
		await instance.crash();
		await instance.advance(HOUR / 2 - 1);
		await turns();
		expect(calls).toEqual([]);
		await instance.advance(1);
		const { steps } = await instance.until("completed");
		expect(steps[0]).toMatchObject({ startedAt: dueAt - HOUR, completedAt: dueAt });
	},

	"a sleep that is overdue by days ends with the first alarm": async (subject) => {
		const instance = await subject.start([sleep("nap", "1m"), step("after", () => "awake")]);
		await sleepOver(instance, 240 * HOUR);
		expect((await instance.until("completed")).result).toBe("awake");
	},

	"a sleep of nothing, or until a moment that has passed, is none": async (subject) => {
		const flow = [
			sleep("none", 0),
			sleepUntil("past", new Date(0)),
			sleepUntil("now", new Date(clock.now())),
		];
		const { steps } = await (await subject.start(flow)).until("completed");
		const none = { type: "sleep", status: "completed", wakeAt: null };
		expect(steps).toMatchObject([none, none, none]);
	},

	"a sleep until a moment ends at that moment": async (subject) => {
		const moment = new Date(clock.now() + MINUTE);
		const instance = await subject.start([sleepUntil("until", moment)]);
		expect((await instance.until("sleeping")).wakeAt).toBe(moment.getTime());
		await sleepOver(instance, MINUTE - 1);
		expect((await instance.status()).status).toBe("sleeping");
		await instance.advance(1);
		await instance.until("completed");
	},

	"a sleep after another is counted from when that one ended": async (subject) => {
		const instance = await subject.start([sleep("first", "1m"), sleep("second", "1m")]);
		await sleepOver(instance, 90 * SECOND);
		expect((await instance.until("sleeping")).wakeAt).toBe(clock.now() + MINUTE);
		await sleepOver(instance, MINUTE);
		await instance.until("completed");
	},

	"parallel sleeps end in the order of their times, also when all are overdue": async (subject) => {
		const order: number[] = [];
		const nap = (seconds: number) => [
			sleep(`nap ${seconds}`, `${seconds}s`),
			between(() => void order.push(seconds)),
		];
		const overdue = await subject.start([all(nap(3), nap(1), nap(2))]);
		await sleepOver(overdue, HOUR);
		await overdue.until("completed");
		expect(order.splice(0)).toEqual([1, 2, 3]);
		const punctual = await subject.start([all(nap(3), nap(1), nap(2))]);
		for (const wakeAt of [1, 2, 3].map((seconds) => clock.now() + seconds * SECOND)) {
			expect(await punctual.until("sleeping")).toMatchObject({ wakeAt });
			await punctual.advance(SECOND);
		}
		await punctual.until("completed");
		expect(order.slice(-3)).toEqual([1, 2, 3]);
	},

	"an instance past its timeout is timed_out: signals abort, late results are dropped": async (
		subject,
	) => {
		const slow = held<string>();
		const { calls, step } = witness();
		const flow = [step("slow", slow.work), step("after")];
		const instance = await subject.start(flow, null, { timeout: "1m" });
		await inFlight(instance, "slow");
		await instance.advance(MINUTE);
		const before = await instance.until("timed_out");
		expect(before.errorDetails).toMatchObject({ code: "INSTANCE_TIMEOUT" });
		expect(slow.aborted).toEqual(["Error: the instance is timed_out"]);
		slow.resolve("late");
		await turns();
		expect(await instance.status()).toEqual(before);
		expect(calls).toEqual(["slow"]);
	},

	"an instance's timeout runs while it waits, naps or is not in memory": async (subject) => {
		const flow = [wait("go"), sleep("nap", "1h")];
		const instance = await subject.start(flow, null, { timeout: "90s" });
		const endsAt = clock.now() + 90 * SECOND;
		expect((await instance.until("waiting")).wakeAt).toBe(endsAt);
		await instance.event("go");
		expect((await instance.until("sleeping")).wakeAt).toBe(endsAt);
		await sleepOver(instance, 90 * SECOND - 1);
		expect((await instance.status()).status).toBe("sleeping");
		await instance.advance(1);
		await instance.until("timed_out");
	},
};
