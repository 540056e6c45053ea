/**
 * A bulk job whose object dies at any point: each instance is changed once, and the counts are
 * those of a job that did not die. Instances are made up; like real ones they ignore a change whose
 * key they have seen.
 */
import { describe, expect, it, vi } from "vitest";
import { JobStore } from "../../src/db/job-store";
import type { BulkAction, BulkJob, InstanceChange } from "../../src/model/bulk";
import { WorkflowError } from "../../src/model/errors";
import type { Position } from "../../src/model/index-rpc";
import { Job } from "../../src/shards/bulk-job";
import { randomFrom } from "../support/random";
import { FakeStorage } from "./fake-storage";

const EPOCH = Date.UTC(2100, 0, 1);
const DIED = new Error("the object died");

interface Made {
	id: string;
	createdAt: number;
	status: "running" | "completed";
	/** Changes that were made, by key. */
	keys: string[];
	/** Calls that get no answer yet. */
	failing: number;
}

/** Storage, time and the instances stay; the lives of the job's object come and go. */
class World {
	now = EPOCH;
	points = 0;
	deaths: number[] = [];
	instances: Made[];
	/** Listings that are to fail, and rows that one may have. */
	failing = 0;
	pageMax = 100;
	readonly storage = new FakeStorage();
	readonly reports: string[] = [];
	job = this.#begin();

	constructor(count: number, status: (n: number) => Made["status"] = () => "running") {
		this.instances = Array.from({ length: count }, (_, n) => ({
			id: `i-${n}`,
			// Two of each moment: the id settles their order.
			createdAt: EPOCH - 1_000 + Math.floor(n / 2),
			status: status(n),
			keys: [],
			failing: 0,
		}));
	}

	#begin(): Job {
		let alive = true;
		const point = () => {
			if (alive && this.deaths.includes(++this.points)) {
				alive = false;
				this.storage.rollback();
			}
			if (!alive) throw DIED;
		};
		const { storage } = this;
		const call = async <T>(effect: () => T): Promise<T> => {
			// The output gate: what was written is committed before a call leaves.
			point();
			storage.commit();
			point();
			const result = effect();
			await null;
			point();
			return result;
		};
		const clock = {
			now: () => this.now,
			// What the job waits for between tries passes at once, what it fears never comes.
			after: (delayMs: number, work: () => void) => {
				if (delayMs < 1_000) work();
				return () => {};
			},
			turn: async () => {},
		};
		return new Job({
			store: new JobStore(storage.asStorage),
			readPage: ({ after, limit, filter }) => call(() => this.#page(after, limit, filter)),
			change: (id, change) => call(() => this.#change(id, change)),
			clock,
			alarm: {
				set: (atMs) => {
					if (!alive) throw DIED;
					storage.setAlarm(atMs);
				},
				clear: () => storage.setAlarm(null),
			},
			empty: async () => storage.empty(),
			report: (message) => {
				if (alive) this.reports.push(message);
			},
		});
	}

	#page(after: Position | null, limit: number, { createdBefore = 0 }) {
		if (this.failing > 0) {
			this.failing--;
			throw new Error("the shard is away");
		}
		const rows = this.instances
			.filter((made) => made.createdAt < createdBefore)
			.filter((made) => after === null || order(made, after) > 0)
			.sort(order)
			.map((made) => ({ ...made, type: "t", updatedAt: made.createdAt }));
		const page = rows.slice(0, Math.min(limit, this.pageMax));
		return { rows: page, after: (rows.length > page.length && page.at(-1)) || null };
	}

