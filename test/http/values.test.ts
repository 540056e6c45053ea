/** Values that JSON lacks, as the status answer shows them (`toJson`). */
import { describe, expect, it } from "vitest";
import { NonRetryableError } from "../../src/model/errors";
import { TestInstance } from "../support/instance";
import { define } from "../support/lab";
import { Service } from "./support-service";

const AT = new Date(Date.UTC(2026, 10, 20, 12, 30, 15, 250));
const AT_TEXT = "2026-11-20T12:30:15.250Z";

const VALUES: Record<string, [value: unknown, shown: unknown]> = {
	null: [null, null],
	text: ["text", "text"],
	"an empty string": ["", ""],
	false: [false, false],
	zero: [0, 0],
	"minus zero": [-0, 0],
	"a Date": [AT, AT_TEXT],
	"an invalid Date": [new Date(Number.NaN), null],
	"a BigInt": [2n ** 70n, "1180591620717411303424"],
	NaN: [Number.NaN, "NaN"],
	Infinity: [Number.POSITIVE_INFINITY, "Infinity"],
	"minus Infinity": [Number.NEGATIVE_INFINITY, "-Infinity"],
	"a RegExp": [/a\/b+/gi, "/a\\/b+/gi"],
	"a URL": [new URL("https://example.com/a?b=1#c"), "https://example.com/a?b=1#c"],
	"a Map with string keys": [
		new Map<string, unknown>([
			["at", AT],
			["n", 1n],
		]),
		{ at: AT_TEXT, n: "1" },
	],
	"a Map with other keys": [
		new Map<unknown, unknown>([
			[1, "one"],
			[AT, new Set([1n])],
		]),
		[
			[1, "one"],
			[AT_TEXT, ["1"]],
		],
	],
	"an empty Map": [new Map(), {}],
	"a Set": [new Set([AT, 1n, "a"]), [AT_TEXT, "1", "a"]],
	"a Uint8Array": [new Uint8Array([0, 128, 255]), [0, 128, 255]],
	"a Float64Array": [new Float64Array([0.5, Number.NaN]), [0.5, "NaN"]],
	"a BigInt64Array": [new BigInt64Array([-1n, 2n]), ["-1", "2"]],
	"an ArrayBuffer": [new Uint8Array([1, 2]).buffer, [1, 2]],
	"undefined in an array": [
		[undefined, 1],
		[null, 1],
	],
	"undefined in an object": [{ a: undefined, b: 1 }, { b: 1 }],
	"an object without a prototype": [
		Object.assign(Object.create(null), { at: AT }),
		{ at: AT_TEXT },
	],
	"all of them nested": [
		{ list: [{ at: AT }, new Map([["set", new Set([1n])]])] },
		{ list: [{ at: AT_TEXT }, { set: ["1"] }] },
	],
};

const names = Object.keys(VALUES);
const given = (name: unknown) => VALUES[String(name)]?.[0];

const returns = define(async (step, name) => {
	await step.do("make", () => given(name));
	return given(name);
});
const service = new Service([returns]);

describe("a value", () => {
	it.each(names)(
		"is shown as documented, as the result of run() and of a step: %s",
		async (name) => {
			const instance = await service.create(returns, name);
			await instance.until("completed");
			const shown = VALUES[name]?.[1];
			const { body } = await service.get(`/workflows/${instance.id}`);
			const { result, steps } = body as { result: unknown; steps: { result: unknown }[] };
			expect(result).toStrictEqual(shown);
			expect(steps.map((step) => step.result)).toStrictEqual([shown]);
		},
	);

	it.each(names)("is shown as documented, as the payload that a Worker gave: %s", async (name) => {
		const instance = await TestInstance.create(
			returns,
			given(name),
			`payload-${names.indexOf(name)}`,
		);
		const { body } = await service.get(`/workflows/${instance.id}`);
		expect((body as { payload: unknown }).payload).toStrictEqual(VALUES[name]?.[1]);
	});

	it("is shown as documented in the fields of an error", async () => {
		const fails = define(async () => {
			throw Object.assign(new NonRetryableError("late"), { at: AT, owed: 10n, seen: new Set([1]) });
		});
		const instance = await new Service([fails]).create(fails);
		await instance.until("errored");
		expect((await service.get(`/workflows/${instance.id}`)).body).toMatchObject({
			error: "late",
			errorDetails: { fields: { at: AT_TEXT, owed: "10", seen: [1] } },
		});
	});

	it("is shown as documented when it is what was thrown", async () => {
		const fails = define(async () => {
			throw { at: AT, owed: 10n };
		});
		const instance = await new Service([fails]).create(fails);
		await instance.until("errored");
		expect((await service.get(`/workflows/${instance.id}`)).body).toMatchObject({
			errorDetails: { value: { at: AT_TEXT, owed: "10" } },
		});
	});
});
