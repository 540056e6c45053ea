/**
 * The examples of the seeds, as a user would write them today: imports adapted, what they print
 * kept in a list, the world outside made of functions here. Each runs to its end over evictions.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { ValidationError, Workflow, type WorkflowContext } from "../../../src/library";
import { TestInstance } from "../../support/instance";
import { clock } from "../../support/lab";
import { deploy, ended, UPSETS } from "./deploy";

let runs = 0;

/** Starts the workflow as the seeds do, and drives it to its end. */
async function run(...[workflow, input, ...configs]: Parameters<typeof startNew>) {
	const id = await startNew(workflow, input, ...configs);
	return ended(id, UPSETS["evicted at each wait"]);
}

async function startNew(
	workflow: Parameters<typeof deploy>[0],
	input?: unknown,
	retryConfig?: Parameters<typeof Workflow.start>[3],
	panicConfig?: Parameters<typeof Workflow.start>[4],
): Promise<string> {
	const { name } = deploy(workflow);
	const id = `seed-${++runs}`;
	await Workflow.start(name, id, input as never, retryConfig, panicConfig).catch((error) => {
		if (error.code !== "EXECUTION_FAILED" && error.code !== "PANIC") throw error;
	});
	return id;
}

const said: unknown[] = [];
const say = (...words: unknown[]) => void said.push(words.join(" "));

afterEach(() => {
	said.length = 0;
	vi.unstubAllGlobals();
});

function answering(status: number, body: unknown = null) {
	const fetch = vi.fn(async (_url: string) => Response.json(body, { status }));
	vi.stubGlobal("fetch", fetch);
	return fetch;
}

describe("basics", () => {
	it("my-workflow: a step, a sleep, a step", async () => {
		const workflow = Workflow.define("my-workflow", async (ctx) => {
			await ctx.step("step1", async () => {
				say("Executing step 1");
				return { data: "step1-result" };
			});
			await ctx.sleep("wait", 1000);
			await ctx.step("step2", async () => {
				say("Executing step 2");
			});
		});
		expect(await run(workflow)).toMatchObject({ status: "completed" });
		expect(said).toEqual(["Executing step 1", "Executing step 2"]);
	});

	it("simple-task: a result goes into the next step", async () => {
		const workflow = Workflow.define("simple-task", async (ctx) => {
			const result1 = await ctx.step("fetch-data", async () => {
				return { data: "some data" };
			});
			await ctx.step("process-data", async () => {
				say("Processing:", result1.data);
			});
		});
		await run(workflow);
		expect(said).toEqual(["Processing: some data"]);
	});

	it("delayed-task: five seconds between two steps", async () => {
		const workflow = Workflow.define("delayed-task", async (ctx) => {
			await ctx.step("start", async () => {
				say(`at ${clock.now()}`);
			});
			await ctx.sleep("wait", 5000); // Wait 5 seconds
			await ctx.step("finish", async () => {
				say(`at ${clock.now()}`);
			});
		});
		const startedAt = clock.now();
		const instance = new TestInstance(await startNew(workflow));
		await instance.advance(4_999);
		expect((await instance.status()).status).toBe("sleeping");
		await instance.advance(1);
		await instance.until("completed");
		expect(said).toEqual([`at ${startedAt}`, `at ${startedAt + 5_000}`]);
	});

	it("a workflow made of data: one step for each entry of a definition", async () => {
		const definition = { name: "from-a-file", steps: ["log", "delay", "log"] };
		const workflow = Workflow.define(definition.name, async (ctx) => {
			for (const step of definition.steps) {
				await ctx.step(step, async () => say(step));
			}
		});
		const { steps } = await run(workflow);
		expect(steps.map(({ key }) => key)).toEqual(["log", "delay", "log#2"]);
	});
});

