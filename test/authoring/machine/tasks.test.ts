/** Tasks: their inputs and outputs, retries, and that a replay calls none of the machine's code. */
import { expect, it } from "vitest";
import * as z from "zod";
import { readLogs } from "../../../src/client/runner-client";
import { workflow } from "../../../src/library";
import { logPageInfo } from "../../../src/model/http";
import { runners } from "../../support/instance";
import { clock } from "../../support/lab";
import { inFlight } from "../conformance/subject";
import { deploy, ended, newName, notes, start, UPSETS } from "./deploy";

it("a schema is for the workflow's input in any step, which itself stays as it came", async () => {
	const machine = workflow(newName())
		.task("first", { handler: () => "first" })
		.task("second", {
			inputSchema: z.object({ n: z.number().default(5) }),
			handler: (input, ctx) => [input, ctx.input, ctx.prev],
		})
		.build();
	expect((await ended(await start(machine, {}))).result).toEqual([{ n: 5 }, {}, "first"]);
});

it("an input that the machine's own schema refuses creates nothing", async () => {
	const machine = workflow(newName(), { input: z.object({ id: z.string() }) })
		.pass("a")
		.build();
	await expect(start(machine, { id: 1 })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
	expect((await ended(await start(machine, { id: "a" }))).result).toEqual({ id: "a" });
});

it("a step is tried once where nothing says more; its own retries are over the machine's", async () => {
	const fails = () => {
		throw new Error("no");
	};
	const plain = workflow(newName()).task("a", { handler: fails }).build();
	expect((await ended(await start(plain))).steps).toMatchObject([{ attempts: 1 }]);
	const times: number[] = [];
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 2, intervalMs: 500, backoffRate: 3, maxIntervalMs: 2_000 })
		.task("a", {
			handler: () => {
				times.push(clock.now());
				return fails();
			},
			retry: { maxAttempts: 4 },
		})
		.build();
	await ended(await start(machine));
	expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 500, 2_000, 4_000]);
});

it.each([
	["a part of the message", "connection lost"],
	["its name", "RangeError"],
	["its code", "EAGAIN"],
])("retryOn knows an error by %s", async (_, text) => {
	const busy = Object.assign(new RangeError("the connection lost its way"), { code: "EAGAIN" });
	const attempts = async (retryOn: string[]) => {
		const machine = workflow(newName())
			.task("a", {
				handler: () => Promise.reject(busy),
				retry: { maxAttempts: 3, intervalMs: 0, retryOn },
			})
			.build();
		return (await ended(await start(machine))).steps[0]?.attempts;
	};
	expect(await attempts([text])).toBe(3);
	expect(await attempts(["something else"])).toBe(1);
});

it("a replay calls no code of the machine again: neither handlers nor mappers, conditions, transforms", async () => {
	const { calls, note } = notes();
	const machine = workflow(newName())
		.task("task", {
			inputSchema: note("mapper", () => 1),
			handler: note("handler", () => "t"),
		})
		.choice("choice", {
			// Another answer each time: only the first one counts.
			choices: [{ condition: () => calls.push("condition") < 4, next: "yes" }],
			default: "no",
		})
		.pass("yes", { transform: note("transform", () => "p") })
		.sleep("nap", { duration: "1h" })
		.poll("poll", {
			interval: 1_000,
			check: () => ({ done: calls.push("check") > 5, result: "polled" }),
		})
		.loop("loop", {
			condition: () => calls.push("loop") < 0,
			target: "task",
			maxIterations: 3,
		})
		.sleep("another", { duration: "1h", next: "end" })
		.pass("no")
		.pass("end", { transform: (ctx) => ctx.steps })
		.build();
	for (const [how, upset] of Object.entries(UPSETS)) {
		calls.length = 0;
		const status = await ended(await start(machine), upset);
		expect({ how, calls }).toEqual({
			how,
			calls: ["mapper", "handler", "condition", "transform", "check", "check", "loop"],
		});
		expect(status.result).toEqual({
			task: "t",
			choice: "yes",
			yes: "p",
			nap: undefined,
			poll: "polled",
			loop: { iterations: 0 },
			another: undefined,
		});
	}
});

