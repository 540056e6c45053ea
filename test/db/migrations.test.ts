/** Migrations: each once, in order, all or nothing, from whichever schema the tables have. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import deliveryFresh from "../../drizzle/delivery/fresh.sql";
import deliveryMigrations from "../../drizzle/delivery/migrations";
import historyFresh from "../../drizzle/history/fresh.sql";
import historyMigrations from "../../drizzle/history/migrations";
import instanceFresh from "../../drizzle/instance/fresh.sql";
import instanceMigrations from "../../drizzle/instance/migrations";
import jobFresh from "../../drizzle/job/fresh.sql";
import jobMigrations from "../../drizzle/job/migrations";
import shardFresh from "../../drizzle/shard/fresh.sql";
import shardMigrations from "../../drizzle/shard/migrations";
import { listBreakers } from "../../src/client/breakers";
import { auditDefinitions, getDefinition, listDefinitions } from "../../src/client/definitions";
import { describeInstance } from "../../src/client/runner-client";
import { typeState, typeStats } from "../../src/client/shard-client";
import { applyMigrations, type Generated } from "../../src/db/database";
import type { Program } from "../../src/engine/program";
import { statusResponse } from "../../src/model/http";
import { shardName } from "../../src/model/ids";
import { unwrap } from "../../src/model/rpc";
import { store } from "../support/definitions";
import { listed, runners, TestInstance } from "../support/instance";
import { clock, define } from "../support/lab";
import { Listener, quiet } from "../support/receivers";
import { tell, update } from "../support/updates";

function generated(...texts: string[]): Generated {
	return {
		fresh: texts.join("\n"),
		migrations: {
			journal: { entries: texts.map((_, idx) => ({ idx })) },
			migrations: Object.fromEntries(texts.map((text, idx) => [`m000${idx}`, text])),
		},
	};
}

const FAMILIES: [family: string, tables: Generated][] = [
	["an instance", { fresh: instanceFresh, migrations: instanceMigrations }],
	["its history", { fresh: historyFresh, migrations: historyMigrations }],
	["its receivers", { fresh: deliveryFresh, migrations: deliveryMigrations }],
	["a shard", { fresh: shardFresh, migrations: shardMigrations }],
	["a bulk job", { fresh: jobFresh, migrations: jobMigrations }],
];

const FIRST = "CREATE TABLE a (x INTEGER);\n--> statement-breakpoint\nINSERT INTO a VALUES (1);";
const SECOND = "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7;";
const BROKEN =
	"INSERT INTO a VALUES (2, 2);\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);";

let objects = 0;

/** Runs `work` in a fresh object, with what it needs to migrate and to look. */
function inObject<T>(
	work: (
		migrate: (tables: Generated, applied: number) => number,
		rows: (query: string) => unknown[],
	) => T,
): Promise<T> {
	return runInDurableObject(new TestInstance(`migrated-${++objects}`).stub, (_, { storage }) => {
		return work(
			(tables, applied) => storage.transactionSync(() => applyMigrations(storage, tables, applied)),
			(query) => storage.sql.exec(query).toArray(),
		);
	});
}

describe("a migration", () => {
	it("runs once, and those after it run on a database that has it", () =>
		inObject((migrate, rows) => {
			expect(migrate(generated(FIRST), 0)).toBe(1);
			expect(migrate(generated(FIRST), 1)).toBe(1);
			expect(migrate(generated(FIRST, SECOND), 1)).toBe(2);
			expect(rows("SELECT * FROM a")).toEqual([{ x: 1, y: 7 }]);
		}));

	it("that fails leaves the database as it was, and says what SQLite said", () =>
		inObject((migrate, rows) => {
			migrate(generated(FIRST), 0);
			expect(() => migrate(generated(FIRST, SECOND, BROKEN), 1)).toThrow("nowhere");
			expect(rows("SELECT * FROM a")).toEqual([{ x: 1 }]);
		}));

	it("that is missing from the bundle is named", () =>
		inObject((migrate) => {
			const { fresh, migrations } = generated(FIRST, SECOND);
			delete migrations.migrations.m0001;
			migrate(generated(FIRST), 0);
			expect(() => migrate({ fresh, migrations }, 1)).toThrow("migration 1 is missing");
		}));
});

