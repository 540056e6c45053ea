/**
 * `Workflow.start` and what steers instances: what it gives and throws, with the seeds' own tests
 * of it, on the Worker's bindings and on others.
 */
import { describe, expect, it } from "vitest";
import { PanicError, ValidationError, Workflow, WorkflowError } from "../../../src/library";
import { runners, TestInstance } from "../../support/instance";
import { clock } from "../../support/lab";
import { deploy, ended, newName } from "./deploy";

let ids = 0;
const newId = () => `exec-${++ids}`;

describe("start", () => {
	it("gives the execution once it has ended, with its steps", async () => {
		const workflow = deploy(
			Workflow.define("valid-workflow", async (ctx) => {
				await ctx.step("step1", async () => "result");
				return { id: ctx.executionId, input: ctx.input, name: ctx.workflowName };
			}),
		);
		const id = crypto.randomUUID();
		const result = await Workflow.start("valid-workflow", id, { test: "data" });
		expect(result).toEqual({
			executionId: id,
			status: "completed",
			startedAt: new Date(clock.now()),
			completedAt: new Date(clock.now()),
			restartAttempt: 1,
			result: { id, input: { test: "data" }, name: workflow.name },
			steps: {
				step1: {
					stepId: "step1",
					status: "completed",
					result: "result",
					attempts: 1,
					startedAt: new Date(clock.now()),
					completedAt: new Date(clock.now()),
				},
			},
		});
	});

	it("makes an id where none is given, and takes the workflow itself for its name", async () => {
		const workflow = deploy(Workflow.define(newName(), async (ctx) => ctx.input ?? "nothing"));
		const { executionId, result } = await Workflow.start(workflow);
		expect(executionId).toMatch(/^[0-9a-f-]{36}$/);
		expect(result).toBe("nothing");
	});

	it("comes back when the execution sleeps; the status says how it goes on", async () => {
		const results: string[] = [];
		const workflow = deploy(
			Workflow.define("e2e-test-workflow", async (ctx) => {
				await ctx.step("step1", async () => {
					results.push("step1");
					return "result1";
				});
				await ctx.sleep("wait", 100);
				await ctx.step("step2", async () => {
					results.push("step2");
					return "result2";
				});
			}),
		);
		const started = await Workflow.start(workflow, "e2e-exec-1");
		expect(started.status).toBe("sleeping");
		expect(started.completedAt).toBeUndefined();
		await new TestInstance("e2e-exec-1").advance(100);
		await ended("e2e-exec-1");
		expect((await Workflow.getStatus("e2e-exec-1")).status).toBe("completed");
		expect(results).toEqual(["step1", "step2"]);
	});

	it("tries steps as often as its retryConfig says, in place of the workflow's own retries", async () => {
		let attempts = 0;
		const workflow = deploy(
			Workflow.define(
				"retry-test-workflow",
				async (ctx) => {
					await ctx.step("retry-step", async () => {
						attempts++;
						if (attempts < 3) {
							throw new Error("temporary failure");
						}
						return "success";
					});
				},
				{ retry: { maxAttempts: 1 } },
			),
		);
		const retry = { maxAttempts: 3, backoffMs: 500, exponentialBackoff: false };
		const { status, steps } = await Workflow.start(workflow, "retry-exec-1", {}, retry);
		expect(status).toBe("sleeping");
		expect(steps["retry-step"]).toMatchObject({ status: "retrying", attempts: 1 });
		const instance = new TestInstance("retry-exec-1");
		for (const attempt of [2, 3]) {
			await instance.advance(500);
			await instance.until(() => attempts === attempt);
			await instance.until(({ status }) => status !== "running");
		}
		expect((await Workflow.getStatus("retry-exec-1")).status).toBe("completed");
	});

	it("throws a WorkflowError that names the failed step, its attempts and what it threw", async () => {
		const workflow = deploy(
			Workflow.define(newName(), async (ctx) => {
				await ctx.step("fine", () => null);
				await ctx.step("broken", () => {
					throw Object.assign(new TypeError("no such thing"), { code: "E_THING" });
				});
			}),
		);
		const id = newId();
		const error = await Workflow.start(workflow, id, {}, { maxAttempts: 1 }).catch(
			(thrown) => thrown,
		);
		expect(error).toBeInstanceOf(WorkflowError);
		expect(error).not.toBeInstanceOf(PanicError);
		expect(error).toMatchObject({
			name: "WorkflowError",
			code: "EXECUTION_FAILED",
			message: 'Step "broken" failed after 1 attempts: no such thing',
			stepId: "broken",
			attempt: 1,
			originalError: { name: "TypeError", code: "E_THING" },
		});
		const status = await Workflow.getStatus(id);
		expect(status.status).toBe("failed");
		expect(status.error).toMatchObject({ message: "no such thing" });
		const failed = Object.values(status.steps).filter(({ status }) => status === "failed");
		expect(failed).toMatchObject([{ stepId: "broken", error: { message: "no such thing" } }]);
	});

	it("throws a WorkflowError without a step where the workflow's own code failed", async () => {
		const workflow = deploy(
			Workflow.define(newName(), async () => {
				throw new RangeError("between the steps");
			}),
		);
		await expect(Workflow.start(workflow, newId())).rejects.toMatchObject({
			...{ stepId: "unknown", attempt: 1, originalError: { name: "RangeError" } },
		});
	});

	it("throws a PanicError, and the execution restarts by itself as its panicConfig says", async () => {
		const workflow = deploy(
			Workflow.define("restart-test-workflow", async (ctx) => {
				await ctx.step("pre-panic", async () => {
					return "completed-before-panic";
				});
				return ctx.step("panic-step", async () => {
					if (ctx.restartAttempt < 2) {
						throw new Error("system error");
					}
					return "recovered";
				});
			}),
		);
		const start = Workflow.start(workflow, "restart-exec-1", {}, undefined, {
			...{ maxRestartAttempts: 2, restartDelayMs: 6_000, enableAutoRestart: true },
		});
		const error = await start.catch((thrown) => thrown);
		expect(error).toBeInstanceOf(PanicError);
		expect(error).toMatchObject({
			...{ name: "PanicError", stepId: "panic-step", attempt: 1 },
			originalError: { message: "system error" },
		});
		expect((await Workflow.getStatus("restart-exec-1")).status).toBe("panicked");
		const instance = new TestInstance("restart-exec-1");
		await instance.advance(5_999);
		expect((await Workflow.getStatus("restart-exec-1")).status).toBe("panicked");
		await instance.advance(1);
		await instance.until("completed");
		const status = await Workflow.getStatus("restart-exec-1");
		expect(status).toMatchObject({ restartAttempt: 2, result: "recovered" });
		expect(status.steps["pre-panic"]?.attempts).toBe(1);
	});

	it("throws a PanicError of the workflow's own code, and restarts by hand where it may not itself", async () => {
		const workflow = deploy(
			Workflow.define("panic-test-workflow", async (ctx) => {
				await ctx.step("done", () => null);
				if (ctx.restartAttempt === 1) throw new Error("out of memory");
				return "by hand";
			}),
		);
		const id = "panic-exec-1";
		const config = { enableAutoRestart: false };
		await expect(Workflow.start(workflow, id, {}, undefined, config)).rejects.toMatchObject({
			name: "PanicError",
			stepId: "system",
			attempt: 1,
		});
		await expect(Workflow.resume(id)).rejects.toMatchObject({ code: "ILLEGAL_STATUS_CHANGE" });
		expect(await Workflow.restart(id)).toMatchObject({ result: "by hand", restartAttempt: 2 });
	});

	it("refuses an id that is taken, and a workflow that the service does not know", async () => {
		const workflow = deploy(Workflow.define(newName(), async () => null));
		const id = newId();
		await Workflow.start(workflow, id);
		await expect(Workflow.start(workflow, id)).rejects.toMatchObject({ code: "INSTANCE_EXISTS" });
		await expect(Workflow.start("no-such-workflow", newId())).rejects.toMatchObject({
			code: "UNKNOWN_TYPE",
		});
	});

	it("refuses what it cannot start with, with every issue at once, and creates nothing", async () => {
		const config = { maxAttempts: 15, backoffMs: -1, exponentialBackoff: "yes", jitter: 1 };
		const panic = { maxRestartAttempts: 0, restartDelayMs: 999, enableAutoRestart: 1 };
		const error = await Workflow.start("", "_x", {}, config as never, panic as never).catch(
			(thrown) => thrown,
		);
		expect(error).toBeInstanceOf(ValidationError);
		const { issues } = error.details as { issues: { path: string; message: string }[] };
		expect(issues.map(({ path }) => path)).toEqual([
			"workflowName",
			"executionId",
			...["maxAttempts", "backoffMs", "exponentialBackoff", "jitter"].map(
				(key) => `retryConfig.${key}`,
			),
			...["maxRestartAttempts", "restartDelayMs", "enableAutoRestart"].map(
				(key) => `panicConfig.${key}`,
			),
		]);
		expect(issues[2]?.message).toBe("expected a whole number from 1 to 10, received 15");
		expect(issues[7]?.message).toBe("expected a whole number of at least 1000, received 999");
	});

	it.each<[string, unknown, boolean]>([
		["maxAttempts", 1, true],
		["maxAttempts", 10, true],
		["maxAttempts", 0, false],
		["maxAttempts", 11, false],
		["maxAttempts", 2.5, false],
		["backoffMs", 0, true],
		["maxRestartAttempts", 5, true],
		["maxRestartAttempts", 6, false],
		["restartDelayMs", 1_000, true],
	])("takes %s of %s: %s", async (key, value, fits) => {
		const workflow = deploy(Workflow.define(newName(), async () => null));
		const isRetry = ["maxAttempts", "backoffMs"].includes(key);
		const start = Workflow.start(
			workflow,
			newId(),
			{},
			isRetry ? { [key]: value } : undefined,
			isRetry ? undefined : { [key]: value },
		);
		if (fits) expect((await start).status).toBe("completed");
		else await expect(start).rejects.toBeInstanceOf(ValidationError);
	});
});

