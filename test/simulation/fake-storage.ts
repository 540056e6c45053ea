/**
 * The storage of a Durable Object over `node:sqlite`, so that the production stores run unchanged:
 * the members that drizzle's driver uses, and the alarm.
 *
 * Writes gather in one transaction until `commit`; the alarm is part of it. `rollback` is what a
 * crash does. While an alarm is handled none is stored, and it comes back if its handler dies
 * before it set another (workerd, `ActorSqlite::armAlarmHandler`).
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { ObjectStorage } from "../../src/db/database";

export class FakeStorage {
	readonly #db = new DatabaseSync(":memory:");
	readonly #statements = new Map<string, StatementSync>();
	readonly #readers = new Map<string, StatementSync>();
	#alarmAt: number | null = null;
	/** The alarm of the open transaction; undefined: untouched. */
	#alarmWritten: number | null | undefined;
	#isOpen = false;
	/** The alarm whose handler runs, for as long as that has not set another. */
	#handledAt: number | null = null;

	/** Whether steps were written; whoever has looked at them resets it. */
	stepsChanged = false;
	/** The same of a guard's slots. */
	slotsChanged = false;

	readonly sql = {
		exec: (query: string, ...params: SQLInputValue[]) => {
			const rows = this.#exec(query, params);
			return { raw: () => rows.values() };
		},
	};

	transactionSync<T>(work: () => T): T {
		this.#begin();
		this.#db.exec("SAVEPOINT work");
		try {
			return work();
		} catch (error) {
			this.#db.exec("ROLLBACK TO work");
			throw error;
		} finally {
			this.#db.exec("RELEASE work");
		}
	}

	/** As the stores take it: the members above are all that they use. */
	get asStorage(): ObjectStorage {
		return this as unknown as ObjectStorage;
	}

	get alarmAt(): number | null {
		return this.#alarmAt;
	}

	get hasUncommitted(): boolean {
		return this.#isOpen;
	}

	/** `deleteAll`, which takes the alarm along. */
	empty(): void {
		this.setAlarm(null);
		for (const { name } of this.read<{ name: string }>(
			"SELECT name FROM sqlite_schema WHERE type = 'table'",
		)) {
			this.#db.exec(`DROP TABLE "${name}"`);
		}
		this.stepsChanged = true;
	}

	setAlarm(atMs: number | null): void {
		this.#begin();
		this.#alarmWritten = atMs;
	}

	commit(): void {
		if (!this.#isOpen) return;
		this.#db.exec("COMMIT");
		this.#isOpen = false;
		if (this.#alarmWritten !== undefined) {
			this.#alarmAt = this.#alarmWritten;
			this.#handledAt = null;
		}
		this.#alarmWritten = undefined;
	}

	/** The isolate died. */
	rollback(): void {
		if (this.#isOpen) this.#db.exec("ROLLBACK");
		this.#isOpen = false;
		this.#alarmWritten = undefined;
		this.stepsChanged = false;
		if (this.#handledAt !== null) this.#alarmAt = this.#handledAt;
		this.#handledAt = null;
	}

	alarmBegins(): void {
		this.#handledAt = this.#alarmAt;
		this.#alarmAt = null;
	}

	alarmEnded(): void {
		this.#handledAt = null;
	}

	/** Rows as objects, the open transaction's included. */
	read<T>(query: string, ...params: SQLInputValue[]): T[] {
		let statement = this.#readers.get(query);
		if (statement === undefined) {
			statement = this.#db.prepare(query);
			this.#readers.set(query, statement);
		}
		return statement.all(...params) as T[];
	}

	close(): void {
		this.#db.close();
	}

	#exec(query: string, params: SQLInputValue[]): unknown[] {
		if (!/^select/i.test(query)) this.#begin();
		if (/^create/i.test(query)) {
			// A migration: many statements in one text.
			this.#db.exec(query);
			return [];
		}
		let statement = this.#statements.get(query);
		if (statement === undefined) {
			statement = this.#db.prepare(query);
			statement.setReturnArrays(true);
			this.#statements.set(query, statement);
		}
		if (/^(?:insert into|update) "steps"/i.test(query)) this.stepsChanged = true;
		if (/^(?:insert into|update|delete from) "slots"/i.test(query)) this.slotsChanged = true;
		return statement.all(...params);
	}

	#begin(): void {
		if (this.#isOpen) return;
		this.#db.exec("BEGIN");
		this.#isOpen = true;
	}
}