	#change(id: string, { action, by }: InstanceChange): void {
		const made = this.instances.find((each) => each.id === id);
		if (made === undefined) throw new WorkflowError("INSTANCE_NOT_FOUND", "none");
		if (made.failing > 0) {
			made.failing--;
			throw new Error("no answer");
		}
		if (made.keys.includes(by.key ?? "")) return;
		if (made.status === "completed") throw new WorkflowError("ILLEGAL_STATUS_CHANGE", "ended");
		if (action === "delete") this.instances = this.instances.filter((each) => each !== made);
		made.keys.push(by.key ?? "");
	}

	start(action: BulkAction, dryRun = false): Promise<BulkJob> {
		const request = { id: "j", action, types: ["t"], filter: {}, dryRun, by: { actor: "tester" } };
		return this.insist((job) => job.rpc.jobStart(request));
	}

	/** Asks until there is an answer: the object may die of it. */
	async insist<T>(work: (job: Job) => T | Promise<T>): Promise<T> {
		for (;;) {
			try {
				const result = await work(this.job);
				this.storage.commit();
				return result;
			} catch (error) {
				if (error !== DIED) throw error;
				this.job = this.#begin();
			}
		}
	}

	/** The next alarm; one whose handler died comes again. False: none is left within a day. */
	async wake(): Promise<boolean> {
		const { alarmAt } = this.storage;
		if (alarmAt === null || alarmAt > this.now + 86_400_000) return false;
		this.now = Math.max(this.now, alarmAt);
		this.storage.alarmBegins();
		try {
			await this.job.wake();
			this.storage.commit();
			this.storage.alarmEnded();
		} catch (error) {
			if (error !== DIED) throw error;
			this.job = this.#begin();
		}
		return true;
	}

	async finish(): Promise<BulkJob> {
		while (await this.wake());
		return this.job.rpc.jobDescribe(undefined);
	}
}

