// Owns the forms of ids, names and keys. That an HTTP route or an object uses them is tested there.
import { describe, expect, it } from "vitest";
import {
	parseEventName,
	parseInstanceId,
	parseShardName,
	parseStepName,
	parseTypeName,
	shardName,
	shardOf,
	stepKey,
	stepNameOf,
	timeOrderedId,
} from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";

const NOT_STRINGS = [undefined, null, 5, true, {}, ["a"], Symbol("a"), Object("a")];

function refusal(path: string) {
	return expect.objectContaining({ code: "VALIDATION_ERROR", details: { path } });
}

describe("an instance id", () => {
	it.each([
		"a",
		"Z",
		"0",
		"order:42",
		"a.b_c-d",
		"a..b",
		"a__index:x",
		":a",
		"0190163d-8694-739b-aea5-966c26f8ad91",
		"a".repeat(LIMITS.instanceIdLength),
	])("%s is taken as it is", (id) => {
		expect(parseInstanceId(id)).toBe(id);
	});

	it.each([
		"",
		" ",
		"_a",
		".a",
		"-a",
		".",
		"..",
		"__index:x",
		"__index:",
		"__proto__",
		"a b",
		" a",
		"a/b",
		"../a",
		"a%2Fb",
		"a?b",
		"a#2",
		"a\n",
		"\na",
		"a\u0000",
		"é",
		"ａ",
		"日本",
		"🙂",
		"a\u200b",
		"a".repeat(LIMITS.instanceIdLength + 1),
		...NOT_STRINGS,
	])("%j is refused", (id) => {
		expect(() => parseInstanceId(id)).toThrow(refusal("id"));
	});

	it("no instance id is the name of a shard", () => {
		for (const name of [shardName("order"), shardName("order", 7)]) {
			expect(() => parseInstanceId(name)).toThrow(refusal("id"));
		}
	});

	it("a refusal shows the form and what came, and is short for a long id", () => {
		expect(() => parseInstanceId("a b")).toThrow(
			'does not start with "_", "." or "-"; received "a b"',
		);
		expect(() => parseInstanceId(7)).toThrow("received a value of type number");
		const long = expect.objectContaining({ message: expect.stringMatching(/^.{1,400}$/s) });
		expect(() => parseInstanceId("x".repeat(1_000_000))).toThrow(long);
	});
});

describe("a type's name", () => {
	it.each(["a", "order", "Order2", "0", "a.b_c-d", "a".repeat(LIMITS.typeNameLength)])(
		"%s is taken as it is",
		(name) => {
			expect(parseTypeName(name)).toBe(name);
		},
	);

	it.each([
		"",
		"_a",
		".a",
		"-a",
		":a",
		"a:b",
		"a b",
		"a/b",
		"a\n",
		"é",
		"__index:x",
		"__proto__",
		"a".repeat(LIMITS.typeNameLength + 1),
		...NOT_STRINGS,
	])("%j is refused", (name) => {
		expect(() => parseTypeName(name)).toThrow(refusal("type"));
	});
});

describe("a step's name", () => {
	const TAKEN = [
		"a",
		" ",
		"charge the card",
		"#",
		"a#",
		"#a",
		"a#2b",
		"a#2#b",
		"a# 2",
		"a#-2",
		"#2 a",
		"日本 🙂",
		"__proto__",
		"constructor",
		"a".repeat(LIMITS.stepNameLength),
	];

	it.each(TAKEN)("%j is taken as it is", (name) => {
		expect(parseStepName(name)).toBe(name);
	});

	it.each(["", "a".repeat(LIMITS.stepNameLength + 1), ...NOT_STRINGS])("%j is refused", (name) => {
		expect(() => parseStepName(name)).toThrow(refusal("name"));
	});

	it.each(["a#2", "a#0", "#1", "a#b#10", "a#007", `a#${"9".repeat(50)}`])(
		"%j is refused, for the journal ends repeated names so",
		(name) => {
			expect(() => parseStepName(name)).toThrow(refusal("name"));
			expect(() => parseStepName(name)).toThrow("which the journal uses for repeated names");
		},
	);

	it.each(TAKEN)("%j comes back from each of its keys, and the keys differ", (name) => {
		const keys = [1, 2, 3, 10, LIMITS.steps].map((occurrence) => stepKey(name, occurrence));
		expect(keys.map(stepNameOf)).toEqual(keys.map(() => name));
		expect(new Set(keys).size).toBe(keys.length);
	});

	it("the first call is named plainly, later ones by their number", () => {
		expect([1, 2, 11].map((n) => stepKey("charge", n))).toEqual([
			"charge",
			"charge#2",
			"charge#11",
		]);
	});
});

