/** The examples of the requirement, as they are written there but for imports and names of services. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { workflow } from "../../../src/library";
import { batchStatus } from "../../../src/workflows/examples/batch-status";
import { loopExample } from "../../../src/workflows/examples/loop-example";
import { plugins } from "../../../src/workflows/examples/plugins";
import { processOrder } from "../../../src/workflows/examples/process-order";
import { userOnboarding } from "../../../src/workflows/examples/user-onboarding";
import { ended, newName, start, UPSETS } from "./deploy";

const names = (steps: { name: string }[]) => steps.map(({ name }) => name);

describe.each(Object.entries(UPSETS))("%s", (_, upset) => {
	it("process-order ships and confirms what is in stock, side by side", async () => {
		const status = await ended(await start(processOrder, { orderId: "ORD-1" }, { plugins }), upset);
		expect(status).toMatchObject({
			status: "completed",
			result: { shipping: { trackingId: "parcel:ORD-1" }, notification: { sent: true } },
		});
		expect(names(status.steps).sort()).toEqual([
			"check-inventory",
			"complete",
			"fulfill/notification/notify",
			"fulfill/shipping/ship",
			"validate",
		]);
	});

	it("process-order puts on backorder what is not", async () => {
		const status = await ended(await start(processOrder, { orderId: "OUT-1" }, { plugins }), upset);
		expect(status.result).toEqual({ backorderId: "backorder:OUT-1", total: 129.9 });
		expect(names(status.steps)).toEqual(["validate", "check-inventory", "backorder", "complete"]);
	});

	it.each([
		["enterprise", "enterprise-setup"],
		["free", "standard-setup"],
	])("user-onboarding of the plan %s goes by %s", async (plan, setup) => {
		const input = { email: "a@example.com", name: "A", plan };
		const status = await ended(await start(userOnboarding, input, { plugins }), upset);
		expect(status.result).toEqual({ userId: "user:a@example.com", plan, setupComplete: true });
		expect(names(status.steps)).toEqual([
			"create-account",
			"send-welcome-email",
			"check-plan",
			setup,
			"complete",
		]);
	});

	it("loop-example counts to three, a second apart", async () => {
		const status = await ended(await start(loopExample, {}), upset);
		expect(status).toMatchObject({ status: "completed", result: { count: 3 } });
		const increments = status.steps.filter(({ name }) => name === "increment");
		expect(increments.map(({ key, result }) => [key, result])).toEqual([
			["increment", { count: 1 }],
			["increment#2", { count: 2 }],
			["increment#3", { count: 3 }],
		]);
		const [first, , third] = increments;
		expect((third?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBe(2_000);
	});

	it("batch.status asks every five seconds until the operation is over", async () => {
		const status = await ended(await start(batchStatus, { operationId: "op" }), upset);
		expect(status.result).toEqual({ operationId: "op", checks: 3 });
		expect(status.metadata).toEqual({ checks: 3 });
		expect((status.completedAt ?? 0) - status.createdAt).toBe(10_000);
	});

	it("batch.status fails when the operation has", async () => {
		const input = { operationId: "op", doneAtCheck: 2, fails: true };
		const status = await ended(await start(batchStatus, input), upset);
		expect(status).toMatchObject({ status: "errored", error: "the operation op failed" });
	});
});

describe("the parts of the requirement", () => {
	it("a job takes what its step makes of the context, and gives what its step makes of it", async () => {
		const machine = workflow(newName())
			.task("before", { handler: () => ({ id: "b" }) })
			.task("step-name", {
				job: "my-job-name",
				input: (ctx) => ({ orderId: ctx.input.orderId, previousResult: ctx.steps.before }),
				output: (result, ctx) => ({ processed: true, data: result.data, for: ctx.input.orderId }),
			})
			.build();
		const jobs = {
			"my-job-name": async ({ orderId, previousResult }: Record<string, unknown>) => ({
				data: [orderId, previousResult],
			}),
		};
		const status = await ended(await start(machine, { orderId: "o" }, { jobs }));
		expect(status.result).toEqual({ processed: true, data: ["o", { id: "b" }], for: "o" });
	});

	it("an unknown job fails its step without a retry, and says which there are", async () => {
		const machine = workflow(newName())
			.defaultRetry({ maxAttempts: 3 })
			.task("step1", { job: "job1" })
			.build();
		const status = await ended(await start(machine, null, { jobs: { job2: () => 1 } }));
		expect(status.error).toMatch(/"step1" asks for the job "job1".* Its jobs: job2\./);
		expect(status.steps).toMatchObject([{ attempts: 1 }]);
	});

	it("branches of jobs, with an object of their outputs", async () => {
		const machine = workflow(newName())
			.parallel("parallel-step", {
				branches: [
					workflow
						.branch("branch-a")
						.task("task-a1", { job: "job-a1" })
						.task("task-a2", { job: "job-a2" })
						.build(),
					workflow.branch("branch-b").task("task-b1", { job: "job-b1" }).build(),
				],
				onError: "fail-fast",
				next: "next-step",
			})
			.pass("next-step", { end: true })
			.build();
		const jobs = {
			"job-a1": (input: { n: number }) => ({ n: input.n + 1 }),
			"job-a2": (input: { n: number }) => ({ n: input.n + 10 }),
			"job-b1": (input: { n: number }) => ({ n: input.n + 100 }),
		};
		const status = await ended(await start(machine, { n: 0 }, { jobs }));
		expect(status.result).toEqual({ "branch-a": { n: 11 }, "branch-b": { n: 100 } });
	});

	it.each([
		[{ amount: 2_000, isPriority: true }, "large-order-flow"],
		[{ amount: 20, isPriority: true }, "priority-flow"],
		[{ amount: 20, isPriority: false }, "standard-flow"],
	])("of the choices for %j the first that holds is %s", async (order, flow) => {
		const machine = workflow(newName())
			.task("validate", {
				inputSchema: z.object({ amount: z.number(), isPriority: z.boolean() }),
				handler: (input) => input,
			})
			.choice("decision-point", {
				choices: [
					{ condition: (ctx) => ctx.steps.validate.amount > 1_000, next: "large-order-flow" },
					{ condition: (ctx) => ctx.steps.validate.isPriority, next: "priority-flow" },
				],
				default: "standard-flow",
			})
			.pass("large-order-flow", { result: "large-order-flow", end: true })
			.pass("priority-flow", { result: "priority-flow", end: true })
			.pass("standard-flow", { result: "standard-flow" })
			.build();
		const status = await ended(await start(machine, order));
		expect(status.result).toBe(flow);
		expect(names(status.steps)).toEqual(["validate", "decision-point", flow]);
	});

	it("a pass transforms, gives what it is told, or hands on", async () => {
		const machine = workflow(newName())
			.pass("static", { result: { status: "initialized" }, next: "transform" })
			.pass("transform", {
				transform: (ctx) => ({ summary: { input: ctx.input, results: ctx.steps } }),
			})
			.end("done")
			.build();
		const status = await ended(await start(machine, { n: 1 }));
		expect(status.result).toEqual({
			summary: { input: { n: 1 }, results: { static: { status: "initialized" } } },
		});
	});

	it("metadata that one step sets, later steps and the status see", async () => {
		const seen: unknown[] = [];
		const machine = workflow(newName())
			.task("validate", {
				inputSchema: z.object({ orderId: z.string() }),
				handler: async (input, ctx) => {
					await ctx.setMetadata("correlationId", `c-${input.orderId}`);
					await ctx.setMetadata("orderContext", { flags: { expedited: false } });
					return { valid: true };
				},
			})
			.task("fulfill", {
				handler: async (_, ctx) => {
					const orderCtx = ctx.getMetadata<{ flags: object }>("orderContext");
					seen.push(ctx.getMetadata<string>("correlationId"), orderCtx, ctx.getMetadata("none"));
					ctx.core.logger.info("Fulfilling order");
					await ctx.setMetadata("orderContext", { flags: { ...orderCtx?.flags, fulfilled: true } });
					return { shipped: true };
				},
			})
			.build();
		const status = await ended(await start(machine, { orderId: "7" }));
		expect(seen).toEqual(["c-7", { flags: { expedited: false } }, undefined]);
		expect(status.metadata).toEqual({
			correlationId: "c-7",
			orderContext: { flags: { expedited: false, fulfilled: true } },
		});
	});
});
