/**
 * Panics: an instance whose program says that the system is broken rests and goes on from its
 * journal, so many times, whatever happens in between.
 */
import { describe, expect, it } from "vitest";
import { describeInstance, restartInstance } from "../../src/client/runner-client";
import type { Program, RunInfo, Step } from "../../src/engine/program";
import { NonRetryableError, PanicError } from "../../src/model/errors";
import { statusResponse } from "../../src/model/http";
import { LIMITS } from "../../src/model/limits";
import { type PanicOptions, panicPolicy } from "../../src/model/panic";
import { gate, listed, runners, TestInstance } from "../support/instance";
import { clock, define, programs } from "../support/lab";

const restart = (instance: TestInstance, from?: string) =>
	restartInstance(runners, instance.id, { from, by: { actor: "ada" } });

const errorsOf = async ({ id }: TestInstance) =>
	statusResponse(await describeInstance(runners, id, { include: ["errors"] })).errors;

/** A step before, one that panics while the run has had fewer than `panics` restarts, one after. */
function panicky(panics: number, options: PanicOptions = {}, policies: Partial<Program> = {}) {
	const calls: string[] = [];
	const run = async (step: Step, _: unknown, { restartAttempt }: RunInfo) => {
		await step.do("before", () => calls.push("before"));
		// Its timer must not wake what rests.
		void step.sleep("beside", "1s");
		const value = await step.do("broken", ({ attempt }) => {
			calls.push(`broken ${restartAttempt}/${attempt}`);
			if (restartAttempt < panics) throw new Error("JavaScript heap out of memory");
			return `after ${restartAttempt}`;
		});
		await step.do("after", () => calls.push("after"));
		return value;
	};
	const type = define(run, { panic: panicPolicy(options), ...policies });
	return { type, calls };
}