describe.each(FAMILIES)("the tables of %s", (_family, tables) => {
	const { entries } = tables.migrations.journal;
	const columns =
		"SELECT m.name AS tbl, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY 1, 2";
	const indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY 1";

	it("are the same made at once and migrated from each earlier schema", async () => {
		const fresh = await inObject((migrate, rows) => {
			expect(migrate(tables, 0)).toBe(entries.length);
			return [rows(columns), rows(indexes)];
		});
		const migrated = await inObject((migrate, rows) => {
			for (const { idx } of entries) {
				const { migrations } = tables.migrations;
				const journal = { entries: entries.slice(0, idx + 1) };
				const first = migrations.m0000 ?? "";
				migrate({ fresh: first, migrations: { journal, migrations } }, idx);
			}
			return [rows(columns), rows(indexes)];
		});
		expect(migrated).toEqual(fresh);
	});
});

async function historyOf({ id }: TestInstance) {
	return statusResponse(await describeInstance(runners, id, { include: ["errors", "logs"] }));
}

describe("an instance's tables", () => {
	it("know how many migrations they have had", async () => {
		const instance = await TestInstance.create(define(async () => "done"));
		await instance.until("completed");
		const [row] = await instance.sql<{ schema: number }>("SELECT schema FROM workflow");
		expect(row?.schema).toBe(instanceMigrations.journal.entries.length);
	});
});

describe("an instance of an earlier schema", () => {
	const texts = Object.values(instanceMigrations.migrations);
	const listener = new Listener();
	const handlers = [listener.handler(["workflow.completed"])];
	const run: Program["run"] = async (step, _, { log }) => {
		log("info", "begins");
		await step.waitForEvent("go");
		await step.setMetadata({ done: 1 });
		await step.do("a", ({ attempt }) => {
			if (attempt === 1) throw new Error("busy");
		});
	};
	const waits = define(run, { handlers });
	const FIRST_ROW = `INSERT INTO workflow (row, schema, id, type, status, payload, strikes,
		progress, status_seq, indexed_seq, created_at, updated_at)
		VALUES (1, ?, ?, ?, 'waiting', '=null', 0, 1, 2, 2, 1, 1)`;
	const WAIT = `INSERT INTO steps (seq, key, kind, status, attempts, event, started_at)
		VALUES (1, 'go', 'wait_for_event', 'waiting', 0, 'go', 1)`;

	const schemas = texts.map((_, index) => index + 1);
	it.each(schemas)("goes on after %i migrations, with all that the newest has", async (schema) => {
		const instance = new TestInstance(`schema-${schema}`);
		await runInDurableObject(instance.stub, (_, { storage }) => {
			for (const text of texts.slice(0, schema)) storage.sql.exec(text);
			storage.sql.exec(FIRST_ROW, schema, instance.id, waits);
			storage.sql.exec(WAIT);
		});
		expect(await instance.status()).toMatchObject({ restartAttempt: 0, metadata: {} });
		await instance.event("go");
		await instance.until("sleeping");
		await instance.advance(1_000);
		expect(await instance.until("completed")).toMatchObject({ metadata: { done: 1 } });
		expect(await historyOf(instance)).toMatchObject({
			errors: [{ step: "a", attempt: 1 }],
			logs: { lines: [{ message: "begins" }] },
		});
		const told = () => listener.heard.some(({ data }) => data.instanceId === instance.id);
		while (!told()) await clock.turn();
		await quiet(instance);
	});

	it("whose history has the first schema has no failed attempts or lines, until there are some", async () => {
		const instance = await TestInstance.create(waits);
		await instance.until("waiting");
		await instance.evict();
		await runInDurableObject(instance.stub, (_, { storage }) => {
			for (const table of ["audit", "runs", "past_steps", "logs", "step_errors"]) {
				storage.sql.exec(`DROP TABLE IF EXISTS ${table}`);
			}
			storage.sql.exec(historyMigrations.migrations.m0000 ?? "");
			storage.sql.exec("UPDATE workflow SET history_schema = 1");
		});
		const empty = { lines: [], dropped: 0, nextAfter: null };
		expect(await historyOf(instance)).toMatchObject({ errors: [], logs: empty });
		await instance.event("go");
		await instance.until("sleeping");
		await instance.advance(1_000);
		await instance.until("completed");
		expect(await historyOf(instance)).toMatchObject({ errors: [{ step: "a" }] });
	});
});

