/** An instance's log: written once under replay, however it dies; bounded; readable in pages. */
import { describe, expect, it } from "vitest";
import { readLogs, restartInstance } from "../../src/client/runner-client";
import type { Program } from "../../src/engine/program";
import { logPageInfo } from "../../src/model/http";
import { LIMITS } from "../../src/model/limits";
import type { LogLevel, LogRequest } from "../../src/model/log";
import { gate, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

const logOf = async ({ id }: TestInstance, request: LogRequest = {}) =>
	logPageInfo(await readLogs(runners, id, request));

const messages = async (instance: TestInstance) =>
	(await logOf(instance)).lines.map(({ message }) => message);

describe("a line of the program", () => {
	it("is kept with its level, its fields and its time", async () => {
		const at = clock.now();
		const type = define(async (_, payload, { log }) => {
			log("info", "order checked", { payload, when: new Date(0) });
			log("debug", "no fields");
		});
		const instance = await TestInstance.create(type, { total: 3 });
		await instance.until("completed");
		await instance.evict();
		const program = { at, run: 1, step: null, attempt: null };
		expect(await logOf(instance)).toEqual({
			lines: [
				{
					...program,
					seq: 1,
					level: "info",
					message: "order checked",
					fields: { payload: { total: 3 }, when: new Date(0) },
				},
				{ ...program, seq: 2, level: "debug", message: "no fields", fields: null },
			],
			dropped: 0,
			nextAfter: null,
		});
	});

	const talkative: Program["run"] = async (step, _, run) => {
		run.log("info", "begins");
		await step.do("a", () => 1);
		run.log("info", "a is done");
		run.log("info", "sleeps");
		await step.sleep("nap", "1m");
		run.log("info", "awake");
		const branch = async (name: string) => {
			run.log("info", `${name} begins`);
			await step.waitForEvent(name);
			run.log("info", `${name} ends`);
		};
		await Promise.all([branch("x"), branch("y")]);
		run.log("info", "ends");
	};
	const ALL = [
		"begins",
		"a is done",
		"sleeps",
		"awake",
		"x begins",
		"y begins",
		"y ends",
		"x ends",
		"ends",
	];

	it.each<[string, (instance: TestInstance) => Promise<void>]>([
		["stays in memory", async () => {}],
		["is evicted", (instance) => instance.evict()],
		["crashes", (instance) => instance.crash()],
	])("is written once where the instance %s at each park", async (_how, disturb) => {
		const instance = await TestInstance.create(define(talkative));
		await instance.until("sleeping");
		await disturb(instance);
		await instance.advance(60_000);
		await instance.until("waiting");
		await disturb(instance);
		await instance.event("y");
		await instance.until(
			({ status, steps }) => status === "waiting" && steps[3]?.status === "completed",
		);
		await disturb(instance);
		await instance.event("x");
		await instance.until("completed");
		expect(await messages(instance)).toEqual(ALL);
	});

	it("is written once where the isolate dies between it and the next step", async () => {
		const type = define(async (step, _, { log }) => {
			log("info", "one");
			await step.do("a", () => 1);
			log("info", "two");
			await new Promise(() => {});
		});
		const instance = await TestInstance.create(type);
		for (let death = 0; death < 2; death++) {
			await expect.poll(() => messages(instance)).toEqual(["one", "two"]);
			await instance.crash();
			await instance.advance(5_000);
			for (let turn = 0; turn < 10; turn++) await clock.turn();
		}
		expect(await messages(instance)).toEqual(["one", "two"]);
	});

	it("of a replay that is another way than the journal is not written", async () => {
		const type = define(async (step, _, { log }) => {
			log("info", "one");
			await step.do("a", () => 1);
			await step.sleep("nap", "1m");
			log("info", "two");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		define(
			async (step, _, { log }) => {
				log("info", "one");
				log("info", "a line of a faulty deploy");
				await step.sleep("a", "1m");
			},
			{ type },
		);
		await instance.advance(60_000);
		await instance.until("paused");
		expect(await messages(instance)).toEqual(["one"]);
	});

	it("that a deploy adds before others moves none of them", async () => {
		const version =
			(lines: string[]): Program["run"] =>
			async (step, _, { log }) => {
				for (const line of lines) log("info", line);
				await step.do("a", () => 1);
				log("info", "between");
				await step.sleep("nap", "1m");
				log("info", "after");
			};
		const type = define(version(["one"]));
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		define(version(["new", "one", "more"]), { type });
		await instance.advance(60_000);
		await instance.until("completed");
		expect(await messages(instance)).toEqual(["one", "between", "after"]);
	});

	it("while the instance is paused waits for its resume", async () => {
		const held = gate();
		const type = define(async (step, _, { log }) => {
			await Promise.race([held.promise, step.waitForEvent("never")]);
			log("info", "late");
			return step.do("a", () => "done");
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.control("pause");
		held.resolve();
		for (let turn = 0; turn < 10; turn++) await clock.turn();
		expect(await messages(instance)).toEqual([]);
		await instance.control("resume");
		await instance.until("completed");
		expect(await messages(instance)).toEqual(["late"]);
	});

	it("at the very end is there, also where a slow branch holds the replay up", async () => {
		let slow: Promise<void> = Promise.resolve();
		const type = define(async (step, _, { log }) => {
			const branch = async () => {
				await slow;
				await step.waitForEvent("more");
			};
			await Promise.race([branch(), step.sleep("nap", "1m")]);
			log("info", "the end");
			return "done";
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		const held = gate();
		slow = held.promise;
		await instance.evict();
		await instance.advance(60_000);
		for (let turn = 0; turn < 20; turn++) await clock.turn();
		expect(await messages(instance)).toEqual([]);
		held.resolve();
		await instance.until("completed");
		expect(await messages(instance)).toEqual(["the end"]);
	});

	it("is written again by another run, under its number", async () => {
		const type = define(async (step, _, { log }) => {
			log("info", "one");
			await step.do("a", () => 1);
			log("info", "two");
		});
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		await restartInstance(runners, instance.id, { from: "a" });
		await instance.until(({ status, run }) => status === "completed" && run === 2);
		expect((await logOf(instance)).lines.map(({ run, message }) => [run, message])).toEqual([
			[1, "one"],
			[1, "two"],
			[2, "one"],
			[2, "two"],
		]);
	});

	it("is not repeated by a restart after a panic", async () => {
		const type = define(async (step, _, { log, restartAttempt }) => {
			log("info", "one");
			await step.do("a", () => 1);
			log("info", `try ${restartAttempt}`);
			if (restartAttempt === 0) throw new Error("out of memory");
			log("info", "done");
		});
		const instance = await TestInstance.create(type);
		await instance.until("panicked");
		await instance.advance(5_000);
		await instance.until("completed");
		// What it says at a place where a line is already is not written.
		expect(await messages(instance)).toEqual(["one", "try 0", "done"]);
	});
});

describe("a line of a step's function", () => {
	it("names its step and attempt, is written with each attempt, and by no replay", async () => {
		const type = define(async (step, _, { log }) => {
			log("info", "before");
			await step.do(
				"a",
				({ attempt }) => {
					log("warn", `attempt ${attempt}`);
					if (attempt === 1) throw new Error("busy");
				},
				{ retries: { delay: "1m" } },
			);
			log("info", "after");
			await step.waitForEvent("go");
			log("info", "the end");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.evict();
		await instance.advance(60_000);
		await instance.until("waiting");
		await instance.crash();
		await instance.event("go");
		await instance.until("completed");
		const { lines } = await logOf(instance);
		expect(lines.map(({ message, step, attempt }) => [message, step, attempt])).toEqual([
			["before", null, null],
			["attempt 1", "a", 1],
			["attempt 2", "a", 2],
			["after", null, null],
			["the end", null, null],
		]);
	});

	it("is there while the function still runs, and after the isolate died in it", async () => {
		let calls = 0;
		const type = define(async (step, _, { log }) =>
			step.do("a", () => {
				log("info", `call ${++calls}`);
				return calls === 1 ? new Promise(() => {}) : "done";
			}),
		);
		const instance = await TestInstance.create(type);
		await expect.poll(() => messages(instance)).toEqual(["call 1"]);
		await instance.crash();
		await instance.advance(5_000);
		await instance.until("completed");
		expect(await messages(instance)).toEqual(["call 1", "call 2"]);
	});

	it("is written though the instance is paused, and not once it has ended", async () => {
		const [first, second] = [gate(), gate()];
		const type = define(async (step, _, { log }) =>
			step.do("a", async () => {
				await first.promise;
				log("info", "paused");
				await second.promise;
				log("info", "terminated");
			}),
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		await instance.control("pause");
		first.resolve();
		await expect.poll(() => messages(instance)).toEqual(["paused"]);
		await instance.control("terminate");
		second.resolve();
		for (let turn = 0; turn < 10; turn++) await clock.turn();
		expect(await messages(instance)).toEqual(["paused"]);
	});
});

describe("what a line takes", () => {
	it("is any data; what cannot be stored is text, an error its record, and too much is left out", async () => {
		const type = define(async (_, __, { log }) => {
			const cause = new RangeError("limit");
			log("error", "x", { error: new TypeError("bad", { cause }), call: () => 1, big: 2n });
			log("error", "y", { text: "x".repeat(LIMITS.logFieldsBytes) });
			log("error", "z".repeat(LIMITS.logMessageLength + 1));
		});
		const instance = await TestInstance.create(type);
		await instance.until("completed");
		const { lines } = await logOf(instance);
		expect(lines[0]?.fields).toMatchObject({
			error: { name: "TypeError", message: "bad", cause: { name: "RangeError" } },
			call: expect.stringContaining("=> 1"),
			big: 2n,
		});
		expect(lines[1]?.fields).toEqual({ omitted: expect.stringContaining("8192 bytes") });
		expect(lines[2]?.message).toHaveLength(LIMITS.logMessageLength);
	});

	it("is one of four levels: another one is refused where it is called", async () => {
		const type = define(async (_, __, { log }) => log("fatal" as LogLevel, "x"));
		const instance = await TestInstance.create(type);
		expect(await instance.until("errored")).toMatchObject({
			error: "A log level is one of debug, info, warn, error; received fatal.",
		});
		expect(await messages(instance)).toEqual([]);
	});
});

describe("reading a log", () => {
	const counting = (count: number) =>
		define(async (_, __, { log }) => {
			const levels = ["debug", "info", "warn", "error"] as const;
			for (let n = 1; n <= count; n++) log(levels[n % 4] ?? "debug", `line ${n}`);
		});

	it("gives pages, and lines of a level and above", async () => {
		const instance = await TestInstance.create(counting(10));
		await instance.until("completed");
		const seqs = async (request: LogRequest) => {
			const { lines, nextAfter } = await logOf(instance, request);
			return [lines.map(({ seq }) => seq), nextAfter];
		};
		expect(await seqs({ limit: 4 })).toEqual([[1, 2, 3, 4], 4]);
		expect(await seqs({ limit: 4, after: 8 })).toEqual([[9, 10], null]);
		expect(await seqs({ limit: 2, after: 8 })).toEqual([[9, 10], null]);
		expect(await seqs({ level: "warn" })).toEqual([[2, 3, 6, 7, 10], null]);
		expect(await seqs({ level: "error", limit: 1 })).toEqual([[3], 3]);
		expect(await seqs({ after: 10 })).toEqual([[], null]);
	});

	it("of one that has written nothing is empty; of an unknown one it is refused", async () => {
		const instance = await TestInstance.create(define(async () => 1));
		await instance.until("completed");
		expect(await logOf(instance)).toEqual({ lines: [], dropped: 0, nextAfter: null });
		expect(await instance.sql("SELECT name FROM sqlite_master WHERE name = 'logs'")).toEqual([]);
		await expect(logOf(new TestInstance("nobody"))).rejects.toMatchObject({
			code: "INSTANCE_NOT_FOUND",
		});
	});

	it.each<[LogRequest, string]>([
		[{ level: "loud" as LogLevel }, "loud"],
		[{ after: -1 }, "-1"],
		[{ limit: 0 }, "0"],
		[{ limit: LIMITS.listPage + 1 }, "1001"],
	])("as %j is refused", async (request, named) => {
		const instance = await TestInstance.create(define(async () => 1));
		await expect(logOf(instance, request)).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			message: expect.stringContaining(named),
		});
	});

	it("past the limit has lost the oldest lines and says how many; at the limit none", async () => {
		const instance = await TestInstance.create(counting(LIMITS.logLines));
		await instance.until("completed");
		expect(await logOf(instance, { limit: 1 })).toMatchObject({ dropped: 0, lines: [{ seq: 1 }] });
		const more = await TestInstance.create(counting(LIMITS.logLines + 3));
		await more.until("completed");
		expect(await logOf(more, { limit: 1 })).toMatchObject({ dropped: 3, lines: [{ seq: 4 }] });
	});
});
