/** `step.setMetadata`: what a program shows of how far it is, set once under replay. */
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import { TestInstance } from "../support/instance";
import { define } from "../support/lab";

describe("metadata", () => {
	it("is merged, shown with its values live, and null takes a name away", async () => {
		const type = define(async (step) => {
			await step.setMetadata({ since: new Date(0), done: 1, draft: true });
			await step.waitForEvent("go");
			await step.setMetadata({ done: 2, draft: null });
		});
		const instance = await TestInstance.create(type);
		const since = new Date(0);
		expect((await instance.until("waiting")).metadata).toEqual({ since, done: 1, draft: true });
		await instance.crash();
		await instance.event("go");
		const { metadata, steps } = await instance.until("completed");
		expect(metadata).toEqual({ since, done: 2 });
		expect(steps.map(({ key, type: kind }) => [key, kind])).toEqual([
			["setMetadata", "set_metadata"],
			["go", "wait_for_event"],
			["setMetadata#2", "set_metadata"],
		]);
	});

	it("past its limit fails the step on every replay, and changes nothing", async () => {
		const length = LIMITS.metadataBytes - JSON.stringify({ a: "" }).length - 1;
		const type = define(async (step) => {
			await step.setMetadata({ a: "x".repeat(length) });
			const codes = [
				await step.setMetadata({ b: 1 }).catch((error) => error.code),
				await step.setMetadata({ b: "x".repeat(LIMITS.metadataBytes) }).catch(({ code }) => code),
				await step.setMetadata({ b: () => 1 }).catch(({ code }) => code),
				await step.setMetadata([] as never).catch(({ code }) => code),
			];
			await step.waitForEvent("go");
			return codes;
		});
		const instance = await TestInstance.create(type);
		await instance.until("waiting");
		await instance.evict();
		await instance.event("go");
		const { result, metadata } = await instance.until("completed");
		expect(result).toEqual([
			"VALUE_TOO_LARGE",
			"VALUE_TOO_LARGE",
			"VALUE_NOT_STORABLE",
			"VALIDATION_ERROR",
		]);
		expect(metadata).toEqual({ a: "x".repeat(length) });
	});

	it("is empty where the program sets none", async () => {
		const instance = await TestInstance.create(define(async () => 1));
		expect((await instance.until("completed")).metadata).toEqual({});
	});
});
