/**
 * `kill -9` of the whole service while instances of a stored definition are in its loop, its branches,
 * its waits and its sub-workflow, which is another stored definition. What the places did is told by
 * a witness outside.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WorkflowStatusResponse } from "../../src/library";
import type { TypeListing } from "../../src/model/http";
import { poll } from "./poll";
import { Service } from "./service";
import { Witness } from "./witness";

const IDS = Array.from({ length: 10 }, (_, n) => `graph-${n + 1}`);
/** The event comes to these before they wait for it, to the others after the first kill. */
const EARLY = IDS.slice(0, 5);
const LATE = IDS.slice(5);
const CALL_MS = 60;

const itemsOf = (id: string) => [1, 2, 3].map((n) => n * (IDS.indexOf(id) + 1));
const totalOf = (id: string) => itemsOf(id).reduce((sum, item) => sum + item, 0);
const call = (place: string) => ({
	http: { url: `{{ input.witness }}/?attempt=1&key={{ input.id }}/${place}`, method: "POST" },
});

const CHILD = {
	...{ id: "killed-child", name: "The child", version: "1.0.0" },
	workflow: [
		{ delay: "400ms" },
		call("child"),
		{ "set-state": { values: { doubled: "{{ input.n * 2 }}" } } },
	],
};

const PARENT = {
	...{ id: "killed-graph", name: "The parent", version: "1.0.0" },
	initialState: { total: 0 },
	workflow: [
		{
			loop: {
				...{ over: "input.items", as: "item" },
				"loop?": [
					call("item-{{ item }}"),
					{ "set-state": { values: { total: "{{ total + item }}" } } },
				],
			},
		},
		{
			parallel: {
				"left?": [{ delay: "300ms" }, call("left"), { "set-state": { values: { left: true } } }],
				"right?": [call("right"), { delay: "200ms" }, { "set-state": { values: { right: true } } }],
			},
		},
		{ "wait-event": "go" },
		{
			"sub-workflow": {
				type: CHILD.id,
				payload: { witness: "{{ input.witness }}", id: "{{ input.id }}", n: "{{ total }}" },
			},
		},
		{ "set-state": { values: { doubled: "{{ `sub-workflow_output`.result.doubled }}" } } },
		{ delay: "200ms" },
		call("last"),
	],
};

let service: Service;
let witness: Witness;
/** At each kill: completed steps as they were shown before it, and the calls that had come by then. */
const kills: { steps: Map<string, unknown>; calls: Map<string, number> }[] = [];
let after: WorkflowStatusResponse[];

const post = async (path: string, body: unknown) => {
	const reply = await service.post(path, body);
	expect([path, reply.status]).toEqual([path, expect.toBeOneOf([200, 201])]);
};
const go = (ids: string[]) =>
	Promise.all(ids.map((id) => post(`/workflows/${id}/events/go`, { to: id })));
const statuses = () => Promise.all(IDS.map((id) => service.status(id)));

/** A completed step, by instance and key: what must never be otherwise again. */
function completedSteps(of: readonly WorkflowStatusResponse[]): Map<string, unknown> {
	return new Map(
		of.flatMap(({ id, steps }) =>
			steps
				.filter(({ status }) => status === "completed")
				.map(({ key, startedAt, completedAt, attempts, result }) => {
					return [`${id}/${key}`, { startedAt, completedAt, attempts, result }] as const;
				}),
		),
	);
}

function callCounts(): Map<string, number> {
	return new Map(witness.calls.map(({ key }) => [key, witness.attempts(key).length]));
}

async function kill(): Promise<void> {
	const steps = completedSteps(await statuses());
	await service.kill9();
	kills.push({ steps, calls: callCounts() });
	await service.restart();
}

const untilCalled = (what: RegExp, count: number) =>
	poll(
		() => `${count} calls of ${what}; there are ${witness.calls.length} in all`,
		() => witness.calls.filter(({ key }) => what.test(key)).length >= count || undefined,
	);

