/** Machines over HTTP: graphs, progress, and instances that are waited for. */
import { describe, expect, it } from "vitest";
import { workflow } from "../../src/library";
import { deploy, newName, start } from "../authoring/machine/deploy";
import { gate } from "../support/instance";
import { define } from "../support/lab";
import { freshId, NOTHING, refusal, Service, storedIn } from "./support-service";

const choosing = () =>
	workflow(newName())
		.task("a", { handler: () => "a" })
		.choice("c", { choices: [{ condition: () => true, next: "long" }], default: "short" })
		.sleep("long", { duration: "1h" })
		.sleep("longer", { duration: "1h", next: "end" })
		.pass("short")
		.end("end")
		.build();

describe("GET /types/:type/graph", () => {
	it("gives nodes and edges of a machine, or Mermaid text", async () => {
		const type = deploy(choosing());
		const service = new Service([type]);
		const { body, status } = await service.get(`/types/${type}/graph`);
		expect(status).toBe(200);
		expect(body).toEqual({
			nodes: [
				{ id: "a", kind: "task", label: "a" },
				{ id: "c", kind: "choice", label: "c" },
				{ id: "long", kind: "sleep", label: "long" },
				{ id: "longer", kind: "sleep", label: "longer" },
				{ id: "short", kind: "pass", label: "short" },
				{ id: "end", kind: "pass", label: "end" },
			],
			edges: [
				{ from: "a", to: "c" },
				{ from: "c", to: "long", label: "1" },
				{ from: "c", to: "short", label: "default" },
				{ from: "long", to: "longer" },
				{ from: "longer", to: "end" },
				{ from: "short", to: "end" },
			],
		});
		const mermaid = await service.get(`/types/${type}/graph?format=mermaid`);
		expect(mermaid.headers.get("Content-Type")).toMatch(/^text\/plain/);
		expect(mermaid.text).toMatch(/^flowchart TD\n\tn0\["a"\]\n/);
	});

	it("refuses types without a graph, unknown ones, and other formats", async () => {
		const plain = define(async () => 1);
		const type = deploy(choosing());
		const service = new Service([plain, type]);
		refusal(await service.get(`/types/${plain}/graph`), 404, "NO_GRAPH");
		refusal(await service.get("/types/nobody/graph"), 404, "UNKNOWN_TYPE");
		refusal(await service.get(`/types/${type}/graph?format=png`), 400, "VALIDATION_ERROR");
		refusal(await service.post(`/types/${type}/graph`), 405, "METHOD_NOT_ALLOWED");
	});
});

describe("progress", () => {
	it("counts what has completed of that and what can still come, and 100 at the end", async () => {
		const instance = await start(choosing());
		const at = async () => {
			const { progress, currentStep, completedSteps, totalSteps } = await instance.status();
			return [progress, currentStep, completedSteps, totalSteps];
		};
		await instance.until("sleeping");
		expect(await at()).toEqual([40, "long", 2, 5]);
		await instance.evict();
		await instance.advance(3_600_000);
		await instance.until(({ currentStep }) => currentStep === "longer");
		expect(await at()).toEqual([60, "longer", 3, 5]);
		await instance.advance(3_600_000);
		await instance.until("completed");
		expect(await at()).toEqual([100, null, 5, 5]);
	});

	it("of branches and turns counts each step once, and stops at what failed", async () => {
		const held = gate();
		const machine = workflow(newName())
			.parallel("p", {
				branches: [
					workflow.branch("quick").pass("x").build(),
					workflow
						.branch("slow")
						.task("y", { handler: () => held.promise })
						.pass("z")
						.build(),
				],
			})
			.poll("ask", { interval: 1_000, maxAttempts: 2, check: () => ({ done: false }) })
			.loop("again", { condition: () => false, target: "ask", maxIterations: 1 })
			.build();
		const instance = await start(machine);
		const running = await instance.until(({ completedSteps }) => completedSteps === 1);
		expect(running).toMatchObject({ progress: 20, currentStep: "p/slow/y", totalSteps: 5 });
		held.resolve();
		const polling = await instance.until("sleeping");
		// A check has been made, but its step is not over.
		expect(polling).toMatchObject({ currentStep: "ask", completedSteps: 3, totalSteps: 5 });
		await instance.advance(1_000);
		const failed = await instance.until("errored");
		expect(failed).toMatchObject({ currentStep: "ask", totalSteps: 5 });
	});

	it("is less than 100 between the turns of what comes last, whatever has been before", async () => {
		let checks = 0;
		const machine = workflow(newName())
			.task("count", { handler: (n: number) => n + 1 })
			.loop("again", {
				condition: ({ steps }) => steps.count < 3,
				target: "count",
				interval: 1_000,
				maxIterations: 5,
			})
			.poll("ask", { interval: 1_000, check: () => ({ done: ++checks === 3 }) })
			.build();
		const instance = await start(machine, 0);
		const seen: unknown[] = [];
		for (;;) {
			const status = await instance.until(({ status }) => status !== "running");
			seen.push([status.progress, status.currentStep]);
			if (status.status === "completed") break;
			await instance.evict();
			await instance.advance(1_000);
		}
		const at = (step: string) => (step === "again" ? [33, "again"] : [66, "ask"]);
		expect(seen).toEqual([...["again", "again", "ask", "ask"].map(at), [100, null]]);
	});

	it("is not there for a type without a graph", async () => {
		const service = new Service([]);
		const instance = await start(choosing());
		const { body } = await service.get(`/workflows/${instance.id}?steps=false`);
		expect(body).toHaveProperty("progress");
		const type = define(async () => 1);
		const id = freshId();
		await new Service([type]).post("/workflows", { type, id });
		expect((await service.get(`/workflows/${id}`)).body).not.toHaveProperty("progress");
	});
});

