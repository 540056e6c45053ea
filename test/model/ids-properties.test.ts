// Owns what holds for any id, name and key: made ids sort by time, no name reaches a shard, and a
// step's key says its name and number.
import fc from "fast-check";
import { expect, it } from "vitest";
import {
	parseEventName,
	parseInstanceId,
	parseShardName,
	parseStepName,
	parseTypeName,
	shardName,
	stepKey,
	stepNameOf,
	timeOrderedId,
} from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { anyText } from "./storable-values";

const moment = fc.nat(2 ** 48 - 1);
const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
const many = { numRuns: 1_000 };

function taken<T>(parse: (value: unknown) => T, value: unknown): T | undefined {
	try {
		return parse(value);
	} catch (error) {
		expect(error).toMatchObject({ code: "VALIDATION_ERROR" });
		return undefined;
	}
}

it("made ids sort by time, whatever the chance", () => {
	fc.assert(
		fc.property(moment, bytes, moment, bytes, (timeA, randomA, timeB, randomB) => {
			const [a, b] = [timeOrderedId(timeA, randomA), timeOrderedId(timeB, randomB)];
			if (timeA !== timeB) expect(a < b).toBe(timeA < timeB);
		}),
		many,
	);
});

it("a made id is an instance id and a UUID of version 7 that says its time", () => {
	fc.assert(
		fc.property(moment, bytes, (time, random) => {
			const id = timeOrderedId(time, random);
			expect(parseInstanceId(id)).toBe(id);
			expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
			expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(time);
		}),
	);
});

it("each of 74 random bits makes another id of the same moment", () => {
	fc.assert(
		fc.property(moment, bytes, (time, random) => {
			const flipped = Array.from({ length: 80 }, (_, bit) =>
				timeOrderedId(
					time,
					random.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
				),
			);
			// Itself, and one for each bit that counts.
			expect(new Set([timeOrderedId(time, random), ...flipped]).size).toBe(1 + 74);
		}),
		{ numRuns: 20 },
	);
});

/** Texts that look like ids and names, and some that only almost do. */
const idLike = fc.oneof(
	fc.stringMatching(/^[A-Za-z0-9._:-]{0,101}$/),
	fc
		.tuple(
			fc.constantFrom("__index:", "_", "__INDEX:", "index:", "a#2"),
			fc.stringMatching(/^[\w.:-]{0,9}$/),
		)
		.map((parts) => parts.join("")),
	anyText,
);

it("no instance id is the name of a shard, and no type's shard is an instance id", () => {
	fc.assert(
		fc.property(idLike, (text) => {
			const id = taken(parseInstanceId, text);
			if (id !== undefined) expect([id, parseShardName(id)]).toEqual([text, undefined]);
			const type = taken(parseTypeName, text);
			if (type === undefined) return;
			expect(parseShardName(shardName(type, 3))).toEqual({ type, shard: 3 });
			expect(taken(parseInstanceId, shardName(type))).toBeUndefined();
			expect(shardName(type).endsWith(text)).toBe(true);
		}),
		many,
	);
});

it("anything that is no text is refused as an id or name", () => {
	const parsers = [parseInstanceId, parseTypeName, parseStepName, parseEventName];
	fc.assert(
		fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
			fc.pre(typeof value !== "string");
			for (const parse of parsers)
				expect(taken(parse as (value: unknown) => string, value)).toBeUndefined();
		}),
	);
});

const stepName = fc
	.oneof(anyText, fc.stringMatching(/^[a#0-9\n]{1,8}$/))
	.filter((text) => taken(parseStepName, text) !== undefined);
const occurrence = fc.oneof(
	fc.integer({ min: 1, max: 12 }),
	fc.integer({ min: 1, max: LIMITS.steps }),
);

it("a step's key gives its name back, and two calls never share a key", () => {
	fc.assert(
		fc.property(stepName, occurrence, stepName, occurrence, (nameA, nthA, nameB, nthB) => {
			const [a, b] = [stepKey(nameA, nthA), stepKey(nameB, nthB)];
			expect(stepNameOf(a)).toBe(nameA);
			expect(a === b).toBe(nameA === nameB && nthA === nthB);
			expect(taken(parseStepName, a) === undefined).toBe(
				nthA > 1 || taken(parseStepName, nameA) === undefined,
			);
		}),
		many,
	);
});