beforeAll(async () => {
	witness = await Witness.start(async () => {
		await sleep(CALL_MS);
		return "accept" as const;
	});
	service = await Service.start({ configs: ["test/e2e/worker/wrangler.jsonc"] });
	await post("/definitions", CHILD);
	await post("/definitions", PARENT);
	for (const id of IDS) {
		await service.create(PARENT.id, id, { id, witness: witness.url, items: itemsOf(id) });
	}
	await go(EARLY);
	await untilCalled(/item/, IDS.length);
	await kill();
	await go(LATE);
	await untilCalled(/child/, 3);
	await kill();
	after = await Promise.all(
		IDS.map((id) => service.until(id, ({ status }) => status === "completed")),
	);
});

afterAll(async () => {
	await service?.stop();
	witness?.stop();
});

it("both kills come in the middle", () => {
	for (const { steps } of kills) {
		expect(steps.size).toBeGreaterThan(0);
		expect(steps.size).toBeLessThan(completedSteps(after).size);
	}
});

it("all instances end with the state that they would have without a kill", async () => {
	for (const id of IDS) {
		const total = totalOf(id);
		const state = { total, left: true, right: true, doubled: 2 * total };
		const { body } = await service.get(`/executions/${id}/state`);
		expect([id, body]).toMatchObject([id, { ...state, "wait-event_output": { to: id } }]);
	}
});

it("a place that had completed was not run again, and its row is as it was", () => {
	const now = completedSteps(after);
	for (const { steps, calls } of kills) {
		for (const [key, step] of steps) expect([key, now.get(key)]).toEqual([key, step]);
		for (const [place, key] of completedCalls(steps)) {
			expect([place, witness.attempts(key).length]).toEqual([place, calls.get(key)]);
		}
	}
});

it("a place was called once, and once more for each kill that it was in at most", () => {
	for (const id of IDS) {
		const items = itemsOf(id).map((item) => `item-${item}`);
		for (const place of [...items, "left", "right", "child", "last"]) {
			const times = witness.attempts(`${id}/${place}`).length;
			expect([id, place, times]).toEqual([id, place, expect.toBeOneOf([1, 2, 3])]);
		}
	}
	const repeated = witness.calls.filter(({ nth }) => nth > 1).length;
	expect(repeated).toBeLessThanOrEqual(2 * IDS.length * 2);
});

it("each child was created once, and is its parent's", async () => {
	const { body } = await service.get<TypeListing>(`/workflows?type=${CHILD.id}&limit=1000`);
	const started = after.map(
		({ steps }) => steps.find(({ key }) => key === "3/sub-workflow/start")?.result,
	);
	const ids = started.map((result) => (result as { output: { id: string } }).output.id);
	expect(body.instances.map(({ id }) => id).sort()).toEqual(ids.sort());
	expect(new Set(ids).size).toBe(IDS.length);
});

/** The calls of steps that are known to have completed: each has a key with the witness. */
function completedCalls(steps: Map<string, unknown>): [place: string, key: string][] {
	const places: [RegExp, (id: string, turn: number) => string][] = [
		[/^0\/loop\/loop\?\/0\/http/, (id, turn) => `item-${itemsOf(id)[turn - 1]}`],
		[/^1\/parallel\/left\?/, () => "left"],
		[/^1\/parallel\/right\?/, () => "right"],
		[/^6\/http/, () => "last"],
	];
	return [...steps.keys()].flatMap((step): [string, string][] => {
		const [id = "", ...rest] = step.split("/");
		const key = rest.join("/");
		const found = places.find(([pattern]) => pattern.test(key));
		if (found === undefined || !/\bhttp(?:#\d+)?$/.test(key)) return [];
		const turn = Number(/#(\d+)$/.exec(key)?.[1] ?? 1);
		return [[step, `${id}/${found[1](id, turn)}`]];
	});
}
