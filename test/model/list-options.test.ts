// Owns what a listing may be asked for in code. The same in a URL, and what is found, is tested elsewhere.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits";
import {
	type ListOptions,
	listingText,
	MOMENT_MS_MAX,
	parseListOptions,
} from "../../src/model/list-options";

const many = (count: number) =>
	Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, n] as const));

describe("options of a listing", () => {
	it("are the newest 50 of all instances where none are given", () => {
		const none = { filter: {}, order: "desc", limit: 50, cursor: undefined };
		expect(parseListOptions({})).toEqual(none);
		expect(parseListOptions({ status: undefined, cursor: undefined })).toEqual(none);
	});

	it("take one status or many, and dates as well as milliseconds", () => {
		const after = new Date(5);
		expect(parseListOptions({ status: "errored", createdAfter: after }).filter).toEqual({
			status: ["errored"],
			createdAfter: 5,
		});
		const filter = {
			status: ["errored", "timed_out"],
			createdBefore: MOMENT_MS_MAX,
			updatedAfter: 0,
			updatedBefore: 1,
			idPrefix: "order:",
			attributes: { customer: "c-17", tier: 3, vip: null },
		} as const;
		const given = { ...filter, order: "asc", limit: LIMITS.listPage, cursor: "x" } as const;
		expect(parseListOptions(given)).toEqual({ filter, order: "asc", limit: 1_000, cursor: "x" });
		expect(parseListOptions({ attributes: many(LIMITS.attributes) })).toBeDefined();
	});

	it.each<[string, unknown]>([
		["status", { status: "done" }],
		["status", { status: [] }],
		["status", { status: ["running", null] }],
		["createdAfter", { createdAfter: "2026-01-01" }],
		["createdAfter", { createdAfter: new Date("x") }],
		["createdBefore", { createdBefore: -1 }],
		["updatedAfter", { updatedAfter: 1.5 }],
		["updatedBefore", { updatedBefore: MOMENT_MS_MAX + 1 }],
		["idPrefix", { idPrefix: "" }],
		["idPrefix", { idPrefix: "__index:" }],
		["attributes", { attributes: "vip" }],
		["attributes.a b", { attributes: { "a b": 1 } }],
		["attributes.a", { attributes: { a: Number.NaN } }],
		["the number of attributes", { attributes: many(LIMITS.attributes + 1) }],
		["order", { order: "up" }],
		["limit", { limit: 0 }],
		["limit", { limit: LIMITS.listPage + 1 }],
		["limit", { limit: "5" }],
		["cursor", { cursor: 5 }],
		["type", { type: "other" }],
		["options", null],
	])("refuse, with the path %s: %j", (path, options) => {
		expect(() => parseListOptions(options as ListOptions)).toThrow(
			expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } }),
		);
	});
});

describe("the text of a listing", () => {
	const text = (options: ListOptions, types = ["a", "b"]) =>
		listingText({ types, ...parseListOptions(options) });

	it("is the same for the same listing written in another way", () => {
		expect(text({ status: ["errored", "running"] }, ["b", "a"])).toBe(
			text({ status: ["running", "errored"], limit: 7, cursor: "x" }),
		);
		expect(text({ attributes: { b: "1", a: null } })).toBe(text({ attributes: { a: null, b: 1 } }));
		expect(text({ createdAfter: new Date(7) })).toBe(text({ createdAfter: 7 }));
	});

	it("is another for each other listing", () => {
		const all: ListOptions[] = [
			{},
			{ order: "asc" },
			{ status: "errored" },
			{ status: ["errored", "running"] },
			{ createdAfter: 1 },
			{ createdBefore: 1 },
			{ updatedAfter: 1 },
			{ updatedBefore: 1 },
			{ idPrefix: "a" },
			{ attributes: { a: null } },
			{ attributes: { a: "null" } },
			{ attributes: { a: "" } },
			{ attributes: { a: "", b: "" } },
		];
		const texts = all.map((options) => text(options));
		expect(new Set([...texts, text({}, ["a"]), text({}, [])]).size).toBe(all.length + 2);
	});
});
