// Owns checking a value against a Standard Schema: zod stands for all, handwritten schemas for
// what zod does not do.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { encode, encodedBytes } from "../../src/model/codec";
import { decodeThrown, type ErrorRecord, encodeThrown } from "../../src/model/error-record";
import { ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { isSchema, parseWith, type Schema } from "../../src/model/standard-schema";

const ORDER = z.object({
	id: z.string(),
	lines: z.array(z.object({ sku: z.string(), count: z.number().int().min(1) })),
});

function handwritten(validate: Schema["~standard"]["validate"]): Schema {
	return { "~standard": { version: 1, vendor: "test", validate } };
}

function refusal(issues: { path: string; message: unknown }[]) {
	return expect.objectContaining({ code: "VALIDATION_ERROR", details: { issues } });
}

async function faultOf(parsed: Promise<unknown>): Promise<ValidationError> {
	try {
		await parsed;
	} catch (error) {
		if (error instanceof ValidationError) return error;
	}
	throw new Error("it was to be refused");
}

describe("a schema", () => {
	it.each<[string, unknown, boolean]>([
		["a zod schema", ORDER, true],
		["a handwritten schema", handwritten((value) => ({ value })), true],
		["a function that carries the interface", Object.assign(() => 1, { "~standard": {} }), true],
		["a plain function", () => 1, false],
		["a plain object", { type: "object" }, false],
		["null", null, false],
		["undefined", undefined, false],
		["a string", "~standard", false],
	])("%s is told apart", (_, value, expected) => {
		expect(isSchema(value)).toBe(expected);
	});
});

describe("a value that fits", () => {
	it("comes back with defaults, coercions and transforms applied", async () => {
		const schema = z.object({
			at: z.coerce.date(),
			currency: z.string().default("EUR"),
			tags: z.string().transform((text) => new Set(text.split(","))),
		});
		const parsed = await parseWith(schema, { at: "2026-01-01T00:00:00Z", tags: "a,b" }, "payload");
		expect(parsed).toEqual({
			at: new Date("2026-01-01T00:00:00Z"),
			currency: "EUR",
			tags: new Set(["a", "b"]),
		});
	});

	it("comes back from an async refinement and an async transform", async () => {
		const schema = z
			.string()
			.refine(async (text) => text.length > 1)
			.transform(async (text) => text.toUpperCase());
		await expect(parseWith(schema, "ab", "payload")).resolves.toBe("AB");
	});

	it("may come back as undefined", async () => {
		await expect(parseWith(z.undefined(), undefined, "payload")).resolves.toBeUndefined();
	});

	it("is not changed itself", async () => {
		const value = Object.freeze({ a: " x " });
		await parseWith(z.object({ a: z.string().trim() }), value, "payload");
		expect(value).toEqual({ a: " x " });
	});
});

describe("a value that does not fit", () => {
	it("is refused with the path of every issue", async () => {
		const value = {
			id: 7,
			lines: [
				{ sku: "a", count: 1 },
				{ sku: "b", count: 0 },
			],
		};
		const parsed = parseWith(ORDER, value, "payload");
		await expect(parsed).rejects.toEqual(
			refusal([
				{ path: "payload.id", message: expect.any(String) },
				{ path: "payload.lines.1.count", message: expect.any(String) },
			]),
		);
		await expect(parsed).rejects.toThrow(
			/^The payload is not valid\. payload\.id: .+; payload\.lines\.1\.count: /,
		);
	});

	it("is refused under its own name when the fault is at its root", async () => {
		await expect(parseWith(z.string(), undefined, 'event "paid"')).rejects.toEqual(
			refusal([{ path: 'event "paid"', message: expect.any(String) }]),
		);
	});

	it("is refused by an async refinement", async () => {
		const schema = z.object({ email: z.string().refine(async () => false, "is taken") });
		await expect(parseWith(schema, { email: "a@b" }, "payload")).rejects.toEqual(
			refusal([{ path: "payload.email", message: "is taken" }]),
		);
	});

	it("has its path from segments that are objects, numbers or symbols", async () => {
		const path = [{ key: "lines" }, 0, { key: Symbol("x") }];
		const schema = handwritten(() => ({ issues: [{ message: "no", path }] }));
		await expect(parseWith(schema, {}, "payload")).rejects.toEqual(
			refusal([{ path: "payload.lines.0.Symbol(x)", message: "no" }]),
		);
	});

	it("has as many of its issues listed as an error has room for, and the others counted", async () => {
		const issue = (index: number) => ({ message: `${index}`.padStart(46, "."), path: ["p"] });
		const refusing = (count: number) =>
			handwritten(() => ({ issues: Array.from({ length: count }, (_, index) => issue(index)) }));
		const detailsOf = async (count: number) => {
			const error = await faultOf(parseWith(refusing(count), {}, "payload"));
			const { fields = {} } = decodeThrown(encodeThrown(error)) as ErrorRecord;
			const details = fields.details as { issues: unknown[]; issuesOmitted?: number };
			return { message: error.message, ...details };
		};
		const bytes = encodedBytes(
			encode({ path: "payload.p", message: issue(0).message }, "an issue"),
		);
		const room = Math.floor(LIMITS.schemaIssuesBytes / bytes);
		const full = await detailsOf(room);
		expect(full.issues).toHaveLength(room);
		expect(full).not.toHaveProperty("issuesOmitted");
		expect(full.message).toMatch(/; and \d+ more$/);
		expect(await detailsOf(room + 1)).toMatchObject({ issues: full.issues, issuesOmitted: 1 });
		const many = await detailsOf(20_000);
		expect(many).toMatchObject({ issues: full.issues, issuesOmitted: 20_000 - room });
	});

	it("is refused with one issue, however long that is", async () => {
		const long = handwritten(() => ({ issues: [{ message: "é".repeat(50_000), path: ["x"] }] }));
		const error = await faultOf(parseWith(long, {}, "payload"));
		expect(error.details?.issues).toEqual([{ path: "payload.x", message: `${"é".repeat(999)}…` }]);
		expect(error.message).toMatch(/^The payload is not valid\. payload\.x: é+…$/);
	});

	it("is refused even when the schema lists no issue", async () => {
		const schema = handwritten(() => ({ issues: [] }));
		await expect(parseWith(schema, {}, "payload")).rejects.toEqual(refusal([]));
	});
});

it("a fault of the schema itself passes through as it was thrown", async () => {
	const fault = new TypeError("schema is broken");
	const throwing = handwritten(() => {
		throw fault;
	});
	const rejecting = handwritten(() => Promise.reject(fault));
	await expect(parseWith(throwing, 1, "payload")).rejects.toBe(fault);
	await expect(parseWith(rejecting, 1, "payload")).rejects.toBe(fault);
});
