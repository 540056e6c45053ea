/** Steps side by side: all, any and race, and that each replay ends them the same way (G6). */
import { expect } from "vitest";
import { all, any, attempt, between, race, sleep, step } from "./style";
import {
	type Behaviours,
	HOUR,
	hangsOnce,
	held,
	inFlight,
	SECOND,
	sleepOver,
	witness,
} from "./subject";

const fails = () => {
	throw new Error("no");
};
const once = { retries: { limit: 1 } };

export const parallel: Behaviours = {
	"parallel steps are in flight at once; their results come in the order of the branches": async (
		subject,
	) => {
		const [left, right] = [held<string>(), held<string>()];
		const flow = [all([step("left", left.work)], [step("right", right.work)]), sleep("nap", "1s")];
		const instance = await subject.start(flow);
		await inFlight(instance, "left", "right");
		right.resolve("r");
		await inFlight(instance, "left");
		left.resolve("l");
		await sleepOver(instance, SECOND);
		expect((await instance.until("completed")).result).toEqual(["l", "r"]);
	},

	"a branch goes on while another one sleeps": async (subject) => {
		const { calls, step } = witness();
		const flow = [all([sleep("nap", "1h"), step("late")], [step("early"), step("next")])];
		const instance = await subject.start(flow);
		await instance.until("sleeping");
		expect(calls).toEqual(["early", "next"]);
		await sleepOver(instance, HOUR);
		expect((await instance.until("completed")).result).toEqual(["late", "next"]);
		expect(calls).toEqual(["early", "next", "late"]);
	},

	"the first failure of parallel steps ends the instance at once, and aborts the others": async (
		subject,
	) => {
		const slow = held();
		const branches = all([step("slow", slow.work)], [sleep("nap", "1s"), step("bad", fails, once)]);
		const instance = await subject.start([branches, step("after", () => "never")]);
		await inFlight(instance, "slow");
		await instance.advance(SECOND);
		const before = await instance.until("errored");
		expect(before.error).toBe("no");
		await expect.poll(() => slow.aborted).toHaveLength(1);
		slow.resolve(undefined);
		await instance.evict();
		expect(await instance.status()).toEqual(before);
	},

	"of parallel steps the first failure is the failure of all, also on replay": async (subject) => {
		const slow = held();
		const seen: string[] = [];
		const branches = all([step("slow", slow.work)], [step("bad", fails, once)]);
		const caught = between(({ message }: Error) => seen.push(message));
		const instance = await subject.start([
			attempt([branches], { recover: [caught] }),
			sleep("nap", "1s"),
		]);
		await expect.poll(() => seen).toEqual(["no"]);
		slow.resolve(undefined);
		await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect(seen).toEqual(["no", "no"]);
	},

	"the first success of several is taken past failures, also on replay": async (subject) => {
		const seen: string[] = [];
		const { calls, step } = witness();
		const after = hangsOnce(() => "done");
		const instance = await subject.start([
			any([step("bad", fails, once)], [step("good")], [step("late", held().work)]),
			between((winner: string) => void seen.push(winner)),
			step("after", after),
		]);
		await inFlight(instance, "late", "after");
		await instance.crash();
		await instance.advance(10 * SECOND);
		expect((await instance.until("completed")).result).toBe("done");
		expect(seen).toEqual(["good", "good"]);
		expect(calls).toEqual(["bad", "good", "late", "after", "late", "after"]);
	},

	"a race keeps its winner on every replay": async (subject) => {
		const seen: string[] = [];
		const [slow, fast] = [held<string>(), held<string>()];
		const flow = [
			race([step("slow", slow.work)], [step("fast", fast.work)]),
			between((winner: string) => void seen.push(winner)),
			sleep("nap", "1s"),
			sleep("another", "1s"),
		];
		const instance = await subject.start(flow);
		await inFlight(instance, "slow", "fast");
		fast.resolve("fast");
		await inFlight(instance, "slow");
		slow.resolve("slow");
		for (let replay = 0; replay < 2; replay++) await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect(seen).toEqual(["fast", "fast", "fast"]);
	},

	"the loser of a race is recorded when it ends, and not called again": async (subject) => {
		const loser = held<string>();
		const { calls, step } = witness();
		const flow = [race([step("loser", loser.work)], [step("winner")]), sleep("nap", "1h")];
		const instance = await subject.start(flow);
		await inFlight(instance, "loser");
		loser.resolve("late");
		await sleepOver(instance, HOUR);
		const { steps } = await instance.until("completed");
		expect(steps.find(({ name }) => name === "loser")).toMatchObject({
			status: "completed",
			result: "late",
		});
		expect(calls).toEqual(["loser", "winner"]);
	},

	"the loser in flight when the instance ends is aborted and its result dropped": async (
		subject,
	) => {
		const loser = held<string>();
		const flow = [race([step("loser", loser.work)], [step("winner", () => "won")])];
		const instance = await subject.start(flow);
		const before = await instance.until("completed");
		expect(before.result).toBe("won");
		expect(loser.aborted).toEqual(["Error: the instance is completed"]);
		loser.resolve("late");
		await instance.evict();
		expect(await instance.status()).toEqual(before);
	},
};