describe("retries", () => {
	it("resilient-task: ctx.attempt counts inside a step", async () => {
		answering(200, { ok: true });
		const workflow = Workflow.define("resilient-task", async (ctx) => {
			// Step that will retry automatically
			const first = await ctx.step("risky-operation", async () => {
				if (ctx.attempt < 3) {
					throw new Error("Simulated failure");
				}
				return `Success on attempt ${ctx.attempt}`;
			});
			// Step with custom error handling
			await ctx.step("external-api-call", async () => {
				try {
					const response = await fetch("https://api.example.com/data");
					if (!response.ok) {
						throw new Error(`API returned ${response.status}`);
					}
					return await response.json();
				} catch (error) {
					say("API call failed:", error);
					throw error; // Re-throw to trigger retry
				}
			});
			return first;
		});
		const retry = { maxAttempts: 5, backoffMs: 2000, exponentialBackoff: true };
		expect((await run(workflow, null, retry)).result).toBe("Success on attempt 3");
	});

	it("resilient-api-call: three steps over an API, retried as its start says", async () => {
		const fetch = answering(503);
		const workflow = Workflow.define("resilient-api-call", async (ctx) => {
			const apiData = await ctx.step("api-call", async () => {
				const response = await globalThis.fetch("https://api.example.com/data");
				if (!response.ok) {
					throw new Error(`API returned ${response.status}`);
				}
				return (await response.json()) as { id: number };
			});
			await ctx.step("validate-data", async () => {
				if (!apiData?.id) {
					throw new Error("Invalid data received from API");
				}
				return { validated: true };
			});
			await ctx.step("save-data", async () => {
				say("Saving data:", apiData.id);
				return { saved: true };
			});
		});
		const retry = { maxAttempts: 5, backoffMs: 2000, exponentialBackoff: true };
		const panic = { maxRestartAttempts: 3, restartDelayMs: 10000, enableAutoRestart: true };
		const failed = await run(workflow, {}, retry, panic);
		expect(failed).toMatchObject({ status: "errored", error: "API returned 503" });
		expect(fetch).toHaveBeenCalledTimes(5);
		answering(200, { id: 7 });
		expect((await run(workflow, {}, retry, panic)).status).toBe("completed");
		expect(said).toEqual(["Saving data: 7"]);
	});

	it("api-workflow: two lists with a pause between, started with retry and panic settings", async () => {
		answering(200, ["a", "b", "c"]);
		const workflow = Workflow.define("api-workflow", async (ctx) => {
			const list = (path: string) => async () => {
				const response = await fetch(`https://jsonplaceholder.typicode.com/${path}`);
				if (!response.ok) {
					throw new Error(`API returned ${response.status}`);
				}
				return (await response.json()) as unknown[];
			};
			const users = await ctx.step("fetch-users", list("users"));
			await ctx.sleep("process-delay", 1000);
			const posts = await ctx.step("fetch-posts", list("posts"));
			return ctx.step("completion-log", async () => {
				say(`Fetched ${users.length} users and ${posts.length} posts`);
				return { users: users.length, posts: posts.length };
			});
		});
		const { result } = await run(
			workflow,
			{},
			{ maxAttempts: 5, backoffMs: 2000, exponentialBackoff: true },
			{ maxRestartAttempts: 2, restartDelayMs: 10000, enableAutoRestart: true },
		);
		expect(result).toEqual({ users: 3, posts: 3 });
	});

	it.each<[string, number, string]>([
		["NETWORK_ERROR", 3, "gone"],
		["INVALID_AUTH", 3, "Permanent failure: gone"],
	])("smart-retry: %s is thrown on as it says", async (code, attempts, message) => {
		const callExternalAPI = async () => {
			throw Object.assign(new Error("gone"), { code });
		};
		const workflow = Workflow.define("smart-retry", async (ctx) => {
			await ctx.step("api-call", async () => {
				try {
					return await callExternalAPI();
				} catch (thrown) {
					const error = thrown as Error & { code: string };
					// Classify error type
					if (error.code === "NETWORK_ERROR" || error.code === "TIMEOUT") {
						// Transient error - let retry mechanism handle it
						throw error;
					} else if (error.code === "INVALID_AUTH" || error.code === "NOT_FOUND") {
						// Permanent error
						throw new Error(`Permanent failure: ${error.message}`);
					}
					throw error;
				}
			});
		});
		const status = await run(workflow);
		expect(status).toMatchObject({ status: "errored", error: message });
		expect(status.steps[0]?.attempts).toBe(attempts);
	});
});

