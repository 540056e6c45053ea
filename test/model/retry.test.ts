// Owns retry policies: options to policy, the delay before each attempt, and which failures are
// worth one. That attempts happen at those times is tested with the engine.
import { describe, expect, it, vi } from "vitest";
import { NonDeterminismError, ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import {
	DEFAULT_RETRY_POLICY,
	type RetryOptions,
	retryDelayMs,
	retryPolicy,
	shouldRetry,
} from "../../src/model/retry";

const HALF = 0.5;

describe("the delay before an attempt", () => {
	it.each<[string, RetryOptions, number[]]>([
		["fixed stays the same", { backoff: "fixed", delay: 100 }, [100, 100, 100, 100]],
		["linear grows by the delay", { backoff: "linear", delay: 100 }, [100, 200, 300, 400]],
		["exponential doubles", { backoff: "exponential", delay: 100 }, [100, 200, 400, 800]],
		["exponential is the default", { delay: 100 }, [100, 200, 400, 800]],
		["a factor multiplies", { delay: 100, factor: 3 }, [100, 300, 900, 2700]],
		["a factor may be a fraction", { delay: 100, factor: 1.5 }, [100, 150, 225, 338]],
		["a factor of 1 is fixed", { delay: 100, factor: 1 }, [100, 100, 100, 100]],
		[
			"a factor counts for exponential only",
			{ backoff: "linear", delay: 100, factor: 9 },
			[100, 200, 300, 400],
		],
		["maxDelay caps growth", { delay: "1s", maxDelay: "3s" }, [1000, 2000, 3000, 3000]],
		["maxDelay caps the first delay", { delay: "1m", maxDelay: "1s" }, [1000, 1000, 1000, 1000]],
		["a maxDelay of 0 retries at once", { delay: "1m", maxDelay: 0 }, [0, 0, 0, 0]],
		["no delay stays none", { delay: 0 }, [0, 0, 0, 0]],
	])("%s", (_, options, expected) => {
		const policy = retryPolicy(options);
		expect([1, 2, 3, 4].map((attempt) => retryDelayMs(policy, attempt, HALF))).toEqual(expected);
	});

	it("stays at maxDelay for the last attempt that a policy may ask for", () => {
		const policy = retryPolicy({ delay: 1, factor: 10, maxDelay: "1h", jitter: true });
		expect(retryDelayMs(policy, LIMITS.retryAttempts, HALF)).toBe(3_600_000);
	});

	it.each<[NonNullable<RetryOptions["jitter"]>, number, number, number]>([
		[0, 1000, 1000, 1000],
		[false, 1000, 1000, 1000],
		[0.2, 800, 1000, 1200],
		[true, 500, 1000, 1500],
		[1, 0, 1000, 2000],
	])("a jitter of %s spreads 1000 ms from %d over %d to %d", (jitter, low, middle, high) => {
		const policy = retryPolicy({ delay: 1000, backoff: "fixed", jitter });
		expect([0, 0.5, 1].map((random) => retryDelayMs(policy, 1, random))).toEqual([
			low,
			middle,
			high,
		]);
	});

	it("is never past maxDelay, whatever the jitter", () => {
		const policy = retryPolicy({ delay: 1000, maxDelay: 1100, backoff: "fixed", jitter: 1 });
		expect(retryDelayMs(policy, 1, 1)).toBe(1100);
	});

	it("is rounded up to a whole millisecond", () => {
		const policy = retryPolicy({ delay: 1, backoff: "fixed", jitter: 0.5 });
		expect(retryDelayMs(policy, 1, 0.1)).toBe(1);
	});
});

describe("whether a failure is worth another attempt", () => {
	const failure = Object.assign(new RangeError("no"), { code: "E_BUSY" });

	it.each([1, 2, 3, 7, LIMITS.retryAttempts])(
		"a limit of %d counts all attempts, the first included",
		(limit) => {
			const policy = retryPolicy({ limit });
			expect(shouldRetry(policy, failure, limit - 1)).toBe(true);
			expect(shouldRetry(policy, failure, limit)).toBe(false);
			expect(shouldRetry(policy, failure, limit + 1)).toBe(false);
		},
	);

	it.each<[string, readonly string[], unknown, boolean]>([
		["its name is listed", ["TypeError", "RangeError"], failure, true],
		["its code is listed", ["E_BUSY"], failure, true],
		["neither is listed", ["TypeError", "E_GONE"], failure, false],
		["only its message is listed", ["no"], failure, false],
		["the list is empty", [], failure, false],
		["the name of its base class is listed", ["Error"], failure, false],
		["its code is a number that prints the same", ["429"], { name: "E", code: 429 }, false],
		["this project's code is listed", ["NON_DETERMINISM"], new NonDeterminismError("x"), true],
		["a plain object with a listed code was thrown", ["E"], { code: "E" }, true],
		["a string was thrown", ["no"], "no", false],
		["undefined was thrown", ["undefined"], undefined, false],
		["null was thrown", ["null"], null, false],
	])("retryOn as a list, when %s", (_, retryOn, error, expected) => {
		expect(shouldRetry(retryPolicy({ retryOn }), error, 1)).toBe(expected);
	});

	it.each([true, false])("a predicate that says %s decides", (says) => {
		const predicate = vi.fn(() => says);
		expect(shouldRetry(retryPolicy({ retryOn: predicate }), failure, 2)).toBe(says);
		expect(predicate.mock.calls).toEqual([[failure, 2]]);
	});

	it("a predicate is not asked when no attempt is left", () => {
		const predicate = vi.fn(() => true);
		expect(shouldRetry(retryPolicy({ limit: 2, retryOn: predicate }), failure, 2)).toBe(false);
		expect(predicate).not.toHaveBeenCalled();
	});

	it.each(["gone", 404, undefined, null])("a predicate sees a thrown %j as an error", (thrown) => {
		const seen: unknown[] = [];
		const retryOn = (error: Error) => seen.push(error) > 0;
		expect(shouldRetry(retryPolicy({ retryOn }), thrown, 1)).toBe(true);
		expect(seen).toEqual([new Error(String(thrown))]);
	});
});

describe("options to a policy", () => {
	const BASE = retryPolicy({
		limit: 9,
		delay: "2s",
		backoff: "linear",
		factor: 4,
		maxDelay: "1m",
		jitter: true,
		retryOn: ["E_BUSY"],
	});

	it("nothing given is the default: 3 attempts, 1 s, doubling, at most 1 h, no jitter", () => {
		expect(retryPolicy({})).toEqual({
			limit: 3,
			delayMs: 1_000,
			backoff: "exponential",
			factor: 2,
			maxDelayMs: 3_600_000,
			jitter: 0,
			retryOn: undefined,
		});
		expect(retryPolicy({})).toEqual(DEFAULT_RETRY_POLICY);
	});

	it.each<[string, RetryOptions]>([
		["nothing", {}],
		["undefined for each", { limit: undefined, delay: undefined, retryOn: undefined } as object],
	])("%s given over a base keeps the base", (_, options) => {
		expect(retryPolicy(options, BASE)).toEqual(BASE);
	});

	it.each<[RetryOptions, object]>([
		[{ limit: 1 }, { limit: 1 }],
		[{ delay: 0 }, { delayMs: 0 }],
		[{ backoff: "fixed" }, { backoff: "fixed" }],
		[{ factor: 1 }, { factor: 1 }],
		[{ maxDelay: "1 day" }, { maxDelayMs: 86_400_000 }],
		[{ jitter: false }, { jitter: 0 }],
		[{ jitter: 0 }, { jitter: 0 }],
		[{ retryOn: [] }, { retryOn: [] }],
	])("%j over a base changes that alone", (options, change) => {
		expect(retryPolicy(options, BASE)).toEqual({ ...BASE, ...change });
	});

	it.each<[string, unknown, string]>([
		["limit 0", { limit: 0 }, "retries.limit"],
		["a negative limit", { limit: -1 }, "retries.limit"],
		["a limit with a fraction", { limit: 1.5 }, "retries.limit"],
		["a limit of NaN", { limit: Number.NaN }, "retries.limit"],
		["a limit without end", { limit: Number.POSITIVE_INFINITY }, "retries.limit"],
		["a limit as text", { limit: "3" }, "retries.limit"],
		["a limit of null", { limit: null }, "retries.limit"],
		["one past the most attempts", { limit: LIMITS.retryAttempts + 1 }, "retries.limit"],
		["a delay in words", { delay: "soon" }, "retries.delay"],
		["a negative delay", { delay: -1 }, "retries.delay"],
		["a delay of null", { delay: null }, "retries.delay"],
		["a maxDelay without unit", { maxDelay: "5" }, "retries.maxDelay"],
		["a maxDelay past the longest", { maxDelay: "3651d" }, "retries.maxDelay"],
		["an unknown backoff", { backoff: "quadratic" }, "retries.backoff"],
		["a backoff in capitals", { backoff: "Fixed" }, "retries.backoff"],
		["a backoff of null", { backoff: null }, "retries.backoff"],
		["a factor below 1", { factor: 0.99 }, "retries.factor"],
		["a factor without end", { factor: Number.POSITIVE_INFINITY }, "retries.factor"],
		["a factor as text", { factor: "2" }, "retries.factor"],
		["a jitter below 0", { jitter: -0.01 }, "retries.jitter"],
		["a jitter past 1", { jitter: 1.01 }, "retries.jitter"],
		["a jitter of NaN", { jitter: Number.NaN }, "retries.jitter"],
		["a jitter in words", { jitter: "full" }, "retries.jitter"],
		["retryOn as one name", { retryOn: "TypeError" }, "retries.retryOn"],
		["retryOn with a class in the list", { retryOn: [TypeError] }, "retries.retryOn"],
		["retryOn as an object", { retryOn: {} }, "retries.retryOn"],
		["an unknown option", { attempts: 3 }, "retries.attempts"],
		["a misspelt option set to undefined", { max_delay: undefined }, "retries.max_delay"],
		["a number for the options", 3, "retries"],
		["null for the options", null, "retries"],
		["a list for the options", [3], "retries"],
	])("%s is refused with its path", (_, options, path) => {
		expect(() => retryPolicy(options as RetryOptions)).toThrow(
			expect.objectContaining({
				code: "VALIDATION_ERROR",
				message: expect.stringContaining(path),
				details: { path },
			}),
		);
	});

	it("a refusal says what was expected and what came", () => {
		expect(() => retryPolicy({ limit: 0 })).toThrow(
			new ValidationError("retries.limit: expected a whole number from 1 to 10000, received 0.", {
				path: "retries.limit",
			}),
		);
		expect(() => retryPolicy({ attempts: 3 } as object)).toThrow(
			"expected one of limit, delay, backoff, factor, maxDelay, jitter, retryOn",
		);
	});
});
