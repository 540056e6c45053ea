/** Schedules and bulk jobs through `kill -9` of the whole service. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ScheduleDetails, WorkflowStatusResponse } from "../../src/library";
import type { BulkJob } from "../../src/model/bulk";
import type { TypeListing } from "../../src/model/http";
import { poll } from "./poll";
import { Service } from "./service";
import { Witness } from "./witness";

let service: Service;
let witness: Witness;

/** Instances that the witness lets take their event. */
let accepted = Number.POSITIVE_INFINITY;

beforeAll(async () => {
	witness = await Witness.start(({ key, nth }) =>
		key === "check" && nth > accepted ? "hold" : "accept",
	);
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

async function idsOf(type: string, status: string): Promise<string[]> {
	const path = `/workflows?type=${type}&limit=1000&status=${status}`;
	const { body } = await service.get<TypeListing>(path);
	return body.instances.map(({ id }) => id);
}

/** The index may lag by a moment. */
function untilListed(type: string, status: string, count: number): Promise<unknown> {
	return poll(
		() => `${count} of "${type}" to be ${status}`,
		async () => (await idsOf(type, status)).length === count || undefined,
	);
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
			const completed = await idsOf("errand", "completed");
			const running = await idsOf("errand", "running");
			return running.length === 0 && completed.length >= 6 ? completed : undefined;
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
	const ids = Array.from({ length: 60 }, (_, n) => `bulk-${n}`);
	const items = ids.map((id) => ({ type: "careful", id }));
	expect((await service.post("/workflows/batch", { items })).status).toBe(200);
	await untilListed("careful", "waiting", ids.length);
	accepted = 15;
	const { status, body: begun } = await service.post<BulkJob>("/workflows/bulk", {
		action: "send-event",
		filter: { type: "careful", status: "waiting" },
		event: { name: "go", payload: { witness: witness.url, n: 7 } },
	});
	expect(status).toBe(202);
	// Those that are asked at once stand in the middle.
	await witness.heard(["check"], accepted + 10);
	await service.kill9();
	accepted = Number.POSITIVE_INFINITY;
	await service.restart();
	// It has been sent no request.
	await witness.heard(["check"], 15 + 10 + ids.length);
	await untilListed("careful", "completed", ids.length);
	const { body: job } = await service.get<BulkJob>(`/bulk/${begun.id}`);
	expect(job).toMatchObject({ status: "completed", matched: 60, succeeded: 60, failed: 0 });
	for (const id of ids) {
		const path = `/workflows/${id}?include=audit`;
		const { body } = await service.get<WorkflowStatusResponse>(path);
		expect(body.result).toBe(7);
		const events = body.audit?.filter(({ action }) => action === "event");
		expect(events).toMatchObject([{ actor: `bulk:${job.id}`, key: job.id }]);
	}
});