describe("input", () => {
	const OrderInputSchema = z.object({
		orderId: z.uuid("Invalid order ID format"),
		customerId: z.uuid("Invalid customer ID format"),
		items: z
			.array(
				z.object({
					id: z.string(),
					name: z.string().min(1),
					quantity: z.number().int().positive(),
					price: z.number().positive(),
				}),
			)
			.min(1, "Order must contain at least one item"),
		totalAmount: z.number().positive(),
	});
	type OrderInput = z.infer<typeof OrderInputSchema>;

	const business = Workflow.define("business-order-processing", async (ctx) => {
		// Validate and parse input with Zod
		const order = await ctx.step("validate-order", async () => {
			const validation = OrderInputSchema.safeParse(ctx.input);
			if (!validation.success) {
				throw new ValidationError("Invalid order data", { issues: validation.error.issues });
			}
			return validation.data;
		});
		// Check inventory with validated data
		await ctx.step("check-inventory", async () => {
			// Simulate inventory check that might fail
			if (ctx.attempt < 2) {
				throw new Error("Inventory service unavailable");
			}
			const inventorySchema = z.object({
				available: z.boolean(),
				reservedItems: z.array(z.string()),
			});
			return inventorySchema.parse({
				available: true,
				reservedItems: order.items.map((i) => i.id),
			});
		});
		// Wait for payment processing
		await ctx.sleep("payment-delay", 2000);
		const payment = await ctx.step("process-payment", async () => {
			const paymentSchema = z.object({
				paymentId: z.uuid(),
				status: z.enum(["pending", "completed", "failed"]),
				amount: z.number().positive(),
			});
			const status = "completed" as const;
			return paymentSchema.parse({
				...{ paymentId: crypto.randomUUID(), status, amount: order.totalAmount },
			});
		});
		return ctx.step("ship-order", async () => {
			const shippingSchema = z.object({
				trackingId: z.string().min(1),
				carrier: z.string().min(1),
				estimatedDelivery: z.date(),
			});
			say(`Shipping order ${order.orderId}, paid ${payment.amount}`);
			return shippingSchema.parse({
				trackingId: `TRACK-${clock.now()}`,
				carrier: "FastShip",
				estimatedDelivery: new Date(clock.now() + 7 * 24 * 60 * 60 * 1000),
			});
		});
	});

	it("order-processing with validation: goes through with a valid order, dates and all", async () => {
		const orderInput: OrderInput = {
			orderId: crypto.randomUUID(),
			customerId: crypto.randomUUID(),
			items: [{ id: "item-1", name: "Product A", quantity: 2, price: 29.99 }],
			totalAmount: 59.98,
		};
		const { result } = await run(business, orderInput);
		expect((result as { estimatedDelivery: unknown }).estimatedDelivery).toBeInstanceOf(Date);
		expect(said).toEqual([`Shipping order ${orderInput.orderId}, paid 59.98`]);
	});

	it("order-processing with validation: an invalid order fails with its issues", async () => {
		const status = await run(business, { orderId: "no uuid" });
		expect(status).toMatchObject({ status: "errored", error: "Invalid order data" });
		expect(status.errorDetails).toMatchObject({ name: "ValidationError" });
	});

	it("order-processing of the first seed: the input is cast, the inventory fails once", async () => {
		const workflow = Workflow.define("first-order-processing", async (ctx) => {
			const order = ctx.input as { orderId: string; items: unknown[] };
			const validatedOrder = await ctx.step("validate-order", async () => {
				if (!order.orderId || !order.items.length) {
					throw new Error("Invalid order data");
				}
				return order;
			});
			await ctx.step("check-inventory", async () => {
				if (ctx.attempt < 2) {
					throw new Error("Inventory service unavailable");
				}
				return { available: true };
			});
			await ctx.sleep("payment-delay", 2000);
			await ctx.step("process-payment", async () => {
				return { paymentId: "pay-123", status: "completed" };
			});
			return ctx.step("ship-order", async () => {
				say(`Shipping order ${validatedOrder.orderId}`);
				return { trackingId: "track-456" };
			});
		});
		const input = { orderId: "order-789", items: [{ id: 1, name: "Product A" }] };
		expect((await run(workflow, input)).result).toEqual({ trackingId: "track-456" });
	});

	it("user-onboarding: what a step has parsed is typed for the steps after it", async () => {
		const UserDataSchema = z.object({
			userId: z.uuid(),
			email: z.email(),
			preferences: z.object({
				notifications: z.boolean(),
				theme: z.enum(["light", "dark"]),
			}),
		});
		const workflow = Workflow.define("user-onboarding", async (ctx) => {
			// Validate input at workflow start
			const userData = await ctx.step("validate-input", async () => {
				const validation = UserDataSchema.safeParse(ctx.input);
				if (!validation.success) {
					throw new ValidationError("Invalid user data provided", {
						issues: validation.error.issues,
					});
				}
				return validation.data;
			});
			return ctx.step("create-profile", async () => {
				say(`Creating profile for ${userData.email}`);
				return { profileId: crypto.randomUUID() };
			});
		});
		const preferences = { notifications: true, theme: "dark" };
		const input = { userId: crypto.randomUUID(), email: "a@example.com", preferences };
		expect((await run(workflow, input)).status).toBe("completed");
		expect(said).toEqual(["Creating profile for a@example.com"]);
	});

	it("resilient-workflow: a step that failed is caught by the language's own try", async () => {
		const getUserFromAPI = async (_id: string): Promise<{ name: string }> => {
			throw new Error("offline");
		};
		const getUserFromCache = async (id: string) => ({ name: `cached ${id}` });
		const workflow = Workflow.define(
			"resilient-workflow",
			async (ctx: WorkflowContext<{ userId: string }>) => {
				let userData: { name: string };
				try {
					userData = await ctx.step("fetch-user", async () => {
						return await getUserFromAPI(ctx.input.userId);
					});
				} catch {
					// Fallback to cached data
					userData = await ctx.step("fallback-user", async () => {
						return await getUserFromCache(ctx.input.userId);
					});
				}
				return ctx.step("process-user", async () => {
					return userData.name;
				});
			},
		);
		expect((await run(workflow, { userId: "u-1" })).result).toBe("cached u-1");
	});
});

describe("state", () => {
	it("is looked at; what sleeps is resumed, what failed is restarted", async () => {
		let fails = true;
		const workflow = deploy(
			Workflow.define("state-management", async (ctx) => {
				await ctx.step("first", () => null);
				await ctx.sleep("nap", "1m");
				await ctx.step("second", () => {
					if (fails) throw new Error("no");
				});
			}),
		);
		await Workflow.start(workflow, "execution-id-123", {}, { maxAttempts: 1 });
		const status = await Workflow.getStatus("execution-id-123");
		expect(status.status).toBe("sleeping");
		expect(Object.keys(status.steps).length).toBe(2);
		// Resume a sleeping workflow
		if (status.status === "sleeping") {
			expect((await Workflow.resume("execution-id-123")).status).toBe("sleeping");
		}
		await ended("execution-id-123");
		const failed = await Workflow.getStatus("execution-id-123");
		expect(failed.status).toBe("failed");
		// Restart a failed workflow
		fails = false;
		if (failed.status === "failed") {
			expect((await Workflow.restart("execution-id-123")).status).toBe("sleeping");
		}
		expect((await ended("execution-id-123")).status).toBe("completed");
	});
});
