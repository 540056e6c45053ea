/**
 * Followers of instances over HTTP while the service is killed: each comes back where it left off,
 * and in the end has been told all, once. What there was to tell is read again when all is over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Told } from "../support/follower";
import { Service } from "./service";
import { instanceListener } from "./streams/follow";

const INSTANCES = Array.from({ length: 20 }, (_, index) => `walker-${index + 1}`);
const STEPS = 40;
const STEP_MS = 60;

let service: Service;

beforeAll(async () => {
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
});

afterAll(() => service.stop());

/**
 * The status is what it is when it is asked for, and whether a pass has recorded something before it is
 * killed is up to the machine.
 */
const BY_CHANCE = ["workflow.status", "workflow.watchdog.stale"];
const lines = (told: readonly Told[]) =>
	told
		.filter(({ event }) => !BY_CHANCE.includes(event))
		.map(({ event, data }) => `${event} ${data.stepName ?? data.message ?? ""}`);

it("followers of 20 instances miss nothing and hear nothing twice over two kills", async () => {
	await Promise.all(
		INSTANCES.map((id) => service.create("walker", id, { steps: STEPS, ms: STEP_MS })),
	);
	const following = Promise.all(INSTANCES.map((id) => instanceListener(service.url, id).listen()));
	for (let kill = 0; kill < 2; kill++) {
		await sleep(700);
		await service.kill9();
		await service.restart();
	}
	const all = await following;
	const expected = [
		"workflow.started ",
		...Array.from({ length: STEPS }, (_, index) => index + 1).flatMap((n) => [
			`workflow.step.started step-${n}`,
			`workflow.step.completed step-${n}`,
			...(n % 10 === 0 ? [`log.workflow walked ${n}`] : []),
		]),
		"workflow.completed ",
	];
	for (const { told } of all) expect(lines(told)).toEqual(expected);
	expect(Math.max(...all.map(({ breaks }) => breaks))).toBeGreaterThan(0);
});

it("a stream is server-sent events, and one that is over does not come back", async () => {
	const [id = ""] = INSTANCES;
	const response = await fetch(`${service.url}/workflows/${id}/stream?events=workflow.completed`);
	expect(response.headers.get("Content-Type")).toBe("text/event-stream");
	const text = await response.text();
	const [, place = ""] = /id: (\S+)\nevent: workflow.completed\ndata: \{.*\}\n\n$/.exec(text) ?? [];
	const again = await fetch(`${service.url}/workflows/${id}/stream`, {
		headers: { "Last-Event-ID": place },
	});
	expect([again.status, await again.text()]).toEqual([204, ""]);
	const unknown = await fetch(`${service.url}/workflows/nobody/stream`);
	expect([unknown.status, (await unknown.json()) as unknown]).toMatchObject([
		404,
		{ error: { code: "INSTANCE_NOT_FOUND" } },
	]);
	const forged = await fetch(`${service.url}/workflows/${id}/stream`, {
		headers: { "Last-Event-ID": "9" },
	});
	expect(forged.status).toBe(400);
});
