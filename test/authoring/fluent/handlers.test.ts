/**
 * What a fluent step does when it fails: each part by itself, and every pair of circuit breaker,
 * handlers, retries and catch in their order, in one piece and over evictions and crashes.
 */
import { describe, expect, it } from "vitest";
import { Workflow, type WorkflowContext } from "../../../src/library";
import { untilBreaker } from "../../support/breakers";
import { TestInstance } from "../../support/instance";
import { deploy, ended, newName, UPSETS } from "./deploy";

/** Runs a workflow to its end; `calls` has what its code noted. */
async function outcome(
	handler: (ctx: WorkflowContext, note: (call: string) => void) => Promise<unknown>,
	upset = UPSETS["in one piece"],
) {
	const calls: string[] = [];
	const workflow = deploy(
		Workflow.define(newName(), (ctx) => handler(ctx, (call) => calls.push(call))),
	);
	const { id } = await TestInstance.create(workflow.name);
	const { status, result, error, steps } = await ended(id, upset);
	return { calls, status, result, error, keys: steps.map(({ key }) => key) };
}

class HttpError extends Error {
	constructor(readonly status: number) {
		super(`HTTP ${status}`);
	}
}
class NotFound extends HttpError {}
const named = (name: string) => Object.assign(new Error("named"), { name });

describe("onError", () => {
	it.each<[string, unknown, string[], string]>([
		["its name", named("Gone"), ["Gone", "Error", "default"], "Gone"],
		["its own class", new NotFound(404), ["HttpError", "NotFound", "default"], "NotFound"],
		["a class that it extends", new NotFound(404), ["Error", "HttpError", "default"], "HttpError"],
		["JavaScript's class", new RangeError("r"), ["Error", "RangeError"], "RangeError"],
		["Error, before default", named("Other"), ["default", "Error"], "Error"],
		["default, when nothing fits", named("Other"), ["Gone", "default"], "default"],
		["default, for what is no error", "text", ["Error", "default"], "default"],
		[
			"its name before its class",
			Object.assign(new NotFound(404), { name: "HttpError" }),
			["NotFound", "HttpError"],
			"HttpError",
		],
		["no name of Object.prototype", named("toString"), ["default"], "default"],
	])("takes the handler of %s", async (_what, thrown, names, expected) => {
		const { result } = await outcome((ctx) =>
			ctx
				.step("x", () => Promise.reject(thrown))
				.onError(Object.fromEntries(names.map((name) => [name, () => name])))
				.execute(),
		);
		expect(result).toBe(expected);
	});

	it("leaves the error to retries and catch where no handler fits", async () => {
		const { calls, error } = await outcome((ctx, note) =>
			ctx
				.step("x", ({ attempt }) => {
					note(`fn ${attempt}`);
					throw named("Other");
				})
				.withRetry({ maxAttempts: 2 })
				.onError({ Gone: () => "handled" })
				.execute(),
		);
		expect(calls).toEqual(["fn 1", "fn 2"]);
		expect(error).toBe("named");
	});

	it("gives the handler the error's own fields, the context, and the number of the attempt", async () => {
		const { result } = await outcome((ctx) =>
			ctx
				.step("x", () => {
					throw new NotFound(404);
				})
				.onError({
					NotFound: (error, inner) => ({
						status: error.status,
						message: error.message,
						id: inner.workflowName.startsWith("fluent-"),
						attempt: inner.attempt,
					}),
				})
				.execute(),
		);
		expect(result).toEqual({ status: 404, message: "HTTP 404", id: true, attempt: 1 });
	});

	it("takes no equal error for the same one: only that very one asks for another attempt", async () => {
		const { calls, error } = await outcome((ctx, note) =>
			ctx
				.step("x", () => {
					note("fn");
					throw new Error("no");
				})
				.onError({ default: (error) => Promise.reject(new Error(error.message)) })
				.execute(),
		);
		expect(calls).toEqual(["fn"]);
		expect(error).toBe("no");
	});

	it("journals what its handler gives, undefined as well", async () => {
		const { result, keys } = await outcome(async (ctx) => {
			const value = await ctx
				.step("x", () => Promise.reject(new Error("no")))
				.onError({ default: async () => {} });
			await ctx.sleep("nap", "1s");
			return [value === undefined];
		}, UPSETS["crashed at each wait"]);
		expect(result).toEqual([true]);
		expect(keys).toEqual(["x", "nap"]);
	});
});