function order(a: Position, b: Position): number {
	return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Every third has ended. */
const mixed = (n: number) => (n % 3 === 0 ? "completed" : "running");

/** A job over three pages, with these deaths; returns how many points it came by. */
async function lives(action: BulkAction, deaths: number[]): Promise<number> {
	const world = new World(25, mixed);
	world.pageMax = 10;
	world.deaths = deaths;
	const running = world.instances.filter(({ status }) => status === "running");
	try {
		await world.start(action);
		const job = await world.finish();
		expect(job).toMatchObject({
			status: "completed",
			matched: 25,
			succeeded: running.length,
			skipped: 25 - running.length,
			failed: 0,
		});
		for (const { keys } of running) expect(keys).toEqual(["j"]);
		return world.points;
	} catch (error) {
		throw new Error(`${action} with deaths at ${deaths}`, { cause: error });
	} finally {
		world.storage.close();
	}
}

describe.each(["terminate", "delete"] as const)("a job to %s", (action) => {
	it("may die at any point: all are changed once, and counted", async () => {
		const points = await lives(action, []);
		expect(points).toBeGreaterThan(60);
		for (let death = 1; death <= points; death++) await lives(action, [death]);
	});

	it("may die again and again", async () => {
		const seed = Date.now() % 1_000_000;
		const random = randomFrom(seed);
		for (let round = 0; round < 100; round++) {
			await lives(
				action,
				Array.from({ length: 10 }, () => Math.ceil(random() * 200)),
			);
		}
	});
});

describe("a job", () => {
	it("that is stopped has changed what it counts, and goes no further", async () => {
		for (const turns of [0, 1, 5, 20, 40]) {
			const world = new World(230);
			await world.start("terminate");
			const woken = world.wake();
			for (let turn = 0; turn < turns; turn++) await null;
			const [stopped, again] = await Promise.all([
				world.job.rpc.jobStop(undefined),
				world.job.rpc.jobStop(undefined),
			]);
			await woken;
			expect(stopped.status).toBe("stopped");
			expect(again).toEqual(stopped);
			const changed = world.instances.filter(({ keys }) => keys.length > 0).length;
			expect([turns, stopped.matched]).toEqual([turns, changed]);
			// Not to the end of its page, even.
			expect(changed).toBeLessThan(100);
			expect(await world.finish()).toEqual(stopped);
			expect(await world.job.rpc.jobStop(undefined)).toEqual(stopped);
			expect(world.instances.filter(({ keys }) => keys.length > 0).length).toBe(changed);
		}
	});

	it("whose object dies before the stop is written goes on, and can be stopped again", async () => {
		const { points } = await (async () => {
			const world = new World(20);
			await world.start("terminate");
			await world.wake();
			return world;
		})();
		for (let death = points - 4; death <= points; death++) {
			const world = new World(20);
			await world.start("terminate");
			world.deaths = [death];
			const woken = world.wake();
			const stop = await world.insist((job) => job.rpc.jobStop(undefined));
			await woken;
			expect(["stopped", "completed"]).toContain(stop.status);
			expect(await world.finish()).toEqual(stop);
		}
	});

	it("is stopped also when its page cannot be written", async () => {
		const world = new World(20);
		await world.start("terminate");
		const write = vi.spyOn(JobStore.prototype, "transaction").mockImplementation(() => {
			throw new Error("the disk is full");
		});
		const woken = world.wake();
		const stopped = world.job.rpc.jobStop(undefined);
		await woken;
		expect(world.reports).toEqual(["an alarm of a bulk job failed; it is set again"]);
		write.mockRestore();
		expect((await stopped).status).toBe("stopped");
		expect((await world.finish()).status).toBe("stopped");
	});

	it("asks an instance without an answer three times, and names it then", async () => {
		const world = new World(12);
		Object.assign(world.instances[3] ?? {}, { failing: 2 });
		Object.assign(world.instances[5] ?? {}, { failing: 3 });
		await world.start("pause");
		const { succeeded, failed, errors } = await world.finish();
		expect([succeeded, failed]).toEqual([11, 1]);
		expect(errors).toMatchObject([{ id: "i-5", code: "INTERNAL_ERROR" }]);
	});

	it("remembers the first hundred errors of more", async () => {
		const world = new World(230);
		for (const made of world.instances) made.failing = 3;
		await world.start("pause");
		const { failed, errors } = await world.finish();
		expect([failed, errors.length]).toEqual([230, 100]);
		expect(errors[99]?.id).toBe("i-99");
	});

	it("tries a page again that could not be read, later each time", async () => {
		const world = new World(5);
		await world.start("pause");
		world.failing = 3;
		const waits: number[] = [];
		for (let failures = 0; failures < 3; failures++) {
			await world.wake();
			waits.push((world.storage.alarmAt ?? 0) - world.now);
		}
		expect(waits).toEqual([1_000, 2_000, 4_000]);
		expect(await world.finish()).toMatchObject({ status: "completed", succeeded: 5 });
		expect(world.reports.length).toBe(3);
	});

	it("that is woken twice at once asks each instance once", async () => {
		const world = new World(50);
		await world.start("pause");
		world.now += 500;
		await Promise.all([world.job.wake(), world.job.wake()]);
		expect(world.points).toBe(3 + 50 * 3);
		expect((await world.finish()).succeeded).toBe(50);
	});

	it("leaves alone what was created when it was, or later", async () => {
		const world = new World(4);
		Object.assign(world.instances[2] ?? {}, { createdAt: EPOCH });
		Object.assign(world.instances[3] ?? {}, { createdAt: EPOCH + 100 });
		await world.start("pause");
		expect(await world.finish()).toMatchObject({ matched: 2, succeeded: 2 });
	});

	it("that is a dry run counts, shows the first twenty ids and changes nothing", async () => {
		const world = new World(230);
		await world.start("terminate", true);
		const job = await world.finish();
		expect(job).toMatchObject({ matched: 230, succeeded: 0, skipped: 0, failed: 0 });
		expect(job.sample).toEqual(
			world.instances
				.toSorted(order)
				.slice(0, 20)
				.map(({ id }) => id),
		);
		expect(world.instances.every(({ keys }) => keys.length === 0)).toBe(true);
	});

	it("forgets itself thirty days after its end, and not before", async () => {
		const world = new World(1);
		await world.start("pause");
		const { completedAt } = await world.finish();
		expect(world.storage.alarmAt).toBe((completedAt ?? 0) + 30 * 86_400_000);
		world.storage.alarmBegins();
		await world.job.wake();
		world.storage.commit();
		expect(world.storage.alarmAt).toBe((completedAt ?? 0) + 30 * 86_400_000);
		world.now = world.storage.alarmAt ?? 0;
		await world.job.wake();
		world.storage.commit();
		expect(world.storage.read("SELECT name FROM sqlite_schema")).toEqual([]);
		expect(world.storage.alarmAt).toBeNull();
		expect(() => world.job.rpc.jobDescribe(undefined)).toThrow("no bulk job");
	});
});
