/** Errors: where they go, what they keep, and that the program sees real ones only (G3, G10). */
import { expect } from "vitest";
import { attempt, between, sleep, step, wait } from "./style";
import { type Behaviours, HOUR, SECOND, sleepOver, witness } from "./subject";

class PaymentError extends Error {
	override readonly name = "PaymentError";
	readonly code = "DECLINED";
	readonly details = { at: new Date(0) };
}
const declined = () => {
	throw new PaymentError("declined", { cause: new RangeError("limit") });
};
const RECORD = {
	name: "PaymentError",
	message: "declined",
	code: "DECLINED",
	fields: { details: { at: new Date(0) } },
	cause: { name: "RangeError", message: "limit" },
	stack: expect.stringContaining("declined"),
};
const once = { retries: { limit: 1 } };

export const errors: Behaviours = {
	"an error of a step that nothing catches errors the instance with all that it says": async (
		subject,
	) => {
		const { calls, step } = witness();
		const instance = await subject.start([step("pay", declined, once), step("ship")]);
		const status = await instance.until("errored");
		expect(status).toMatchObject({ error: "declined", errorDetails: RECORD, result: null });
		expect(status.steps).toMatchObject([{ status: "failed", errorDetails: RECORD }]);
		await instance.evict();
		expect(await instance.status()).toEqual(status);
		expect(calls).toEqual(["pay"]);
	},

	"an error of the program between its steps errors the instance with all that it says": async (
		subject,
	) => {
		const { calls, step } = witness();
		const instance = await subject.start([step("before"), sleep("nap", "1s"), between(declined)]);
		await sleepOver(instance, SECOND);
		const status = await instance.until("errored");
		expect(status).toMatchObject({ error: "declined", errorDetails: RECORD });
		expect(calls).toEqual(["before"]);
	},

	"an error that is caught is the same live and on replay, and the program goes on": async (
		subject,
	) => {
		const seen: unknown[] = [];
		const see = between((error: PaymentError) => {
			const { name, message, code, details, stack, cause } = error;
			seen.push({ name, message, code, details, stack, cause, isError: error instanceof Error });
			return name;
		});
		const instance = await subject.start([
			attempt([step("pay", declined, once)], { recover: [see, step("refund", (name) => name)] }),
			sleep("nap", "1s"),
		]);
		await sleepOver(instance, SECOND);
		expect((await instance.until("completed")).result).toBe("PaymentError");
		expect(seen).toHaveLength(2);
		expect(seen[1]).toEqual(seen[0]);
		const { fields, ...kept } = RECORD;
		expect(seen[0]).toMatchObject({ ...kept, ...fields, isError: true });
	},

	"an error in the recovery is the one that the instance ends with": async (subject) => {
		const { calls, step } = witness();
		const recover = [
			step("refund", ({ message }: Error) => Promise.reject(new Error(`${message} twice`)), once),
		];
		const instance = await subject.start([attempt([step("pay", declined, once)], { recover })]);
		expect((await instance.until("errored")).error).toBe("declined twice");
		expect(calls).toEqual(["pay", "refund"]);
	},

	"cleanup runs once the body has ended, and never because the instance parks": async (subject) => {
		const seen: string[] = [];
		const body = [step("a", () => 1), sleep("nap", "1s"), wait("go")];
		const flow = attempt(body, {
			recover: [between(() => void seen.push("recover"))],
			cleanup: [between(() => void seen.push("cleanup"))],
		});
		const instance = await subject.start([flow]);
		await sleepOver(instance, SECOND);
		await instance.until("waiting");
		await instance.control("pause");
		await instance.control("resume");
		await instance.until("waiting");
		expect(seen).toEqual([]);
		await instance.event("go", "gone");
		expect((await instance.until("completed")).result).toBe("gone");
		expect(seen).toEqual(["cleanup"]);
	},

	"cleanup may have steps: after a failure they run once, and the failure stays": async (
		subject,
	) => {
		const { calls, step } = witness();
		const cleanup = [step("undo"), sleep("nap", "1s"), step("report")];
		const instance = await subject.start([attempt([step("pay", declined, once)], { cleanup })]);
		await sleepOver(instance, SECOND);
		expect((await instance.until("errored")).error).toBe("declined");
		expect(calls).toEqual(["pay", "undo", "report"]);
	},

	"a terminated instance runs neither recovery nor cleanup": async (subject) => {
		const { calls, step } = witness();
		const ends = { recover: [step("recover")], cleanup: [step("cleanup")] };
		const instance = await subject.start([attempt([sleep("nap", "1h")], ends)]);
		await instance.until("sleeping");
		await instance.control("terminate");
		await instance.advance(HOUR);
		expect(await instance.status()).toMatchObject({ status: "terminated", error: null });
		expect(calls).toEqual([]);
	},

	"a step may throw what is no error: it is caught as it was, live and on replay": async (
		subject,
	) => {
		const odd = [undefined, null, 0, "", false, Number.NaN, "text", { why: new Map() }];
		const seen: unknown[] = [];
		const recover = [between((caught) => void seen.push(caught))];
		const flow = odd.map((thrown, n) =>
			attempt([step(`odd ${n}`, () => Promise.reject(thrown), once)], { recover }),
		);
		const instance = await subject.start([...flow, sleep("nap", "1s")]);
		await sleepOver(instance, SECOND);
		await instance.until("completed");
		expect(seen).toStrictEqual([...odd, ...odd]);
	},

	"a thrown value that is falsy errors the instance like any other": async (subject) => {
		for (const thrown of [undefined, null, 0, ""]) {
			const fails = between(() => {
				throw thrown;
			});
			const status = await (await subject.start([fails])).until("errored");
			expect(status).toMatchObject({
				error: String(thrown),
				errorDetails: { value: thrown },
				result: null,
			});
		}
	},
};
