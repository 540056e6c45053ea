/**
 * `kill -9` of the whole service while twenty instances stand in every state there is. What the
 * steps did is told by a witness outside; the service is asked nothing until all is over.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WorkflowStatusResponse } from "../../src/library";
import type { TypeListing } from "../../src/model/http";
import { poll } from "./poll";
import { Service } from "./service";
import { Witness } from "./witness";
import type { ErrandPayload } from "./worker/worker";

const ids = (name: string, count: number) =>
	Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);

/** Where each instance is when the service is killed. */
const FINISHED = ids("finished", 2);
const PAUSED = ids("paused", 1);
/** In a step's function, which waits for the witness. */
const HELD = ids("held", 4);
/** Between its second attempt, which failed, and the third. */
const REFUSED = ids("refused", 4);
const ASLEEP = ids("asleep", 3);
/** Waiting for an event, with a timeout. */
const PATIENT = ids("patient", 2);
/** An event that it waited for was accepted just before. */
const SIGNALLED = ids("signalled", 2);
/** Accepted just before. */
const FRESH = ids("fresh", 2);
const ALL = [FINISHED, PAUSED, HELD, REFUSED, ASLEEP, PATIENT, SIGNALLED, FRESH].flat();
const NOT_PAUSED = ALL.filter((id) => !PAUSED.includes(id));

const BETWEEN: Record<string, ErrandPayload["between"]> = {
	held: "work",
	refused: "work",
	asleep: "sleep",
	paused: "sleep",
	patient: "timeout",
	signalled: "event",
};
const betweenOf = (id: string) => BETWEEN[id.replace(/-\d+$/, "")] ?? "nothing";

let service: Service;
let witness: Witness;
let killed = false;
/** As shown just before the kill, and when all was over. */
let before: WorkflowStatusResponse[];
let after: WorkflowStatusResponse[];

async function create(ids: readonly string[]): Promise<void> {
	const one = (id: string) => {
		const payload: ErrandPayload = { witness: witness.url, between: betweenOf(id) };
		return service.create("errand", id, payload);
	};
	await Promise.all(ids.map(one));
}

const untilAll = (ids: readonly string[], status: WorkflowStatusResponse["status"]) =>
	Promise.all(ids.map((id) => service.until(id, (it) => it.status === status)));
const keys = (ids: readonly string[], step: string) => ids.map((id) => `${id}/${step}`);
const completedKeys = (statuses: WorkflowStatusResponse[]) =>
	statuses.flatMap(({ id, steps }) =>
		steps
			.filter(({ type, status }) => type === "do" && status === "completed")
			.map(({ key }) => `${id}/${key}`),
	);

beforeAll(async () => {
	witness = await Witness.start(({ key }) => {
		if (killed || !key.endsWith("/work")) return "accept";
		return key.startsWith("held") ? "hold" : "refuse";
	});
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });

	await create([...FINISHED, ...HELD, ...REFUSED, ...SIGNALLED]);
	await witness.heard(keys(HELD, "work"));
	await witness.heard(keys(REFUSED, "work"), 2);
	await create([...ASLEEP, ...PAUSED, ...PATIENT]);
	await untilAll(FINISHED, "completed");
	await untilAll([...SIGNALLED, ...PATIENT], "waiting");
	await untilAll([...REFUSED, ...ASLEEP, ...PAUSED], "sleeping");
	await Promise.all(PAUSED.map((id) => service.post(`/workflows/${id}/pause`)));
	const old = ALL.filter((id) => !FRESH.includes(id));
	before = await Promise.all(old.map((id) => service.status(id)));

	const go = (id: string) => service.post(`/workflows/${id}/events/go`, {});
	await Promise.all([create(FRESH), ...SIGNALLED.map(go)]);
	const end = service.kill9();
	killed = true;
	await end;

	await service.restart();
	await witness.heard(keys(NOT_PAUSED, "after"));
	after = await Promise.all(
		ALL.map((id) =>
			service.until(id, ({ status }) => status === (PAUSED.includes(id) ? "paused" : "completed")),
		),
	);
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

