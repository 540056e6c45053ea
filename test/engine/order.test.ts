/**
 * Parallel steps and the order of outcomes (G6): whatever won a race, or came first, does so again
 * on every replay.
 */
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/engine/program";
import { gate, TestInstance } from "../support/instance";
import { define } from "../support/lab";

/** Microtasks between two steps of a branch, as helper functions of user code bring them. */
async function ticks(count: number): Promise<void> {
	for (let tick = 0; tick < count; tick++) await null;
}

describe("parallel steps", () => {
	it("run at the same time and settle together: 1,000 of them", async () => {
		let calls = 0;
		const type = define(async (step) => {
			const numbers = Array.from({ length: 1_000 }, (_, n) => n);
			const doubled = await Promise.all(
				numbers.map((n) =>
					step.do(`double ${n}`, async () => {
						calls++;
						return n * 2;
					}),
				),
			);
			await step.sleep("nap", "1s");
			return doubled.reduce((sum, n) => sum + n, 0);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe(999_000);
		expect(calls).toBe(1_000);
	});

	it("are all recorded by allSettled, failed ones with their error", async () => {
		const type = define(async (step) => {
			const settled = await Promise.allSettled([
				step.do("good", () => 1),
				step.do("bad", () => Promise.reject(new Error("no")), { retries: { limit: 1 } }),
			]);
			await step.sleep("nap", "1s");
			return settled.map((each) =>
				each.status === "fulfilled" ? each.value : (each.reason as Error).message,
			);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toEqual([1, "no"]);
	});

	it("go on beside a branch that retries, sleeps or waits", async () => {
		const type = define(async (step) => {
			const branch = async (name: string, pause: () => Promise<unknown>) => {
				await step.do(`${name} before`, () => name);
				await pause();
				return step.do(`${name} after`, () => name);
			};
			return Promise.all([
				branch("sleeper", () => step.sleep("nap", "1s")),
				branch("waiter", () => step.waitForEvent("go")),
				branch("worker", () => step.do("work", () => 1)),
			]);
		});
		const instance = await TestInstance.create(type);
		const parked = await instance.until("waiting");
		expect(parked.steps.find((step) => step.name === "worker after")?.status).toBe("completed");
		await instance.event("go");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toEqual(["sleeper", "waiter", "worker"]);
	});

	it("may be started now and looked at later, failed or not", async () => {
		const type = define(async (step) => {
			const failing = step.do("bad", () => Promise.reject(new Error("early")), {
				retries: { limit: 1 },
			});
			await step.sleep("nap", "1s");
			return failing.catch((error: Error) => `caught ${error.message}`);
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("caught early");
	});
});

describe("a race", () => {
	/** Runs `race`, parks, and evicts `replays` times; returns what each pass saw. */
	async function winners(
		race: (step: Step, gates: (index: number) => Promise<void>) => Promise<unknown>,
		finish: number[],
		replays = 3,
	): Promise<unknown[]> {
		const seen: unknown[] = [];
		const gates = Array.from({ length: 8 }, () => gate());
		const type = define(async (step) => {
			seen.push(await race(step, (index) => gates[index]?.promise ?? Promise.resolve()));
			for (let nap = 0; nap < replays; nap++) await step.sleep("nap", "1s");
		});
		const instance = await TestInstance.create(type);
		for (const index of finish) {
			await instance.until(({ steps }) => steps.some(({ status }) => status === "running"));
			gates[index]?.resolve();
			// The next gate opens only after this one's step has its row.
			await instance.until(({ steps }) =>
				steps.some(({ name, status }) => name === `g${index}` && status === "completed"),
			);
		}
		for (let nap = 0; nap < replays; nap++) {
			await instance.until("sleeping");
			await instance.evict();
			await instance.advance(1_000);
			await instance.until(({ status, steps }) => status === "completed" || steps.length > nap);
		}
		await instance.until("completed");
		expect(seen).toHaveLength(replays + 1);
		return seen;
	}

	it.each([
		[[0, 1], "g0"],
		[[1, 0], "g1"],
	])("of two steps that finish as %j has the same winner each time", async (finish, winner) => {
		const seen = await winners(
			(step, gates) =>
				Promise.race([0, 1].map((n) => step.do(`g${n}`, () => gates(n)).then(() => `g${n}`))),
			finish,
		);
		expect(new Set(seen)).toEqual(new Set([winner]));
	});

	it("is won by a chain of awaits behind the first outcome, not by a shorter chain behind the second", async () => {
		const seen = await winners(
			async (step, gates) => {
				const long = async () => {
					await step.do("g0", () => gates(0));
					await ticks(40);
					return "long chain behind the first";
				};
				const short = () =>
					step.do("g1", () => gates(1)).then(() => "short chain behind the second");
				return Promise.race([long(), short()]);
			},
			[0, 1],
		);
		expect(new Set(seen)).toEqual(new Set(["long chain behind the first"]));
	});

	it("counts a step that is asked for a few awaits later than its rival", async () => {
		const seen = await winners(
			async (step, gates) => {
				const first = async () => {
					await step.do("g0", () => gates(0));
					await ticks(9);
					return "first";
				};
				const late = async () => {
					await ticks(6);
					await step.do("g1", () => gates(1));
					return "late";
				};
				return Promise.race([first(), late()]);
			},
			[0, 1],
		);
		expect(new Set(seen)).toEqual(new Set(["first"]));
	});

	it("of branches with steps of their own follows the order of all outcomes", async () => {
		const seen = await winners(
			async (step, gates) => {
				const left = async () => {
					await step.do("g0", () => gates(0));
					await step.do("g2", () => gates(2));
					return "left";
				};
				const right = async () => {
					await step.do("g1", () => gates(1));
					return "right";
				};
				const all = await Promise.all([Promise.race([left(), right()]), left2(step, gates)]);
				return all.join();
			},
			[0, 2, 3, 1],
		);
		expect(new Set(seen)).toEqual(new Set(["left,left2"]));
	});

	async function left2(step: Step, gates: (index: number) => Promise<void>): Promise<string> {
		await step.do("g3", () => gates(3));
		return "left2";
	}

	it("by Promise.any skips the failed one, each time", async () => {
		const seen = await winners(
			(step, gates) =>
				Promise.any([
					step
						.do("g0", () => gates(0))
						.then(() => {
							throw new Error("fulfilled, then thrown by the program");
						}),
					step.do("g1", () => gates(1)).then(() => "second"),
				]),
			[0, 1],
		);
		expect(new Set(seen)).toEqual(new Set(["second"]));
	});

	it("of an event against a timeout is decided once", async () => {
		const seen: string[] = [];
		const type = define(async (step) => {
			const winner = await Promise.race([
				step.waitForEvent("go").then(() => "event"),
				step.sleep("patience", "1m").then(() => "timeout"),
			]);
			seen.push(winner);
			await step.sleep("nap", "1h");
			return winner;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.advance(60_000);
		await instance.until(({ steps }) => steps.some(({ name }) => name === "nap"));
		await instance.event("go");
		await instance.until(({ status }) => status === "sleeping");
		await instance.evict();
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe("timeout");
		expect(new Set(seen)).toEqual(new Set(["timeout"]));
	});
});

describe("user code", () => {
	it("never sees the engine: catch and finally run for real outcomes only (G10)", async () => {
		const seen: string[] = [];
		const type = define(async (step) => {
			try {
				await step.do("a", () => 1);
				await step.sleep("nap", "1s");
				await step.waitForEvent("go");
				seen.push("body");
			} catch {
				seen.push("catch");
			} finally {
				seen.push("finally");
			}
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(1_000);
		await instance.until("waiting");
		await instance.control("pause");
		await instance.control("resume");
		expect(seen).toEqual([]);
		await instance.event("go");
		await instance.until("completed");
		expect(seen).toEqual(["body", "finally"]);
	});

	it("that is terminated runs neither catch nor finally", async () => {
		const seen: string[] = [];
		const type = define(async (step) => {
			try {
				await step.waitForEvent("never");
			} finally {
				seen.push("finally");
			}
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.control("terminate");
		await instance.event("never").catch(() => {});
		expect(seen).toEqual([]);
	});

	it("may wait for something that is no step, beside a branch that sleeps", async () => {
		const outside = gate();
		const type = define(async (step) => {
			const branch = async () => {
				await outside.promise;
				return step.do("after", () => "went on");
			};
			const [result] = await Promise.all([branch(), step.sleep("nap", "1h")]);
			return result;
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		outside.resolve();
		await instance.until(({ steps }) => steps.some(({ name }) => name === "after"));
		await instance.until("sleeping");
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).result).toBe("went on");
	});
});