it("a handler in flight at a crash is called again under the same idempotency key", async () => {
	const seen: unknown[] = [];
	const machine = workflow(newName())
		.task("before", { handler: () => seen.push("before") })
		.task("charge", {
			handler: (_, { idempotencyKey, attempt, instance }) => {
				seen.push([idempotencyKey, attempt, instance.currentStep]);
				return seen.length === 2 ? new Promise<string>(() => {}) : "paid";
			},
		})
		.build();
	const instance = await start(machine);
	await inFlight(instance, "charge");
	await instance.crash();
	await instance.advance(10_000);
	expect((await instance.until("completed")).result).toBe("paid");
	const call = [`${instance.id}/charge`, 1, "charge"];
	expect(seen).toEqual(["before", call, call]);
});

it("a deploy that takes the chosen step away pauses the instance, and a fitting one goes on", async () => {
	const name = newName();
	const choosing = (left: string) =>
		workflow(name)
			.choice("which", { choices: [{ condition: () => true, next: left }], default: "right" })
			.sleep(left, { duration: "1h" })
			.pass("right")
			.build();
	const instance = await start(choosing("left"));
	await instance.until("sleeping");
	deploy(choosing("other"));
	await instance.evict();
	await instance.advance(3_600_000);
	const paused = await instance.until(({ status }) => {
		// What a replay is given to reach the step.
		clock.advance(2_000);
		return status === "paused";
	});
	expect(paused.reason).toMatch(/NON_DETERMINISM.*"left"/);
	deploy(choosing("left"));
	await instance.control("resume");
	await instance.until("completed");
});

it("a choice that is recorded, whose step is gone before it began, says which there are", async () => {
	const name = newName();
	const choosing = (left: string) =>
		workflow(name)
			.choice("which", { choices: [{ condition: () => true, next: left }], default: "right" })
			.task(left, { handler: () => new Promise(() => {}) })
			.pass("right")
			.build();
	const instance = await start(choosing("left"));
	await inFlight(instance, "left");
	deploy(choosing("other"));
	await instance.crash();
	await instance.advance(10_000);
	const { error } = await instance.until("errored");
	expect(error).toMatch(/choice of the step "left".*: which, other, right/);
});

it("the context knows the instance, logs, and emits to the log", async () => {
	const seen: unknown[] = [];
	const name = newName();
	const machine = workflow(name)
		.task("first", { handler: () => 1 })
		.task("second", {
			handler: async (_, { instance, log, emit, logger, core, plugins, getStepResult }) => {
				seen.push(instance, getStepResult("first"), getStepResult("toString"), plugins, core.cache);
				log("warn", "a line", { n: 1 });
				logger.error("another");
				await emit("progress", { stage: "fetch" });
				await emit("done");
			},
		})
		.build();
	const instance = await start(machine, { id: "x" }, { plugins: { a: 1 }, core: { cache: "c" } });
	const { createdAt, startedAt } = await ended(instance);
	expect(seen).toEqual([
		{
			id: instance.id,
			workflowName: name,
			status: "running",
			currentStep: "second",
			input: { id: "x" },
			stepResults: {
				first: {
					...{ stepName: "first", status: "completed", output: 1, attempts: 1 },
					...{ startedAt: expect.any(Date), completedAt: expect.any(Date) },
				},
				second: {
					...{ stepName: "second", status: "running", attempts: 1 },
					startedAt: expect.any(Date),
				},
			},
			metadata: {},
			createdAt: new Date(createdAt),
			startedAt: new Date(startedAt ?? 0),
		},
		1,
		undefined,
		{ a: 1 },
		"c",
	]);
	expect(logPageInfo(await readLogs(runners, instance.id)).lines).toMatchObject([
		{ level: "warn", message: "a line", fields: { n: 1 }, step: "second" },
		{ level: "error", message: "another", fields: null },
		{ level: "info", message: "progress", event: "progress", fields: { stage: "fetch" } },
		{ level: "info", message: "done", event: "done", fields: {} },
	]);
});
