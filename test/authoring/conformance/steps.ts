/** Steps: their order, their results, and that a finished one is not run again (G2). */
import { expect } from "vitest";
import type { StepContext } from "../../../src/engine/program";
import { between, choose, repeat, sleep, step } from "./style";
import { type Behaviours, HOUR, hangsOnce, inFlight, SECOND, sleepOver, witness } from "./subject";

export const steps: Behaviours = {
	"steps run in order, each given what the one before it returned": async (subject) => {
		const { calls, step } = witness();
		const flow = [
			step("double", async (n: number) => n * 2),
			step("add", (n: number) => n + 1),
			step("show", (n: number) => ({ n })),
		];
		const instance = await subject.start(flow, 20);
		expect((await instance.until("completed")).result).toEqual({ n: 41 });
		expect(calls).toEqual(["double", "add", "show"]);
	},

	"a step is shown with name, kind, attempts and result": async (subject) => {
		const flow = [step("greet", () => "hello"), sleep("nap", "1s")];
		const instance = await subject.start(flow);
		expect((await instance.until("sleeping")).steps).toMatchObject([
			{ name: "greet", type: "do", status: "completed", attempts: 1, result: "hello", error: null },
			{ name: "nap", type: "sleep", status: "sleeping" },
		]);
	},

	"a step completed before eviction is not called again": async (subject) => {
		const { calls, step } = witness();
		const flow = [step("first"), sleep("nap", "1h"), between((value) => value)];
		const instance = await subject.start(flow);
		await sleepOver(instance, HOUR);
		expect((await instance.until("completed")).result).toBe("first");
		expect(calls).toEqual(["first"]);
	},

	"a step completed before a crash is not called again, the one in flight is": async (subject) => {
		const { calls, step } = witness();
		const flow = [
			step("first"),
			step(
				"second",
				hangsOnce((value) => [value, "second"]),
			),
		];
		const instance = await subject.start(flow);
		await inFlight(instance, "second");
		await instance.crash();
		await instance.advance(10 * SECOND);
		expect((await instance.until("completed")).result).toEqual(["first", "second"]);
		expect(calls).toEqual(["first", "second", "second"]);
	},

	"a result of undefined is a result": async (subject) => {
		const seen: unknown[] = [];
		const { calls, step } = witness();
		const nothing = () => undefined;
		const flow = [
			step("a", nothing),
			sleep("nap", "1s"),
			between((value) => void seen.push(value)),
		];
		const instance = await subject.start(flow);
		await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect({ calls, seen }).toEqual({ calls: ["a"], seen: [undefined] });
	},

	"a name that is used again is recorded with a number": async (subject) => {
		const { calls, step } = witness();
		const count = step("count", (n: number) => n + 1);
		const flow = [repeat([count, sleep("nap", "1s")], (n: number) => n < 3)];
		const instance = await subject.start(flow, 0);
		for (let turn = 0; turn < 3; turn++) await sleepOver(instance, SECOND);
		const { result, steps } = await instance.until("completed");
		expect({ result, calls }).toEqual({ result: 3, calls: ["count", "count", "count"] });
		// What stands for the end of a turn may be a step, too.
		const own = steps.filter(({ name }) => name === "count" || name === "nap");
		const keys = ["count", "nap", "count#2", "nap#2", "count#3", "nap#3"];
		expect(own.map(({ key }) => key)).toEqual(keys);
	},

	"a loop goes on in the turn that a crash ended": async (subject) => {
		const turns: number[] = [];
		const hang = hangsOnce((n: number) => n + 1);
		const turn = step("turn", (n: number, context) => {
			turns.push(n);
			return n === 3 ? hang(n as never, context) : n + 1;
		});
		const instance = await subject.start([repeat([turn], (n: number) => n < 6)], 1);
		await inFlight(instance, "turn");
		await instance.crash();
		await instance.advance(10 * SECOND);
		expect((await instance.until("completed")).result).toBe(6);
		expect(turns).toEqual([1, 2, 3, 3, 4, 5]);
	},

	"two hundred steps are called once each, over an eviction in the middle": async (subject) => {
		let calls = 0;
		const hundred = (name: string) => {
			const more = step(name, (n: number) => {
				calls++;
				return n + 1;
			});
			return repeat([more], (n: number) => n % 100 !== 0);
		};
		const flow = [hundred("more"), sleep("nap", "1s"), hundred("yet more")];
		const instance = await subject.start(flow, 0);
		await sleepOver(instance, SECOND);
		expect((await instance.until("completed")).result).toBe(200);
		expect(calls).toBe(200);
	},

	"a choice made by a step's result is made again on replay": async (subject) => {
		const { calls, step } = witness();
		let weather = "rain";
		const flow = [
			step("look", () => weather),
			choose((seen: string) => seen === "rain", [step("stay")], [step("go")]),
			sleep("nap", "1s"),
		];
		const instance = await subject.start(flow);
		await instance.until("sleeping");
		weather = "sun";
		await sleepOver(instance, SECOND);
		expect((await instance.until("completed")).result).toBe("stay");
		expect(calls).toEqual(["look", "stay"]);
	},

	"the idempotency key is the same for all attempts, and another for each step": async (
		subject,
	) => {
		const keys: [number, string][] = [];
		const note = (_: unknown, { attempt, idempotencyKey }: StepContext) => {
			keys.push([attempt, idempotencyKey]);
		};
		const hang = hangsOnce(note);
		const charge = step("charge", (value, context) => {
			if (context.attempt === 1) {
				note(value, context);
				throw new Error("again");
			}
			return hang(value, context);
		});
		const instance = await subject.start([charge, step("ship", note)]);
		await sleepOver(instance, SECOND);
		await inFlight(instance, "charge");
		await instance.crash();
		await instance.advance(10 * SECOND);
		await instance.until("completed");
		const [charged, shipped] = [`${instance.id}/charge`, `${instance.id}/ship`];
		expect(keys).toEqual([
			[1, charged],
			[2, charged],
			[1, shipped],
		]);
	},
};
