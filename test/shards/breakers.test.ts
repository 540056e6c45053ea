/** The circuit breakers of a type, as attempts of its instances meet them: who is let through, and what an eviction keeps. */
import { describe, expect, it, vi } from "vitest";
import { listBreakers, resetBreaker } from "../../src/client/breakers";
import { BreakerStore } from "../../src/db/breaker-store";
import type { Admission, BreakerPolicy, BreakerView } from "../../src/model/breaker-rpc";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { unwrap } from "../../src/model/rpc";
import { runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { failingOnce } from "./faults";

const RESET_MS = 10_000;
const TRIAL_MS = 60_000;

let types = 0;

/** The breaker `call` of a type of its own, with what callers say to it. */
class Subject {
	readonly type = `breaking-${++types}`;
	policy: BreakerPolicy = { failureThreshold: 3, resetTimeoutMs: RESET_MS };

	get shard(): TestInstance {
		return new TestInstance(shardName(this.type));
	}

	async admit(caller: string, breaker = "call", timeoutMs: number | null = null) {
		const ask = { breaker, caller, attemptTimeoutMs: timeoutMs, ...this.policy };
		return unwrap(await runners.getByName(shardName(this.type)).breakerAdmit(ask));
	}

	/** Who is admitted to what; fails where it is not. */
	async admitted(caller: string, breaker = "call"): Promise<{ trial: boolean; period: number }> {
		const { trial, period } = granted(await this.admit(caller, breaker));
		return { trial, period };
	}

	async report(
		caller: string,
		outcome: "success" | "failure",
		{ period, breaker = "call" }: { period: number; breaker?: string },
	): Promise<void> {
		const said = { breaker, caller, outcome, period, ...this.policy };
		unwrap(await runners.getByName(shardName(this.type)).breakerReport(said));
	}

	/** A whole attempt. */
	async call(caller: string, outcome: "success" | "failure", breaker = "call"): Promise<void> {
		const { period } = await this.admitted(caller, breaker);
		await this.report(caller, outcome, { period, breaker });
	}

	/** Opens it, by as many callers as that takes. */
	async open(): Promise<void> {
		for (let n = 1; n <= this.policy.failureThreshold; n++) await this.call(`o${n}`, "failure");
	}

	async view(breaker = "call"): Promise<BreakerView | undefined> {
		return (await listBreakers(runners, this.type)).find(({ name }) => name === breaker);
	}
}

function granted(admission: Admission): { trial: boolean; period: number } {
	expect(admission).toMatchObject({ admitted: true, period: expect.any(Number) });
	if (!admission.admitted || admission.period === null) throw new Error("not admitted");
	return { trial: admission.trial, period: admission.period };
}

const refused = (retryAt: number): Admission => ({ admitted: false, retryAt });

describe("a closed breaker", () => {
	it("lets everyone through, and nothing is stored as long as nothing fails", async () => {
		const subject = new Subject();
		for (const caller of ["a/call/1", "b/call/1"]) {
			expect(await subject.admit(caller)).toEqual({ admitted: true, trial: false, period: 0 });
			await subject.report(caller, "success", { period: 0 });
		}
		expect(await listBreakers(runners, subject.type)).toEqual([]);
		expect(await subject.shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
		expect(await subject.shard.alarmAt()).toBeNull();
	});

	it("opens after so many failures in a row, of whichever instances", async () => {
		const subject = new Subject();
		await subject.call("a/call/1", "failure");
		await subject.call("b/call/1", "failure");
		expect(await subject.view()).toEqual({
			name: "call",
			state: "closed",
			failures: 2,
			failureThreshold: 3,
			resetTimeoutMs: RESET_MS,
			lastFailureAt: clock.now(),
			openedAt: null,
			retryAt: null,
			trial: null,
		});
		await subject.call("a/call/2", "failure");
		const openedAt = clock.now();
		clock.advance(1);
		expect(await subject.admit("c/call/1")).toEqual(refused(openedAt + RESET_MS));
		expect(await subject.view()).toMatchObject({
			state: "open",
			failures: 3,
			openedAt,
			retryAt: openedAt + RESET_MS,
		});
	});

	it("begins the row anew with a success", async () => {
		const subject = new Subject();
		for (const outcome of ["failure", "failure", "success", "failure", "failure"] as const) {
			await subject.call(`${outcome}-${clock.now()}`, outcome);
			clock.advance(1);
		}
		expect(await subject.view()).toMatchObject({ state: "closed", failures: 2 });
	});

	it("counts a failure once that is reported again, also by one that died and after an eviction", async () => {
		const subject = new Subject();
		await subject.call("a/call/1", "failure");
		await subject.call("a/call/1", "failure");
		await subject.shard.evict();
		await subject.report("a/call/1", "failure", { period: 0 });
		await Promise.all([1, 2, 3].map(() => subject.report("b/call/1", "failure", { period: 0 })));
		expect(await subject.view()).toMatchObject({ failures: 2 });
		await subject.shard.evict();
		expect(await subject.view()).toMatchObject({ failures: 2 });
	});

	it("keeps breakers of other steps and of other types apart", async () => {
		const [subject, other] = [new Subject(), new Subject()];
		await subject.open();
		expect(await subject.admit("a", "charge")).toMatchObject({ admitted: true });
		expect(await other.admit("a")).toMatchObject({ admitted: true });
	});

	it("takes the threshold of the code that reports", async () => {
		const subject = new Subject();
		await subject.call("a", "failure");
		await subject.call("b", "failure");
		subject.policy = { failureThreshold: 5, resetTimeoutMs: RESET_MS };
		await subject.call("c", "failure");
		expect(await subject.view()).toMatchObject({ state: "closed", failureThreshold: 5 });
		subject.policy = { failureThreshold: 2, resetTimeoutMs: RESET_MS };
		await subject.call("d", "failure");
		expect(await subject.view()).toMatchObject({ state: "open", failures: 4 });
	});
});

describe("an open breaker", () => {
	it("stays open over an eviction, and refuses without a write", async () => {
		const subject = new Subject();
		await subject.open();
		const openedAt = clock.now();
		await subject.shard.evict();
		const writes = vi.spyOn(BreakerStore.prototype, "write");
		for (let n = 0; n < 10; n++) {
			clock.advance(1);
			expect(await subject.admit(`a${n}`)).toEqual(refused(openedAt + RESET_MS));
		}
		expect(writes).not.toHaveBeenCalled();
		writes.mockRestore();
	});

	it("does not care how attempts end that it let through before", async () => {
		const subject = new Subject();
		const early = await subject.admitted("slow");
		await subject.open();
		const before = await subject.view();
		clock.advance(1);
		await subject.report("slow", "failure", early);
		await subject.report("slow", "success", early);
		expect(await subject.view()).toEqual(before);
	});

	it("takes the time to wait of the code that asks", async () => {
		const subject = new Subject();
		await subject.open();
		const openedAt = clock.now();
		clock.advance(2_000);
		subject.policy = { failureThreshold: 3, resetTimeoutMs: 5_000 };
		expect(await subject.admit("a")).toEqual(refused(openedAt + 5_000));
		clock.advance(3_000);
		expect(await subject.admitted("a")).toMatchObject({ trial: true });
	});
});

describe("when its time has come", () => {
	/** Open, and due to be tried. */
	async function due(): Promise<Subject> {
		const subject = new Subject();
		await subject.open();
		clock.advance(RESET_MS - 1);
		expect(await subject.admit("early")).toMatchObject({ admitted: false });
		clock.advance(1);
		expect(await subject.view()).toMatchObject({ state: "half-open", trial: null });
		return subject;
	}

	it("one of two that race is let through to try, and the other waits for it", async () => {
		const subject = await due();
		const answers = await Promise.all(["a", "b"].map((caller) => subject.admit(caller)));
		expect(answers).toEqual([
			{ admitted: true, trial: true, period: 1 },
			refused(clock.now() + TRIAL_MS),
		]);
		const trial = { caller: "a", since: clock.now(), until: clock.now() + TRIAL_MS };
		expect(await subject.view()).toMatchObject({ state: "half-open", trial });
	});

	it("a trial that succeeds closes it for all", async () => {
		const subject = await due();
		await subject.report("a", "success", await subject.admitted("a"));
		expect(await subject.view()).toMatchObject({ state: "closed", failures: 0, openedAt: null });
		for (const caller of ["b", "c"]) {
			expect(await subject.admitted(caller)).toEqual({ trial: false, period: 2 });
		}
	});

	it("a trial that fails opens it for as long again", async () => {
		const subject = await due();
		clock.advance(500);
		const trial = await subject.admitted("a");
		clock.advance(500);
		await subject.report("a", "failure", trial);
		await subject.report("a", "failure", trial);
		const openedAt = clock.now();
		expect(await subject.view()).toMatchObject({ state: "open", failures: 4, openedAt });
		expect(await subject.admit("b")).toEqual(refused(openedAt + RESET_MS));
	});

	it.each(["evict", "crash"] as const)(
		"there is one trial, though the shard is lost in the middle of it (%s)",
		async (lose) => {
			const subject = await due();
			const trial = await subject.admitted("a");
			await subject.shard[lose]();
			expect(await subject.admit("b")).toMatchObject({ admitted: false });
			// Its instance was lost, too: the attempt is made anew, and asks again.
			expect(await subject.admitted("a")).toEqual(trial);
			await subject.shard[lose]();
			await subject.report("a", "success", trial);
			expect(await subject.view()).toMatchObject({ state: "closed" });
		},
	);

	it("a trial that never reports is given to another when its time is up", async () => {
		const subject = await due();
		const lost = await subject.admitted("a");
		clock.advance(TRIAL_MS - 1);
		expect(await subject.admit("b")).toEqual(refused(clock.now() + 1));
		clock.advance(1);
		expect(await subject.admitted("b")).toMatchObject({ trial: true });
		expect(await subject.admit("a")).toMatchObject({ admitted: false });
		await subject.report("a", "success", lost);
		await subject.report("a", "failure", lost);
		expect(await subject.view()).toMatchObject({ state: "half-open", trial: { caller: "b" } });
	});

	it("the report of a trial whose time is up counts if no other has begun", async () => {
		const subject = await due();
		const trial = await subject.admitted("a");
		clock.advance(TRIAL_MS + 1);
		await subject.report("a", "success", trial);
		expect(await subject.view()).toMatchObject({ state: "closed" });
	});

	it("a trial has the time that its attempt may take, and more", async () => {
		const subject = await due();
		granted(await subject.admit("a", "call", 3_600_000));
		const until = clock.now() + 3_600_000 + TRIAL_MS;
		expect(await subject.admit("b")).toEqual(refused(until));
	});

	it("a report of one that was not let through changes nothing", async () => {
		const subject = await due();
		const before = await subject.view();
		for (const period of [0, 1, 2]) {
			await subject.report("x", "success", { period });
			await subject.report("x", "failure", { period });
		}
		expect(await subject.view()).toEqual(before);
	});
});

describe("a reset", () => {
	it("closes it as if nothing had failed, and a trial under way says nothing any more", async () => {
		const subject = new Subject();
		await subject.open();
		clock.advance(RESET_MS);
		const trial = await subject.admitted("a");
		expect(await resetBreaker(runners, subject.type, "call")).toMatchObject({
			state: "closed",
			failures: 0,
			trial: null,
		});
		await subject.shard.evict();
		await subject.report("a", "failure", trial);
		expect(await subject.view()).toMatchObject({ state: "closed", failures: 0 });
	});

	it("of one that never failed is refused, and writes nothing", async () => {
		const subject = new Subject();
		await subject.admit("a");
		await expect(resetBreaker(runners, subject.type, "call")).rejects.toMatchObject({
			code: "BREAKER_NOT_FOUND",
		});
		expect(await subject.shard.sql("SELECT name FROM sqlite_master")).toEqual([]);
	});
});

describe("when a write fails", () => {
	it("nobody who reported is answered, and all count once when they report again", async () => {
		const subject = new Subject();
		subject.policy = { failureThreshold: 9, resetTimeoutMs: RESET_MS };
		const failed = failingOnce(BreakerStore, "write", {});
		const callers = ["a", "b", "c"];
		const report = (caller: string) => subject.report(caller, "failure", { period: 0 });
		const answers = await Promise.allSettled(callers.map(report));
		expect(answers.map(({ status }) => status)).toEqual(callers.map(() => "rejected"));
		expect(failed()).toBe(1);
		await Promise.all(callers.map(report));
		await subject.shard.evict();
		expect(await subject.view()).toMatchObject({ failures: 3 });
	});

	it.each(["before", "after"] as const)("a trial is given once (%s it was made)", async (when) => {
		const subject = new Subject();
		await subject.open();
		clock.advance(RESET_MS);
		failingOnce(BreakerStore, "write", { when });
		await expect(subject.admit("a")).rejects.toMatchObject({ code: "TRY_AGAIN" });
		const answers = await Promise.all(["a", "b"].map((caller) => subject.admit(caller)));
		expect(answers.map(({ admitted }) => admitted)).toEqual([true, false]);
	});

	it("a report that waits for a write is not answered when another's write has failed", async () => {
		const subject = new Subject();
		await subject.call("a", "failure", "other");
		const waiting = subject.report("b", "failure", { period: 0 });
		await clock.turn();
		failingOnce(BreakerStore, "write", {});
		await expect(resetBreaker(runners, subject.type, "other")).rejects.toMatchObject({
			code: "TRY_AGAIN",
		});
		await expect(waiting).rejects.toMatchObject({ code: "TRY_AGAIN" });
		await subject.report("b", "failure", { period: 0 });
		expect(await subject.view()).toMatchObject({ failures: 1 });
	});
});

it("reports that come together are one write, of a row for each breaker", async () => {
	const subject = new Subject();
	subject.policy = { failureThreshold: 1_000, resetTimeoutMs: RESET_MS };
	const writes = vi.spyOn(BreakerStore.prototype, "write");
	// The moment for which they are gathered lasts until all are there, however busy the machine.
	let isOver = false;
	const moment = vi.spyOn(clock, "after").mockImplementation((_delayMs, work) => {
		const timer = setInterval(() => {
			if (!isOver) return;
			clearInterval(timer);
			work();
		}, 1);
		return () => clearInterval(timer);
	});
	const reports = Promise.all(
		Array.from({ length: 40 }, (_, n) =>
			subject.report(`c${n}`, "failure", { period: 0, breaker: n % 2 ? "odd" : "even" }),
		),
	);
	for (const breaker of ["odd", "even"]) {
		await expect.poll(() => subject.view(breaker)).toMatchObject({ failures: 20 });
	}
	isOver = true;
	await reports;
	moment.mockRestore();
	expect(writes.mock.calls.map(([{ changed }]) => changed.length)).toEqual([2]);
	await subject.report("c", "failure", { period: 0, breaker: "odd" });
	expect(writes.mock.calls.map(([{ changed }]) => changed.length)).toEqual([2, 1]);
	writes.mockRestore();
	expect(await subject.view("even")).toMatchObject({ failures: 20 });
});

describe("the breakers of a type", () => {
	/** As many as are kept, all open. */
	async function full(): Promise<Subject> {
		const subject = new Subject();
		subject.policy = { failureThreshold: 1, resetTimeoutMs: RESET_MS };
		const names = Array.from({ length: LIMITS.breakers }, (_, n) => `call-${n}`);
		await Promise.all(names.map((breaker) => subject.call("a", "failure", breaker)));
		return subject;
	}

	it("are so many at most: past that, others are refused with what to do", async () => {
		const subject = await full();
		await expect(subject.admit("a", "call-x")).rejects.toMatchObject({
			code: "BREAKER_LIMIT",
			message: expect.stringContaining("leave out of the name what varies"),
		});
		await expect(subject.report("a", "failure", { period: 0 })).rejects.toMatchObject({
			code: "BREAKER_LIMIT",
		});
		expect(await subject.admit("a", "call-7")).toMatchObject({ admitted: false });
		expect((await listBreakers(runners, subject.type)).length).toBe(LIMITS.breakers);
	});

	it("give up the one that failed longest ago, of those that let attempts through", async () => {
		const subject = await full();
		clock.advance(1);
		await resetBreaker(runners, subject.type, "call-5");
		await resetBreaker(runners, subject.type, "call-6");
		await subject.call("a", "failure", "call-5");
		await resetBreaker(runners, subject.type, "call-5");
		await subject.call("a", "failure", "call-x");
		await subject.shard.evict();
		const names = (await listBreakers(runners, subject.type)).map(({ name }) => name);
		expect(names.length).toBe(LIMITS.breakers);
		expect(names).toContain("call-x");
		expect(names).toContain("call-5");
		expect(names).not.toContain("call-6");
	});

	it("give one up for good, also one that was about to be written", async () => {
		const subject = await full();
		await resetBreaker(runners, subject.type, "call-6");
		const { period } = await subject.admitted("b", "call-6");
		subject.policy = { failureThreshold: 9, resetTimeoutMs: RESET_MS };
		const report = (breaker: string, period: number) =>
			subject.report("b", "failure", { period, breaker });
		await Promise.all([report("call-6", period), report("call-x", 0)]);
		await subject.shard.evict();
		const names = (await listBreakers(runners, subject.type)).map(({ name }) => name);
		expect(names.length).toBe(LIMITS.breakers);
		expect(names).not.toContain("call-6");
	});
});
