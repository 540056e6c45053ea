/** A deploy that does not fit the journal stops the instance for repair (G7). */
import { expect } from "vitest";
import type { WorkflowStatus } from "../../../src/model/status";
import { TestInstance } from "../../support/instance";
import { clock, programs } from "../../support/lab";
import { attempt, between, type Declares, type Flow, sleep, step } from "./style";
import { type Behaviours, MINUTE, SECOND, type Subject, sleepOver, witness } from "./subject";

const { calls, step: noted } = witness();
const FITTING = [noted("charge"), sleep("nap", "1s"), noted("ship", () => "shipped")];

/** Runs the fitting flow until it sleeps, deploys another, and wakes the instance. */
async function redeploy(subject: Subject, flow: Flow, declares: Declares = {}) {
	const type = subject.deploy(FITTING, declares);
	const instance = await TestInstance.create(type);
	await instance.until("sleeping");
	subject.deploy(flow, declares, type);
	calls.length = 0;
	await sleepOver(instance, SECOND);
	return instance;
}

/** Once the replay has had its time to ask for what is recorded. */
function inTime(instance: TestInstance, wanted: WorkflowStatus) {
	return instance.until(({ status }) => {
		clock.advance(100);
		return status === wanted;
	});
}

/** Deploys what fits and resumes: it goes on as if nothing had been. */
async function repair(subject: Subject, instance: TestInstance): Promise<void> {
	const { type } = await instance.status();
	subject.deploy(FITTING, {}, type);
	await instance.control("resume");
	const done = { result: "shipped", reason: null, error: null };
	expect(await instance.until("completed")).toMatchObject(done);
	expect(calls).toEqual(["ship"]);
}

export const determinism: Behaviours = {
	"another kind of step under a recorded name pauses, and a fitting deploy goes on": async (
		subject,
	) => {
		const instance = await redeploy(subject, [sleep("charge", "1s"), noted("other")]);
		const { reason, errorDetails } = await instance.until("paused");
		expect(reason).toMatch(/^NON_DETERMINISM: .*"charge".*"do".*"sleep"/);
		expect(errorDetails).toMatchObject({ name: "NonDeterminismError" });
		expect(calls).toEqual([]);
		await repair(subject, instance);
	},

	"a program hears nothing of that: neither its recovery nor its cleanup runs": async (subject) => {
		const note = between(() => void calls.push("heard"));
		const other = attempt([sleep("charge", "1s")], { recover: [note], cleanup: [note] });
		const instance = await redeploy(subject, [other]);
		await instance.until("paused");
		expect(calls).toEqual([]);
		await repair(subject, instance);
	},

	"an end without a recorded step pauses, and a fitting deploy goes on": async (subject) => {
		const instance = await redeploy(subject, [noted("charge")]);
		const { reason, result } = await inTime(instance, "paused");
		expect(reason).toMatch(/^NON_DETERMINISM: .*"nap".*ended without asking/);
		expect(result).toBeNull();
		await repair(subject, instance);
	},

	"a new step before a recorded one pauses, and has not been called or recorded": async (
		subject,
	) => {
		const instance = await redeploy(subject, [noted("new"), ...FITTING]);
		const { reason, steps } = await inTime(instance, "paused");
		expect(reason).toMatch(/"charge".*parked without asking/);
		expect(steps.map(({ name }) => name)).toEqual(["charge", "nap"]);
		expect(calls).toEqual([]);
		await repair(subject, instance);
	},

	"a new step after the recorded ones fits": async (subject) => {
		const [charge, nap] = FITTING as [Flow[0], Flow[0]];
		const instance = await redeploy(subject, [charge, nap, noted("new"), noted("pack")]);
		expect((await instance.until("completed")).result).toBe("pack");
		expect(calls).toEqual(["new", "pack"]);
	},

	"a type may ask for an error in place of the pause": async (subject) => {
		const declares = { onNonDeterminism: "fail" } as const;
		const instance = await redeploy(subject, [], declares);
		expect((await inTime(instance, "errored")).errorDetails).toMatchObject({
			code: "NON_DETERMINISM",
		});
	},

	"an instance whose type is gone pauses, and goes on by itself when it is back": async (
		subject,
	) => {
		const flow = [sleep("nap", "1s"), step("after", () => "back")];
		const type = subject.deploy(flow);
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		programs.delete(type);
		await sleepOver(instance, SECOND);
		expect((await instance.until("paused")).reason).toMatch(/^TYPE_NOT_REGISTERED: /);
		subject.deploy(flow, {}, type);
		await instance.advance(MINUTE);
		expect((await instance.until("completed")).result).toBe("back");
	},
};