describe("a handler's context", () => {
	it("is the same whether it is the one given or the one around: its steps are the handler's", async () => {
		const { result, keys } = await outcome((ctx) =>
			ctx
				.step("x", () => Promise.reject(new Error("no")))
				.onError({
					default: async (_error, inner) => [
						await inner.step("given", () => 1),
						await ctx.step("around", () => 2).execute(),
						await Promise.all([ctx.step("left", () => 3), inner.step("right", () => 4)]),
					],
				})
				.execute(),
		);
		expect(result).toEqual([1, 2, [3, 4]]);
		expect(keys).toEqual(["x", "x/given", "x/around", "x/left", "x/right"]);
	});

	it("counts attempts inside functions and handlers, and is 1 beside them", async () => {
		const { calls } = await outcome(async (ctx, note) => {
			note(`beside ${ctx.attempt}`);
			await ctx
				.step("x", () => {
					note(`fn ${ctx.attempt}`);
					throw new Error("no");
				})
				.withRetry({ maxAttempts: 2 })
				.onError({
					default: async (error, inner) => {
						note(`handler ${inner.attempt}`);
						await inner.step("y", () => note(`inner ${ctx.attempt}`));
						note(`handler ${ctx.attempt}`);
						throw error;
					},
				})
				.catch(() => null);
			note(`beside ${ctx.attempt}`);
		});
		expect(calls.filter((call, at) => call !== calls[at - 1])).toEqual([
			...["beside 1", "fn 1", "handler 1", "inner 1", "handler 1"],
			...["fn 2", "handler 2", "inner 1", "handler 2", "beside 1"],
		]);
	});
});

