/** Schedules and bulk jobs through `kill -9` of the whole service. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AuditView, ScheduleDetails } from "../../src/library";
import type { BulkJob } from "../../src/model/bulk";
import type { TypeListing } from "../../src/model/http";
import { poll } from "./poll";
import { Service } from "./service";
import { Witness } from "./witness";

let service: Service;
let witness: Witness;

beforeAll(async () => {
	witness = await Witness.start(() => "accept");
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

async function idsOf(status: string): Promise<string[]> {
	const path = `/workflows?type=errand&limit=1000&status=${status}`;
	const { body } = await service.get<TypeListing>(path);
	return body.instances.map(({ id }) => id);
}

it("a schedule of every second goes on by itself, and starts no time twice and none never", async () => {
	const payload = { witness: witness.url, between: "nothing" };
	const cron = "* * * * * *";
	const made = await service.post<ScheduleDetails>("/schedules", {
		type: "errand",
		name: "each-second",
		cron,
		payload,
		overlap: "allow",
	});
	expect(made.status).toBe(201);
	const path = `/schedules/${made.body.id}`;
	const started = () =>
		new Set(witness.calls.map(({ key }) => key).filter((key) => key.endsWith("/after"))).size;
	const startedMore = async (count: number) => {
		const wanted = started() + count;
		await poll(
			() => `${wanted} instances of the schedule; there are ${started()}`,
			() => started() >= wanted || undefined,
		);
	};
	await startedMore(3);
	await service.kill9();
	await service.restart();
	// It has been sent no request.
	await startedMore(3);
	await service.post(`${path}/pause`);
	const { runs, missed, createdAt } = (await service.get<ScheduleDetails>(path)).body;
	const ids = await poll(
		() => "all instances to complete",
		async () => {
			const completed = await idsOf("completed");
			return (await idsOf("running")).length === 0 && completed.length >= 6 ? completed : undefined;
		},
	);
	const seconds = new Set(ids.map((id) => id.split(":")[2]));
	expect(seconds.size).toBe(ids.length);
	// Each second since the first is one that was started, or one that was missed.
	const first = Math.floor(createdAt / 1_000) + 1;
	const last = Math.floor((runs[0]?.scheduledAt ?? 0) / 1_000);
	expect(ids.length + missed).toBe(last - first + 1);
	for (const id of ids) {
		// Once, unless the kill fell between the effect and its row.
		expect(witness.attempts(`${id}/before`).length).toBeLessThanOrEqual(2);
	}
});

it("a bulk job that is killed in the middle of a page changes each instance once", async () => {
	const ids = Array.from({ length: 150 }, (_, n) => `bulk-${n}`);
	const payload = { witness: witness.url, between: "event" };
	for (const half of [ids.slice(0, 75), ids.slice(75)]) {
		const items = half.map((id) => ({ type: "errand", id, payload }));
		expect((await service.post("/workflows/batch", { items })).status).toBe(200);
	}
	await poll(
		() => "all to wait",
		async () => (await idsOf("waiting")).length === ids.length || undefined,
	);
	const { status, body: begun } = await service.post<BulkJob>("/workflows/bulk", {
		action: "send-event",
		filter: { type: "errand", status: "waiting" },
		event: { name: "go" },
	});
	expect(status).toBe(202);
	const done = () => ids.filter((id) => witness.attempts(`${id}/after`).length > 0).length;
	await poll(
		() => `some to go on; ${done()} did`,
		() => done() >= 20 || undefined,
	);
	await service.kill9();
	expect(done()).toBeLessThan(ids.length);
	await service.restart();
	await poll(
		() => `all to go on; ${done()} did`,
		() => done() === ids.length || undefined,
	);
	const job = await poll(
		() => "the end of the job",
		async () => {
			const { body } = await service.get<BulkJob>(`/bulk/${begun.id}`);
			return body.status === "completed" ? body : undefined;
		},
	);
	expect(job).toMatchObject({ matched: 150, succeeded: 150, skipped: 0, failed: 0 });
	for (const id of ids) {
		const { body } = await service.get<{ audit: AuditView[] }>(`/workflows/${id}?include=audit`);
		const events = body.audit.filter(({ action }) => action === "event");
		expect(events).toMatchObject([{ actor: `bulk:${job.id}`, key: job.id }]);
	}
});
