/** What an instance may say in place of its type: retries and panics, given at create. */
import { describe, expect, it } from "vitest";
import { type CreateInput, createInstance } from "../../src/client/create-instance";
import { LIMITS } from "../../src/model/limits";
import { runners, TestInstance } from "../support/instance";
import { clock, define, EPOCH } from "../support/lab";

/** Panics before its first restart. */
const panicky = () =>
	define(async (step, _, { restartAttempt }) =>
		step.do("broken", () => {
			if (restartAttempt === 0) throw new Error("out of memory");
		}),
	);

describe("an instance's own options", () => {
	const create = async (input: Partial<CreateInput> & { type: string }) => {
		const { id } = await createInstance(runners, { payload: null, ...input });
		return new TestInstance(id);
	};

	it("hold in place of its type's for panics, over evictions", async () => {
		const type = panicky();
		const instance = await create({ type, panic: { restartDelay: "1h", maxRestartAttempts: 1 } });
		await instance.until("panicked");
		await instance.evict();
		expect((await instance.status()).wakeAt).toBe(clock.now() + 3_600_000);
		await instance.advance(3_600_000);
		await instance.until("completed");
		const other = await create({ type, panic: { maxRestartAttempts: 0 } });
		await other.until("errored");
	});

	it("hold for the retries of steps that say nothing, in a later pass too", async () => {
		const calls: string[] = [];
		const type = define(async (step) => {
			const fails = (name: string) => () => {
				calls.push(name);
				throw new Error(name);
			};
			await step.do("a", fails("a")).catch(() => {});
			await step.sleep("nap", "1h");
			await step.do("b", fails("b")).catch(() => {});
			await step.do("c", fails("c"), { retries: { limit: 1 } }).catch(() => {});
			return "done";
		});
		const instance = await create({ type, retry: { limit: 2, delay: 0 } });
		await instance.until("sleeping");
		await instance.advance(0);
		await instance.until(({ steps }) => steps.some(({ key }) => key === "nap"));
		await instance.evict();
		await instance.advance(3_600_000);
		await instance.until(({ status }) => status === "sleeping" || status === "completed");
		await instance.advance(0);
		await instance.until("completed");
		expect(calls).toEqual(["a", "a", "b", "b", "c"]);
	});

	it.each<[string, Partial<CreateInput>, string]>([
		["panic.restartDelay", { panic: { restartDelay: -1 } }, "panic.restartDelay"],
		["panic.maxRestartAttempts", { panic: { maxRestartAttempts: 1.5 } }, "1.5"],
		["panic.autoRestart", { panic: { autoRestart: "no" } } as never, "no"],
		["a predicate", { panic: { isPanic: [] } } as never, "isPanic"],
		["retries.limit", { retry: { limit: 0 } }, "0"],
		["a function", { retry: { retryOn: () => true } }, "function"],
		["too much", { retry: { retryOn: ["x".repeat(LIMITS.overridesLength)] } }, "characters"],
	])("are refused for %s, and nothing is created", async (_what, options, named) => {
		const type = panicky();
		const request = create({ type, id: `refused-${EPOCH}`, ...options });
		await expect(request).rejects.toMatchObject({
			code: expect.stringMatching(/VALIDATION_ERROR/),
			message: expect.stringContaining(named),
		});
		await expect(new TestInstance(`refused-${EPOCH}`).status()).rejects.toMatchObject({
			code: "INSTANCE_NOT_FOUND",
		});
	});
});
