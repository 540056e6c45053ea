// What of the panic options is taken, what is refused and how, and what counts as a panic.
import { describe, expect, it } from "vitest";
import { NonRetryableError, PanicError, StepTimeoutError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { overridesText, parseOverrides, withOverrides } from "../../src/model/overrides";
import { DEFAULT_PANIC_POLICY, PANIC_INDICATORS, panicPolicy } from "../../src/model/panic";
import { DEFAULT_RETRY_POLICY } from "../../src/model/retry";

describe("the default policy", () => {
	const { isPanic, ...numbers } = DEFAULT_PANIC_POLICY;

	it("restarts three times by itself, five seconds after a panic", () => {
		expect(numbers).toEqual({ restartDelayMs: 5_000, maxRestartAttempts: 3, autoRestart: true });
		expect(panicPolicy({})).toMatchObject(numbers);
	});

	it.each(PANIC_INDICATORS)("takes %j for a panic, in any case, within a message", (words) => {
		expect(isPanic(new Error(`node: ${words.toUpperCase()} (7)`))).toBe(true);
	});

	it("takes no other error of the library for one, whatever its message", () => {
		expect(isPanic(new PanicError("anything"))).toBe(true);
		expect(isPanic(new StepTimeoutError('step "fatal error" took longer'))).toBe(false);
		expect(isPanic(new NonRetryableError("out of memory"))).toBe(false);
	});

	it("is not confused by what cannot be read", () => {
		const hostile = Object.defineProperty(new Error("x"), "message", {
			get() {
				throw new Error("no");
			},
		});
		for (const odd of [hostile, null, undefined, 7, {}, { message: 7 }, Symbol("out of memory")]) {
			expect(isPanic(odd)).toBe(false);
		}
	});
});

describe("panic options", () => {
	it("take the place of the defaults one by one", () => {
		const policy = panicPolicy({ restartDelay: "1m", maxRestartAttempts: 0 });
		expect(policy).toMatchObject({ restartDelayMs: 60_000, maxRestartAttempts: 0 });
		expect(policy).toMatchObject({ autoRestart: true });
		expect(panicPolicy({ autoRestart: false }, policy)).toMatchObject({ restartDelayMs: 60_000 });
	});

	it("name the restarts up to their limit", () => {
		const { panicRestarts } = LIMITS;
		expect(panicPolicy({ maxRestartAttempts: panicRestarts })).toBeDefined();
		expect(() => panicPolicy({ maxRestartAttempts: panicRestarts + 1 })).toThrow(
			`panic.maxRestartAttempts is a whole number from 0 to ${panicRestarts}; received 1001.`,
		);
	});

	it.each<[unknown, string]>([
		[null, "panic expects options"],
		[{ delay: 1 }, 'received "delay"'],
		[{ isPanic: "out of memory" }, "panic.isPanic is a list of words"],
		[{ isPanic: ["x", ""] }, "panic.isPanic is a list of words"],
		[{ autoRestart: 1 }, "panic.autoRestart is true or false; received 1."],
		[{ restartDelay: "soon" }, "panic.restartDelay"],
	])("%j are refused", (options, message) => {
		expect(() => panicPolicy(options as never)).toThrow(message);
	});
});

describe("options of an instance", () => {
	const declared = {
		retry: { ...DEFAULT_RETRY_POLICY, limit: 7 },
		panic: panicPolicy({ restartDelay: "1m", isPanic: ["disk"] }),
	};

	it("hold over those of its type, one by one", () => {
		const text = overridesText({ retry: { delay: "2s" }, panic: { autoRestart: false } });
		const { retry, panic } = withOverrides(declared, text);
		expect(retry).toEqual({ ...declared.retry, delayMs: 2_000 });
		expect(panic).toEqual({ ...declared.panic, autoRestart: false });
	});

	it("are nothing where none are given", () => {
		expect(overridesText({})).toBeNull();
		expect(withOverrides(declared, null)).toBe(declared);
	});

	it("come as text, and are looked at again", () => {
		const text = overridesText({ panic: { restartDelay: "2s" } }) ?? "";
		expect(parseOverrides(text)).toBe(text);
		for (const wrong of ["", "null", "7", '{"limits":{}}', '{"retry":{"limit":0}}']) {
			expect(() => parseOverrides(wrong)).toThrow(/expects options|retries\.limit/);
		}
	});

	it("take so many characters and no more", () => {
		const fits = { retry: { retryOn: ["x".repeat(LIMITS.overridesLength - 26)] } };
		expect(overridesText(fits)).toHaveLength(LIMITS.overridesLength);
		expect(() => overridesText({ ...fits, panic: {} })).toThrow("at most 2048 characters");
	});
});
