/** An attempt and the breaker of its step when the shard does not answer: work is not lost, and nobody waits for ever. */
import { describe, expect, it } from "vitest";
import { admitAttempt, reportAttempt } from "../../src/client/breakers";
import type { RunnerNamespace } from "../../src/client/runner-client";
import type { Admission, BreakerReport } from "../../src/model/breaker-rpc";
import type { ErrorCode } from "../../src/model/errors";
import type { Clock } from "../../src/model/ports";

const REFUSED: Admission = { admitted: false, retryAt: 7 };
const UNASKED: Admission = { admitted: true, trial: false, period: null };
const policy = { failureThreshold: 5, resetTimeoutMs: 1_000 };
const ask = { breaker: "call", caller: "a/call/1", attemptTimeoutMs: null, ...policy };

type Answering = "away" | "silent" | ErrorCode | Admission | null;

/** A shard that answers so, call by call, and a clock that the test moves. */
function world(...answers: Answering[]) {
	const asked: unknown[] = [];
	const call = async (request: unknown) => {
		asked.push(request);
		const answer = answers.length === 0 ? "silent" : answers.shift();
		if (answer === "silent") return new Promise<never>(() => {});
		if (answer === "away") throw new Error("Network connection lost.");
		if (typeof answer === "object") return { ok: true, value: answer };
		return { ok: false, error: { code: answer, message: answer } };
	};
	const names: string[] = [];
	const runners = {
		getByName(name: string) {
			names.push(name);
			return { breakerAdmit: call, breakerReport: call };
		},
	} as unknown as RunnerNamespace;
	const timers: { dueMs: number; work: () => void }[] = [];
	let now = 0;
	const clock: Clock = {
		now: () => now,
		after(delayMs, work) {
			const timer = { dueMs: now + delayMs, work };
			timers.push(timer);
			return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
		},
		turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
	};
	/** Moves the clock, a timer at a time. */
	const pass = async (ms: number) => {
		const until = now + ms;
		for (;;) {
			await clock.turn();
			const [first] = timers.sort((one, other) => one.dueMs - other.dueMs);
			if (first === undefined || first.dueMs > until) break;
			now = first.dueMs;
			timers.shift();
			first.work();
		}
		now = until;
	};
	return { caller: { runners, clock }, asked, names, timers, pass };
}

describe("an attempt that asks to be admitted", () => {
	it("asks the first shard of its type, and leaves no timer behind", async () => {
		const { caller, asked, names, timers } = world(REFUSED);
		expect(await admitAttempt(caller, "order", ask)).toEqual(REFUSED);
		expect([asked, names, timers]).toEqual([[ask], ["__index:order"], []]);
	});

	it("asks again, in the same words, when no answer comes", async () => {
		const { caller, asked, pass } = world("away", "TRY_AGAIN", REFUSED);
		const answer = admitAttempt(caller, "order", ask);
		await pass(200);
		expect(await answer).toEqual(REFUSED);
		expect(asked).toEqual([ask, ask, ask]);
	});

	it("is let through unasked after three tries without an answer", async () => {
		const { caller, asked, pass } = world("away", "away", "away", REFUSED);
		const answer = admitAttempt(caller, "order", ask);
		await pass(1_000);
		expect(await answer).toEqual(UNASKED);
		expect(asked.length).toBe(3);
	});

	it("is let through unasked after five seconds of silence", async () => {
		const { caller, asked, pass } = world("silent");
		let answer: Admission | undefined;
		void admitAttempt(caller, "order", ask).then((said) => {
			answer = said;
		});
		await pass(4_999);
		expect(answer).toBeUndefined();
		await pass(1);
		expect(answer).toEqual(UNASKED);
		expect(asked.length).toBe(1);
	});

	it("fails where the breaker cannot be kept, without asking again", async () => {
		const { caller, asked } = world("BREAKER_LIMIT");
		await expect(admitAttempt(caller, "order", ask)).rejects.toMatchObject({
			code: "BREAKER_LIMIT",
		});
		expect(asked.length).toBe(1);
	});
});

describe("an attempt that reports", () => {
	const { breaker, caller: who } = ask;
	const report: BreakerReport = { breaker, caller: who, period: 3, outcome: "failure", ...policy };

	it("reports again, in the same words, until it is answered", async () => {
		const { caller, asked, pass } = world("away", null);
		const reported = reportAttempt(caller, "order", report);
		await pass(100);
		await reported;
		expect(asked).toEqual([report, report]);
	});

	it.each(["away", "BREAKER_LIMIT", "TRY_AGAIN"] as const)(
		"goes on when that fails for good (%s)",
		async (answer) => {
			const { caller, asked, pass } = world(answer, answer, answer);
			const reported = reportAttempt(caller, "order", report);
			await pass(1_000);
			await expect(reported).resolves.toBeUndefined();
			expect(asked.length).toBe(answer === "BREAKER_LIMIT" ? 1 : 3);
		},
	);
});
