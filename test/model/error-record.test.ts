// Owns errors as data and back (G3): what a replay is thrown, and that recording never fails and
// never outgrows its row.
import { describe, expect, it } from "vitest";
import {
	decodeThrown,
	encodeThrown,
	fromThrownRecord,
	toThrownRecord,
} from "../../src/model/error-record";
import {
	EventTimeoutError,
	NonDeterminismError,
	NonRetryableError,
	StepTimeoutError,
	ValidationError,
	WorkflowError,
} from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";

const throwAgain = (thrown: unknown) => fromThrownRecord(decodeThrown(encodeThrown(thrown)));

/** The error that a replay is thrown; fails the test when it is not an error. */
function replayed(thrown: unknown): Error & Record<string, unknown> {
	const again = throwAgain(thrown);
	if (!(again instanceof Error)) throw new Error(`expected an error, got ${String(again)}`);
	return again as Error & Record<string, unknown>;
}

function causes(error: unknown): string[] {
	return error instanceof Error ? [error.message, ...causes(error.cause)] : [];
}

function chain(length: number, text = ""): Error {
	let error = new Error(`${length}${text}`);
	for (let link = length - 1; link >= 1; link--)
		error = new Error(`${link}${text}`, { cause: error });
	return error;
}

describe("a class of error", () => {
	it.each<[new (...args: never[]) => Error, Error]>([
		[Error, new Error("m")],
		[EvalError, new EvalError("m")],
		[RangeError, new RangeError("m")],
		[ReferenceError, new ReferenceError("m")],
		[SyntaxError, new SyntaxError("m")],
		[TypeError, new TypeError("m")],
		[URIError, new URIError("m")],
		[AggregateError, new AggregateError([], "m")],
		[WorkflowError, new WorkflowError("STEP_LIMIT", "m", { steps: 1 })],
		[ValidationError, new ValidationError("m", { path: "a" })],
		[NonRetryableError, new NonRetryableError("m")],
		[StepTimeoutError, new StepTimeoutError("m")],
		[EventTimeoutError, new EventTimeoutError("m")],
		[NonDeterminismError, new NonDeterminismError("m", { step: "a" })],
	])("%o comes back as itself", (errorClass, thrown) => {
		const again = replayed(thrown);
		expect(again).toBeInstanceOf(errorClass);
		expect(Object.getPrototypeOf(again)).toBe(errorClass.prototype);
		expect(again).not.toBe(thrown);
		expect(again).toMatchObject({ name: thrown.name, message: "m", stack: thrown.stack });
		expect({ ...again }).toEqual(
			Object.fromEntries(Object.entries(thrown).filter(([key]) => key !== "name")),
		);
		expect(String(again)).toBe(`${thrown.name}: m`);
	});

	it("of this project keeps its code and details, and its base class", () => {
		const again = replayed(new ValidationError("m", { path: "a.b", at: new Date(0) }));
		expect(again).toBeInstanceOf(WorkflowError);
		expect(again).toMatchObject({
			code: "VALIDATION_ERROR",
			details: { path: "a.b", at: new Date(0) },
		});
	});

	it("of the user comes back by name, not by class", () => {
		class CardDeclined extends TypeError {
			override name = "CardDeclined";
		}
		const again = replayed(new CardDeclined("no funds"));
		expect(again.name).toBe("CardDeclined");
		expect(again).not.toBeInstanceOf(TypeError);
		expect(Object.getPrototypeOf(again)).toBe(Error.prototype);
	});

	it.each(["constructor", "__proto__", "toString", "Object"])(
		"that is named %s is an Error of that name",
		(name) => {
			const again = replayed(Object.assign(new Error("m"), { name }));
			expect(again).toMatchObject({ name, message: "m" });
			expect(Object.getPrototypeOf(again)).toBe(Error.prototype);
		},
	);

	it("of the platform, a DOMException, keeps name, message and code", () => {
		const again = replayed(new DOMException("too late", "AbortError"));
		expect(again).toMatchObject({ name: "AbortError", message: "too late", code: 20 });
	});

	it("of another realm is an error too", () => {
		const foreign = { name: "RangeError", message: "far", stack: "RangeError: far\n at x" };
		expect(replayed(foreign)).toBeInstanceOf(RangeError);
		expect(replayed(foreign)).toMatchObject(foreign);
	});

	it("without a name is an Error", () => {
		expect(replayed(Object.assign(new Error("m"), { name: "" })).name).toBe("Error");
	});
});

