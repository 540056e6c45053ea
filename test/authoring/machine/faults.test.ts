/** What schemas refuse and mappers throw: which step, all of what is wrong, and no second attempt. */
import { expect, it } from "vitest";
import * as z from "zod";
import { PanicError, type Untyped, workflow } from "../../../src/library";
import type { Schema } from "../../../src/model/standard-schema";
import { ended, newName, start } from "./deploy";

it("an input that its schema refuses lists all issues with their paths, and is not retried", async () => {
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 5 })
		.task("validate", {
			inputSchema: z.object({ id: z.string(), lines: z.array(z.object({ n: z.number() })) }),
			handler: () => 1,
		})
		.build();
	const status = await ended(await start(machine, { id: 7, lines: [{ n: "x" }] }));
	expect(status.error).toMatch(
		/The input of step "validate" is not valid\. .*\.id: .*\.lines\.0\.n: /,
	);
	expect(status.steps).toMatchObject([{ status: "failed", attempts: 1 }]);
	const what = 'input of step "validate"';
	expect(status.errorDetails).toMatchObject({
		name: "NonRetryableError",
		code: "NON_RETRYABLE",
		fields: {
			details: { issues: [{ path: `${what}.id` }, { path: `${what}.lines.0.n` }] },
		},
	});
});

it("an output that its schema refuses fails the step at once, and one that it takes is what it makes of it", async () => {
	const outputSchema = z.object({ at: z.coerce.date<string>(), n: z.number().default(3) });
	const good = workflow(newName())
		.task("make", { outputSchema, handler: () => ({ at: "2026-01-01", extra: true }) })
		.build();
	expect((await ended(await start(good))).result).toEqual({ at: new Date("2026-01-01"), n: 3 });
	const bad = workflow(newName())
		.defaultRetry({ maxAttempts: 5 })
		.task("make", { outputSchema, handler: () => ({ at: "soon" }) })
		.build();
	const status = await ended(await start(bad));
	expect(status.error).toMatch(/The output of step "make" is not valid\. .*\.at: /);
	expect(status.steps).toMatchObject([{ attempts: 1 }]);
});

it("a mapper that throws names its step, keeps its error as the cause, and is not retried", async () => {
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 5 })
		.task("first", { handler: () => ({}) as { total?: { amount: number } } })
		.task("charge", {
			inputSchema: (prev) => (prev.total as { amount: number }).amount,
			handler: () => 1,
		})
		.build();
	const status = await ended(await start(machine));
	expect(status.error).toMatch(/^The inputSchema of step "charge" threw: .*amount/);
	expect(status.errorDetails).toMatchObject({ cause: { name: "TypeError" } });
	expect(status.steps[1]).toMatchObject({ name: "charge", attempts: 1 });
});

/** As a library other than zod may have it: paths of objects, a function, later. */
function refusing(issues: readonly { message: string; path?: PropertyKey[] }[]): Schema {
	const listed = issues.map(({ message, path = [] }) => ({
		message,
		path: path.map((key) => ({ key })),
	}));
	const standard = {
		version: 1 as const,
		vendor: "test",
		validate: async () => ({ issues: listed }),
	};
	return Object.assign(() => {}, { "~standard": standard });
}

it.each(["inputSchema", "outputSchema"] as const)(
	"an %s of another library is refused with all of its issues",
	async (which) => {
		const schema = refusing([
			{ message: "is no order" },
			{ message: "is taken", path: ["lines", 2, Symbol("sku")] },
		]);
		const machine = workflow(newName())
			.defaultRetry({ maxAttempts: 5, retryOn: () => true })
			.task("check", { [which]: schema, handler: () => 1 } as never)
			.build();
		const status = await ended(await start(machine));
		const what = `${which === "inputSchema" ? "input" : "output"} of step "check"`;
		expect(status.error).toBe(
			`The ${what} is not valid. ${what}: is no order; ${what}.lines.2.Symbol(sku): is taken`,
		);
		expect(status.errorDetails).toMatchObject({
			fields: {
				details: {
					issues: [
						{ path: what, message: "is no order" },
						{ path: `${what}.lines.2.Symbol(sku)`, message: "is taken" },
					],
				},
			},
		});
		expect(status.steps).toMatchObject([{ status: "failed", attempts: 1 }]);
	},
);