describe("a shard of the first schema", () => {
	const type = "first-schema";
	const shard = new TestInstance(shardName(type));

	it("lists its rows and counts them once it has the newest one", async () => {
		await runInDurableObject(shard.stub, (_, { storage }) => {
			storage.sql.exec(shardMigrations.migrations.m0000 ?? "");
			storage.sql.exec("INSERT INTO shard (row, schema) VALUES (1, 1)");
			storage.sql.exec(
				"INSERT INTO instances VALUES ('a', 'completed', 2, 10, 20), ('b', 'waiting', 3, 30, 30)",
			);
		});
		const row = { id: "b", status: "waiting", createdAt: 30, updatedAt: 30 };
		expect(await listed(type, { limit: 1 })).toEqual([row]);
		await shard.evict();
		await tell(type, [update({ id: "c", createdAt: 40 })]);
		expect(await typeStats(runners, type)).toMatchObject({
			counts: { completed: 1, waiting: 1, running: 1 },
			executionCount: 3,
			lastExecutionAt: 40,
		});
		expect(await typeState(runners, type)).toMatchObject({ status: "active" });
	});
});

describe("a shard without circuit breakers", () => {
	it.each([2, 3])(
		"of schema %i keeps what was decided of its type, and takes them",
		async (had) => {
			const type = `without-breakers-${had}`;
			const shard = new TestInstance(shardName(type));
			await runInDurableObject(shard.stub, (_, { storage }) => {
				const texts = Object.values(shardMigrations.migrations).slice(0, had);
				for (const text of texts) storage.sql.exec(text);
				storage.sql.exec(
					`INSERT INTO shard (row, schema, type_status) VALUES (1, ${had}, 'inactive')`,
				);
			});
			expect(await listBreakers(runners, type)).toEqual([]);
			const said = { breaker: "call", caller: "a/call/1", period: 0, outcome: "failure" } as const;
			const policy = { failureThreshold: 1, resetTimeoutMs: 1_000 };
			unwrap(await runners.getByName(shardName(type)).breakerReport({ ...said, ...policy }));
			await shard.evict();
			expect(await listBreakers(runners, type)).toMatchObject([{ name: "call", state: "open" }]);
			expect(await typeState(runners, type)).toMatchObject({ status: "inactive" });
		},
	);
});

describe("a shard without an audit of its definitions", () => {
	const texts = Object.values(shardMigrations.migrations).slice(0, -1);
	it.each(texts.map((_, index) => index + 1))(
		"of schema %i keeps what it has, and notes what is done from then on",
		async (had) => {
			const type = `without-audit-${had}`;
			const shard = new TestInstance(shardName(type));
			const hasDefinitions = had > 4;
			const hash = "0".repeat(64);
			await runInDurableObject(shard.stub, (_, { storage }) => {
				for (const text of texts.slice(0, had)) storage.sql.exec(text);
				storage.sql.exec(`INSERT INTO shard (row, schema) VALUES (1, ${had})`);
				if (!hasDefinitions) return;
				storage.sql.exec("UPDATE shard SET definition = 1, directory_seq = 1");
				storage.sql.exec(
					`INSERT INTO definitions VALUES (1, '${hash}', '0.9.0', 'old', NULL, '{}', 2, 5, 'ann', NULL)`,
				);
			});
			if (hasDefinitions) {
				expect(await auditDefinitions(runners, type)).toEqual([]);
				expect(await getDefinition(runners, type)).toMatchObject({ hash, actor: "ann" });
			}
			await store({ type, steps: ["a"] }, { by: { actor: "ben", key: "k1" } });
			await shard.evict();
			await store({ type, steps: ["a"] }, { by: { actor: "ben", key: "k1" } });
			expect(await auditDefinitions(runners, type)).toMatchObject([
				{ action: "store", actor: "ben", version: "1.0.0", key: "k1" },
			]);
			expect(await listDefinitions(runners, type)).toHaveLength(hasDefinitions ? 2 : 1);
		},
	);
});
