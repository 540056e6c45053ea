/** The stored definitions of a type, and the directory that lists the types that have some. */
import { describe, expect, it } from "vitest";
import {
	definedTypes,
	deleteDefinition,
	getDefinition,
	listDefinitions,
	putDefinition,
	tellDirectory,
	useDefinition,
} from "../../src/client/definitions";
import { typeState } from "../../src/client/shard-client";
import { DirectoryStore } from "../../src/db/directory-store";
import { DIRECTORY_NAME } from "../../src/model/definition";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { definedType, definition, hashOf, store } from "../support/definitions";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { failingOnce } from "./faults";

const shardOf = (type: string) => new TestInstance(shardName(type));

describe("a stored definition", () => {
	it("is found by its hash, by its version, and as the current one", async () => {
		const type = definedType();
		const by = { actor: "ann", reason: "first try" };
		const { definition: info, created } = await store({ type, steps: ["a"] }, { by });
		const text = JSON.stringify({ type, steps: ["a"] });
		expect(created).toBe(true);
		expect(info).toEqual({
			...{ type, version: "1.0.0", name: type, description: null, hash: await hashOf(text) },
			...{ bytes: text.length, storedAt: clock.now(), actor: "ann", reason: "first try" },
			isCurrent: true,
		});
		for (const choice of [{}, { version: "1.0.0" }, { hash: info.hash }]) {
			expect(await getDefinition(runners, type, choice)).toEqual({ ...info, text });
		}
		expect(await definedTypes(runners)).toContain(type);
		expect((await typeState(runners, type)).definition).toBe(info.hash);
	});

	it("is stored once, however often it is sent, and survives a crash", async () => {
		const type = definedType();
		const first = await store({ type, steps: ["a"] });
		clock.advance(1);
		expect(await store({ type, steps: ["a"] })).toEqual({ ...first, created: false });
		await shardOf(type).crash();
		expect(await listDefinitions(runners, type)).toEqual([first.definition]);
	});

	it("is current until another one is stored, or chosen", async () => {
		const type = definedType();
		const { definition: one } = await store({ type, steps: ["a"] });
		const { definition: two } = await store({ type, steps: ["b"], version: "1.1.0" });
		expect(await listDefinitions(runners, type)).toEqual([two, { ...one, isCurrent: false }]);
		expect(await useDefinition(runners, type, { version: "1.0.0" })).toEqual(one);
		expect((await typeState(runners, type)).definition).toBe(one.hash);
		// To store one that is there makes it current again.
		await store({ type, steps: ["b"], version: "1.1.0" });
		expect((await typeState(runners, type)).definition).toBe(two.hash);
	});

	it("keeps its version, unless it is replaced in so many words", async () => {
		const type = definedType();
		const { definition: one } = await store({ type, steps: ["a"] });
		await expect(store({ type, steps: ["b"] })).rejects.toMatchObject({
			code: "DEFINITION_EXISTS",
			details: { version: "1.0.0", hash: one.hash },
		});
		expect(await listDefinitions(runners, type)).toEqual([one]);
		const { definition: two } = await store({ type, steps: ["b"] }, { replace: true });
		expect(await listDefinitions(runners, type)).toEqual([two]);
	});

	it("is refused for a type of the registry, for faults, and under another type's name", async () => {
		const registered = define(async () => null);
		await expect(store({ type: registered, steps: [] })).rejects.toMatchObject({
			code: "TYPE_REGISTERED",
		});
		const type = definedType();
		const given = await definition({ type, steps: ["a"] });
		const other = { ...given, text: given.text.replace(type, "another") };
		await expect(putDefinition(runners, other)).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
			message: expect.stringContaining('"another"'),
		});
		expect(await shardOf(type).sql("SELECT name FROM sqlite_master")).toEqual([]);
	});

	it("is not found where there is none, and asking stores nothing", async () => {
		const type = definedType();
		await expect(getDefinition(runners, type)).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
		expect(await listDefinitions(runners, type)).toEqual([]);
		expect(await shardOf(type).sql("SELECT name FROM sqlite_master")).toEqual([]);
		await store({ type, steps: ["a"] });
		await expect(getDefinition(runners, type, { version: "2.0.0" })).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
		await expect(getDefinition(runners, type, { hash: "x" })).rejects.toMatchObject({
			code: "VALIDATION_ERROR",
		});
	});

	it("makes the oldest go that is one too many", async () => {
		const type = definedType();
		const count = LIMITS.definitionsKept + 1;
		for (let n = 0; n < count; n++) await store({ type, steps: [`s${n}`], version: `1.0.${n}` });
		const versions = (await listDefinitions(runners, type)).map(({ version }) => version);
		expect(versions).toEqual(Array.from({ length: count - 1 }, (_, n) => `1.0.${count - 1 - n}`));
	});
});