describe("a step's function that panics", () => {
	it("rests the instance at once, without spending an attempt, and it goes on from its journal", async () => {
		const { type, calls } = panicky(1);
		const instance = await TestInstance.create(type);
		const resting = await instance.until("panicked");
		expect(resting).toMatchObject({
			reason: 'PANIC: Step "broken" panicked: JavaScript heap out of memory',
			errorDetails: {
				name: "PanicError",
				code: "PANIC",
				fields: { details: { step: "broken", attempt: 1 } },
				cause: { name: "Error", message: "JavaScript heap out of memory" },
			},
			restartAttempt: 1,
			wakeAt: clock.now() + 5_000,
			completedAt: null,
		});
		expect(await instance.alarmAt()).toBe(clock.now() + 5_000);
		await expect.poll(() => listed(type)).toMatchObject([{ status: "panicked" }]);
		await instance.advance(4_999);
		expect(calls).toEqual(["before", "broken 0/1"]);
		await instance.advance(1);
		const done = await instance.until("completed");
		expect(done).toMatchObject({ result: "after 1", error: null, reason: null, restartAttempt: 1 });
		expect(calls).toEqual(["before", "broken 0/1", "broken 1/1", "after"]);
	});

	it.each(["evicted", "crashed"])("goes on by its alarm when it was %s meanwhile", async (how) => {
		const { type, calls } = panicky(2, { restartDelay: "1m" });
		const instance = await TestInstance.create(type);
		for (const restartAttempt of [1, 2]) {
			await instance.until((status) => status.restartAttempt === restartAttempt);
			await (how === "evicted" ? instance.evict() : instance.crash());
			await instance.advance(60_000);
		}
		expect((await instance.until("completed")).result).toBe("after 2");
		expect(calls.filter((call) => call === "before")).toHaveLength(1);
	});

	it("after its restarts ends the instance with that error", async () => {
		const { type, calls } = panicky(100, { maxRestartAttempts: 2, restartDelay: 10 });
		const instance = await TestInstance.create(type);
		for (const restartAttempt of [1, 2]) {
			await instance.until((status) => status.restartAttempt === restartAttempt);
			await instance.advance(10);
		}
		expect(await instance.until("errored")).toMatchObject({
			reason: expect.stringMatching(/^PANIC: /),
			errorDetails: { code: "PANIC", fields: { details: { step: "broken", attempt: 1 } } },
			restartAttempt: 2,
		});
		expect(calls.slice(1)).toEqual(["broken 0/1", "broken 1/1", "broken 2/1"]);
		await instance.advance(60_000);
		expect(calls).toHaveLength(4);
	});

	it("drops what is in flight beside it: signals are aborted, late results come to nothing", async () => {
		const held = gate<string>();
		const reasons: string[] = [];
		let calls = 0;
		const type = define(async (step, _, { restartAttempt }) => {
			const other = step.do("other", ({ signal }) => {
				if (++calls > 1) return "fresh";
				signal.addEventListener("abort", () => reasons.push(signal.reason.message));
				return held.promise;
			});
			const broken = step.do("broken", () => {
				if (restartAttempt === 0) throw new Error("stack overflow");
			});
			await broken;
			return other;
		});
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		expect(reasons).toEqual(["the instance has panicked"]);
		held.resolve("late");
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("fresh");
		expect(calls).toBe(2);
	});

	it("never shows in the program: neither catch nor finally runs", async () => {
		const seen: string[] = [];
		const type = define(async (step, _, { restartAttempt }) => {
			try {
				return await step.do("broken", () => {
					if (restartAttempt === 0) throw new PanicError("no disk");
					return "mended";
				});
			} catch {
				seen.push("catch");
			} finally {
				seen.push("finally");
			}
			return "caught";
		});
		const instance = await TestInstance.create(type);
		expect((await instance.until("panicked")).error).toBe('Step "broken" panicked: no disk');
		expect(seen).toEqual([]);
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("mended");
	});

	it.each([0, 1])(
		"as its retry falls due with other timers ends the pass before those, with %i restarts",
		async (maxRestartAttempts) => {
			const held = gate();
			const type = define(
				async (step, _, { restartAttempt }) => {
					const retries = { delay: "1s", limit: 2 } as const;
					const broken = ({ attempt }: { attempt: number }) => {
						if (attempt === 1) throw new Error("busy");
						if (restartAttempt === 0) throw new Error("out of memory");
					};
					await Promise.all([
						step.do("broken", broken, { retries }),
						step.do("long", () => held.promise),
						step.sleep("nap", "1s"),
						step.waitForEvent("go", { timeout: "1s" }).catch(() => {}),
					]);
					return "done";
				},
				{ panic: panicPolicy({ maxRestartAttempts }) },
			);
			const instance = await TestInstance.create(type);
			// The clock moves once the retry is due a second from now, as the others are.
			await instance.until(
				({ steps }) => steps.length === 4 && steps.some(({ status }) => status === "retrying"),
			);
			await instance.advance(1_000);
			const status = await instance.until(maxRestartAttempts === 0 ? "errored" : "panicked");
			expect(status.steps.map(({ status }) => status)).not.toContain("completed");
			held.resolve();
			await instance.advance(5_000);
			if (maxRestartAttempts === 1) await instance.until("completed");
			expect(
				await instance.sql("SELECT count(*) AS n FROM steps WHERE outcome IS NOT NULL"),
			).toEqual([{ n: maxRestartAttempts === 1 ? 4 : 0 }]);
		},
	);

	it("in a retry keeps the attempts that failed before", async () => {
		const attempts: number[] = [];
		const type = define(async (step, _, { restartAttempt }) =>
			step.do(
				"a",
				({ attempt }) => {
					attempts.push(attempt);
					if (attempt === 1) throw new Error("busy");
					if (restartAttempt === 0) throw new Error("Process killed");
					return "done";
				},
				{ retries: { limit: 2, delay: "1m" } },
			),
		);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("panicked");
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("done");
		expect(attempts).toEqual([1, 2, 2]);
		expect(await errorsOf(instance)).toMatchObject([
			{ step: "a", attempt: 1, isPanic: false, error: "busy" },
			{ step: "a", attempt: 2, isPanic: true, error: "Process killed" },
		]);
	});
});

