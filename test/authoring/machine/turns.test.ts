/** Polls and loops: their turns, their bounds, and that both survive evictions and crashes. */
import { describe, expect, it } from "vitest";
import { workflow } from "../../../src/library";
import { clock } from "../../support/lab";
import { hangsOnce, inFlight } from "../conformance/subject";
import { ended, newName, start, UPSETS } from "./deploy";

describe.each(Object.entries(UPSETS))("%s", (_, upset) => {
	it("a poll has its last check at its deadline", async () => {
		const times: number[] = [];
		const machine = workflow(newName())
			.poll("ask", {
				interval: 4_000,
				timeout: 10_000,
				check: () => {
					times.push(clock.now());
					return { done: false };
				},
			})
			.build();
		const status = await ended(await start(machine), upset);
		expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 4_000, 8_000, 10_000]);
		expect(status.error).toBe('The poll "ask" is not done after its timeout of 10000 ms.');
	});

	it("a poll gives up after so many checks, and what it is done with goes on", async () => {
		let checks = 0;
		const machine = (doneAt: number) =>
			workflow(newName())
				.poll("ask", {
					interval: 1_000,
					maxAttempts: 3,
					check: () => ({ done: ++checks === doneAt, result: { checks } }),
				})
				.task("after", { handler: (input) => input })
				.build();
		expect((await ended(await start(machine(3)), upset)).result).toEqual({ checks: 3 });
		checks = 0;
		const status = await ended(await start(machine(4)), upset);
		expect(status.error).toMatch(/"ask" is not done after 3 turns/);
		expect(checks).toBe(3);
	});

	it("a loop that wants more than its turns, or its time, fails", async () => {
		const looping = (bounds: { maxIterations?: number; timeout?: number }) =>
			workflow(newName())
				.task("count", { handler: (n: number) => n + 1 })
				.loop("again", { condition: () => true, target: "count", interval: 1_000, ...bounds })
				.build();
		const turns = await ended(await start(looping({ maxIterations: 2 }), 0), upset);
		expect(turns.error).toMatch(/loop "again" wants to go on after 2 turns/);
		expect(turns.steps.filter(({ name }) => name === "count").map(({ result }) => result)).toEqual([
			1, 2, 3,
		]);
		const time = await ended(await start(looping({ timeout: 3_000 }), 0), upset);
		expect(time.error).toMatch(/wants to go on after its timeout of 3000 ms/);
		expect(time.steps.filter(({ name }) => name === "count")).toHaveLength(4);
	});

	it("a loop inside a loop has its turns anew each time, and knows how many it had", async () => {
		const machine = workflow(newName())
			.task("outer", { handler: (_, ctx) => (ctx.getStepResult<number>("rounds") ?? 0) + 1 })
			.pass("rounds", { transform: (ctx) => ctx.prev })
			.task("inner", { handler: (_, ctx) => (ctx.getStepResult<number>("inner") ?? 0) + 1 })
			.loop("inner-again", {
				condition: (ctx) => ctx.steps.inner % 3 !== 0,
				target: "inner",
				interval: 10,
				maxIterations: 2,
			})
			.loop("outer-again", {
				condition: (ctx) => ctx.steps.rounds < 2,
				target: "outer",
				maxIterations: 1,
			})
			.pass("end", { transform: (ctx) => [ctx.steps.inner, ctx.steps["inner-again"]] })
			.build();
		const status = await ended(await start(machine), upset);
		expect(status.result).toEqual([6, { iterations: 2 }]);
	});
});

it("a check in flight at a crash is made again, and counts once", async () => {
	const check = hangsOnce(() => ({ done: true, result: "found" }));
	const machine = workflow(newName())
		.poll("ask", { interval: 1_000, maxAttempts: 1, check: check as never })
		.build();
	const instance = await start(machine);
	await inFlight(instance, "ask");
	await instance.crash();
	await instance.advance(10_000);
	expect((await instance.until("completed")).result).toBe("found");
});

it("a check that throws is tried again where the machine says so, within its turn", async () => {
	let calls = 0;
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 2, intervalMs: 100 })
		.poll("ask", {
			interval: 1_000,
			maxAttempts: 2,
			check: () => {
				if (++calls === 1) throw new Error("lost");
				return calls === 2 ? { done: false } : { done: true, result: calls };
			},
		})
		.build();
	const status = await ended(await start(machine));
	expect(status.result).toBe(3);
	expect(status.steps.map(({ key, attempts }) => [key, attempts])).toEqual([
		["ask", 2],
		["ask/interval", 0],
		["ask#2", 1],
	]);
});

it("what a check returns that is no answer is an error that says so", async () => {
	const machine = workflow(newName())
		.defaultRetry({ maxAttempts: 3 })
		.poll("ask", { interval: 1_000, check: () => undefined as never })
		.build();
	const status = await ended(await start(machine));
	expect(status.error).toMatch(/check of "ask" is to return \{ done: false \}.*received undefined/);
});

it("a wait gives its event's payload, in a branch too", async () => {
	const machine = workflow(newName())
		.parallel("both", {
			branches: [
				workflow.branch("a").wait("approval", { timeout: "1h" }).build(),
				workflow.branch("b").wait("other", { event: "approval" }).build(),
			],
		})
		.build();
	const instance = await start(machine);
	await instance.until("waiting");
	await instance.event("approval", { ok: true });
	await instance.evict();
	await instance.event("approval", { ok: false });
	expect((await instance.until("completed")).result).toEqual({ a: { ok: true }, b: { ok: false } });
});
