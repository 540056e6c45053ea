/**
 * `kill -9` of the whole service while instances work under a guard and others wait for it: nobody
 * is lost, no slot is, and never do more work than may. A witness outside sees who works.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Service } from "./service";
import { Witness } from "./witness";

const IDS = Array.from({ length: 12 }, (_, n) => `courier-${String(n + 1).padStart(2, "0")}`);
const LIMIT = 2;
const WORK_MS = 150;
const KILLS = 3;
const BETWEEN_KILLS_MS = 1_200;

let service: Service;
let witness: Witness;
/** How often each instance is at work right now, and the most that were at once. */
let working = new Map<string, number>();
let most = 0;
const begun = new Set<string>();

async function decide({ key }: { key: string }): Promise<"accept"> {
	const [id = ""] = key.split("/");
	const now = working;
	begun.add(id);
	now.set(id, (now.get(id) ?? 0) + 1);
	most = Math.max(most, now.size);
	await sleep(WORK_MS);
	const left = (now.get(id) ?? 1) - 1;
	if (left === 0) now.delete(id);
	else now.set(id, left);
	return "accept";
}

const create = (id: string) => service.create("courier", id, { witness: witness.url });

beforeAll(async () => {
	witness = await Witness.start(decide);
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
	for (const id of IDS) await create(id);
	for (let kill = 0; kill < KILLS; kill++) {
		await sleep(BETWEEN_KILLS_MS);
		await service.kill9();
		// Who was at work is dead.
		working = new Map();
		await service.restart();
	}
	await witness.heard(IDS.map((id) => `${id}/deliver`));
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

it("all complete, though nobody asks for them", async () => {
	for (const id of IDS) {
		const { result } = await service.until(id, ({ status }) => status === "completed");
		expect([id, result]).toEqual([id, "delivered"]);
	}
});

it("never are more at work than the limit, and some have to wait", () => {
	expect(most).toBe(LIMIT);
});

it("they begin in order of creation, as far as their slots do", () => {
	// Two are granted a slot at a time; which of them is heard of first is open.
	for (const [index, id] of [...begun].entries()) {
		expect(Math.abs(IDS.indexOf(id) - index)).toBeLessThan(LIMIT);
	}
});

it("all slots are free again: as many as may start at once", async () => {
	const next = ["courier-next-1", "courier-next-2"];
	const started = async (id: string) => {
		const created = await service.post<{ status: string }>("/workflows", {
			...{ type: "courier", id, payload: { witness: witness.url } },
		});
		return created.body.status;
	};
	expect(await Promise.all(next.map(started))).toEqual(["running", "running"]);
	for (const id of next) await service.until(id, ({ status }) => status === "completed");
});