describe("what an error carries", () => {
	it.each(["E_BUSY", 429, 0, ""])("a code of %j comes back", (code) => {
		expect(replayed(Object.assign(new Error("m"), { code })).code).toBe(code);
	});

	it.each([{ code: { a: 1 } }, { code: true }, { code: null }])(
		"a code that is neither text nor number is dropped: %j",
		(fields) => {
			expect("code" in replayed(Object.assign(new Error("m"), fields))).toBe(false);
		},
	);

	it("own fields come back in their kinds", () => {
		const fields = { status: 503, at: new Date(0), tags: new Set(["a"]), body: { left: 5n } };
		expect(replayed(Object.assign(new Error("m"), fields))).toMatchObject(fields);
	});

	it("a field that cannot be stored is dropped and the others stay", () => {
		const loop: Record<string, unknown> = {};
		loop.loop = loop;
		const bad = { retry: () => 1, request: new (class Request {})(), key: Symbol("k"), loop };
		const again = replayed(Object.assign(new Error("m"), { ...bad, status: 503 }));
		expect({ ...again }).toEqual({ status: 503 });
	});

	it("fields are kept up to their limit, and all dropped one past it", () => {
		const around = '={"body":""}'.length;
		const body = "x".repeat(LIMITS.errorFieldsBytes - around);
		expect(replayed(Object.assign(new Error("m"), { body })).body).toBe(body);
		const past = replayed(Object.assign(new Error("m"), { body: `${body}x` }));
		expect(past.message).toBe("m");
		expect({ ...past }).toEqual({});
	});

	it("name, message, stack, cause and errors are not listed among its fields", () => {
		const thrown = new AggregateError([new Error("a")], "m", { cause: new Error("b") });
		expect(Object.keys(replayed(thrown))).toEqual([]);
	});

	it("an error without a stack gets one line for it", () => {
		const thrown = new TypeError("m");
		delete thrown.stack;
		expect(replayed(thrown).stack).toBe("TypeError: m");
	});

	it("each replay is thrown an error of its own", () => {
		const text = encodeThrown(new Error("m", { cause: new Error("c") }));
		const [first, second] = [decodeThrown(text), decodeThrown(text)].map(fromThrownRecord);
		expect(first).toEqual(second);
		expect(first).not.toBe(second);
	});

	it("an error that was replayed and thrown on is recorded as it was", () => {
		const thrown = Object.assign(new RangeError("m", { cause: new TypeError("c") }), { code: 7 });
		expect(toThrownRecord(throwAgain(thrown))).toEqual(toThrownRecord(thrown));
	});
});

describe("causes and lists", () => {
	it("a chain of causes comes back with its classes", () => {
		const again = replayed(new TypeError("a", { cause: new RangeError("b", { cause: "c" }) }));
		expect(again.cause).toBeInstanceOf(RangeError);
		expect(again.cause).toMatchObject({ message: "b", cause: "c" });
	});

	it.each([null, 0, "", false])("a cause of %j is kept", (cause) => {
		expect(replayed(new Error("m", { cause })).cause).toBe(cause);
	});

	it("four causes are kept, and a fifth is not", () => {
		const kept = Array.from({ length: LIMITS.errorCauseDepth + 1 }, (_, index) => `${index + 1}`);
		expect(causes(replayed(chain(kept.length)))).toEqual(kept);
		expect(causes(replayed(chain(kept.length + 1)))).toEqual(kept);
	});

	it("an error that is its own cause ends at that depth", () => {
		const error = new Error("m");
		error.cause = error;
		expect(causes(replayed(error))).toHaveLength(LIMITS.errorCauseDepth + 1);
	});

	it("errors of an AggregateError are kept up to the limit, and no more", () => {
		const errors = Array.from({ length: LIMITS.errorRecords + 1 }, (_, index) => index);
		const kept = errors.slice(0, LIMITS.errorRecords);
		expect(replayed(new AggregateError(kept, "m")).errors).toEqual(kept);
		expect(replayed(new AggregateError(errors, "m")).errors).toEqual(kept);
	});

	it("what Promise.any throws comes back whole", async () => {
		const thrown = await Promise.any([
			Promise.reject(new TypeError("a")),
			Promise.reject("b"),
		]).catch((error: unknown) => error);
		expect(throwAgain(thrown)).toBeInstanceOf(AggregateError);
		expect(replayed(thrown).errors).toEqual([new TypeError("a"), "b"]);
	});
});