describe("what is a panic", () => {
	const endOf = async (thrown: unknown, options: PanicOptions = {}) => {
		const type = define(
			async (step) =>
				step.do("a", () => Promise.reject(thrown), { retries: { limit: 1 }, timeout: "1m" }),
			{ panic: panicPolicy(options) },
		);
		const instance = await TestInstance.create(type);
		return (await instance.until(({ status }) => status !== "running")).status;
	};

	it.each<[unknown, string]>([
		[new RangeError("Maximum call stack size exceeded"), "panicked"],
		[new Error("FATAL ERROR: Reached heap limit"), "panicked"],
		[new PanicError(), "panicked"],
		[Object.assign(new Error("x"), { code: "PANIC" }), "panicked"],
		["out of memory", "panicked"],
		[new NonRetryableError("fatal error: no such customer"), "errored"],
		[new Error("card declined"), "errored"],
		[{ code: 7 }, "errored"],
		[undefined, "errored"],
	])("of %s by default: it is %s", async (thrown, status) => {
		expect(await endOf(thrown)).toBe(status);
	});

	it("is for the type to say, by words or by a predicate that sees the error as thrown", async () => {
		class DiskError extends Error {}
		const isPanic = (error: unknown) => error instanceof DiskError;
		expect(await endOf(new DiskError("full"), { isPanic })).toBe("panicked");
		expect(await endOf(new Error("out of memory"), { isPanic })).toBe("errored");
		expect(await endOf(new Error("Disk FULL"), { isPanic: ["disk full"] })).toBe("panicked");
		expect(await endOf(new Error("out of memory"), { isPanic: [] })).toBe("errored");
	});

	it("is not decided by a predicate that throws", async () => {
		const isPanic = () => {
			throw new Error("a bug");
		};
		expect(await endOf(new Error("card declined"), { isPanic })).toBe("errored");
	});

	it("is not an attempt's timeout, though the step is named so", async () => {
		const type = define(async (step) =>
			step.do("fatal error", () => new Promise(() => {}), {
				retries: { limit: 1 },
				timeout: "1s",
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		clock.advance(1_000);
		expect((await instance.until("errored")).errorDetails).toMatchObject({ code: "STEP_TIMEOUT" });
	});
});

describe("a program that panics between its steps", () => {
	it("rests and is replayed, its steps kept", async () => {
		let calls = 0;
		const type = define(async (step, _, { restartAttempt }) => {
			await step.do("a", () => ++calls);
			if (restartAttempt < 2) throw new RangeError("Maximum call stack size exceeded");
			return restartAttempt;
		});
		const instance = await TestInstance.create(type);
		const { errorDetails } = await instance.until("panicked");
		expect(errorDetails).toMatchObject({ fields: { details: { step: null, attempt: null } } });
		for (const restartAttempt of [1, 2]) {
			await instance.until((status) => status.restartAttempt === restartAttempt);
			await instance.advance(5_000);
		}
		expect((await instance.until("completed")).result).toBe(2);
		expect(calls).toBe(1);
		expect(await errorsOf(instance)).toMatchObject([
			{ step: null, attempt: null, isPanic: true },
			{ step: null, attempt: null, isPanic: true },
		]);
	});

	it("before it has asked for a recorded step panics: that is no other way than the journal", async () => {
		let isBroken = false;
		const type = define(async (step) => {
			if (isBroken) throw new Error("out of memory");
			await step.do("a", () => 1);
			await step.sleep("nap", "1m");
			return "done";
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		isBroken = true;
		await instance.advance(60_000);
		await instance.until("panicked");
		isBroken = false;
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("done");
	});

	it("while it is parked panics", async () => {
		const broken = gate();
		const type = define(async (step, _, { restartAttempt }) => {
			const event = step.waitForEvent("go");
			if (restartAttempt === 0) await Promise.race([event, broken.promise]);
			return event;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		broken.reject(new Error("Uncaught exception"));
		await instance.until("panicked");
		await instance.event("go", "kept");
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("kept");
	});
});

describe("a panicked instance", () => {
	it("without automatic restarts rests until it is asked to go on, and then has no limit", async () => {
		const { type, calls } = panicky(5, { autoRestart: false, maxRestartAttempts: 1 });
		const instance = await TestInstance.create(type);
		for (let restartAttempt = 1; restartAttempt <= 5; restartAttempt++) {
			const status = await instance.until((each) => each.restartAttempt === restartAttempt);
			expect(status).toMatchObject({ status: "panicked", wakeAt: null });
			await expect.poll(() => instance.alarmAfterLease()).toBeNull();
			await instance.evict();
			await instance.event("early");
			await expect.poll(() => instance.alarmAfterLease()).toBeNull();
			expect((await instance.status()).status).toBe("panicked");
			expect(await restart(instance)).toEqual({ status: "running" });
		}
		expect(await instance.until("completed")).toMatchObject({ result: "after 5", run: 1 });
		expect(calls.filter((call) => call === "before")).toHaveLength(1);
	});

	it("goes on at once when it is restarted, and does not restart again by its old alarm", async () => {
		const { type, calls } = panicky(1, { restartDelay: "1h" });
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		expect(await restart(instance)).toEqual({ status: "running" });
		const status = await instance.until("completed");
		expect(status).toMatchObject({ run: 1, restartAttempt: 1, result: "after 1" });
		await instance.advance(3_600_000);
		expect(calls).toEqual(["before", "broken 0/1", "broken 1/1", "after"]);
	});

	it("that dies right after it was restarted goes on by its alarm", async () => {
		const { type } = panicky(1, { autoRestart: false });
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await restart(instance);
		await instance.crash();
		await instance.advance(5_000);
		expect(await instance.until("completed")).toMatchObject({ run: 1, result: "after 1" });
	});

	it("is restarted once by a request that comes twice", async () => {
		const { type } = panicky(2, { autoRestart: false });
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		const by = { actor: "ada", key: "once" };
		await restartInstance(runners, instance.id, { by });
		await instance.until(({ restartAttempt }) => restartAttempt === 2);
		await restartInstance(runners, instance.id, { by });
		expect(await instance.status()).toMatchObject({ status: "panicked", restartAttempt: 2 });
	});

	it("begins another run when it is restarted from a step, and counts anew", async () => {
		const { type, calls } = panicky(1, { restartDelay: "1h" });
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await restart(instance, "before");
		await instance.until(({ run, status }) => run === 2 && status === "panicked");
		expect(calls).toEqual(["before", "broken 0/1", "before", "broken 0/1"]);
		expect((await instance.status()).restartAttempt).toBe(1);
	});

	it("that is paused does not restart, and goes on when it is resumed", async () => {
		const { type, calls } = panicky(1);
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await instance.control("pause");
		const paused = await instance.status();
		expect(paused).toMatchObject({ status: "paused", reason: expect.stringMatching(/^PANIC: /) });
		await instance.advance(60_000);
		expect(calls).toHaveLength(2);
		await instance.evict();
		await instance.control("resume");
		expect(await instance.until("completed")).toMatchObject({ restartAttempt: 1, reason: null });
	});

	it("can be terminated, and then stays so", async () => {
		const { type, calls } = panicky(1);
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		expect(await instance.control("terminate")).toBe("terminated");
		await instance.advance(60_000);
		expect((await instance.status()).status).toBe("terminated");
		expect(calls).toHaveLength(2);
	});

	it("is refused a resume, and told what it goes on by", async () => {
		const { type } = panicky(1);
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await expect(instance.control("resume")).rejects.toMatchObject({
			code: "ILLEGAL_STATUS_CHANGE",
			message: expect.stringContaining("restart"),
		});
	});

	it("keeps the events that come, and takes what was due when it goes on", async () => {
		const type = define(async (step, _, { restartAttempt }) => {
			const [event] = await Promise.all([
				step.waitForEvent("go"),
				step.sleep("nap", "3s"),
				step.do("broken", async () => {
					await clock.turn();
					if (restartAttempt === 0) throw new Error("system error");
				}),
			]);
			return event;
		});
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await instance.event("go", "kept");
		await instance.advance(4_000);
		expect((await instance.status()).status).toBe("panicked");
		await instance.advance(1_000);
		expect((await instance.until("completed")).result).toBe("kept");
	});

	it("is timed out at its deadline", async () => {
		const { type } = panicky(1, { autoRestart: false }, { timeoutMs: 60_000 });
		const instance = await TestInstance.create(type);
		expect((await instance.until("panicked")).wakeAt).toBe(clock.now() + 60_000);
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("timed_out");
	});

	it("that has ended can begin again from the step that panicked, with all that came before", async () => {
		const { type, calls } = panicky(1, { maxRestartAttempts: 0 });
		const instance = await TestInstance.create(type);
		const ended = await instance.until("errored");
		expect(ended.steps.map(({ key }) => key)).not.toContain("broken");
		await expect(restart(instance, "other")).rejects.toMatchObject({ code: "STEP_NOT_FOUND" });
		await restart(instance, "broken");
		await instance.until(({ run, status }) => run === 2 && status === "errored");
		expect(calls).toEqual(["before", "broken 0/1", "broken 0/1"]);
	});

	it("whose type is gone at its restart is paused, and goes on when the type is back", async () => {
		const { type } = panicky(1);
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		const program = programs.get(type);
		programs.delete(type);
		await instance.evict();
		await instance.advance(5_000);
		expect((await instance.until("paused")).reason).toMatch(/^TYPE_NOT_REGISTERED/);
		if (program !== undefined) programs.set(type, program);
		await instance.advance(60_000);
		expect((await instance.until("completed")).result).toBe("after 1");
	});
});

describe("a panic while the instance is paused", () => {
	it("leaves it paused, and the attempt is made again when it is resumed", async () => {
		const held = gate();
		const attempts: number[] = [];
		const type = define(async (step, _, { restartAttempt }) =>
			step.do("a", async ({ attempt }) => {
				attempts.push(attempt);
				await held.promise;
				if (restartAttempt === 0) throw new Error("out of memory");
				return "done";
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(() => attempts.length === 1);
		await instance.control("pause");
		held.resolve();
		const paused = await instance.until(({ reason }) => reason !== null);
		expect(paused).toMatchObject({ status: "paused", restartAttempt: 1 });
		await instance.advance(60_000);
		expect((await instance.status()).status).toBe("paused");
		await instance.control("resume");
		expect((await instance.until("completed")).result).toBe("done");
		expect(attempts).toEqual([1, 1]);
	});
});

describe("passes that end their isolate", () => {
	it("past the limit panic: each restart is one more chance, and progress begins anew", async () => {
		let calls = 0;
		const type = define(async (step) => {
			await step.do("mortal", () => (++calls > LIMITS.strikes + 1 ? 1 : new Promise(() => {})));
			return "survived";
		});
		const instance = await TestInstance.create(type);
		for (let death = 1; death <= LIMITS.strikes + 1; death++) {
			await expect.poll(() => calls).toBe(death);
			await instance.crash();
			await instance.advance(5_000);
			const { status, wakeAt } = await instance.status();
			if (death < LIMITS.strikes) {
				if (status === "sleeping") await instance.advance((wakeAt ?? 0) - clock.now());
				continue;
			}
			expect(status).toBe("panicked");
			expect(wakeAt).toBe(clock.now() + 5_000);
			await instance.advance(5_000);
		}
		const done = await instance.until("completed");
		expect(done).toMatchObject({ result: "survived", restartAttempt: 2, error: null });
	});

	it("are counted from the start again when somebody restarts the instance", async () => {
		let calls = 0;
		const type = define(
			async (step) => step.do("mortal", () => (++calls > 2 ? 1 : new Promise(() => {}))),
			{ panic: panicPolicy({ autoRestart: false }) },
		);
		const instance = await TestInstance.create(type);
		await expect.poll(() => calls).toBe(1);
		await instance.crash();
		await instance.sql(`UPDATE workflow SET strikes = ${LIMITS.strikes - 1}`);
		await instance.evict();
		await instance.advance(5_000);
		await instance.until("panicked");
		await restart(instance);
		await expect.poll(() => calls).toBe(2);
		await instance.crash();
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe(1);
	});
});
