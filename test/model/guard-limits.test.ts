/** The limits of a type: what it declares, and what an operator puts in its place. */
import { describe, expect, it } from "vitest";
import {
	type DeclaredLimits,
	isGuarded,
	type LimitChanges,
	type LimitOverrides,
	limitsInForce,
	withLimitChanges,
} from "../../src/model/guard-limits";
import { LIMITS } from "../../src/model/limits";
import {
	type ConcurrencyOptions,
	concurrencyPolicy,
	type RateOptions,
	ratePolicy,
} from "../../src/model/type-policy";

const key = () => "k";

describe("the concurrency that a type declares", () => {
	const longest = LIMITS.queuedInstances;

	it.each<[ConcurrencyOptions, object]>([
		[{ limit: 3 }, { limit: 3, keyLimit: null, maxQueued: longest, releasesWhileParked: false }],
		[{ limit: 0 }, { limit: null, keyLimit: null }],
		[
			{ limit: 3, key },
			{ limit: null, keyLimit: 3, key },
		],
		[
			{ limit: 3, key, total: 9 },
			{ limit: 9, keyLimit: 3 },
		],
		[
			{ limit: 0, key, total: 9 },
			{ limit: 9, keyLimit: null },
		],
		[
			{ limit: 3, key, total: 0 },
			{ limit: null, keyLimit: 3 },
		],
		[
			{ limit: LIMITS.slots, maxQueued: 0 },
			{ limit: LIMITS.slots, maxQueued: 0 },
		],
		[{ limit: 1, maxQueued: longest }, { maxQueued: longest }],
		[{ limit: 1, whileParked: "release" }, { releasesWhileParked: true }],
		[{ limit: 1, whileParked: "hold" }, { releasesWhileParked: false }],
	])("%j is taken", (options, policy) => {
		expect(concurrencyPolicy(options)).toMatchObject(policy);
	});

	it.each<[object, string]>([
		[{}, "concurrency.limit"],
		[{ limit: -1 }, "concurrency.limit"],
		[{ limit: LIMITS.slots + 1 }, "concurrency.limit"],
		[{ limit: "3" }, "concurrency.limit"],
		[{ limit: 1, key: "customer" }, "concurrency.key"],
		[{ limit: 1, total: 2 }, "concurrency.total"],
		[{ limit: 1, key, total: -1 }, "concurrency.total"],
		[{ limit: 1, maxQueued: longest + 1 }, "concurrency.maxQueued"],
		[{ limit: 1, maxQueued: 0.5 }, "concurrency.maxQueued"],
		[{ limit: 1, whileParked: "keep" }, "concurrency.whileParked"],
		[{ limit: 1, most: 2 }, "most"],
	])("%j is refused by name", (options, path) => {
		expect(() => concurrencyPolicy(options as ConcurrencyOptions)).toThrow(
			expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } }),
		);
	});
});

describe("the rate that a type declares", () => {
	it.each<[RateOptions, object]>([
		[
			{ limit: 1, per: 1 },
			{ limit: 1, perMs: 1 },
		],
		[
			{ limit: LIMITS.rateStarts, per: "1 minute" },
			{ limit: LIMITS.rateStarts, perMs: 60_000 },
		],
	])("%j is taken", (options, policy) => {
		expect(ratePolicy(options)).toEqual(policy);
	});

	it.each<[object, string]>([
		[{ limit: 0, per: 1 }, "rate.limit"],
		[{ limit: LIMITS.rateStarts + 1, per: 1 }, "rate.limit"],
		[{ limit: 1, per: 0 }, "rate.per"],
		[{ limit: 1, per: "soon" }, "rate.per"],
		[{ limit: 1, per: 1, burst: 2 }, "burst"],
	])("%j is refused by name", (options, path) => {
		expect(() => ratePolicy(options as RateOptions)).toThrow(
			expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } }),
		);
	});
});

describe("the limits in force", () => {
	const declared: DeclaredLimits = {
		concurrency: concurrencyPolicy({ limit: 2, key, total: 8, maxQueued: 50 }),
		rate: { limit: 5, perMs: 1_000 },
	};
	const asDeclared = { limit: 8, keyLimit: 2, maxQueued: 50, rate: { limit: 5, perMs: 1_000 } };
	const none = { limit: null, keyLimit: null, maxQueued: LIMITS.queuedInstances, rate: null };

	it.each<[string, DeclaredLimits, LimitOverrides, object]>([
		["as declared", declared, {}, asDeclared],
		["none where nothing is declared", { concurrency: null, rate: null }, {}, none],
		[
			"one of them overridden",
			declared,
			{ concurrency: { limit: 3 } },
			{ ...asDeclared, limit: 3 },
		],
		[
			"none by 0",
			declared,
			{ concurrency: { limit: 0, keyLimit: 0 }, rate: { limit: 0, perMs: 1 } },
			{ ...none, maxQueued: 50 },
		],
		["no queue by 0", declared, { concurrency: { maxQueued: 0 } }, { ...asDeclared, maxQueued: 0 }],
		[
			"set where nothing is declared",
			{ concurrency: null, rate: null },
			{ concurrency: { limit: 1 }, rate: { limit: 2, perMs: 3 } },
			{ ...none, limit: 1, rate: { limit: 2, perMs: 3 } },
		],
	])("are %s", (_, type, overrides, limits) => {
		const inForce = limitsInForce(type, overrides);
		expect(inForce).toEqual(limits);
		expect(isGuarded(inForce)).toBe(
			inForce.limit !== null || inForce.keyLimit !== null || inForce.rate !== null,
		);
	});
});

describe("a change of limits", () => {
	const before: LimitOverrides = { concurrency: { limit: 3 }, rate: { limit: 1, perMs: 1_000 } };

	it.each<[LimitChanges, LimitOverrides]>([
		[{}, before],
		[{ concurrency: { maxQueued: 4 } }, { ...before, concurrency: { limit: 3, maxQueued: 4 } }],
		[{ concurrency: { limit: 5 } }, { ...before, concurrency: { limit: 5 } }],
		[{ concurrency: null }, { rate: { limit: 1, perMs: 1_000 } }],
		[{ rate: null }, { concurrency: { limit: 3 } }],
		[{ rate: { limit: 2, per: "1m" } }, { ...before, rate: { limit: 2, perMs: 60_000 } }],
		[{ concurrency: null, rate: null }, {}],
	])("by %j is made to what was set before", (changes, after) => {
		expect(withLimitChanges(before, changes)).toEqual(after);
		expect(before).toEqual({ concurrency: { limit: 3 }, rate: { limit: 1, perMs: 1_000 } });
	});
});
