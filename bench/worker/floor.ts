/**
 * The floor: the rows that any engine on a Durable Object has to write, by raw SQL, and nothing
 * else. No replay, no index, no error handling; an alarm only where the program sleeps.
 *
 * Two contestants: one goes on at once after a row, as an engine may that leaves durability to the
 * output gate; the other (`floor-synced`) waits for the disk after every row.
 */
import { DurableObject } from "cloudflare:workers";
import { type Contestant, type Env, outcome, PAGE } from "./contestant";
import { EVENT, type Result, runProgram, type Steps, type Value, type Work } from "./program";

export class Floor extends DurableObject<Env> {
	#seq = 0;
	#synced = false;
	#hasIndex = false;
	/** Ends the open sleep or wait; before there is one, the alarm is that of a delayed start. */
	#goOn: (() => void) | undefined;

	create(work: Work, synced: boolean): void {
		this.#synced = synced;
		const { sql } = this.ctx.storage;
		sql.exec(
			`CREATE TABLE workflow (row INTEGER PRIMARY KEY, id TEXT NOT NULL, status TEXT NOT NULL,
				payload TEXT NOT NULL, result TEXT, created_at INTEGER NOT NULL, completed_at INTEGER)`,
		);
		sql.exec(
			`CREATE TABLE steps (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL,
				status TEXT NOT NULL, attempts INTEGER NOT NULL, result TEXT,
				started_at INTEGER NOT NULL, completed_at INTEGER, outcome INTEGER)`,
		);
		sql.exec(
			"INSERT INTO workflow VALUES (1, ?, 'running', ?, NULL, ?, NULL)",
			work.id,
			JSON.stringify(work),
			Date.now(),
		);
		if (work.startAt === undefined) {
			this.ctx.waitUntil(this.#run(work));
		} else {
			void this.ctx.storage.setAlarm(work.startAt);
		}
	}

	/** An event that is accepted is stored; as after `create`, the program goes on in the next turn. */
	async event(): Promise<void> {
		void this.#insert(EVENT, "wait", Date.now(), null);
		void scheduler.wait(0).then(() => this.#goOn?.());
	}

	override alarm(): void {
		if (this.#goOn === undefined) this.ctx.waitUntil(this.#run(this.#stored()));
		else this.#goOn();
	}

	/** The object may have been evicted since its creation. */
	#stored(): Work {
		const [row] = this.ctx.storage.sql.exec("SELECT payload FROM workflow");
		return JSON.parse(String(row?.payload));
	}

	status(): { status: string; result: Result } {
		const [row] = this.ctx.storage.sql.exec("SELECT status, result FROM workflow");
		return { status: String(row?.status), result: Number(row?.result) };
	}

	/** The table of an index, filled at once; only `list` is measured. */
	fill(rows: number): void {
		for (let n = 0; n < rows; n++) this.index(`i-${n}`, n);
	}

	index(id: string, now: number): void {
		const { sql } = this.ctx.storage;
		if (!this.#hasIndex) {
			sql.exec(
				`CREATE TABLE IF NOT EXISTS instances (id TEXT PRIMARY KEY, status TEXT NOT NULL,
					seq INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
			);
			sql.exec("CREATE INDEX IF NOT EXISTS by_creation ON instances (created_at, id)");
			this.#hasIndex = true;
		}
		sql.exec("INSERT INTO instances VALUES (?, 'completed', 2, ?, ?)", id, now, now);
	}

	list(limit: number): unknown[] {
		return this.ctx.storage.sql
			.exec(
				`SELECT id, status, created_at, updated_at FROM instances
					ORDER BY created_at DESC, id DESC LIMIT ?`,
				limit,
			)
			.toArray();
	}

	async #run(work: Work): Promise<void> {
		// As in an engine, `create` answers first.
		await scheduler.wait(0);
		const result = await runProgram(this.#steps(), work);
		this.ctx.storage.sql.exec(
			"UPDATE workflow SET status = 'completed', result = ?, completed_at = ?",
			JSON.stringify(result),
			Date.now(),
		);
	}

	#steps(): Steps {
		return {
			do: async (name, fn) => {
				const startedAt = Date.now();
				const result = await fn();
				await this.#insert(name, "do", startedAt, result);
				return result;
			},
			sleep: async (name, ms) => {
				const startedAt = Date.now();
				await this.#opened();
				await new Promise<void>((resolve) => {
					this.#goOn = resolve;
					void this.ctx.storage.setAlarm(startedAt + ms);
				});
				await this.#insert(name, "sleep", startedAt, null);
			},
			waitForEvent: async () => {
				await this.#opened();
				await new Promise<void>((resolve) => {
					this.#goOn = resolve;
				});
			},
		};
	}

	/** An engine has to write down that it waits. */
	#opened(): Promise<void> {
		this.ctx.storage.sql.exec("UPDATE workflow SET status = 'sleeping'");
		return this.#written();
	}

	#insert(name: string, kind: string, startedAt: number, result: Value | null): Promise<void> {
		this.#seq++;
		this.ctx.storage.sql.exec(
			"INSERT INTO steps VALUES (?, ?, ?, 'completed', 1, ?, ?, ?, ?)",
			this.#seq,
			name,
			kind,
			JSON.stringify(result),
			startedAt,
			Date.now(),
			this.#seq,
		);
		return this.#written();
	}

	async #written(): Promise<void> {
		if (this.#synced) await this.ctx.storage.sync();
	}
}

const INDEX = "index";

export function floor(synced: boolean): Contestant {
	return {
		create: (env, work) => env.FLOOR.getByName(work.id).create(work, synced),
		sendEvent: (env, id) => env.FLOOR.getByName(id).event(),
		async result(env, id) {
			const { status, result } = await env.FLOOR.getByName(id).status();
			return outcome(id, status, "completed", result);
		},
		fill: async (env, rows) => env.FLOOR.getByName(INDEX).fill(rows),
		list: (env) => env.FLOOR.getByName(INDEX).list(PAGE),
		index: (env, id) => env.FLOOR.getByName(INDEX).index(id, Date.now()),
	};
}