describe("an event's name", () => {
	it.each(["a", "order.paid", "a b", "a/b", "é 日本 🙂", "a".repeat(LIMITS.eventNameLength)])(
		"%j is taken as it is",
		(name) => {
			expect(parseEventName(name)).toBe(name);
		},
	);

	it.each([
		"",
		"a\n",
		"a\u0000b",
		"\t",
		"\u001f",
		"\u007f",
		"a".repeat(LIMITS.eventNameLength + 1),
		...NOT_STRINGS,
	])("%j is refused", (name) => {
		expect(() => parseEventName(name)).toThrow(refusal("event"));
	});
});

describe("a generated id", () => {
	const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
	const NOW = Date.UTC(2026, 0, 1);
	const bytes = (value: number) => new Uint8Array(10).fill(value);

	it.each([0x00, 0x0f, 0x40, 0x7f, 0x80, 0xaa, 0xf0, 0xff])(
		"random bytes of %i make a UUID of version 7 that is an instance id",
		(value) => {
			const id = timeOrderedId(NOW, bytes(value));
			expect(id).toMatch(UUID_V7);
			expect(parseInstanceId(id)).toBe(id);
		},
	);

	it.each([0, 1, NOW, 2 ** 48 - 1])("the time %d is in its first 48 bits", (now) => {
		const id = timeOrderedId(now, bytes(0xff));
		expect(id).toMatch(UUID_V7);
		expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
	});

	it("ids sort by time, whatever their random bytes", () => {
		const times = [0, 1, 255, 256, 65_535, 65_536, NOW, NOW + 1, NOW + 2 ** 32];
		const ids = times.map((now, index) => timeOrderedId(now, bytes(255 - index)));
		expect([...ids].sort()).toEqual(ids);
	});

	it("each of nine random bytes tells two ids of one millisecond apart", () => {
		const ids = Array.from({ length: 9 }, (_, index) => {
			const random = bytes(0);
			random[index] = 0x11;
			return timeOrderedId(NOW, random);
		});
		expect(new Set([...ids, timeOrderedId(NOW, bytes(0))]).size).toBe(10);
	});
});

describe("a shard's name", () => {
	it.each([
		["order", 0, "__index:order"],
		["order", 1, "__index:order:1"],
		["billing.v2-final_1", 63, "__index:billing.v2-final_1:63"],
	])("of %s %i is %s, and tells both", (type, shard, name) => {
		expect(shardName(type, shard)).toBe(name);
		expect(parseShardName(name)).toEqual({ type, shard });
	});

	it.each(["index:order", "a__index:order", "_index:order", "order", "__index:", "__index:a:b"])(
		"is not %s",
		(name) => {
			expect(parseShardName(name)).toBeUndefined();
		},
	);
});

describe("the shard of an instance", () => {
	it("is the same each time, for ever", () => {
		const ids = ["a", "order-17", "0190163d-8694-739b-aea5-966c26f8ad91"];
		expect(ids.map((id) => shardOf(id, 1))).toEqual([0, 0, 0]);
		expect(ids.map((id) => shardOf(id, 64))).toEqual([44, 46, 18]);
	});

	it.each([2, 3, 4, 16, 64])("is any of %i, each as often as another", (shards) => {
		const counts = new Array<number>(shards).fill(0);
		const ids = 1_000 * shards;
		for (let n = 0; n < ids; n++) {
			const id = n % 2 === 0 ? `order-${n}` : timeOrderedId(n, new Uint8Array(10).fill(n));
			counts[shardOf(id, shards)] = (counts[shardOf(id, shards)] ?? 0) + 1;
		}
		expect(Math.min(...counts)).toBeGreaterThan(850);
		expect(Math.max(...counts)).toBeLessThan(1_150);
	});
});
