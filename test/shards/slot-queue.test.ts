/** The guard's order against one that looks at everybody, and what a grant costs among many. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../src/shards/heap";
import { type SlotLimits, SlotQueue, type Waiting } from "../../src/shards/slot-queue";

/** Everything that the queue knows, as lists. */
class Naive {
	waiting: Waiting[] = [];
	working: Waiting[] = [];

	constructor(public limits: SlotLimits) {}

	next(mayStart: boolean): Waiting | undefined {
		const { limit, keyLimit } = this.limits;
		if (limit !== null && this.working.length >= limit) return undefined;
		const atWork = (key: string) => this.working.filter((each) => each.key === key).length;
		return this.ordered().find(
			({ key, isStart }) =>
				(mayStart || !isStart) && (key === null || keyLimit === null || atWork(key) < keyLimit),
		);
	}

	ordered(): Waiting[] {
		return this.waiting.toSorted(
			(a, b) => b.priority - a.priority || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1),
		);
	}
}

const entry = fc.record({
	key: fc.constantFrom(null, "a", "b", "c"),
	priority: fc.integer({ min: -1, max: 1 }),
	createdAt: fc.nat({ max: 4 }),
	isStart: fc.boolean(),
});
const limit = fc.option(fc.nat({ max: 4 }));
const limits = fc.record({ limit, keyLimit: limit });
const action = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ do: fc.constant("queue" as const), entry }) },
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constant("grant" as const), mayStart: fc.boolean() }),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constantFrom("leave" as const, "release" as const),
			nth: fc.nat(),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("limits" as const), limits }) },
);

function check(queue: SlotQueue<Waiting>, naive: Naive): void {
	expect(queue.queued).toBe(naive.waiting.length);
	expect(queue.held).toBe(naive.working.length);
	for (const mayStart of [true, false]) {
		expect(queue.next({ mayStart })).toBe(naive.next(mayStart));
	}
	const positions = naive.ordered().map((each) => queue.position(each));
	expect(positions).toEqual(naive.waiting.map((_, index) => index + 1));
	const keys = new Set([...naive.waiting, ...naive.working].map(({ key }) => key));
	const count = (of: Waiting[], key: string | null) => of.filter((each) => each.key === key).length;
	const counts = Array.from(keys, (key) => ({
		...{ key, queued: count(naive.waiting, key), held: count(naive.working, key) },
	}));
	const byKey = (a: { key: string | null }, b: { key: string | null }) =>
		`${a.key}` < `${b.key}` ? -1 : 1;
	expect(queue.longest(20).toSorted(byKey)).toEqual(counts.toSorted(byKey));
}

describe("the queue", () => {
	it("grants as one does that looks at everybody, through any course of events", () => {
		fc.assert(
			fc.property(limits, fc.array(action, { maxLength: 60 }), (first, actions) => {
				const queue = new SlotQueue<Waiting>(first);
				const naive = new Naive(first);
				for (const [index, what] of actions.entries()) {
					if (what.do === "queue") {
						const one = { ...what.entry, id: `i-${index}` };
						queue.queue(one);
						naive.waiting.push(one);
					} else if (what.do === "limits") {
						queue.limits = what.limits;
						naive.limits = what.limits;
					} else if (what.do === "grant") {
						const one = queue.next(what);
						if (one === undefined) continue;
						queue.leave(one);
						queue.hold(one);
						naive.waiting.splice(naive.waiting.indexOf(one), 1);
						naive.working.push(one);
					} else {
						const from = what.do === "leave" ? naive.waiting : naive.working;
						const [one] = from.splice(what.nth % Math.max(from.length, 1), 1);
						if (one !== undefined) queue[what.do](one);
					}
					check(queue, naive);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it("shows the longest queues first, and no more than asked for", () => {
		const queue = new SlotQueue<Waiting>({ limit: null, keyLimit: null });
		for (let n = 0; n < 30; n++) {
			const one = { key: `k${n % 3}`, priority: 0, createdAt: n, isStart: true };
			if (n % 3 < 2 || n < 6) queue.queue({ ...one, id: `i-${n}` });
		}
		expect(queue.longest(2)).toEqual([
			{ key: "k0", queued: 10, held: 0 },
			{ key: "k1", queued: 10, held: 0 },
		]);
	});
});

describe("a heap", () => {
	it("has the least item first while items come, change and go", () => {
		fc.assert(
			fc.property(
				fc.array(fc.record({ item: fc.nat({ max: 20 }), value: fc.option(fc.nat({ max: 9 })) })),
				(changes) => {
					const values = new Map<number, number>();
					const heap = new Heap<number>((a, b) => (values.get(a) ?? 0) < (values.get(b) ?? 0));
					for (const { item, value } of changes) {
						if (value === null) {
							heap.remove(item);
							values.delete(item);
						} else {
							values.set(item, value);
							heap.put(item);
						}
						expect(heap.size).toBe(values.size);
						const first = heap.first === undefined ? undefined : values.get(heap.first);
						expect(first).toBe(values.size === 0 ? undefined : Math.min(...values.values()));
					}
				},
			),
		);
	});
});