describe("the bindings", () => {
	it("are the Worker's own unless others are given", async () => {
		const workflow = deploy(Workflow.define(newName(), async () => "done"));
		const env = { WORKFLOW_RUNNER: runners };
		const id = newId();
		const given = await Workflow.start(workflow, id, null, undefined, undefined, env);
		expect(given.result).toBe("done");
		expect(await Workflow.getStatus(id)).toEqual(given);
	});

	it("that have no WORKFLOW_RUNNER are refused, and the message says what to do", async () => {
		await expect(Workflow.getStatus("a", {} as never)).rejects.toThrow(
			/no WORKFLOW_RUNNER.*wrangler\.jsonc/,
		);
	});
});

describe("steering", () => {
	/** A workflow that waits for `go`, then calls a step that fails until the test says otherwise. */
	function waiting() {
		const state = { fails: true };
		const workflow = deploy(
			Workflow.define(
				newName(),
				async (ctx) => {
					const word = await ctx.waitForEvent("go");
					return ctx.step("work", () => {
						if (state.fails) throw new Error("not yet");
						return `${word}, done`;
					});
				},
				{ retry: { maxAttempts: 1 } },
			),
		);
		return { workflow, state };
	}

	it("creates, signals, lists, restarts from a step and forgets", async () => {
		const { workflow, state } = waiting();
		const { id, status } = await Workflow.create(workflow, { input: null, attributes: { a: 1 } });
		expect(status).toBe("running");
		const instance = new TestInstance(id);
		await instance.until("waiting");
		await Workflow.sendEvent({ id, event: "go", payload: "gone" });
		await instance.until("errored");
		expect(await Workflow.getStepErrorHistory(id, "work")).toMatchObject([
			{
				errorMessage: "not yet",
				errorStack: expect.stringContaining("Error: not yet"),
				attempt: 1,
			},
		]);
		state.fails = false;
		expect(await Workflow.restart(id, { from: "work" })).toMatchObject({ result: "gone, done" });
		expect(await Workflow.status(id, { include: ["runs"] })).toMatchObject({ run: 2 });
		// The index is a moment behind.
		let rows: { id: string }[] = [];
		while (rows.length === 0) {
			await clock.turn();
			rows = (await Workflow.list(workflow, { status: "completed" })).instances;
		}
		expect(rows.map((row) => row.id)).toEqual([id]);
		await Workflow.delete(id);
		await expect(Workflow.getStatus(id)).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
	});

	it("pauses and resumes; resuming what waits by itself leaves it as it is", async () => {
		const { workflow, state } = waiting();
		state.fails = false;
		const { executionId: id } = await Workflow.start(workflow);
		expect((await Workflow.pause(id)).status).toBe("paused");
		expect((await Workflow.resume(id)).status).toBe("waiting");
		expect((await Workflow.resume(id)).status).toBe("waiting");
		await Workflow.repair(id, { step: "go", action: "skip", output: "skipped" });
		expect((await ended(id)).result).toBe("skipped, done");
		await expect(Workflow.resume(id)).rejects.toMatchObject({ code: "ILLEGAL_STATUS_CHANGE" });
	});

	it("terminates", async () => {
		const { workflow } = waiting();
		const { executionId: id } = await Workflow.start(workflow);
		expect((await Workflow.terminate(id)).status).toBe("terminated");
		expect((await Workflow.getStatus(id)).status).toBe("terminated");
	});

	it("creates many, each for itself", async () => {
		const workflow = deploy(Workflow.define(newName(), async () => null));
		const results = await Workflow.createMany(workflow, [{ id: "many-1" }, { id: "_bad" }]);
		expect(results).toMatchObject([{ id: "many-1" }, { error: { code: "VALIDATION_ERROR" } }]);
	});

	it("schedules, lists schedules and takes them away", async () => {
		const workflow = deploy(Workflow.define(newName(), async () => null));
		const made = await Workflow.schedule(workflow, { name: "nightly", cron: "0 2 * * *" });
		expect(await Workflow.schedules(workflow)).toMatchObject([{ name: "nightly" }]);
		await Workflow.unschedule(made.id);
		expect(await Workflow.schedules(workflow)).toEqual([]);
	});

	it("reads the log that its code wrote", async () => {
		const workflow = deploy(
			Workflow.define(newName(), async (ctx) => {
				ctx.log("info", "begun", { n: 1 });
				await ctx.setMetadata({ progress: 0.5 });
				await ctx.step("x", () => ctx.log("warn", "inside"));
			}),
		);
		const { executionId: id } = await Workflow.start(workflow);
		const { lines } = await Workflow.logs(id);
		expect(lines).toMatchObject([
			{ level: "info", message: "begun", fields: { n: 1 }, step: null },
			{ level: "warn", message: "inside", step: "x", attempt: 1 },
		]);
		expect(await Workflow.status(id)).toMatchObject({ metadata: { progress: 0.5 } });
	});
});
