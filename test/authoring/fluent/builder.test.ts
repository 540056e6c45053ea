/** Steps of the fluent style as they are built and awaited; and what is refused, with what words. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ValidationError, Workflow, type WorkflowContext } from "../../../src/library";
import { gate, TestInstance } from "../../support/instance";
import { clock } from "../../support/lab";
import { deploy, ended, newName } from "./deploy";

async function outcome(handler: (ctx: WorkflowContext) => Promise<unknown>) {
	const workflow = deploy(Workflow.define(newName(), handler));
	const { id } = await TestInstance.create(workflow.name);
	return ended(id);
}

describe("a step", () => {
	it("awaited, executed, or both is one step with one result", async () => {
		const calls: string[] = [];
		const { result, steps } = await outcome(async (ctx) => {
			const step = ctx.step("x", () => calls.push("x"));
			const first = step.execute();
			return [await step, await step.execute(), await first, first === step.execute()];
		});
		expect(result).toEqual([1, 1, 1, true]);
		expect(steps.map(({ key }) => key)).toEqual(["x"]);
	});

	it("begins beside others, in the order in which they were written", async () => {
		const held = gate();
		const begun: string[] = [];
		const workflow = deploy(
			Workflow.define(newName(), async (ctx) => {
				const hold = (name: string) => () => {
					begun.push(name);
					return held.promise;
				};
				await Promise.all([
					ctx.step("a", hold("a")),
					ctx.step("b", hold("b")).execute(),
					ctx.step("c", hold("c")).catch(() => null),
				]);
			}),
		);
		const instance = await TestInstance.create(workflow.name);
		await instance.until(({ steps }) => steps.length === 3);
		expect(begun.sort()).toEqual(["a", "b", "c"]);
		held.resolve();
		await instance.until("completed");
	});

	it("runs too when nobody awaits it", async () => {
		const calls: string[] = [];
		await outcome(async (ctx) => {
			void ctx.step("left", () => calls.push("left"));
			await ctx.step("awaited", () => calls.push("awaited"));
		});
		expect(calls).toEqual(["left", "awaited"]);
	});

	it("of a handler runs under it too when nobody awaits it at once", async () => {
		const { result, steps } = await outcome((ctx) =>
			ctx
				.step("x", () => Promise.reject(new Error("no")))
				.onError({
					default: async (_error, inner) => {
						const left = inner.step("left", () => "left");
						await inner.step("right", () => null);
						return left;
					},
				})
				.execute(),
		);
		expect(result).toBe("left");
		expect(steps.map(({ key }) => key)).toEqual(["x", "x/left", "x/right"]);
	});

	it("of a name that was used before has the key name#2, with its own handlers", async () => {
		const { result, steps } = await outcome(async (ctx) => [
			await ctx.step("x", () => 1),
			await ctx
				.step("x", (): number => {
					throw new TypeError("second");
				})
				.onError({ TypeError: () => 2 }),
		]);
		expect(result).toEqual([1, 2]);
		expect(steps.map(({ key }) => key)).toEqual(["x", "x#2"]);
	});

	it("is told of its attempt as any step is", async () => {
		const { id } = await TestInstance.create(
			deploy(
				Workflow.define(newName(), (ctx) =>
					ctx
						.step("x", ({ attempt, key, idempotencyKey, signal }) => ({
							...{ attempt, key, idempotencyKey, aborted: signal.aborted },
						}))
						.execute(),
				),
			).name,
			null,
			"told",
		);
		expect((await ended(id)).result).toEqual({
			...{ attempt: 1, key: "x", idempotencyKey: "told/x", aborted: false },
		});
	});

	it("takes retries in both forms, and a timeout", async () => {
		const at: number[] = [];
		const { steps } = await outcome(async (ctx) => {
			const startedAt = clock.now();
			const fail = () => {
				at.push(clock.now() - startedAt);
				throw new Error("no");
			};
			await ctx
				.step("a", fail)
				.withRetry({ maxAttempts: 2 })
				.catch(() => null);
			await ctx
				.step("b", fail)
				.withRetry({ limit: 3, delay: 0 })
				.catch(() => null);
			await ctx
				.step("c", fail)
				.withRetry({ maxAttempts: 1 })
				.withTimeout("1s")
				.catch(() => null);
		});
		expect(at.length).toBe(6);
		expect(steps.map(({ attempts }) => attempts)).toEqual([2, 3, 1]);
	});

	it("that takes too long goes to its handlers as a StepTimeoutError", async () => {
		const workflow = deploy(
			Workflow.define(newName(), (ctx) =>
				ctx
					.step("slow", () => new Promise<string>(() => {}))
					.withTimeout("5s")
					.onError({ StepTimeoutError: () => "too slow" })
					.execute(),
			),
		);
		const instance = await TestInstance.create(workflow.name);
		await instance.until(({ steps }) => steps[0]?.status === "running");
		await instance.advance(5_000);
		expect((await instance.until("completed")).result).toBe("too slow");
	});

	it("is typed and read by what its workflow is configured with", async () => {
		const workflow = deploy(
			Workflow.define(
				newName(),
				async ({ variables, environment, secrets }) => [
					variables.API_TIMEOUT,
					environment,
					Object.keys(secrets),
				],
				{ config: { environment: "test", variables: { API_TIMEOUT: "30000" }, secrets: {} } },
			),
		);
		const { id } = await TestInstance.create(workflow.name);
		expect((await ended(id)).result).toEqual(["30000", "test", []]);
	});

	it("and all that waits may be taken out of its context", async () => {
		const { result } = await outcome(async ({ step, sleep, sleepUntil, log }) => {
			await sleep("nap", 5);
			await sleepUntil("past", 0);
			log("info", "awake");
			return step("x", () => "x");
		});
		expect(result).toBe("x");
	});
});

describe("Workflow.define refuses", () => {
	it.each<[string, () => unknown, RegExp]>([
		["an empty name", () => Workflow.define("", async () => {}), /type's name.*received ""/],
		["a name that is none", () => Workflow.define("__x", async () => {}), /type's name.*"__x"/],
		["no handler", () => Workflow.define("x", null as never), /expects a function.*received null/],
		[
			"an input that is no schema",
			() => Workflow.define("x", async () => {}, { input: {} as never }),
			/no Standard Schema/,
		],
		[
			"retries out of range",
			() => Workflow.define("x", async () => {}, { retry: { maxAttempts: 0 } }),
			/maxAttempts: expected a whole number from 1 to 10, received 0/,
		],
		[
			"a negative delay",
			() => Workflow.define("x", async () => {}, { retry: { backoffMs: -5 } }),
			/backoffMs.*at least 0, received -5/,
		],
		[
			"a panic setting out of range",
			() => Workflow.define("x", async () => {}, { panic: { restartDelayMs: 10 } }),
			/restartDelayMs.*at least 1000, received 10/,
		],
		["a bad timeout", () => Workflow.define("x", async () => {}, { timeout: "soon" }), /timeout/],
		["too many shards", () => Workflow.define("x", async () => {}, { shards: 1_000 }), /shards/],
	])("%s", (_what, define, message) => {
		expect(define).toThrow(ValidationError);
		expect(define).toThrow(message);
	});
});

describe("a step that is wrong", () => {
	type Wrong = (ctx: WorkflowContext) => PromiseLike<unknown>;
	const onError = (given: unknown) => (ctx: WorkflowContext) =>
		ctx.step("x", () => 1).onError(given as never);
	const breaker = (given: object) => (ctx: WorkflowContext) =>
		ctx
			.step("x", () => 1)
			.withCircuitBreaker({ failureThreshold: 1, resetTimeout: 1_000, ...given } as never);

	it.each<[string, Wrong, RegExp]>([
		["an empty id", (ctx) => ctx.step("", () => 1), /step's name.*received ""/],
		[
			"an id that ends like a second call's",
			(ctx) => ctx.step("x#2", () => 1),
			/ends in "#" and a number/,
		],
		["no function", (ctx) => ctx.step("x", "f" as never), /expects a function.*received string/],
		["no handlers", onError({}), /onError of step "x" expects handlers by error name/],
		[
			"handlers that are a function",
			onError(() => 1),
			/expects handlers by error name.*received function/,
		],
		[
			"a handler that is no function",
			onError({ TypeError: 1 }),
			/onError\.TypeError of step "x" expects a function; received number/,
		],
		[
			"a catch that is no function",
			(ctx) => ctx.step("x", () => 1).catch(null as never),
			/catch of step "x" expects a function; received null/,
		],
		[
			"a threshold below 1",
			breaker({ failureThreshold: 0 }),
			/failureThreshold is a whole number from 1 .*received 0/,
		],
		[
			"a reset timeout below a second",
			breaker({ resetTimeout: 999 }),
			/resetTimeout is at least 1000 ms; received 999/,
		],
		["a negative reset timeout", breaker({ resetTimeout: -1 }), /resetTimeout/],
		[
			"an onOpen that is no function",
			breaker({ onOpen: 5 }),
			/onOpen of step "x" expects a function; received number/,
		],
		["an unknown breaker setting", breaker({ threshold: 5 }), /"threshold"/],
		[
			"retries out of range",
			(ctx) => ctx.step("x", () => 1).withRetry({ maxAttempts: 11 }),
			/maxAttempts.*from 1 to 10, received 11/,
		],
		["retries of no form", (ctx) => ctx.step("x", () => 1).withRetry(null as never), /retr/],
		["a negative timeout", (ctx) => ctx.step("x", () => 1).withTimeout(-1), /timeout of step "x"/],
		["a negative sleep", (ctx) => ctx.sleep("x", -1), /duration of sleep "x"/],
	])("by %s fails its workflow, and is not called", async (_what, build, message) => {
		const { status, error, errorDetails, steps } = await outcome(async (ctx) => {
			await build(ctx);
		});
		expect(status).toBe("errored");
		expect(error).toMatch(message);
		expect(errorDetails).toMatchObject({ code: "VALIDATION_ERROR" });
		expect(steps).toEqual([]);
	});

	it("by a result that cannot be stored fails with its path, and goes to its handlers", async () => {
		const circular: Record<string, unknown> = { name: "test" };
		circular.self = circular;
		const { result } = await outcome(async (ctx) => [
			await ctx.step("circular", () => circular).catch((error) => error.code),
			await ctx.step("function", () => ({ f: () => 1 })).catch((error) => error.message),
		]);
		expect(result).toEqual(["VALUE_NOT_STORABLE", expect.stringContaining("f")]);
	});

	it("by settings that come after it has begun throws, and the step stays as it was", async () => {
		const { result } = await outcome(async (ctx) => {
			const step = ctx.step("x", () => "as it was");
			await ctx.step("y", () => null);
			let message = "";
			try {
				step.onError({ default: () => "too late" });
			} catch (error) {
				message = (error as Error).message;
			}
			return [await step, message];
		});
		expect(result).toEqual([
			"as it was",
			expect.stringMatching(/Step "x" has begun.*where it is made/),
		]);
	});

	it("by an input that its schema refuses: nothing is created", async () => {
		const workflow = deploy(
			Workflow.define(newName(), async (ctx) => ctx.input.n, {
				input: z.object({ n: z.number() }),
			}),
		);
		await expect(
			Workflow.start(workflow, "refused-input", { n: "no" } as never),
		).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			details: { issues: [{ path: "payload.n" }] },
		});
		await expect(Workflow.getStatus("refused-input")).rejects.toMatchObject({
			code: "INSTANCE_NOT_FOUND",
		});
	});
});
