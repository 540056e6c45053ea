/** A guard that has much to do at once, on real storage, with instances that answer when told to. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { GuardStore } from "../../src/db/guard-store";
import { ShardTables } from "../../src/db/shard-tables";
import type { SlotOffer, SlotUse } from "../../src/model/guard-rpc";
import { concurrencyPolicy } from "../../src/model/type-policy";
import { Guard } from "../../src/shards/guard";
import { TestInstance } from "../support/instance";

const NOW = 1_000_000;

interface Scene {
	guard: Guard;
	offers: SlotOffer[];
	/** Lets the time pass for which an alarm stays with its questions. */
	outlast(): void;
	now: number;
}

let objects = 0;

/** A guard of one slot; `answer` is what its instances say, or never say. */
function scene(
	answer: (offer: SlotOffer) => Promise<SlotUse>,
	play: (scene: Scene) => Promise<void>,
): Promise<void> {
	const { stub } = new TestInstance(`guard-alone-${++objects}`);
	return runInDurableObject(stub, async (_, { storage }) => {
		const offers: SlotOffer[] = [];
		let outlast = () => {};
		const guard = new Guard({
			type: "t",
			store: new GuardStore(new ShardTables(storage)),
			clock: {
				now: () => stage.now,
				after: (_ms, work) => {
					outlast = work;
					return () => {};
				},
				turn: async () => {},
			},
			declared: () => ({ concurrency: concurrencyPolicy({ limit: 1 }), rate: null }),
			ask: (offer) => {
				offers.push(offer);
				return answer(offer);
			},
			report: (message) => expect.unreachable(message),
			arm: () => {},
		});
		const stage: Scene = { guard, offers, outlast: () => outlast(), now: NOW };
		await play(stage);
	});
}

function fill({ guard }: Scene, count: number, isNew: boolean): void {
	for (let n = 0; n < count; n++) {
		const ref = { id: `i-${String(n).padStart(4, "0")}`, createdAt: n, seq: 1 };
		guard.take({ ...ref, key: null, priority: 0, isNew, isStart: true });
	}
}

const never = () => new Promise<SlotUse>(() => {});

describe("a guard", () => {
	it("offers slots to five hundred in one go, and to the next at once by the alarm", () =>
		scene(never, async (stage) => {
			fill(stage, 1_100, false);
			expect(stage.guard.state()).toMatchObject({ held: 1, queued: 1_099 });
			stage.guard.changeLimits({ concurrency: { limit: 0 } });
			expect(stage.offers.length).toBe(500);
			expect(stage.guard.dueAt()).toBe(NOW);
			const awake = stage.guard.wake(NOW);
			expect(stage.offers.length).toBe(1_000);
			stage.outlast();
			await awake;
			const last = stage.guard.wake(NOW);
			stage.outlast();
			await last;
			expect(stage.guard.state()).toMatchObject({ held: 1_100, queued: 0 });
			const ids = stage.offers.map(({ id }) => id);
			expect(ids).toEqual(
				Array.from({ length: 1_099 }, (_, n) => `i-${`${n + 1}`.padStart(4, "0")}`),
			);
			// Nobody has answered: they are asked again.
			expect(stage.guard.dueAt()).toBe(NOW + 10_000);
		}));

	it("asks five hundred at a time whether they are there, each once, and remembers", () =>
		scene(
			async ({ granted }) => ({ use: granted ? "held" : "queued" }),
			async (stage) => {
				fill(stage, 1_100, true);
				expect(stage.guard.dueAt()).toBe(NOW + 10_000);
				stage.now += 10_000;
				for (const asked of [500, 1_000, 1_100, 1_100]) {
					await stage.guard.wake(stage.now);
					expect(stage.offers.length).toBe(asked);
				}
				// It looks again for as long as anyone waits, and asks the one at work in ten minutes.
				expect(stage.guard.dueAt()).toBe(stage.now + 10_000);
				stage.now += 10_000;
				await stage.guard.wake(stage.now);
				expect(stage.offers.length).toBe(1_100);
			},
		));

	it("does not stay with questions that nobody answers, and asks again later each time", () =>
		scene(never, async (stage) => {
			fill(stage, 1, true);
			const waits: number[] = [];
			for (let round = 0; round < 7; round++) {
				const dueAt = stage.guard.dueAt() ?? 0;
				waits.push((dueAt - stage.now) / 1_000);
				stage.now = dueAt;
				const awake = stage.guard.wake(stage.now);
				stage.outlast();
				await awake;
			}
			expect(waits).toEqual([10, 10, 20, 40, 80, 160, 300]);
			expect(stage.offers.length).toBe(7);
		}));
});