it("issues by the thousand are listed as far as an error has room, and the others counted", async () => {
	const lines = Array.from({ length: 3_000 }, () => ({ n: "x" }));
	const machine = workflow(newName())
		.task("check", {
			inputSchema: z.object({ lines: z.array(z.object({ n: z.number() })) }),
			handler: () => 1,
		})
		.build();
	const { error, errorDetails } = await ended(await start(machine, { lines }));
	expect(error).toMatch(/lines\.0\.n: .*; and \d+ more$/);
	const { issues, issuesOmitted } = (errorDetails as Untyped).fields.details;
	expect(issues.length).toBeGreaterThan(50);
	expect(issues.length + issuesOmitted).toBe(3_000);
});

it("a fault in a branch, or of a check's input, names the step as the journal does", async () => {
	const input = z.object({ id: z.string() });
	const inBranch = workflow(newName())
		.parallel("p", {
			branches: [
				workflow
					.branch("b")
					.task("check", { inputSchema: input, handler: () => 1 })
					.build(),
			],
		})
		.build();
	expect((await ended(await start(inBranch, {}))).error).toMatch(
		/^The input of step "p\/b\/check" is not valid/,
	);
	const polling = workflow(newName())
		.defaultRetry({ maxAttempts: 5 })
		.poll("ask", {
			inputSchema: (prev: Untyped) => prev.missing.field,
			interval: 1_000,
			check: () => ({ done: true }),
		})
		.build();
	const status = await ended(await start(polling, {}));
	expect(status.error).toMatch(/^The inputSchema of step "ask" threw: .*missing|undefined/);
	expect(status.steps).toMatchObject([{ attempts: 1 }]);
});

it.each(["input", "output"] as const)(
	"a job's %s that throws names its step, and the job is not done again",
	async (which) => {
		let jobs = 0;
		const machine = workflow(newName())
			.defaultRetry({ maxAttempts: 5 })
			.task("charge", {
				job: "pay",
				[which]: () => {
					throw new TypeError("no field");
				},
			} as never)
			.build();
		const pay = () => ++jobs;
		const status = await ended(await start(machine, null, { jobs: { pay } }));
		expect(status.error).toBe(`The ${which} of step "charge" threw: no field`);
		expect(status.errorDetails).toMatchObject({ cause: { name: "TypeError" } });
		expect(status.steps).toMatchObject([{ attempts: 1 }]);
		expect(jobs).toBe(which === "input" ? 0 : 1);
	},
);

it("a panic in a mapper is a panic, and the attempt is made again", async () => {
	let calls = 0;
	const machine = workflow(newName())
		.task("check", {
			inputSchema: () => {
				if (++calls === 1) throw new PanicError("the system is broken");
				return calls;
			},
			handler: (n) => n,
		})
		.build();
	const instance = await start(machine);
	const panicked = await instance.until("panicked");
	expect(panicked.errorDetails).toMatchObject({ cause: { message: "the system is broken" } });
	await instance.advance(5_000);
	expect((await instance.until("completed")).result).toBe(2);
});

it("what a schema's own code throws is an attempt that failed, as a handler's", async () => {
	let calls = 0;
	const validate = async (value: unknown) => {
		if (++calls === 1) throw new Error("lost");
		return { value };
	};
	const schema: Schema = { "~standard": { version: 1, vendor: "test", validate } };
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 2, intervalMs: 0 })
		.task("check", { inputSchema: schema, handler: () => "checked" })
		.build();
	const status = await ended(await start(machine, {}));
	expect(status).toMatchObject({ result: "checked", steps: [{ attempts: 2 }] });
});
