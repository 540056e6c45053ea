/** The service of seed 004 over the engine: its calls, and the shape of its instances. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { programsOf } from "../../../src/engine/program";
import { type WorkflowEnv, Workflows, workflow } from "../../../src/library";
import { TestInstance } from "../../support/instance";
import { programs } from "../../support/lab";
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
