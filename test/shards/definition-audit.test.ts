/** The audit of a type's definitions, and what is asked for twice under an idempotency key. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
	auditDefinitions,
	definedTypes,
	deleteDefinition,
	getDefinition,
	listDefinitions,
	tellDirectory,
	useDefinition,
} from "../../src/client/definitions";
import { DefinitionStore } from "../../src/db/definition-store";
import { DirectoryStore } from "../../src/db/directory-store";
import { ShardTables } from "../../src/db/shard-tables";
import { shardName } from "../../src/model/ids";
import { LIMITS } from "../../src/model/limits";
import { definedType, store } from "../support/definitions";
import { runners, TestInstance } from "../support/instance";
import { clock } from "../support/lab";
import { failingOnce } from "./faults";

const shardOf = (type: string) => new TestInstance(shardName(type));
const keyed = (key: string) => ({ actor: "ann", key });
const actionsOf = async (type: string) =>
	(await auditDefinitions(runners, type)).map(({ action, version }) => `${action} ${version}`);
const currentOf = async (type: string) => (await getDefinition(runners, type)).version;

describe("the audit of a type's definitions", () => {
	it("has each submission, each choice and the deletion, the newest first, over a crash", async () => {
		const type = definedType();
		const one = { type, steps: ["a"] };
		const { definition } = await store(one, { by: { actor: "ann", reason: "try", key: "k1" } });
		clock.advance(1);
		// Its content is there already.
		await store(one, { by: { actor: "ben" }, action: "submit" });
		await store({ type, steps: ["b"], version: "2.0.0" }, { by: { actor: "ann" } });
		await useDefinition(runners, type, { version: "1.0.0", by: { actor: "cas", reason: "back" } });
		await deleteDefinition(runners, type, { actor: "dan" });
		await shardOf(type).crash();
		const { hash } = definition;
		const [deleted, used, stored, submitted, first, ...none] = await auditDefinitions(
			runners,
			type,
		);
		expect(none).toEqual([]);
		const about = { version: "1.0.0", hash };
		const said = { reason: null, key: null };
		expect(deleted).toMatchObject({ action: "delete", actor: "dan", ...said, ...about });
		expect(used).toMatchObject({ action: "use", actor: "cas", reason: "back", ...about });
		expect(stored).toMatchObject({ action: "store", actor: "ann", version: "2.0.0" });
		expect(submitted).toMatchObject({ action: "submit", actor: "ben", ...said, ...about });
		expect(first).toEqual({
			...{ at: definition.storedAt, action: "store", actor: "ann", reason: "try", key: "k1" },
			...about,
		});
	});

	it("has nothing of what was refused, and there is none of a type without definitions", async () => {
		const type = definedType();
		await expect(auditDefinitions(runners, type)).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
		expect(await shardOf(type).sql("SELECT name FROM sqlite_master")).toEqual([]);
		await store({ type, steps: ["a"] });
		await expect(store({ type, steps: ["b"] })).rejects.toMatchObject({
			code: "DEFINITION_EXISTS",
		});
		await expect(useDefinition(runners, type, { version: "9.9.9" })).rejects.toMatchObject({
			code: "DEFINITION_NOT_FOUND",
		});
		expect(await actionsOf(type)).toEqual(["store 1.0.0"]);
	});

	it("is there or not together with the change", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] });
		const shard = shardOf(type);
		await runInDurableObject(shard.stub, (_, { storage }) => {
			storage.sql.exec(
				"CREATE TRIGGER full BEFORE INSERT ON definition_audit BEGIN SELECT RAISE(ABORT, 'full'); END",
			);
			const own = new DefinitionStore(new ShardTables(storage));
			const row = { at: 1, action: "delete", actor: "ann", version: "1.0.0", hash: "" } as const;
			const noted = { row: { ...row, reason: null, key: null, request: "{}" }, rowsMax: 10 };
			const removed = own.all().map(({ seq }) => seq);
			const place = { ...own.place, definition: null };
			expect(() => own.write({ removed, place, noted })).toThrow("full");
			storage.sql.exec("DROP TRIGGER full");
		});
		await shard.evict();
		expect(await actionsOf(type)).toEqual(["store 1.0.0"]);
		expect((await listDefinitions(runners, type)).map(({ version }) => version)).toEqual(["1.0.0"]);
	});

	it("keeps so many rows: one past it, the oldest goes", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] }, { by: keyed("oldest") });
		const others = LIMITS.definitionAuditRows - 1;
		await runInDurableObject(shardOf(type).stub, (_, { storage }) => {
			storage.sql.exec(
				`WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${others})
				INSERT INTO definition_audit (at, action, actor, version, hash, request)
				SELECT 0, 'use', 'ben', '1.0.0', '', '{}' FROM n`,
			);
		});
		expect((await auditDefinitions(runners, type)).at(-1)).toMatchObject({ key: "oldest" });
		await useDefinition(runners, type, { version: "1.0.0" });
		const rows = await auditDefinitions(runners, type);
		expect(rows).toHaveLength(LIMITS.definitionAuditRows);
		expect(rows.at(-1)).toMatchObject({ actor: "ben", key: null });
	});
});

describe("the same request again, under its idempotency key", () => {
	it("that stores a definition makes it current no more, and brings it back no more", async () => {
		const type = definedType();
		const one = { type, steps: ["a"] };
		const by = keyed("k1");
		const { definition } = await store(one, { by });
		await store({ type, steps: ["b"], version: "2.0.0" });
		await shardOf(type).crash();
		const again = { definition: { ...definition, isCurrent: false }, created: false };
		expect(await store(one, { by })).toEqual(again);
		expect(await currentOf(type)).toBe("2.0.0");
		await deleteDefinition(runners, type);
		expect(await store(one, { by })).toEqual(again);
		expect(await listDefinitions(runners, type)).toEqual([]);
		expect(await definedTypes(runners)).not.toContain(type);
		expect(await actionsOf(type)).toEqual(["delete 2.0.0", "store 2.0.0", "store 1.0.0"]);
	});

	it("that chooses a version chooses it no more", async () => {
		const type = definedType();
		const { definition } = await store({ type, steps: ["a"] });
		await store({ type, steps: ["b"], version: "2.0.0" });
		const request = { version: "1.0.0", by: keyed("k1") };
		expect(await useDefinition(runners, type, request)).toEqual(definition);
		await useDefinition(runners, type, { version: "2.0.0" });
		expect(await useDefinition(runners, type, request)).toEqual({
			...definition,
			isCurrent: false,
		});
		expect(await currentOf(type)).toBe("2.0.0");
	});

	it("that deletes leaves alone what was stored since", async () => {
		const type = definedType();
		await store({ type, steps: ["a"] });
		await deleteDefinition(runners, type, keyed("k1"));
		await deleteDefinition(runners, type, keyed("k1"));
		await store({ type, steps: ["b"], version: "2.0.0" });
		await deleteDefinition(runners, type, keyed("k1"));
		expect(await currentOf(type)).toBe("2.0.0");
		expect(await actionsOf(type)).toEqual(["store 2.0.0", "delete 1.0.0", "store 1.0.0"]);
	});

	it("is refused where it is another: content, replacing, version, or what is done", async () => {
		const type = definedType();
		const by = keyed("k1");
		await store({ type, steps: ["a"] }, { by });
		for (const other of [
			() => store({ type, steps: ["b"], version: "2.0.0" }, { by }),
			() => store({ type, steps: ["a"] }, { by, replace: true }),
			() => store({ type, steps: ["a"] }, { by, action: "submit" }),
			() => useDefinition(runners, type, { version: "1.0.0", by }),
			() => deleteDefinition(runners, type, by),
		]) {
			await expect(other()).rejects.toMatchObject({
				code: "IDEMPOTENCY_CONFLICT",
				message: expect.stringContaining('"k1" was used to store definition 1.0.0'),
			});
		}
		expect(await actionsOf(type)).toEqual(["store 1.0.0"]);
	});

	it("tells the directory where it was not told, and is no other request of another type", async () => {
		const type = definedType();
		const by = keyed("k1");
		failingOnce(DirectoryStore, "write", {});
		await expect(store({ type, steps: ["a"] }, { by })).rejects.toMatchObject({
			code: "TRY_AGAIN",
		});
		expect((await store({ type, steps: ["a"] }, { by })).created).toBe(false);
		expect(await definedTypes(runners)).toContain(type);
		expect((await store({ type: definedType(), steps: ["b"] }, { by })).created).toBe(true);
	});

	it("is carried out where there was no room for the type before, which the audit tells", async () => {
		const there = (await definedTypes(runners)).length;
		const more = Array.from({ length: LIMITS.definedTypes - there }, () => definedType());
		for (const type of more) await tellDirectory(runners, { type, seq: 1, isThere: true });
		const type = definedType();
		const by = keyed("k1");
		await expect(store({ type, steps: ["a"] }, { by })).rejects.toMatchObject({
			code: "DEFINITION_LIMIT",
		});
		expect(await auditDefinitions(runners, type)).toMatchObject([
			{ action: "withdraw", actor: "service", key: null },
			{ action: "store", actor: "ann", key: null },
		]);
		for (const each of more) await tellDirectory(runners, { type: each, seq: 2, isThere: false });
		expect((await store({ type, steps: ["a"] }, { by })).created).toBe(true);
	});
});