describe.each(Object.entries(UPSETS))("the order of a step's parts, %s,", (_name, upset) => {
	/** Each handler sleeps, so that it is replayed in the middle. */
	async function think(ctx: WorkflowContext, note: (call: string) => void, what: string) {
		await ctx.step("think", () => note(what));
		await ctx.sleep("pause", "1s");
	}

	it("is: function, handler, retry", async () => {
		const { calls, error } = await outcome(
			(ctx, note) =>
				ctx
					.step("x", ({ attempt }) => {
						note(`fn ${attempt}`);
						throw new Error(`failure ${attempt}`);
					})
					.withRetry({ maxAttempts: 2, backoffMs: 0 })
					.onError({
						Error: async (error, inner) => {
							await think(inner, note, `handler of ${error.message}`);
							throw error;
						},
					})
					.execute(),
			upset,
		);
		expect(calls).toEqual(["fn 1", "handler of failure 1", "fn 2", "handler of failure 2"]);
		expect(error).toBe("failure 2");
	});

	it("is: handler, then catch with what it threw, and no retry", async () => {
		const { calls, result } = await outcome(
			(ctx, note) =>
				ctx
					.step("x", () => {
						note("fn");
						throw new Error("first");
					})
					.onError({
						default: async (_error, inner) => {
							await think(inner, note, "handler");
							throw new RangeError("second");
						},
					})
					.catch(async (error, inner) => {
						await think(inner, note, `catch of ${error.name}: ${error.message}`);
						return "caught";
					})
					.execute(),
			upset,
		);
		expect(calls).toEqual(["fn", "handler", "catch of RangeError: second"]);
		expect(result).toBe("caught");
	});

	it("is: every retry, then catch once with the last error", async () => {
		const { calls, result, keys } = await outcome(
			(ctx, note) =>
				ctx
					.step("x", ({ attempt }) => {
						note(`fn ${attempt}`);
						throw new Error(`failure ${attempt}`);
					})
					.withRetry({ maxAttempts: 3 })
					.catch(async (error, inner) => {
						await think(inner, note, `catch of ${error.message}`);
						return "caught";
					})
					.execute(),
			upset,
		);
		expect(calls).toEqual(["fn 1", "fn 2", "fn 3", "catch of failure 3"]);
		expect(result).toBe("caught");
		expect(keys).toEqual(["x", "x/think", "x/pause"]);
	});

	it("is: a handler that throws the same error spends the retries, then catch", async () => {
		const { calls, result } = await outcome(
			(ctx, note) =>
				ctx
					.step("x", ({ attempt }) => {
						note(`fn ${attempt}`);
						throw new Error("no");
					})
					.withRetry({ maxAttempts: 2 })
					.onError({
						default: async (error, inner) => {
							await think(inner, note, "handler");
							throw error;
						},
					})
					.catch(() => "caught")
					.execute(),
			upset,
		);
		expect(calls).toEqual(["fn 1", "handler", "fn 2", "handler"]);
		expect(result).toBe("caught");
	});

	it("is: catch that throws fails the step with that", async () => {
		const { error, status } = await outcome(
			(ctx, note) =>
				ctx
					.step("x", () => Promise.reject(new Error("no")))
					.withRetry({ maxAttempts: 1 })
					.catch(async (_error, inner) => {
						await think(inner, note, "catch");
						throw new Error("worse");
					})
					.execute(),
			upset,
		);
		expect(status).toBe("errored");
		expect(error).toBe("worse");
	});

	/** A workflow whose one step has a breaker that two failures open; the first two runs do so. */
	async function refused(
		build: (
			ctx: WorkflowContext,
			step: ReturnType<typeof guarded>,
			note: (call: string) => void,
		) => PromiseLike<unknown>,
		onOpen?: (ctx: WorkflowContext, note: (call: string) => void) => Promise<unknown>,
	) {
		const calls: string[] = [];
		const note = (call: string) => calls.push(call);
		const workflow = deploy(
			Workflow.define(newName(), async (ctx: WorkflowContext<string>) => {
				const step = guarded(ctx, note, onOpen);
				return ctx.input === "opens" ? step : build(ctx, step, note);
			}),
		);
		for (let run = 0; run < 2; run++) {
			const { id } = await TestInstance.create(workflow.name, "opens");
			expect(await ended(id)).toMatchObject({ status: "errored", error: "down" });
		}
		await untilBreaker(workflow.name, "open");
		calls.length = 0;
		const instance = await TestInstance.create(workflow.name, "refused");
		const { status, result, error, steps } = await ended(instance.id, upset);
		return { calls, status, result, error, keys: steps.map(({ key }) => key) };
	}

	function guarded(
		ctx: WorkflowContext<string>,
		note: (call: string) => void,
		onOpen?: (ctx: WorkflowContext, note: (call: string) => void) => Promise<unknown>,
	) {
		return ctx
			.step<unknown>("call", () => {
				note("fn");
				throw new Error("down");
			})
			.withRetry({ maxAttempts: 1 })
			.withCircuitBreaker({
				failureThreshold: 2,
				resetTimeout: "365d",
				...(onOpen === undefined ? {} : { onOpen: (inner) => onOpen(inner, note) }),
			});
	}

	it("is: an open breaker, onOpen, and nothing else", async () => {
		const { calls, result, keys } = await refused(
			(_ctx, step, note) =>
				step.onError({ default: () => note("handler") }).catch(() => note("catch")),
			async (inner, note) => {
				await think(inner, note, "onOpen");
				return "from the cache";
			},
		);
		expect(calls).toEqual(["onOpen"]);
		expect(result).toBe("from the cache");
		expect(keys).toEqual(["call", "call/think", "call/pause"]);
	});

	it("is: an open breaker without onOpen, the handler of CircuitOpenError", async () => {
		const { calls, result } = await refused((ctx, step, note) =>
			step.onError({
				CircuitOpenError: async (error) => {
					await think(ctx, note, `handler of ${error.code}`);
					return "handled";
				},
			}),
		);
		expect(calls).toEqual(["handler of CIRCUIT_OPEN"]);
		expect(result).toBe("handled");
	});

	it("is: an open breaker, retries that ask it again, then catch", async () => {
		const { calls, result } = await refused((ctx, step, note) =>
			step.withRetry({ maxAttempts: 3, backoffMs: 1_000 }).catch(async (error) => {
				await think(ctx, note, `catch of ${error.name}`);
				return ctx.attempt;
			}),
		);
		expect(calls).toEqual(["catch of CircuitOpenError"]);
		expect(result).toBe(3);
	});

	it("is: an open breaker with nothing else fails the step", async () => {
		const { calls, status, error } = await refused((_ctx, step) => step);
		expect(calls).toEqual([]);
		expect(status).toBe("errored");
		expect(error).toMatch(/circuit breaker of step "call" is open/);
	});

	it("is: onOpen that throws, then catch, and no retry", async () => {
		const { calls, result } = await refused(
			(_ctx, step) =>
				step.withRetry({ maxAttempts: 5 }).catch((error) => `caught ${error.message}`),
			async (inner, note) => {
				await think(inner, note, "onOpen");
				throw new Error("no cache");
			},
		);
		expect(calls).toEqual(["onOpen"]);
		expect(result).toBe("caught no cache");
	});

	it("is: onOpen that returns nothing completes the step with undefined", async () => {
		const { status, result } = await refused(
			async (_ctx, step) => [(await step) === undefined],
			async () => {},
		);
		expect(status).toBe("completed");
		expect(result).toEqual([true]);
	});
});
