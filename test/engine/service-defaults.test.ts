/** What a service says for all types, and a type for itself. */
import { describe, expect, it } from "vitest";
import { programsOf, type ServiceDefaults, toProgram } from "../../src/engine/program";
import { concurrencyPolicy } from "../../src/model/type-policy";
import { programOf } from "../support/program";

const declared = {
	silent: { retentionMs: null },
	limited: { concurrency: concurrencyPolicy({ limit: 3 }), retentionMs: 1_000 },
	free: { concurrency: concurrencyPolicy({ limit: 0 }), retentionMs: 0 },
};
const registry = Object.fromEntries(
	Object.entries(declared).map(([type, own]) => [
		type,
		{ [toProgram]: () => programOf(async () => null, { ...own, type }) },
	]),
);

function policies(defaults?: ServiceDefaults) {
	const programs = programsOf(registry, defaults);
	return Array.from(programs, ([type, { concurrency, retentionMs }]) => {
		return [type, concurrency?.limit, retentionMs];
	});
}

describe("the service's defaults", () => {
	it("hold for types that say nothing of it; 0 says none", () => {
		expect(policies({ concurrency: { limit: 10 }, retention: "7d" })).toEqual([
			["silent", 10, 7 * 86_400_000],
			["limited", 3, 1_000],
			["free", null, 0],
		]);
	});

	it("are none where the service says nothing", () => {
		expect(policies()).toEqual([
			["silent", undefined, null],
			["limited", 3, 1_000],
			["free", null, 0],
		]);
	});

	it.each<[string, ServiceDefaults, string]>([
		["a limit below none", { concurrency: { limit: -1 } }, "concurrency.limit"],
		["a retention that is no duration", { retention: "soon" }, "retention"],
	])("stop the Worker at start: %s", (_, defaults, message) => {
		expect(() => programsOf(registry, defaults)).toThrow(message);
	});
});
