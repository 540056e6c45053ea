/** Branches: what they know, and what an error of one does to the others, live and on replay. */
import { expect, it } from "vitest";
import { type MachineContext, workflow } from "../../../src/library";
import { gate } from "../../support/instance";
import { inFlight, turns } from "../conformance/subject";
import { ended, newName, start, UPSETS } from "./deploy";

const fails = (message: string) => () => {
	throw new Error(message);
};

/** A branch that is in flight until it is aborted, or told to end. */
function held() {
	const { promise, resolve } = gate<string>();
	const aborted: string[] = [];
	const handler = (_: unknown, { signal }: MachineContext) => {
		signal.addEventListener("abort", () => aborted.push(String(signal.reason)));
		return promise;
	};
	return { handler, resolve, aborted };
}

it("a branch knows the outputs before it and its own, and begins with what led to it", async () => {
	const machine = workflow(newName())
		.task("before", { handler: () => "b" })
		.parallel("both", {
			branches: [
				workflow
					.branch("one")
					.task("first", { handler: (input, ctx) => [input, ctx.prev, ctx.input] })
					.task("second", { handler: (_, ctx) => ctx.steps })
					.build(),
				workflow.branch("two").pass("first").build(),
			],
		})
		.task("after", { handler: (input, ctx) => [input, Object.keys(ctx.steps)] })
		.build();
	expect((await ended(await start(machine, "i"))).result).toEqual([
		{ one: { before: "b", first: ["b", "b", "i"] }, two: "b" },
		["before", "both"],
	]);
});

it("the first branch that fails aborts the others, and their later steps do not start", async () => {
	const slow = held();
	const late = held();
	const bad = gate();
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 3, intervalMs: 0 })
		.parallel("keep", {
			onError: "wait-all",
			branches: [
				workflow
					.branch("inner")
					.parallel("race", {
						branches: [
							workflow
								.branch("slow")
								.task("work", { handler: slow.handler })
								.task("never", { handler: () => "never" })
								.build(),
							workflow
								.branch("bad")
								.task("fail", {
									handler: () => bad.promise.then(fails("no")),
									retry: { maxAttempts: 1 },
								})
								.build(),
						],
					})
					.build(),
				workflow.branch("outer").task("late", { handler: late.handler }).build(),
			],
		})
		.build();
	const instance = await start(machine);
	const [work, fail, last] = [
		"keep/inner/race/slow/work",
		"keep/inner/race/bad/fail",
		"keep/outer/late",
	];
	await inFlight(instance, work, fail, last);
	bad.resolve();
	await inFlight(instance, work, last);
	await expect.poll(() => slow.aborted).toEqual(['Error: the branch "bad" of "race" has failed']);
	expect(late.aborted).toEqual([]);
	slow.resolve("done all the same");
	await inFlight(instance, last);
	await turns();
	late.resolve("late");
	const status = await instance.until("errored");
	expect(status.error).toBe('1 of 2 branches of "keep" failed. inner: no');
	expect(status.steps.map(({ name, status }) => [name, status])).toEqual([
		[work, "completed"],
		[fail, "failed"],
		[last, "completed"],
	]);
});

it("a branch that was stopped is not tried again, and a replay takes the same way", async () => {
	const calls: string[] = [];
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 3, intervalMs: 1_000 })
		.parallel("keep", {
			onError: "wait-all",
			branches: [
				workflow
					.branch("inner")
					.parallel("race", {
						branches: [
							workflow
								.branch("retrying")
								.task("work", {
									handler: () => {
										calls.push("work");
										throw new Error("busy");
									},
								})
								.build(),
							workflow
								.branch("bad")
								.task("fail", { handler: fails("no"), retry: { maxAttempts: 1 } })
								.build(),
						],
					})
					.build(),
				workflow
					.branch("outer")
					.sleep("nap", { duration: 10_000 })
					.task("end", { handler: () => calls.push("end") })
					.build(),
			],
		})
		.build();
	for (const [how, upset] of Object.entries(UPSETS)) {
		calls.length = 0;
		const status = await ended(await start(machine), upset);
		expect({ how, calls, error: status.error }).toEqual({
			how,
			calls: ["work", "end"],
			error: '1 of 2 branches of "keep" failed. inner: no',
		});
	}
});

it.each(Object.entries(UPSETS))(
	"%s: wait-all gives one error with all branches' errors",
	async (_, upset) => {
		const machine = workflow(newName())
			.parallel("all", {
				onError: "wait-all",
				branches: [
					workflow
						.branch("a")
						.task("x", { handler: fails("first") })
						.build(),
					workflow
						.branch("b")
						.sleep("nap", { duration: "1h" })
						.task("x", { handler: () => "fine" })
						.build(),
					workflow
						.branch("c")
						.sleep("nap", { duration: "2h" })
						.task("x", { handler: fails("last") })
						.build(),
				],
			})
			.build();
		const status = await ended(await start(machine), upset);
		expect(status.error).toBe('2 of 3 branches of "all" failed. a: first; c: last');
		expect(status.errorDetails).toMatchObject({
			name: "AggregateError",
			errors: [{ message: "first" }, { message: "last" }],
			fields: { branches: ["a", "c"] },
		});
		expect(status.steps.filter(({ name }) => name === "all/b/x")).toMatchObject([
			{ result: "fine" },
		]);
	},
);

it("what a branch has completed before a crash is not called again", async () => {
	const calls: string[] = [];
	const handler = (name: string) => () => {
		calls.push(name);
		return name === "hangs" && calls.length < 4 ? new Promise<string>(() => {}) : name;
	};
	const machine = workflow(newName())
		.parallel("p", {
			branches: [
				workflow
					.branch("l")
					.task("one", { handler: handler("one") })
					.build(),
				workflow
					.branch("r")
					.task("two", { handler: handler("two") })
					.task("hangs", { handler: handler("hangs") })
					.build(),
			],
		})
		.build();
	const instance = await start(machine);
	await inFlight(instance, "p/r/hangs");
	await instance.crash();
	await instance.advance(10_000);
	expect((await instance.until("completed")).result).toEqual({ l: "one", r: "hangs" });
	expect(calls).toEqual(["one", "two", "hangs", "hangs"]);
});

it("a terminated instance aborts what its branches do", async () => {
	const slow = held();
	const machine = workflow(newName())
		.parallel("p", {
			branches: [workflow.branch("b").task("work", { handler: slow.handler }).build()],
		})
		.build();
	const instance = await start(machine);
	await inFlight(instance, "p/b/work");
	await instance.control("terminate");
	expect(slow.aborted).toEqual(["Error: the instance is terminated"]);
});
