/** Metadata that a step's function sets: with the step's outcome, and so once. */
import { describe, expect, it } from "vitest";
import { changeMetadata, describeInstance } from "../../src/client/runner-client";
import { LIMITS } from "../../src/model/limits";
import { gate, runners, TestInstance } from "../support/instance";
import { define } from "../support/lab";

const once = { retries: { limit: 1 } };

describe("metadata of an attempt", () => {
	it("is there with the step's outcome, not before, and the attempt alone sees it until then", async () => {
		const held = gate();
		const seen: unknown[] = [];
		const type = define(async (step) => {
			await step.do("set", async ({ setMetadata, ...context }) => {
				setMetadata({ a: 1, gone: true });
				setMetadata({ b: 2, gone: null });
				await held.promise;
				return context.attempt;
			});
			await step.do("see", ({ metadata }) => void seen.push(metadata));
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		expect((await instance.status()).metadata).toEqual({});
		held.resolve();
		expect((await instance.until("completed")).metadata).toEqual({ a: 1, b: 2 });
		expect(seen).toEqual([{ a: 1, b: 2 }]);
	});

	it("is lost with a crash in the middle, and set by the attempt that is made again", async () => {
		let calls = 0;
		const type = define(async (step) => {
			await step.do("set", (context) => {
				context.setMetadata({ calls: ++calls, seen: context.metadata.calls ?? "none" });
				return calls === 1 ? new Promise(() => {}) : null;
			});
			await step.sleep("nap", "1h");
		});
		const instance = await TestInstance.create(type);
		await instance.until(({ steps }) => steps.length === 1);
		await instance.crash();
		await instance.advance(10_000);
		const { metadata } = await instance.until("sleeping");
		expect(metadata).toEqual({ calls: 2, seen: "none" });
		await instance.evict();
		await instance.advance(3_600_000);
		expect((await instance.until("completed")).metadata).toEqual(metadata);
		expect(calls).toBe(2);
	});

	it("of an attempt that is followed by another is not set, of the last one it is", async () => {
		const type = define(async (step) => {
			const flaky = step.do(
				"flaky",
				({ attempt, setMetadata }) => {
					setMetadata({ [`attempt-${attempt}`]: true });
					throw new Error("no");
				},
				{ retries: { limit: 2, delay: 0 } },
			);
			await flaky.catch(() => {});
			await step.sleep("nap", "1h");
		});
		const instance = await TestInstance.create(type);
		await instance.until("sleeping");
		await instance.advance(0);
		await instance.until(({ steps }) => steps.length === 2);
		expect((await instance.status()).metadata).toEqual({ "attempt-2": true });
	});

	it("past its limit throws in the function; where steps beside it took the room, fails the step", async () => {
		const half = "x".repeat(LIMITS.metadataBytes / 2);
		const held = gate();
		const type = define(async (step) => {
			const codes = await step.do("alone", ({ setMetadata }) => {
				const codeOf = (changes: object) => {
					try {
						setMetadata(changes as never);
					} catch (error) {
						return (error as { code: string }).code;
					}
				};
				return [codeOf({ a: half + half }), codeOf({ a: () => 1 }), codeOf([])];
			});
			const slow = step.do(
				"slow",
				async ({ setMetadata }) => {
					setMetadata({ slow: half });
					await held.promise;
				},
				once,
			);
			await step.do("quick", ({ setMetadata }) => setMetadata({ quick: half }));
			held.resolve();
			return [...codes, await slow.catch(({ code }) => code)];
		});
		const { result, metadata } = await (await TestInstance.create(type)).until("completed");
		const refused = ["VALUE_TOO_LARGE", "VALUE_NOT_STORABLE", "VALIDATION_ERROR"];
		expect(result).toEqual([...refused, "VALUE_TOO_LARGE"]);
		expect(Object.keys(metadata)).toEqual(["quick"]);
	});
});

it("a change of metadata from outside is made once for its key, and a running step sees it", async () => {
	const held = gate();
	const type = define(async (step) =>
		step.do("see", async (context) => {
			await held.promise;
			return context.metadata;
		}),
	);
	const instance = await TestInstance.create(type);
	const by = { actor: "me", key: "k" };
	await changeMetadata(runners, instance.id, { note: "hurry", n: 1 }, by);
	await changeMetadata(runners, instance.id, { n: 2 });
	await changeMetadata(runners, instance.id, { note: "hurry", n: 1 }, by);
	await expect(changeMetadata(runners, instance.id, { n: 3 }, by)).rejects.toMatchObject({
		code: "IDEMPOTENCY_CONFLICT",
	});
	held.resolve();
	const { result, metadata } = await instance.until("completed");
	expect(result).toEqual({ note: "hurry", n: 2 });
	expect(metadata).toEqual(result);
	const { audit = [] } = await describeInstance(runners, instance.id, { include: ["audit"] });
	expect(audit.map(({ action }) => action)).toEqual(["create", "set-metadata", "set-metadata"]);
	await expect(changeMetadata(runners, "nobody", { a: 1 })).rejects.toMatchObject({
		code: "INSTANCE_NOT_FOUND",
	});
});
