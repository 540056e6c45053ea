// Owns what holds for any retry policy: every delay is whole, finite and within its bounds, and the
// limit counts every attempt.
import fc from "fast-check";
import { expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import {
	DEFAULT_RETRY_POLICY,
	type RetryOptions,
	retryDelayMs,
	retryPolicy,
	shouldRetry,
} from "../../src/model/retry";

const duration = fc.oneof(
	fc.nat(10_000),
	fc.nat(LIMITS.durationMs),
	fc.constant(LIMITS.durationMs),
);
const options: fc.Arbitrary<RetryOptions> = fc.record(
	{
		limit: fc.integer({ min: 1, max: LIMITS.retryAttempts }),
		delay: duration,
		backoff: fc.constantFrom("fixed", "linear", "exponential"),
		factor: fc.oneof(fc.double({ min: 1, max: 10, noNaN: true }), fc.constant(Number.MAX_VALUE)),
		maxDelay: duration,
		jitter: fc.oneof(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true })),
	},
	{ requiredKeys: [] },
);
const attempts = fc.oneof(
	fc.integer({ min: 1, max: 12 }),
	fc.integer({ min: 1, max: LIMITS.retryAttempts }),
);
const chance = fc.oneof(
	fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
	fc.constantFrom(0, 0.5),
);
const many = { numRuns: 1_000 };

it("a delay is a whole number of ms from 0 to maxDelay, for any attempt and chance", () => {
	fc.assert(
		fc.property(options, attempts, chance, (given, attempt, random) => {
			const policy = retryPolicy(given);
			const delayMs = retryDelayMs(policy, attempt, random);
			expect(Number.isSafeInteger(delayMs) && delayMs >= 0 && delayMs <= policy.maxDelayMs).toBe(
				true,
			);
		}),
		many,
	);
});

it("without jitter chance is nothing, and no delay is shorter than the one before", () => {
	fc.assert(
		fc.property(options, attempts, chance, (given, attempt, random) => {
			const policy = retryPolicy({ ...given, jitter: false });
			const delayMs = retryDelayMs(policy, attempt, random);
			expect(delayMs).toBe(retryDelayMs(policy, attempt, 0));
			const next = retryDelayMs(policy, attempt + 1, random);
			expect(next).toBeGreaterThanOrEqual(delayMs);
			if (policy.backoff === "fixed") expect(next).toBe(delayMs);
		}),
		many,
	);
});

it("before the cap the delays grow as the backoff says", () => {
	fc.assert(
		fc.property(
			fc.nat(1_000),
			fc.integer({ min: 1, max: 9 }),
			fc.integer({ min: 1, max: 8 }),
			(delay, factor, attempt) => {
				const delayOf = (backoff: RetryOptions["backoff"]) =>
					retryDelayMs(retryPolicy({ delay, factor, backoff, maxDelay: "3650d" }), attempt, 0.5);
				expect(delayOf("fixed")).toBe(delay);
				expect(delayOf("linear")).toBe(delay * attempt);
				expect(delayOf("exponential")).toBe(delay * factor ** (attempt - 1));
			},
		),
	);
});

it("jitter spreads around the delay without it, by its share to either side, up to the cap", () => {
	fc.assert(
		fc.property(options, attempts, chance, (given, attempt, random) => {
			const policy = retryPolicy(given);
			const middle = retryDelayMs({ ...policy, jitter: 0 }, attempt, random);
			const share = policy.jitter * (2 * random - 1);
			const expected = Math.min(middle * (1 + share), policy.maxDelayMs);
			// A ms for the rounding up of both; floating point has its own share of long delays.
			const slackMs = 1 + middle * 1e-9;
			expect(Math.abs(retryDelayMs(policy, attempt, random) - expected)).toBeLessThanOrEqual(
				2 * slackMs,
			);
		}),
		many,
	);
});

it("as many attempts are made as the limit says", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 200 }), (limit) => {
			const policy = retryPolicy({ limit });
			let attempt = 1;
			while (shouldRetry(policy, new Error("no"), attempt)) attempt++;
			expect(attempt).toBe(limit);
		}),
	);
});

it("an option that a step gives replaces the type's, and leaves the others", () => {
	fc.assert(
		fc.property(options, options, (ofType, ofStep) => {
			expect(retryPolicy(ofStep, retryPolicy(ofType))).toEqual(
				retryPolicy({ ...ofType, ...ofStep }),
			);
			expect(retryPolicy({}, retryPolicy(ofType))).toEqual(retryPolicy(ofType));
			expect(retryPolicy({})).toEqual(DEFAULT_RETRY_POLICY);
		}),
	);
});