describe("a machine that is not isolated", () => {
	const adding = () =>
		workflow(newName())
			.isolated(false)
			.task("add", { handler: ({ n }: { n: number }) => ({ at: new Date(0), n: n + 1 }) })
			.build();

	it("answers a create with its output, and a repeated one too", async () => {
		const type = deploy(adding());
		const service = new Service([type]);
		const id = freshId();
		const { status, body } = await service.post("/workflows", { type, id, payload: { n: 1 } });
		expect(status).toBe(201);
		const output = { at: "1970-01-01T00:00:00.000Z", n: 2 };
		expect(body).toEqual({ id, type, status: "completed", output });
		const again = { type, id, payload: { n: 1 }, onConflict: "return" };
		const repeated = await service.post("/workflows", again);
		expect(repeated.status).toBe(200);
		expect(repeated.body).toEqual({ id, type, status: "completed", output });
		const items = [
			{ type, payload: { n: 1 } },
			{ type, payload: null },
		];
		const batch = await service.post("/workflows/batch", { items });
		expect(batch.body).toMatchObject({
			results: [{ status: "completed", output }, { status: "errored" }],
		});
	});

	it("answers with id and status where it has failed, or waits", async () => {
		const waiting = workflow(newName()).isolated(false).wait("go").build();
		const failing = workflow(newName())
			.isolated(false)
			.task("fail", { handler: () => Promise.reject(new Error("no")) })
			.build();
		const service = new Service([deploy(waiting), deploy(failing)]);
		const [a, b] = [freshId(), freshId()];
		expect((await service.post("/workflows", { type: waiting.name, id: a })).body).toEqual({
			...{ id: a, type: waiting.name, status: "waiting" },
		});
		expect((await service.post("/workflows", { type: failing.name, id: b })).body).toEqual({
			...{ id: b, type: failing.name, status: "errored" },
		});
	});

	it("that ends its isolate is there, and goes on by itself", async () => {
		let calls = 0;
		const machine = workflow(newName())
			.isolated(false)
			.task("once", { handler: () => (++calls === 1 ? new Promise(() => {}) : "done") })
			.build();
		const type = deploy(machine);
		const service = new Service([type]);
		const id = freshId();
		const created = service.post("/workflows", { type, id });
		const { TestInstance } = await import("../support/instance");
		const instance = new TestInstance(id);
		await expect.poll(() => calls).toBe(1);
		await instance.crash();
		expect((await created).status).toBe(201);
		await instance.advance(10_000);
		expect((await instance.until("completed")).result).toBe("done");
	});

	it("that is refused creates nothing", async () => {
		const type = deploy(adding());
		const service = new Service([type]);
		const id = freshId();
		refusal(
			await service.post("/workflows", { type, id, payload: { $n: 1 }, no: 1 }),
			400,
			"VALIDATION_ERROR",
		);
		expect(await storedIn(id)).toEqual(NOTHING);
	});
});
