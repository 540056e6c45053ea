/** A graph that starts instances of other types, and waits for their ends. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { serviceChildren } from "../../../src/authoring/graph/children";
import type { Children } from "../../../src/authoring/graph/control";
import type { Json } from "../../../src/authoring/graph/definition";
import { restartInstance } from "../../../src/client/runner-client";
import { runners, TestInstance } from "../../support/instance";
import { define } from "../../support/lab";
import { ended, start } from "./deploy";

/** Children of the service, noted. */
function noted() {
	const started: Parameters<Children["start"]>[0][] = [];
	const children: Children = {
		async start(child) {
			started.push(child);
			await serviceChildren.start(child);
		},
	};
	return { started, children };
}

async function parentOf(
	config: { [key: string]: Json },
	more: Json[] = [],
	payload: unknown = null,
) {
	const { started, children } = noted();
	const { instance } = await start([{ "sub-workflow": config }, ...more], payload, { children });
	return { started, instance };
}

describe("a sub-workflow", () => {
	it("is given its payload, and its end is the output, over crashes of the parent", async () => {
		expect(env).toHaveProperty("WORKFLOW_RUNNER");
		const type = define(async (step, payload) => {
			await step.sleep("nap", "1h");
			return { doubled: 2 * (payload as { n: number }).n };
		});
		const { started, instance } = await parentOf(
			{ type, payload: { n: "{{ input.n }}" } },
			[{ log: "{{ `sub-workflow_output`.result.doubled }}" }, { delay: "1s" }],
			{ n: 21 },
		);
		await instance.until("waiting");
		expect(started).toEqual([
			{
				type,
				payload: { n: 21 },
				id: expect.any(String),
				parent: { id: instance.id, event: expect.any(String) },
			},
		]);
		await instance.crash();
		const child = new TestInstance(started[0]?.id ?? "");
		await child.until("sleeping");
		await child.advance(3_600_000);
		await child.until("completed");
		const { result, steps } = await ended(instance, (each) => each.crash());
		expect(started).toHaveLength(1);
		expect(result).toEqual({
			"sub-workflow_output": { status: "completed", result: { doubled: 42 } },
		});
		expect(steps.map(({ key, type: kind }) => [key, kind])).toEqual([
			["0/sub-workflow/start", "do"],
			["0/sub-workflow", "wait_for_event"],
			["1/log", "do"],
			["2/delay", "sleep"],
		]);
		expect(await instance.sql("SELECT message FROM logs")).toEqual([{ message: "42" }]);
	});

	it("that has failed goes by failure, and without that route is the place's error", async () => {
		const type = define(() => {
			throw new Error("no luck");
		});
		const routed = await parentOf({ type, "failure?": [{ log: "x" }] });
		expect((await ended(routed.instance)).result).toMatchObject({
			"sub-workflow_output": { status: "errored", error: { message: "no luck" } },
		});
		const plain = await parentOf({ type });
		expect((await ended(plain.instance)).errorDetails).toMatchObject({
			code: "CHILD_FAILED",
			message: expect.stringMatching(/^The sub-workflow ".*" is errored: no luck\.$/),
		});
		const caught = await parentOf({ type, "error?": [{ log: "x" }] });
		expect((await ended(caught.instance)).result).toMatchObject({
			error: { code: "CHILD_FAILED", node: "sub-workflow" },
		});
	});

	it("need not be waited for", async () => {
		const type = define((step) => step.waitForEvent("go"));
		const { started, instance } = await parentOf({ type, wait: false });
		const { result } = await ended(instance);
		expect(result).toEqual({ "sub-workflow_output": { id: started[0]?.id } });
		expect(started[0]?.parent).toBeNull();
	});

	it("is waited for as long as its timeout says", async () => {
		const type = define((step) => step.waitForEvent("go"));
		const { instance } = await parentOf({
			type,
			timeout: "1h",
			"timeout?": [{ "set-state": { values: { late: true } } }],
		});
		await instance.until("waiting");
		expect((await ended(instance, (each) => each.evict())).result).toEqual({ late: true });
	});

	it("of a type that there is not fails the place, without another attempt", async () => {
		const { started, instance } = await parentOf({ type: "no-such-type" });
		const { errorDetails } = await instance.until("errored");
		expect(errorDetails).toMatchObject({ code: "UNKNOWN_TYPE" });
		expect(started).toHaveLength(1);
	});

	it("is another one in each turn, and in each branch", async () => {
		const type = define(async (_, payload) => payload);
		const { started, children } = noted();
		const call = () => ({ "sub-workflow": { type, payload: "{{ loop_output.item }}" } });
		const { instance } = await start(
			[{ loop: { over: [1, 2], "loop?": [{ parallel: { "a?": [call()], "b?": [call()] } }] } }],
			null,
			{ children },
		);
		await ended(instance);
		expect(new Set(started.map(({ id }) => id)).size).toBe(4);
		expect(new Set(started.map(({ parent }) => parent?.event)).size).toBe(4);
		expect(started.map(({ payload }) => payload)).toEqual([1, 1, 2, 2]);
	});

	it.each([
		["the top", undefined],
		["its place", "0/sub-workflow"],
		["its start", "0/sub-workflow/start"],
	])("is another one when its parent restarts from %s", async (_, from) => {
		let isFine = false;
		const type = define(async () => {
			if (!isFine) throw new Error("no luck");
			return "fine";
		});
		const { started, instance } = await parentOf({ type, "error?": { fail: "It has failed." } });
		expect((await ended(instance)).status).toBe("errored");
		isFine = true;
		await restartInstance(runners, instance.id, { from });
		await instance.crash();
		expect(await ended(instance)).toMatchObject({
			...{ status: "completed", run: 2 },
			result: { "sub-workflow_output": { status: "completed", result: "fine" } },
		});
		expect(new Set(started.map(({ id }) => id)).size).toBe(2);
	});

	it("stays what it is when its parent restarts from behind it", async () => {
		const type = define(async () => "fine");
		const { started, instance } = await parentOf({ type }, [{ fail: "It has failed." }]);
		await ended(instance);
		await restartInstance(runners, instance.id, { from: "1/fail" });
		expect((await ended(instance)).status).toBe("errored");
		expect(started).toHaveLength(1);
	});

	it("fails where the service starts none", async () => {
		const { instance } = await start([{ "sub-workflow": "any" }]);
		expect((await instance.until("errored")).error).toMatch(/starts no instances/);
	});
});
