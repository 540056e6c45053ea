/** A bulk job over real instances. What it does at each death: test/simulation. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { describeBulk, startBulk } from "../../src/client/bulk";
import { createInstance } from "../../src/client/create-instance";
import type { BulkAction, BulkJob } from "../../src/model/bulk";
import { jobName } from "../../src/model/ids";
import { inPool } from "../../src/model/pool";
import type { WorkflowStatus } from "../../src/model/status";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";

/** More than a page. */
const COUNT = 120;

/** Instances that wait for `go`, and are listed so. */
async function waiting(): Promise<{ type: string; ids: string[] }> {
	const type = define(async (step) => step.waitForEvent("go"));
	const ids = Array.from({ length: COUNT }, (_, n) => `${type}-${n}`);
	await inPool(ids, 10, (id) => createInstance(runners, { type, id, payload: null }));
	await allListed(type, "waiting");
	clock.advance(1);
	return { type, ids };
}

async function allListed(type: string, status: WorkflowStatus): Promise<void> {
	const seen = async () => (await listed(type, { status })).length;
	await expect.poll(seen, { timeout: 10_000 }).toBe(COUNT);
}

class TestJob {
	readonly object: TestInstance;

	private constructor(readonly id: string) {
		this.object = new TestInstance(jobName(id));
	}

	static async start(action: BulkAction, type: string): Promise<TestJob> {
		const event = action === "send-event" ? { name: "go", payload: { n: 1 } } : undefined;
		const by = { actor: "tester" };
		const job = await startBulk(runners, { action, types: [type], filter: {}, event, by });
		return new TestJob(job.id);
	}

	show(): Promise<BulkJob> {
		return describeBulk(runners, this.id);
	}

	/** Fires its alarm at its time, and waits until it is through. */
	async wake(): Promise<void> {
		clock.advance(Math.max(0, ((await this.object.alarmAt()) ?? 0) - clock.now()));
		await runInDurableObject(this.object.stub, async (object, { storage }) => {
			await storage.deleteAlarm();
			await object.alarm?.();
		});
	}
}

describe("a bulk job", () => {
	it("changes more instances than a page has, a page for each alarm", async () => {
		const { type } = await waiting();
		const job = await TestJob.start("terminate", type);
		const matched: number[] = [];
		for (let page = 0; page < 2; page++) {
			await job.wake();
			matched.push((await job.show()).matched);
			await job.object.evict();
		}
		expect(matched).toEqual([100, 120]);
		expect(await job.show()).toMatchObject({ status: "completed", succeeded: COUNT, skipped: 0 });
		await allListed(type, "terminated");
	});

	it("whose object dies in the middle of a page sends each instance its event once", async () => {
		const { type, ids } = await waiting();
		const job = await TestJob.start("send-event", type);
		const woken = job.wake().catch(() => {});
		const [first = ""] = ids;
		await new TestInstance(first).until("completed");
		await job.object.crash();
		await woken;
		expect((await job.show()).matched).toBe(0);
		while ((await job.show()).status === "running") await job.wake();
		expect(await job.show()).toMatchObject({ matched: COUNT, succeeded: COUNT, failed: 0 });
		await allListed(type, "completed");
		for (const id of ids) {
			const rows = await new TestInstance(id).sql("SELECT event, key FROM events");
			expect(rows).toEqual([{ event: "go", key: job.id }]);
		}
	});
});
