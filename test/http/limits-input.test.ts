/** Limits as an operator sends them. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseInput } from "../../src/http/input";
import { limitFields } from "../../src/http/limits-input";
import { ValidationError } from "../../src/model/errors";
import { LIMITS } from "../../src/model/limits";
import { issuePaths } from "./support-service";

const body = z.strictObject(limitFields);

function pathsOf(given: unknown): string[] {
	try {
		parseInput(body, given, "body");
	} catch (error) {
		if (error instanceof ValidationError) return issuePaths(error as never);
		throw error;
	}
	return [];
}

describe("a change of limits", () => {
	it.each([
		{},
		{ concurrency: null, rate: null },
		{ concurrency: { limit: 0, keyLimit: LIMITS.slots, maxQueued: LIMITS.queuedInstances } },
		{ concurrency: {} },
		{ rate: { limit: 0, per: "1m" } },
		{ rate: { limit: LIMITS.rateStarts, per: 1_000 } },
	])("is taken: %j", (given) => {
		expect(parseInput(body, given, "body")).toEqual(given);
	});

	it.each<[object, string[]]>([
		[{ concurrency: { limit: LIMITS.slots + 1 } }, ["concurrency.limit"]],
		[{ concurrency: { limit: -1, keyLimit: 0.5 } }, ["concurrency.limit", "concurrency.keyLimit"]],
		[{ concurrency: { maxQueued: LIMITS.queuedInstances + 1 } }, ["concurrency.maxQueued"]],
		[{ concurrency: { limit: "5" } }, ["concurrency.limit"]],
		[{ concurrency: { total: 5 } }, ["concurrency"]],
		[{ concurrency: 5 }, ["concurrency"]],
		[{ rate: { limit: LIMITS.rateStarts + 1, per: "1s" } }, ["rate.limit"]],
		[{ rate: { limit: 1 } }, ["rate.per"]],
		[{ rate: { limit: 1, per: ["1s"] } }, ["rate.per"]],
		[{ speed: 1 }, ["body"]],
	])("is refused with the path of each fault: %j", (given, paths) => {
		expect(pathsOf(given)).toEqual(paths);
	});
});
