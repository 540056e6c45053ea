/** The start rate: never more than `limit` in any stretch of `per`, and no later than that asks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLog } from "../../src/shards/rate-log";

describe("the rate", () => {
	it("holds in any stretch of time, also where the clock goes back and the log is read anew", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 4 }),
				fc.integer({ min: 1, max: 50 }),
				fc.array(fc.integer({ min: -10, max: 30 }), { maxLength: 80 }),
				(limit, perMs, steps) => {
					const rate = { limit, perMs };
					let log = new RateLog([]);
					let now = 1_000;
					const starts: number[] = [];
					for (const step of steps) {
						now += step;
						if (step === 0) log = new RateLog([...starts]);
						if (log.nextAt(rate) > now) continue;
						starts.push(log.note(now));
						log.forget(now - perMs);
					}
					for (const at of starts) {
						const within = starts.filter((other) => other >= at && other < at + perMs);
						expect(within.length).toBeLessThanOrEqual(limit);
					}
				},
			),
			{ numRuns: 500 },
		);
	});

	it("lets the next one start as soon as the first of the last `limit` is `per` ago", () => {
		const rate = { limit: 2, perMs: 100 };
		const log = new RateLog([]);
		expect(log.nextAt(rate)).toBe(0);
		log.note(1_000);
		expect(log.nextAt(rate)).toBe(0);
		log.note(1_040);
		expect(log.nextAt(rate)).toBe(1_100);
		log.note(1_100);
		expect(log.nextAt(rate)).toBe(1_140);
	});

	it("forgets what is of no use any more, and keeps the rest", () => {
		const log = new RateLog([1, 2, 3]);
		log.forget(2);
		expect(log.nextAt({ limit: 1, perMs: 10 })).toBe(13);
		expect(log.nextAt({ limit: 2, perMs: 10 })).toBe(0);
		log.forget(3);
		expect(log.nextAt({ limit: 1, perMs: 10 })).toBe(0);
	});
});
