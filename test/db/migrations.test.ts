/** Migrations: each once, in order, all or nothing, from whichever schema the tables have. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import instanceMigrations from "../../drizzle/instance/migrations";
import { applyMigrations, type GeneratedMigrations } from "../../src/db/database";
import { TestInstance } from "../support/instance";
import { define } from "../support/lab";

function generated(...texts: string[]): GeneratedMigrations {
	return {
		journal: { entries: texts.map((_, idx) => ({ idx })) },
		migrations: Object.fromEntries(texts.map((text, idx) => [`m000${idx}`, text])),
	};
}

const FIRST = "CREATE TABLE a (x INTEGER);\n--> statement-breakpoint\nINSERT INTO a VALUES (1);";
const SECOND = "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7;";
const BROKEN =
	"INSERT INTO a VALUES (2, 2);\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);";

let objects = 0;

/** Runs `work` in a fresh object, with what it needs to migrate and to look. */
function inObject<T>(
	work: (
		migrate: (migrations: GeneratedMigrations, applied: number) => number,
		rows: (query: string) => unknown[],
	) => T,
): Promise<T> {
	return runInDurableObject(new TestInstance(`migrated-${++objects}`).stub, (_, { storage }) => {
		return work(
			(migrations, applied) =>
				storage.transactionSync(() => applyMigrations(storage, migrations, applied)),
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
			const { journal } = generated(FIRST, SECOND);
			const { migrations } = generated(FIRST);
			expect(() => migrate({ journal, migrations }, 0)).toThrow("migration 1 is missing");
		}));
});

describe("an instance's tables", () => {
	it("know how many migrations they have had", async () => {
		const instance = await TestInstance.create(define(async () => "done"));
		await instance.until("completed");
		const [row] = await instance.sql<{ schema: number }>("SELECT schema FROM workflow");
		expect(row?.schema).toBe(instanceMigrations.journal.entries.length);
	});
});
