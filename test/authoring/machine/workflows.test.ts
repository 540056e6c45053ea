/** The service of seed 004 over the engine: its calls, and the shape of its instances. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { programsOf } from "../../../src/engine/program";
import { type WorkflowEnv, Workflows, workflow } from "../../../src/library";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";
import { newName } from "./deploy";

/** A service whose registry is the one of the objects under test. */
function service() {
	const workflows = new Workflows(env as unknown as WorkflowEnv);
	const register: Workflows["register"] = (definition, options) => {
		workflows.register(definition, options);
		for (const [type, program] of programsOf(workflows.registry)) programs.set(type, program);
	};
	return { workflows, register };
}

const greeting = () =>
	workflow(newName())
		.task("greet", { handler: ({ name }: { name: string }) => `Hello, ${name}!` })
		.wait("approval")
		.build();

describe("Workflows", () => {
	it("starts an instance, and shows it while it runs and when it has completed", async () => {
		const { workflows, register } = service();
		const machine = greeting();
		register(machine);
		const id = await workflows.start(machine.name, { name: "A" });
		const instance = new TestInstance(id);
		await instance.until("waiting");
		expect(await workflows.getInstance(id)).toMatchObject({
			id,
			workflowName: machine.name,
			status: "running",
			currentStep: "approval",
			input: { name: "A" },
			stepResults: {
				greet: { stepName: "greet", status: "completed", output: "Hello, A!", attempts: 1 },
				approval: { stepName: "approval", status: "running" },
			},
			createdAt: expect.any(Date),
			startedAt: expect.any(Date),
		});
		await instance.event("approval", { ok: true });
		await instance.until("completed");
		const done = await workflows.getInstance(id);
		expect(done).toMatchObject({ status: "completed", output: { ok: true } });
		expect(done?.completedAt).toBeInstanceOf(Date);
		expect(done).not.toHaveProperty("error");
		expect(await workflows.getInstance("nobody")).toBeNull();
	});

	it("cancels what has not ended, and says whether it did", async () => {
		const { workflows, register } = service();
		const machine = greeting();
		register(machine);
		const id = await workflows.start(machine.name, { name: "A" });
		expect(await workflows.cancel(id)).toBe(true);
		expect(await workflows.cancel(id)).toBe(false);
		expect(await workflows.cancel("nobody")).toBe(false);
		expect(await workflows.getInstance(id)).toMatchObject({ status: "cancelled" });
	});

	it("lists instances of a workflow by its own statuses", async () => {
		const { workflows, register } = service();
		const machine = greeting();
		register(machine);
		const ids = [];
		for (const name of ["A", "B", "C"]) ids.push(await workflows.start(machine.name, { name }));
		const [first = "", second = ""] = ids;
		await new TestInstance(first).until("waiting");
		await workflows.cancel(second);
		const list = async (...args: Parameters<Workflows["getInstances"]>) =>
			(await workflows.getInstances(...args)).map(({ id }) => id).sort();
		await expect.poll(() => list(machine.name)).toEqual([...ids].sort());
		await expect.poll(() => list(machine.name, "cancelled")).toEqual([second]);
		await expect
			.poll(() => list(machine.name, "running"))
			.toEqual(ids.filter((id) => id !== second).sort());
		expect(await list(machine.name, "failed")).toEqual([]);
	});

	it("shows the error of one that failed", async () => {
		const { workflows, register } = service();
		const machine = workflow(newName())
			.task("fail", { handler: () => Promise.reject(new Error("no")) })
			.build();
		register(machine);
		const id = await workflows.start(machine.name, null);
		await new TestInstance(id).until("errored");
		expect(await workflows.getInstance(id)).toMatchObject({
			status: "failed",
			error: "no",
			currentStep: "fail",
			stepResults: { fail: { status: "failed", error: "no", attempts: 1 } },
		});
	});

	it("shows of each step what became of it, to its own code as to those who ask", async () => {
		const { workflows, register } = service();
		const seen: unknown[] = [];
		const busy =
			(until: number) =>
			(_: unknown, { attempt }: { attempt: number }) => {
				if (attempt < until) throw new Error(`busy ${attempt}`);
				return { attempt };
			};
		const machine = workflow(newName())
			.defaultRetry({ maxAttempts: 5, intervalMs: 1_000, backoffRate: 1 })
			.task("ask", { handler: busy(3) })
			.loop("again", {
				condition: (ctx) => ctx.getStepResult("again") === undefined,
				target: "ask",
				interval: 10,
				maxIterations: 3,
			})
			.parallel("both", {
				branches: [
					workflow
						.branch("a")
						.task("ask", { handler: busy(2) })
						.build(),
					workflow.branch("b").sleep("nap", { duration: 5_000 }).build(),
				],
			})
			.poll("until-done", {
				interval: 100,
				check: (_, { instance, attempt }) => {
					if (attempt === 1) throw new Error("lost");
					seen.push(instance);
					return seen.length === 1 ? { done: false } : { done: true, result: { ready: true } };
				},
			})
			.task("after", { handler: (_, { instance }) => seen.push(instance) })
			.wait("approval")
			.build();
		register(machine);
		const id = await workflows.start(machine.name, null);
		const instance = new TestInstance(id);
		let polling = await workflows.getInstance(id);
		for (;;) {
			const status = await instance.until(({ status }) => status !== "running");
			if (status.status === "waiting") break;
			const now = await workflows.getInstance(id);
			if (now?.stepResults["until-done"]?.status === "running") polling = now;
			await instance.evict();
			await instance.advance((status.wakeAt ?? clock.now()) - clock.now());
		}
		const times = { startedAt: expect.any(Date), completedAt: expect.any(Date) };
		const done = (stepName: string, output: unknown, attempts: number) => ({
			[stepName]: { stepName, status: "completed", output, attempts, ...times },
		});
		const before = {
			...done("ask", { attempt: 3 }, 3),
			...done("again", { iterations: 1 }, 1),
			...done("both/a/ask", { attempt: 2 }, 2),
			"both/b/nap": { stepName: "both/b/nap", status: "completed", attempts: 0, ...times },
		};
		const asking = (attempts: number, error?: string) => ({
			"until-done": {
				...{ stepName: "until-done", status: "running", attempts, startedAt: times.startedAt },
				...(error === undefined ? {} : { error }),
			},
		});
		expect(polling?.stepResults).toEqual({ ...before, ...asking(1, "lost") });
		const asked = done("until-done", { ready: true }, 2);
		expect(seen).toMatchObject([
			{ currentStep: "until-done", stepResults: { ...before, ...asking(2, "lost") } },
			{ currentStep: "until-done", stepResults: { ...before, ...asking(2, "lost") } },
			{ currentStep: "after", stepResults: { ...before, ...asked } },
		]);
		const last = await workflows.getInstance(id);
		expect(last?.stepResults).toEqual({
			...{ ...before, ...asked, ...done("after", 3, 1) },
			approval: {
				...{ stepName: "approval", status: "running", attempts: 0 },
				startedAt: times.startedAt,
			},
		});
		expect(last?.stepResults.ask?.startedAt?.getTime()).toBeLessThan(
			last?.stepResults.ask?.completedAt?.getTime() ?? 0,
		);
		await workflows.cancel(id);
		expect((await workflows.getInstance(id))?.stepResults.approval).toMatchObject({
			status: "skipped",
		});
	});

	it("updates metadata, and has nothing to do at its start and end", async () => {
		const { workflows, register } = service();
		const machine = greeting();
		register(machine);
		const id = await workflows.start(machine.name, { name: "A" });
		await workflows.updateMetadata(id, { note: "hurry" });
		await workflows.resume();
		await workflows.stop();
		expect(await workflows.getInstance(id)).toMatchObject({ metadata: { note: "hurry" } });
	});

	it("registers a name once, with a limit of its own if it has one", () => {
		const { workflows } = service();
		const machine = greeting();
		workflows.register(machine, { maxConcurrent: 1 });
		expect(() => workflows.register(machine)).toThrow(/registered already/);
		expect(() => workflows.register(greeting(), { maxConcurrent: -1 })).toThrow(/maxConcurrent/);
		const program = programsOf(workflows.registry).get(machine.name);
		expect(program?.concurrency).toMatchObject({ limit: 1 });
	});
});