describe("kill -9 and a restart", () => {
	it("each instance had come as far as is said", () => {
		const stood = Object.fromEntries(before.map(({ id, status }) => [id, status]));
		const wanted = (ids: string[], status: string) => ids.map((id) => [id, status]);
		expect(stood).toEqual(
			Object.fromEntries([
				...wanted(FINISHED, "completed"),
				...wanted(PAUSED, "paused"),
				...wanted(HELD, "running"),
				...wanted([...REFUSED, ...ASLEEP], "sleeping"),
				...wanted([...PATIENT, ...SIGNALLED], "waiting"),
			]),
		);
	});

	it("loses no instance: all go on by themselves, with no request, and complete", () => {
		expect(after.map(({ id }) => id)).toEqual(ALL);
		for (const { id, status, result } of after.filter((it) => !PAUSED.includes(it.id))) {
			expect([id, status, result]).toEqual([id, "completed", betweenOf(id)]);
		}
	});

	it("a completed step's effect is not repeated", () => {
		const completed = completedKeys(before);
		expect(completed.length).toBeGreaterThanOrEqual(before.length);
		for (const key of completed) expect([key, witness.attempts(key)]).toEqual([key, [1]]);
	});

	it("a step that ran at the kill runs again, under the same key, as the same attempt", () => {
		for (const key of keys(HELD, "work")) {
			expect([key, witness.attempts(key)]).toEqual([key, [1, 1]]);
		}
		expect(witness.lost.map(({ key }) => key).sort()).toEqual(keys(HELD, "work"));
	});

	it("retries continue with the attempt that is next", () => {
		const workOf = (statuses: WorkflowStatusResponse[], id: string) =>
			statuses.find((it) => it.id === id)?.steps.find(({ key }) => key === "work");
		for (const id of REFUSED) {
			const failed = workOf(before, id)?.attempts ?? 0;
			expect(failed).toBeGreaterThanOrEqual(2);
			const attempts = Array.from({ length: failed + 1 }, (_, index) => index + 1);
			expect([id, witness.attempts(`${id}/work`)]).toEqual([id, attempts]);
			expect(workOf(after, id)).toMatchObject({ status: "completed", attempts: failed + 1 });
		}
	});

	it("what was accepted just before the kill is done once it is up again", () => {
		for (const key of keys([...FRESH, ...SIGNALLED], "after")) {
			// Once, unless the kill fell between the effect and its row.
			expect(witness.attempts(key)).toSatisfy((calls: number[]) => [1, 2].includes(calls.length));
		}
	});

	it("the listing equals the truth", async () => {
		const truth = after
			.map(({ id, status, createdAt, updatedAt }) => ({ id, status, createdAt, updatedAt }))
			.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
		await expectListing("/workflows?type=errand&limit=1000", truth);
		for (const wanted of ["completed", "paused", "running"]) {
			const path = `/workflows?type=errand&limit=1000&status=${wanted}`;
			await expectListing(
				path,
				truth.filter(({ status }) => status === wanted),
			);
		}
	});

	it("what was paused stays paused until it is resumed", async () => {
		for (const id of PAUSED) {
			expect(witness.attempts(`${id}/after`)).toEqual([]);
			await service.post(`/workflows/${id}/resume`);
			await service.until(id, ({ status }) => status === "completed");
			expect(witness.attempts(`${id}/before`)).toEqual([1]);
			expect(witness.attempts(`${id}/after`)).toEqual([1]);
		}
	});
});

/** The index may lag by a moment. */
async function expectListing(path: string, wanted: TypeListing["instances"]): Promise<void> {
	let listed: TypeListing["instances"] = [];
	await poll(
		() => `${path} to be ${JSON.stringify(wanted)}; it is ${JSON.stringify(listed)}`,
		async () => {
			listed = (await service.get<TypeListing>(path)).body.instances;
			return JSON.stringify(listed) === JSON.stringify(wanted) || undefined;
		},
	);
	expect(listed).toEqual(wanted);
}
