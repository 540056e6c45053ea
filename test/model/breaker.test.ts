/** What users write of a circuit breaker, and what is refused of it. */
import { expect, it } from "vitest";
import { type BreakerOptions, breakerPolicy } from "../../src/model/breaker";
import { CircuitOpenError } from "../../src/model/errors";

it.each([
	[
		{ failureThreshold: 5, resetTimeout: 30_000 },
		{ failureThreshold: 5, resetTimeoutMs: 30_000 },
	],
	[
		{ failureThreshold: 1, resetTimeout: "1s" },
		{ failureThreshold: 1, resetTimeoutMs: 1_000 },
	],
	[
		{ failureThreshold: 1_000, resetTimeout: 1_000 },
		{ failureThreshold: 1_000, resetTimeoutMs: 1_000 },
	],
])("%j is a policy", (options, policy) => {
	expect(breakerPolicy(options)).toEqual(policy);
});

it("options of a style's own are left to it", () => {
	const options = { failureThreshold: 2, resetTimeout: "5s", onOpen: () => null };
	expect(breakerPolicy(options, { more: ["onOpen"] })).toEqual({
		failureThreshold: 2,
		resetTimeoutMs: 5_000,
	});
});

it.each([
	[{ failureThreshold: 0, resetTimeout: 1_000 }, "withCircuitBreaker.failureThreshold", "from 1"],
	[{ failureThreshold: 1_001, resetTimeout: 1_000 }, "withCircuitBreaker.failureThreshold", "1001"],
	[{ failureThreshold: 1.5, resetTimeout: 1_000 }, "withCircuitBreaker.failureThreshold", "1.5"],
	[{ resetTimeout: 1_000 }, "withCircuitBreaker.failureThreshold", "undefined"],
	[{ failureThreshold: 1, resetTimeout: 999 }, "withCircuitBreaker.resetTimeout", "at least 1000"],
	[{ failureThreshold: 1, resetTimeout: -1 }, "withCircuitBreaker.resetTimeout", "-1"],
	[{ failureThreshold: 1, resetTimeout: "soon" }, "withCircuitBreaker.resetTimeout", '"soon"'],
	[{ failureThreshold: 1 }, "withCircuitBreaker.resetTimeout", "undefined"],
	[{ failureThreshold: 1, resetTimeout: 1_000, threshold: 2 }, "threshold", '"threshold"'],
	[null, "options", "object"],
])("%j is refused, with the path %s", (options, path, text) => {
	const parse = () =>
		breakerPolicy(options as unknown as BreakerOptions, { where: "withCircuitBreaker" });
	expect(parse).toThrow(text);
	expect(parse).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } }));
});

it("the error of an open breaker says which, and when to try again", () => {
	const error = new CircuitOpenError("charge", Date.UTC(2100, 0, 1));
	expect(error).toMatchObject({
		name: "CircuitOpenError",
		code: "CIRCUIT_OPEN",
		details: { breaker: "charge", retryAt: Date.UTC(2100, 0, 1) },
	});
	expect(error.message).toContain("2100-01-01T00:00:00.000Z");
});
