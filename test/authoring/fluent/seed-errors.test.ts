/** The seeds' examples of error handling: pipes of handlers, branches, circuit breakers. */
import { beforeEach, describe, expect, it } from "vitest";
import { Workflow } from "../../../src/library";
import { untilBreaker } from "../../support/breakers";
import { TestInstance } from "../../support/instance";
import { deploy, ended, UPSETS } from "./deploy";

// Custom error types, made by functions
const ValidationError = {
	create: (message: string, field: string) =>
		Object.assign(new Error(message), { name: "ValidationError", field }),
	is: (error: unknown): error is Error & { field: string } =>
		error instanceof Error && error.name === "ValidationError" && "field" in error,
};
const NetworkError = {
	create: (message: string, statusCode: number) =>
		Object.assign(new Error(message), { name: "NetworkError", statusCode }),
	is: (error: unknown): error is Error & { statusCode: number } =>
		error instanceof Error && error.name === "NetworkError" && "statusCode" in error,
};

const said: unknown[] = [];
const say = (...words: unknown[]) => void said.push(words.join(" "));
beforeEach(() => {
	said.length = 0;
});

let runs = 0;
async function run(workflow: Parameters<typeof deploy>[0], input: unknown = {}) {
	const { id } = await TestInstance.create(deploy(workflow).name, input, `seed-error-${++runs}`);
	return ended(id, UPSETS["crashed at each wait"]);
}

describe("error-handling-workflow", () => {
	/** What the world outside answers, one attempt after the other. */
	let answers: (() => { isValid: boolean; data: string })[] = [];
	const fetchExternalData = async () =>
		(answers.shift() ?? (() => ({ isValid: true, data: "d" })))();

	const workflow = Workflow.define(
		"error-handling-workflow",
		async (ctx) => {
			// Step with error pipe for conditional flow
			const processed = await ctx
				.step("data-processing", async () => {
					const data = await fetchExternalData();
					if (!data.isValid) {
						throw ValidationError.create("Invalid data format", "payload");
					}
					return { processedData: data };
				})
				.onError({
					ValidationError: async (error, ctx) => {
						// Handle validation errors by running data correction
						await ctx
							.step("data-correction", async () => {
								say(`Correcting field: ${ValidationError.is(error) ? error.field : "unknown"}`);
								return { corrected: true };
							})
							.execute();
						// Continue with corrected data
						return { processedData: { isValid: true, corrected: true } };
					},
					NetworkError: async (error, ctx) => {
						// Handle network errors with exponential backoff
						if (NetworkError.is(error) && error.statusCode >= 500) {
							await ctx.sleep("network-retry-delay", 5000);
							throw error; // Retry the original step
						}
						// For client errors, skip to fallback
						return ctx
							.step("fallback-data", async () => {
								return { processedData: { fallback: true } };
							})
							.execute();
					},
					default: async (error, ctx) => {
						// Handle any other errors
						await ctx
							.step("error-logging", async () => {
								say("Unexpected error:", error.message);
								return { logged: true };
							})
							.execute();
						throw error; // Re-throw to fail the workflow
					},
				})
				.execute();
			await ctx
				.step("final-processing", async () => {
					say("Processing completed successfully");
					return { completed: true };
				})
				.execute();
			return processed;
		},
		{ retry: { maxAttempts: 3, backoffMs: 2000, exponentialBackoff: true } },
	);

	it("corrects invalid data", async () => {
		answers = [() => ({ isValid: false, data: "bad" })];
		const { result, steps } = await run(workflow);
		expect(result).toEqual({ processedData: { isValid: true, corrected: true } });
		expect(said).toEqual(["Correcting field: payload", "Processing completed successfully"]);
		expect(steps.map(({ key }) => key)).toEqual([
			"data-processing",
			"data-processing/data-correction",
			"final-processing",
		]);
	});

	it("waits for the network, and tries the step again", async () => {
		answers = [503, 502].map((code) => () => {
			throw NetworkError.create("Network timeout", code);
		});
		const { result, steps } = await run(workflow);
		expect(result).toEqual({ processedData: { isValid: true, data: "d" } });
		expect(steps.map(({ key }) => key)).toEqual([
			"data-processing",
			"data-processing/network-retry-delay",
			"data-processing/network-retry-delay#2",
			"final-processing",
		]);
		expect(steps[0]?.attempts).toBe(3);
	});

	it("falls back for a fault of the client", async () => {
		answers = [
			() => {
				throw NetworkError.create("Forbidden", 403);
			},
		];
		expect((await run(workflow)).result).toEqual({ processedData: { fallback: true } });
	});

	it("fails with anything else, once its attempts are spent", async () => {
		answers = [1, 2, 3].map(() => () => {
			throw new Error("no idea");
		});
		expect(await run(workflow)).toMatchObject({ status: "errored", error: "no idea" });
		expect(said).toEqual(Array(3).fill("Unexpected error: no idea"));
	});
});

