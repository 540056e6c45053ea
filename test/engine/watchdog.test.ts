/** What is told of passes that were lost with their isolate. */
import { describe, expect, it } from "vitest";
import { followInstance, restartInstance } from "../../src/client/runner-client";
import { LIMITS } from "../../src/model/limits";
import { panicPolicy } from "../../src/model/panic";
import { Follower } from "../support/follower";
import { runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { Listener, quiet } from "../support/receivers";

const WATCHDOG = ["workflow.watchdog.stale", "workflow.watchdog.killed"];
const stale = (strikes: number) => ["workflow.watchdog.stale", strikes];
const killed = (strikes: number) => ["workflow.watchdog.killed", strikes];

/** Instances whose one step takes the isolate along, `deaths` times. */
async function deadly(deaths: number, maxRestartAttempts = 0) {
	const listener = new Listener();
	let calls = 0;
	const type = define(
		(step) => step.do("killer", () => (++calls <= deaths ? new Promise(() => {}) : "survived")),
		{
			handlers: [listener.handler(WATCHDOG)],
			panic: panicPolicy({ maxRestartAttempts, restartDelay: "1s" }),
		},
	);
	const instance = await TestInstance.create(type);
	while (calls <= deaths) {
		const before = calls;
		while (calls === before) {
			const at = await instance.alarmAt();
			if (at === null) break;
			await instance.advance(at - clock.now());
		}
		const { status } = await instance.status();
		if (status === "errored" || status === "completed") break;
		if (calls <= deaths) await instance.crash();
	}
	const told = () => listener.heard.map(({ name, data }) => [name, data.strikes]);
	return { instance, listener, told };
}

async function streamed({ id }: TestInstance) {
	const stream = await followInstance(runners, id, { events: WATCHDOG });
	if (stream === null) throw new Error("there is nothing to come");
	const told = await new Follower(stream).until();
	return told.map(({ event, data }) => [event, data.strikes]);
}

describe("the watchdog", () => {
	it("says of each lost pass how many were lost in a row, and of the last that it was given up", async () => {
		const { instance, listener, told } = await deadly(LIMITS.strikes + 1);
		await instance.until("errored");
		await quiet(instance);
		const strikes = Array.from({ length: LIMITS.strikes }, (_, index) => index + 1);
		expect(told()).toEqual([...strikes.map(stale), killed(LIMITS.strikes)]);
		expect(listener.heard.at(-1)?.data).toEqual({
			instanceId: instance.id,
			workflowName: expect.any(String),
			strikes: LIMITS.strikes,
			error: expect.stringContaining(`${LIMITS.strikes} passes in a row`),
		});
		expect(await streamed(instance)).toEqual(told());
	});

	it("says so again after each restart of a panicked instance", async () => {
		const { instance, told } = await deadly(LIMITS.strikes + 2, 1);
		await instance.until("errored");
		await quiet(instance);
		expect(told().slice(-4)).toEqual([
			stale(LIMITS.strikes),
			killed(LIMITS.strikes),
			stale(LIMITS.strikes + 1),
			killed(LIMITS.strikes + 1),
		]);
	});

	it("says nothing of a lost pass that had recorded something", async () => {
		const listener = new Listener();
		let calls = 0;
		const type = define(
			async (step) => {
				await step.do("recorded", () => 1);
				return step.do("killer", () => (++calls === 1 ? new Promise(() => {}) : "survived"));
			},
			{ handlers: [listener.handler(WATCHDOG)] },
		);
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.some(({ name }) => name === "killer"));
		await instance.crash();
		await instance.advance(5_000);
		await instance.until("completed");
		await quiet(instance);
		expect(listener.heard).toEqual([]);
	});

	it("says of another run only what is that run's", async () => {
		const { instance, told } = await deadly(1);
		await instance.until("completed");
		await quiet(instance);
		expect(told()).toEqual([stale(1)]);
		await restartInstance(runners, instance.id);
		await instance.until("completed");
		await quiet(instance);
		expect(told()).toEqual([stale(1)]);
		expect(await streamed(instance)).toEqual([]);
	});
});