describe("deleting a type's definitions", () => {
	it("takes the type away, and it can come again", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] });
		await deleteDefinition(runners, type);
		expect(await listDefinitions(runners, type)).toEqual([]);
		expect(await definedTypes(runners)).not.toContain(type);
		await expect(TestInstance.create(type)).rejects.toMatchObject({ code: "UNKNOWN_TYPE" });
		await expect(deleteDefinition(runners, type)).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
		await store({ type, steps: ["a"] });
		expect(await definedTypes(runners)).toContain(type);
	});

	it("is refused while there are instances", async () => {
		const type = definedType();
		await store({ type, steps: ["go?"] });
		await (await TestInstance.create(type)).until("waiting");
		await expect.poll(async () => (await listed(type)).length).toBe(1);
		await expect(deleteDefinition(runners, type)).rejects.toMatchObject({
			code: "DEFINITION_IN_USE",
		});
		expect(await definedTypes(runners)).toContain(type);
	});
});

describe("the directory", () => {
	it("keeps the newest word about a type, and all of them over a crash", async () => {
		const type = definedType();
		await tellDirectory(runners, { type, seq: 2, isThere: true });
		await tellDirectory(runners, { type, seq: 1, isThere: false });
		await new TestInstance(DIRECTORY_NAME).crash();
		expect(await definedTypes(runners)).toContain(type);
		await tellDirectory(runners, { type, seq: 3, isThere: false });
		expect(await definedTypes(runners)).not.toContain(type);
	});

	it("is told by the alarm where it did not answer, and the author is told to ask again", async () => {
		const type = definedType();
		failingOnce(DirectoryStore, "write", {});
		await expect(store({ type, steps: ["a"] })).rejects.toMatchObject({ code: "TRY_AGAIN" });
		expect(await definedTypes(runners)).not.toContain(type);
		await shardOf(type).crash();
		await shardOf(type).advance(5_000);
		expect(await definedTypes(runners)).toContain(type);
		expect((await store({ type, steps: ["a"] })).created).toBe(false);
		// Nothing is left to do.
		await shardOf(type).advance(60_000);
		expect(await shardOf(type).alarmAt()).toBeNull();
	});

	it("has room for so many types: one past it leaves nothing behind", async () => {
		const there = (await definedTypes(runners)).length;
		const more = Array.from({ length: LIMITS.definedTypes - there }, () => definedType());
		for (const type of more) await tellDirectory(runners, { type, seq: 1, isThere: true });
		const type = definedType();
		await expect(store({ type, steps: ["a"] })).rejects.toMatchObject({
			code: "DEFINITION_LIMIT",
		});
		expect(await listDefinitions(runners, type)).toEqual([]);
		await shardOf(type).advance(60_000);
		expect(await shardOf(type).alarmAt()).toBeNull();
		for (const each of more) await tellDirectory(runners, { type: each, seq: 2, isThere: false });
		expect((await store({ type, steps: ["a"] })).created).toBe(true);
	});
});