describe("branching-workflow", () => {
	const workflow = Workflow.define(
		"branching-workflow",
		async (ctx) => {
			const result = await ctx
				.step("risky-operation", async () => {
					if (ctx.input !== "succeeds") {
						throw new Error("Operation failed");
					}
					return { success: true, data: "primary-result" };
				})
				.catch(async (_error, ctx) => {
					// Error branch - different execution path
					await ctx
						.step("fallback-operation", async () => {
							say("Using fallback approach");
							return { success: false, data: "fallback-result" };
						})
						.execute();
					await ctx
						.step("notify-admin", async () => {
							say("Notifying admin of fallback usage");
							return { notified: true };
						})
						.execute();
					return { success: false, data: "fallback-result" };
				})
				.execute();
			// Conditional next steps based on result
			const cleanup = result.success ? "success-cleanup" : "fallback-cleanup";
			await ctx.step(cleanup, async () => ({ cleaned: true })).execute();
			return result.data;
		},
		{ retry: { maxAttempts: 2 } },
	);

	it("takes the primary way where the step succeeds, the other one where it does not", async () => {
		const primary = await run(workflow, "succeeds");
		expect(primary.result).toBe("primary-result");
		expect(primary.steps.map(({ key }) => key)).toEqual(["risky-operation", "success-cleanup"]);
		const other = await run(workflow, "fails");
		expect(other.result).toBe("fallback-result");
		expect(other.steps.at(-1)?.key).toBe("fallback-cleanup");
		expect(said).toEqual(["Using fallback approach", "Notifying admin of fallback usage"]);
	});
});

describe("advanced-error-handling", () => {
	class NetworkFailure extends Error {
		constructor(
			message: string,
			readonly status: number,
		) {
			super(message);
		}
	}
	class InvalidRequest extends Error {
		constructor(
			message: string,
			readonly field: string,
		) {
			super(message);
		}
	}

	let statuses: number[] = [];
	const call = async () => ({ status: statuses.shift() ?? 200 });
	const sendAlert = async (alert: Record<string, string>) => say(JSON.stringify(alert));

	const workflow = Workflow.define(
		"advanced-error-handling",
		async (ctx) => {
			const apiResult = await ctx
				.step("api-call", async () => {
					const { status } = await call();
					if (status >= 500) throw new NetworkFailure(`Server error: ${status}`, status);
					if (status >= 400) throw new InvalidRequest(`Client error: ${status}`, "request");
					if (status === 0) throw new Error("socket hung up");
					return { data: "fresh" };
				})
				.withCircuitBreaker({
					failureThreshold: 3,
					resetTimeout: 60000,
					onOpen: async (ctx) =>
						ctx
							.step("cache-fallback", async () => {
								say("Using cached data due to circuit breaker");
								return { cached: true, data: "cached" };
							})
							.execute(),
				})
				.onError({
					NetworkFailure: async (error, ctx) => {
						// Exponential backoff for server errors
						const delay = Math.min(1000 * 2 ** (ctx.attempt - 1), 30000);
						await ctx.sleep(`network-backoff-${ctx.attempt}`, delay);
						throw error; // Retry with backoff
					},
					InvalidRequest: async (error, ctx) => {
						// Log validation errors and use default data
						await ctx
							.step("validation-error-log", async () => {
								say(`Validation error in field ${error.field}: ${error.message}`);
								return { logged: true };
							})
							.execute();
						return { data: "default", fallback: true };
					},
					default: async (error, ctx) => {
						await ctx
							.step("unexpected-error-handler", async () => {
								await sendAlert({
									workflow: ctx.workflowName,
									execution: ctx.executionId,
									error: error.message,
								});
								return { alerted: true };
							})
							.execute();
						throw error; // Re-throw to fail workflow
					},
				})
				.execute();
			// Process the result regardless of how it was obtained
			await ctx
				.step("process-result", async () => {
					say("Processing result:", apiResult.data);
					return { processed: true };
				})
				.execute();
		},
		{ retry: { maxAttempts: 2, backoffMs: 0 } },
	);

	it("backs off for the server, by the class of the error, and tries again", async () => {
		statuses = [502];
		const { status, steps } = await run(workflow);
		expect(status).toBe("completed");
		expect(steps.map(({ key }) => key)).toEqual([
			"api-call",
			"api-call/network-backoff-1",
			"process-result",
		]);
	});

	it("takes default data for a fault of its own", async () => {
		statuses = [422];
		await run(workflow);
		expect(said).toEqual([
			"Validation error in field request: Client error: 422",
			"Processing result: default",
		]);
	});

	it("alerts and fails for anything else; once the breaker opens, it takes the cache", async () => {
		statuses = [0, 0];
		expect(await run(workflow)).toMatchObject({ status: "errored", error: "socket hung up" });
		const alert = {
			workflow: "advanced-error-handling",
			execution: `seed-error-${runs}`,
			error: "socket hung up",
		};
		expect(said).toEqual(Array(2).fill(JSON.stringify(alert)));
		said.length = 0;
		statuses = [500, 500];
		await run(workflow);
		await untilBreaker("advanced-error-handling", "open");
		said.length = 0;
		statuses = [];
		await run(workflow);
		expect(said).toEqual(["Using cached data due to circuit breaker", "Processing result: cached"]);
	});
});
