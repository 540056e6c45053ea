/** What is wrong with a machine is said when it is written or built, and names the step. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { toProgram } from "../../../src/engine/program";
import { type MachineOptions, type Untyped, workflow } from "../../../src/library";

/** As a JavaScript user writes it: the compiler is not asked. */
const untyped = (name = "m", options: MachineOptions = {}) => workflow(name, options) as Untyped;
const handler = () => 1;
const yes = () => true;

const FAULTS: [fault: RegExp, write: () => unknown][] = [
	[/machine "m" has no steps/, () => untyped().build()],
	[/branch "b" has no steps/, () => (workflow.branch("b") as Untyped).build()],
	[/step "a" is there twice/, () => untyped().task("a", { handler }).pass("a").build()],
	[
		/step "a" leads to "nowhere", which is no step of it. Its steps: a/,
		() => untyped().task("a", { handler, next: "nowhere" }).build(),
	],
	[
		/step "c" leads to "x"/,
		() =>
			untyped()
				.choice("c", { choices: [{ condition: yes, next: "x" }], default: "d" })
				.pass("d")
				.build(),
	],
	[
		/step "b" is never reached/,
		() => untyped().task("a", { handler, end: true }).pass("b").build(),
	],
	[
		/step "b" is never reached/,
		() => untyped().pass("a", { next: "c" }).pass("b").pass("c").build(),
	],
	[
		/step "b" leads back to "a" without a bound.*\.loop\(/,
		() => untyped().pass("a").pass("b", { next: "a" }).build(),
	],
	[/step "a" leads back to "a"/, () => untyped().pass("a", { next: "a" }).build()],
	[
		/branch "b": the step "y" leads back to "x"/,
		() => (workflow.branch("b") as Untyped).pass("x").pass("y", { next: "x" }).build(),
	],
	[
		/step "l" has the target "later": a loop goes back/,
		() =>
			untyped()
				.pass("a")
				.loop("l", { condition: yes, target: "later", maxIterations: 1 })
				.pass("later")
				.build(),
	],
	[
		/loop "l": a loop without a bound/,
		() => untyped().pass("a").loop("l", { condition: yes, target: "a" }),
	],
	[
		/task "a": it ends, and goes on with "b"/,
		() => untyped().task("a", { handler, next: "b", end: true }),
	],
	[/task "a": handler is a function; received undefined/, () => untyped().task("a", {})],
	[/task "a".*do not go with job/, () => untyped().task("a", { job: "j", handler })],
	[/task "a".*go with job/, () => untyped().task("a", { handler, input: yes })],
	[
		/task "a" expects options with .* received "retries"/,
		() => untyped().task("a", { handler, retries: 3 }),
	],
	[
		/retry of task "a" expects options .* received "limit"/,
		() => untyped().task("a", { handler, retry: { limit: 3 } }),
	],
	[
		/retries\.limit: expected a whole number/,
		() => untyped().task("a", { handler, retry: { maxAttempts: 0 } }),
	],
	[/timeout of task "a" -1 is not a duration/, () => untyped().task("a", { handler, timeout: -1 })],
	[/outputSchema is a Standard Schema/, () => untyped().task("a", { handler, outputSchema: {} })],
	[
		/inputSchema, where it is no schema, is a function/,
		() => untyped().task("a", { handler, inputSchema: 1 }),
	],
	[/a name has no "\/"/, () => untyped().task("a/b", { handler })],
	[/journal uses for repeated names/, () => untyped().task("a#2", { handler })],
	[/A branch's name is/, () => workflow.branch("a/b")],
	[/branches is a list of at least one/, () => untyped().parallel("p", { branches: [] })],
	[
		/a branch is what workflow\.branch/,
		() => untyped().parallel("p", { branches: [workflow.branch("b")] }),
	],
	[
		/two of its branches have the name "b"/,
		() => {
			const branch = workflow.branch("b").pass("x").build();
			return untyped().parallel("p", { branches: [branch, branch] });
		},
	],
	[
		/onError is "fail-fast" or "wait-all"; received never/,
		() =>
			untyped().parallel("p", {
				branches: [workflow.branch("b").pass("x").build()],
				onError: "never",
			}),
	],
	[/choice "c": it has nothing to choose from/, () => untyped().choice("c", { choices: [] })],
	[
		/choices\[0\]\.condition is a function/,
		() => untyped().choice("c", { choices: [{ next: "x" }] }),
	],
	[/a transform and a result/, () => untyped().pass("p", { transform: yes, result: 1 })],
	[/interval of poll "p" undefined is not a duration/, () => untyped().poll("p", { check: yes })],
	[
		/maxAttempts of poll "p" is a whole number from 1/,
		() => untyped().poll("p", { check: yes, interval: 1, maxAttempts: 0 }),
	],
	[/sleep "s": give it either duration or until/, () => untyped().sleep("s", {})],
	[/timeout "soon" is not a duration/, () => untyped().pass("a").timeout("soon").build()],
	[
		/machine "m": input is no Standard Schema/,
		() =>
			untyped("m", { input: {} as never })
				.pass("a")
				.build(),
	],
	[/A type's name is/, () => untyped("no name").pass("a").build()],
	[
		/step's name is a well-formed string of 1 to 256/,
		() => {
			const branch = workflow.branch("b".repeat(200)).pass("x").build();
			return untyped()
				.parallel("p".repeat(60), { branches: [branch] })
				.build();
		},
	],
];

describe("a machine", () => {
	it.each(FAULTS)("is refused: %s", (fault, write) => {
		expect(write).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
		expect(write).toThrow(fault);
	});

	it("goes on with the next step that is written, and ends with the last", () => {
		const machine = workflow("m").pass("a").pass("b").build();
		expect(machine[toProgram]().graph).toEqual({
			nodes: [
				{ id: "a", kind: "pass", label: "a" },
				{ id: "b", kind: "pass", label: "b" },
			],
			edges: [{ from: "a", to: "b" }],
		});
	});

	it("as a graph leads into branches, out of their ends, and back by its loops", () => {
		const machine = workflow("m")
			.task("a", { handler })
			.parallel("p", {
				branches: [
					workflow
						.branch("l")
						.choice("c", { choices: [{ condition: yes, next: "x" }], default: "y" })
						.pass("x", { end: true })
						.pass("y")
						.build(),
					workflow.branch("r").task("j", { job: "j" }).build(),
				],
			})
			.loop("again", { condition: yes, target: "a", maxIterations: 2, next: "z" })
			.end("z")
			.build();
		const { nodes = [], edges } = machine[toProgram]().graph ?? {};
		expect(nodes.map(({ id, kind }) => [id, kind])).toEqual([
			["a", "task"],
			["p", "parallel"],
			["p/l/c", "choice"],
			["p/l/x", "pass"],
			["p/l/y", "pass"],
			["p/r/j", "task"],
			["again", "loop"],
			["z", "pass"],
		]);
		expect(edges).toEqual([
			{ from: "a", to: "p" },
			{ from: "p", to: "p/l/c", label: "l" },
			{ from: "p/l/c", to: "p/l/x", label: "1" },
			{ from: "p/l/c", to: "p/l/y", label: "default" },
			{ from: "p", to: "p/r/j", label: "r" },
			{ from: "p/l/x", to: "again" },
			{ from: "p/l/y", to: "again" },
			{ from: "p/r/j", to: "again" },
			{ from: "again", to: "a", label: "again", isBack: true },
			{ from: "again", to: "z" },
		]);
	});

	it("declares what any type can, and its retries and timeout by its builder", () => {
		const program = workflow("m", {
			version: "2",
			input: z.string(),
			stepTimeout: "5s",
			concurrency: { limit: 3 },
			tags: ["shop"],
		})
			.timeout(3_600_000)
			.defaultRetry({ maxAttempts: 4, intervalMs: 5, backoffRate: 3, maxIntervalMs: 7 })
			.isolated(false)
			.pass("a")
			.build()
			[toProgram]();
		expect(program).toMatchObject({
			version: "2",
			timeoutMs: 3_600_000,
			stepTimeoutMs: 5_000,
			retry: { limit: 4, delayMs: 5, backoff: "exponential", factor: 3, maxDelayMs: 7 },
			concurrency: { limit: 3 },
			about: { tags: ["shop"] },
			isInline: true,
		});
		expect(workflow("m").pass("a").build()[toProgram]()).toMatchObject({
			retry: { limit: 1, delayMs: 1_000, factor: 2, maxDelayMs: 30_000 },
			isInline: false,
		});
	});
});
